#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fetches the packages of other people's firewalls, once, without installing them here: the machines
of the tests do, from a folder. Runs before the sandbox is entered; it needs the package archive."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "build-tests/boot/packages"
# what they need besides is there already, or is not needed for what the tests do
_NAMES = ("ufw", "ucf", "firewalld", "python3-firewall", "python3-nftables", "python3-dbus", "gir1.2-nm-1.0")


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.deb"))


def fetch() -> None:
    if len(files()) == len(_NAMES):
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    os.chown(FOLDER, pwd.getpwnam("_apt").pw_uid, 0)  # apt fetches as this user
    asked = ["apt-get", "download", "-q", *_NAMES]
    if subprocess.run(asked, cwd=FOLDER).returncode != 0:
        subprocess.run(["apt-get", "update", "-q"], check=True)
        subprocess.run(asked, cwd=FOLDER, check=True)


if __name__ == "__main__":
    fetch()
