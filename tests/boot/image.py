# SPDX-License-Identifier: GPL-2.0-or-later
"""What makes a copy of this machine a machine of the tests."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from world import addresses as a
from world.manager import Manager
from world.sandbox import REPOSITORY

if TYPE_CHECKING:
    from .machine import Disk, Machine

PERSON = "ina"
PERSON_ID = 14711  # nobody's on the machine that is copied
SOURCE = "/root/nm-killswitch"
CCACHE = os.environ.get("KS_CCACHE", "")
PRESENCE = "/run/before-manager"  # what nft said when NetworkManager was about to start
SAID = "/run/canary"  # how often the canary sent something, as a number

# what this machine happens to run besides goes; time synchronisation stays: it talks without being asked
_KEPT = ("getty@tty1.service", "remote-fs.target", "systemd-pstore.service", "systemd-timesyncd.service")
# what the bus or a test would start all the same
_MASKED = ("nftables.service", "ModemManager.service", "wpa_supplicant.service")

# what Debian enables where NetworkManager is at work; tests/lib/dependencies.sh takes care that its
# packages enable nothing
_ENABLED = {
    "multi-user.target.wants/NetworkManager.service": "NetworkManager.service",
    "network-online.target.wants/NetworkManager-wait-online.service": "NetworkManager-wait-online.service",
    "dbus-org.freedesktop.nm-dispatcher.service": "NetworkManager-dispatcher.service",
}

_CANARY = '''#!/usr/bin/python3
"""Tries to get out from the first moment of a boot to the last, as root, to everywhere."""
import os, socket, time

UPLINK = b"%(uplink)s\\0"
WHERE = %(where)r
talkers = []
for family, address, port in WHERE:
    for bound in (False, True):
        talker = socket.socket(family, socket.SOCK_DGRAM)
        talker.setblocking(False)
        talker.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        talkers.append([talker, bound, address, port])
count = 0
while True:
    taken = 0
    for entry in talkers:
        talker, bound, address, port = entry
        try:
            if bound:
                talker.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, UPLINK)
                entry[1] = False
            talker.sendto(b"boot-canary", (address, port))
        except OSError:
            pass  # refused, or no card, no address, no route yet: again
        taken += 1
    count += taken
    with open("%(said)s.new", "w") as file:
        file.write(str(count))
    os.rename("%(said)s.new", "%(said)s")
    time.sleep(0.01)
'''

_CANARY_UNIT = """[Unit]
Description=canary of the tests
DefaultDependencies=no
[Service]
ExecStart=/usr/bin/python3 /opt/canary.py
"""

_LOOK = f"""[Service]
ExecStartPre=-/bin/sh -c 'nft list table inet nm_killswitch >{PRESENCE} 2>&1'
"""


def enable_nftables(disk: "Disk") -> None:
    """Debian's, with the file that it finds."""
    disk.path("/etc/systemd/system/nftables.service").unlink(missing_ok=True)
    wants = disk.path("/etc/systemd/system/sysinit.target.wants/nftables.service")
    wants.symlink_to("/lib/systemd/system/nftables.service")


def mount_var(disk: "Disk") -> None:
    """On a mount of its own, which goes when the machine is switched off; /tmp, too."""
    for name, what in (("var", "What=/var\nOptions=bind"), ("tmp", "What=tmpfs\nType=tmpfs")):
        text = f"[Unit]\nBefore=local-fs.target\n[Mount]\nWhere=/{name}\n{what}\n"
        disk.write(f"/etc/systemd/system/{name}.mount", text)
        wants = disk.path(f"/etc/systemd/system/local-fs.target.wants/{name}.mount")
        wants.parent.mkdir(exist_ok=True)
        wants.symlink_to(f"../{name}.mount")


def _canary() -> str:
    where = []
    for family, number in ((4, 2), (6, 10)):
        where += [(number, a.WEB[family], a.ECHO_PORT), (number, a.ROUTER[family], a.DNS_PORT)]
    where += [(2, "255.255.255.255", a.ECHO_PORT), (10, "ff02::1", a.ECHO_PORT)]
    return _CANARY % {"uplink": a.UPLINK, "where": where, "said": SAID}


def _add_line(disk: "Disk", name: str, line: str) -> None:
    disk.path(name).write_text(f"{disk.path(name).read_text()}{line}\n")


def _add_person(disk: "Disk") -> None:
    _add_line(disk, "/etc/passwd", f"{PERSON}:x:{PERSON_ID}:{PERSON_ID}::/tmp:/bin/sh")
    _add_line(disk, "/etc/group", f"{PERSON}:x:{PERSON_ID}:")
    _add_line(disk, "/etc/shadow", f"{PERSON}:*:20000:0:99999:7:::")


def _forget_this_machine(disk: "Disk") -> None:
    """Its profiles, its own nm-killswitch, its name and what forbids services to start."""
    disk.path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)
    manifest = disk.path("/usr/share/nm-killswitch/installed")
    if manifest.exists():
        raise RuntimeError("nm-killswitch is installed on this machine: take it away first (data/install.sh --remove)")
    for name in ("/etc/NetworkManager", "/var/lib/NetworkManager", "/var/log/journal", "/var/lib/nm-killswitch"):
        shutil.rmtree(disk.path(name), ignore_errors=True)
    disk.write("/etc/machine-id", "b0071ab1e0000000000000000000000a\n")
    disk.write("/etc/hostname", "client\n")
    disk.write("/etc/fstab", "")
    disk.write("/etc/resolv.conf", "# NetworkManager writes it\n")


def _copy_source(disk: "Disk") -> None:
    skip = shutil.ignore_patterns(".git", "build", "build-*", "__pycache__", "corpus")
    shutil.copytree(REPOSITORY, disk.path(SOURCE), ignore=skip, symlinks=True)


def make_ours(disk: "Disk") -> None:
    _forget_this_machine(disk)
    Path("/etc/NetworkManager/system-connections").mkdir(parents=True, exist_ok=True)
    Manager(None).write_config()  # the sandbox's own /etc
    shutil.copytree("/etc/NetworkManager", disk.path("/etc/NetworkManager"), symlinks=True)
    _add_person(disk)
    units = disk.path("/etc/systemd/system")
    for folder in [*units.glob("*.wants"), *units.glob("*.requires")]:
        for wish in folder.iterdir():
            if wish.name not in _KEPT:
                wish.unlink()
        if not any(folder.iterdir()):  # systemd removes one that it finds empty when it disables a unit
            folder.rmdir()
    for name in _MASKED:
        (units / name).unlink(missing_ok=True)
        (units / name).symlink_to("/dev/null")
    for name, target in _ENABLED.items():
        (units / name).parent.mkdir(exist_ok=True)
        (units / name).unlink(missing_ok=True)
        (units / name).symlink_to(f"/lib/systemd/system/{target}")
    disk.write("/etc/systemd/system/NetworkManager.service.d/look.conf", _LOOK)
    disk.write("/etc/systemd/system/canary.service", _CANARY_UNIT)
    wants = units / "sysinit.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "canary.service").symlink_to("../canary.service")
    disk.write("/opt/canary.py", _canary(), 0o755)
    disk.path("/var/log/journal").mkdir(exist_ok=True)


def prepare(disk: "Disk") -> None:
    """A copy of this machine, with the source of what is to be tested."""
    make_ours(disk)
    # what installing the tests' packages left disabled here, data/install.sh --remove would enable there
    disk.path("/var/lib/misc/nm-killswitch-disabled-units").unlink(missing_ok=True)
    _copy_source(disk)


def compiler() -> list[str]:
    """KS_CCACHE names a folder: a person who runs the suite again and again need not compile again."""
    return ["env", "CC=ccache gcc", f"CCACHE_DIR={CCACHE}"] if CCACHE else ["env"]


@dataclass
class Run:
    said: str
    seconds: float


def install(machine: "Machine", *arguments: str) -> Run:
    """data/install.sh on the machine itself. The copied machine has every package that it asks for,
    so apt is not called: there is no archive in this world."""
    begun = time.monotonic()
    run = machine.run(*compiler(), f"{SOURCE}/data/install.sh", *arguments, timeout=900)
    return Run(run.stdout, time.monotonic() - begun)
