# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything on a machine that an installation could change, as text that can be compared."""

import hashlib
import os
import stat
from pathlib import Path

from .machine import Disk, Machine

# what a running machine writes of its own accord
_RESTLESS = ("var/log", "var/cache", "var/tmp", "tmp", "run", "proc", "sys", "dev", "root", "var/lib/systemd")
_RESTLESS += ("var/lib/NetworkManager", "var/lib/dbus", "var/lib/private", "etc/resolv.conf", "var/lib/logrotate")
_RESTLESS += ("etc/machine-id", "opt", "var/lib/AccountsService")
_RESTLESS += ("var/lib/cni", "var/lib/containers")  # podman's tmpfiles.d, where it is installed
# what dpkg, its triggers and who listens to it write
_DPKGS = ("var/lib/dpkg", "var/lib/apt", "var/log", "usr/share/icons/hicolor", "usr/share/glib-2.0/schemas/gschemas.compiled")
_DPKGS += ("usr/share/applications/mimeinfo.cache", "var/lib/systemd", "var/lib/PackageKit")

_BUS = "org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus"


def _is_restless(name: str) -> bool:
    return "__pycache__" in name or any(name == each or name.startswith(f"{each}/") for each in _RESTLESS)


def _describe(path: Path) -> str:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return "none"
    mode = stat.filemode(status.st_mode)
    owner = f"{mode} {status.st_uid}:{status.st_gid}"
    if stat.S_ISLNK(status.st_mode):
        return f"{owner} -> {os.readlink(path)}"
    if stat.S_ISREG(status.st_mode):
        return f"{owner} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return owner


def names(disk: Disk) -> set[str]:
    """Every path that any layer above the machine that was copied has touched."""
    found = set()
    for layer in disk.layers:
        for folder, folders, files in os.walk(layer):
            for name in (*folders, *files):
                path = os.path.relpath(os.path.join(folder, name), layer)
                if not _is_restless(path):
                    found.add(path)
    return found


def files(disk: Disk, wanted: set[str]) -> dict[str, str]:
    return {name: _describe(disk.root / name) for name in sorted(wanted)}


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    both = sorted(before.keys() | after.keys())
    return [f"{n}: {before.get(n)} -> {after.get(n)}" for n in both if before.get(n) != after.get(n)]


def without_dpkgs(found: list[str]) -> list[str]:
    """Of differences, those that are not of dpkg's own keeping."""
    return [line for line in found if not line.startswith(_DPKGS)]


def system(machine: Machine) -> dict[str, str]:
    """What is no file: tables, systemd's units and jobs, bus names, kernel switches, processes."""
    switches = "/proc/sys/net/ipv4 /proc/sys/net/ipv6 /proc/sys/net/core"
    asked = {
        "nf_tables": ["nft", "list", "tables"],
        "unit files": ["systemctl", "list-unit-files", "--no-legend", "--no-pager"],
        "units": ["systemctl", "list-units", "--all", "--state=loaded,failed", "--plain", "--no-legend", "--no-pager", "nm-kill*"],
        "failed units": ["systemctl", "--failed", "--no-legend", "--no-pager"],
        "bus names": ["sh", "-c", f"busctl call {_BUS} ListActivatableNames | tr ' ' '\\n' | sort"],
        "kernel switches": ["sh", "-c", f"find {switches} -type f | grep -E 'conf|forward|bpf' | sort | xargs grep -H '' 2>&1 | cat"],
        "folder in /run": ["sh", "-c", "ls -d /run/*kill* 2>&1 | cat"],
        "actions": ["sh", "-c", "pkaction | grep kill | cat"],
    }
    return {name: machine.run(*command).stdout for name, command in asked.items()}
