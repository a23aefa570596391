#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fetches packages that only machines of the tests get (other people's firewalls, systemd-resolved),
once, without installing them here. Runs before the sandbox is entered; it needs the package archive."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine import Disk, Machine

FOLDER = Path(__file__).resolve().parents[2] / "build-tests/boot/packages"
# by what a machine of the tests gets; what they need besides is there already, or is not needed for
# what the tests do, but for what _WITH_NEEDED names
_NAMES = {
    "firewalls": ("ufw", "ucf", "firewalld", "python3-firewall", "python3-nftables", "python3-dbus", "gir1.2-nm-1.0"),
    "resolver": ("systemd-resolved",),
    "resolvers": ("unbound", "dns-root-data"),
    "more-resolvers": ("bind9", "knot-resolver"),
    "docker": ("docker.io", "containerd", "runc", "tini"),
    "libvirt": (
        *("libvirt-daemon", "libvirt-daemon-system", "libvirt-daemon-system-systemd", "libvirt-daemon-driver-qemu"),
        *("libvirt-daemon-config-network", "libvirt-daemon-config-nwfilter", "libvirt-clients", "libvirt0"),
        *("logrotate", "libpopt0", "libparted2", "libssh-4", "dmidecode"),
    ),
}
# what only KS_FULL=1 tries
_ONLY_IN_FULL = ("docker", "libvirt", "more-resolvers")
_WITH_NEEDED = ("resolvers", "more-resolvers")
_STAMP = "complete"  # what was asked for, once all of it is there
_INSTALL = "DEBIAN_FRONTEND=noninteractive dpkg --install --force-confdef --force-depends /root/packages/*.deb"


def _is_complete(group: str) -> bool:
    stamp = FOLDER / group / _STAMP
    return stamp.is_file() and stamp.read_text().split() == list(_NAMES[group])


def _debs(group: str) -> list[Path]:
    assert _is_complete(group), "no packages: tests/boot/packages.py brings them"
    return sorted((FOLDER / group).glob("*.deb"))


def unpack(disk: "Disk", group: str) -> None:
    """Before the machine is on: their files alone, no service of theirs is started."""
    for deb in _debs(group):
        held = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["tar", "--extract", "--keep-directory-symlink", f"--directory={disk.root}"], input=held, check=True)


def put(disk: "Disk", group: str) -> None:
    """Before the machine is on."""
    for deb in _debs(group):
        path = disk.path(f"/root/packages/{deb.name}")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(deb.read_bytes())
    disk.write("/usr/bin/py3compile", "#!/bin/sh\n", 0o755)  # Python compiles what it runs


def install(machine: "Machine") -> None:
    """As people do, on a machine that is on."""
    machine.run("sh", "-c", _INSTALL, timeout=180)


def _needed(names: tuple[str, ...]) -> list[str]:
    """And what this machine lacks of what they depend on."""
    asked = ["apt-get", "install", "--simulate", "--no-install-recommends", *names]
    said = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout
    return sorted({*names, *(line.split()[1] for line in said.splitlines() if line.startswith("Inst "))})


def _download(folder: Path, group: str) -> None:
    names = _needed(_NAMES[group]) if group in _WITH_NEEDED else _NAMES[group]
    subprocess.run(["apt-get", "download", "-q", *names], cwd=folder, check=True)


def fetch() -> None:
    for group, names in _NAMES.items():
        if _is_complete(group) or (group in _ONLY_IN_FULL and os.environ.get("KS_FULL") != "1"):
            continue
        folder = FOLDER / group
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.chown(folder, pwd.getpwnam("_apt").pw_uid, 0)  # apt fetches as this user
        try:
            _download(folder, group)
        except subprocess.CalledProcessError:
            subprocess.run(["apt-get", "update", "-q"], check=True)
            _download(folder, group)
        (folder / _STAMP).write_text(" ".join(names))


if __name__ == "__main__":
    fetch()
