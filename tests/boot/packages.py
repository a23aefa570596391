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
# what the tests do
_NAMES = {
    "firewalls": ("ufw", "ucf", "firewalld", "python3-firewall", "python3-nftables", "python3-dbus", "gir1.2-nm-1.0"),
    "resolver": ("systemd-resolved",),
    "docker": ("docker.io", "containerd", "runc", "tini"),
    "libvirt": (
        *("libvirt-daemon", "libvirt-daemon-system", "libvirt-daemon-system-systemd", "libvirt-daemon-driver-qemu"),
        *("libvirt-daemon-config-network", "libvirt-daemon-config-nwfilter", "libvirt-clients", "libvirt0"),
        *("logrotate", "libpopt0", "libparted2", "libssh-4", "dmidecode"),
    ),
}
# what only KS_FULL=1 tries
_ONLY_IN_FULL = ("docker", "libvirt")
_INSTALL = "DEBIAN_FRONTEND=noninteractive dpkg --install --force-confdef --force-depends /root/packages/*.deb"


def files(group: str) -> list[Path]:
    return sorted((FOLDER / group).glob("*.deb"))


def put(disk: "Disk", group: str) -> None:
    """Before the machine is on."""
    debs = files(group)
    assert len(debs) == len(_NAMES[group]), "no packages: tests/boot/packages.py brings them"
    for deb in debs:
        path = disk.path(f"/root/packages/{deb.name}")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(deb.read_bytes())
    disk.write("/usr/bin/py3compile", "#!/bin/sh\n", 0o755)  # Python compiles what it runs


def install(machine: "Machine") -> None:
    """As people do, on a machine that is on."""
    machine.run("sh", "-c", _INSTALL, timeout=180)


def fetch() -> None:
    for group, names in _NAMES.items():
        if len(files(group)) == len(names) or (group in _ONLY_IN_FULL and os.environ.get("KS_FULL") != "1"):
            continue
        folder = FOLDER / group
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.chown(folder, pwd.getpwnam("_apt").pw_uid, 0)  # apt fetches as this user
        asked = ["apt-get", "download", "-q", *names]
        if subprocess.run(asked, cwd=folder).returncode != 0:
            subprocess.run(["apt-get", "update", "-q"], check=True)
            subprocess.run(asked, cwd=folder, check=True)


if __name__ == "__main__":
    fetch()
