# SPDX-License-Identifier: GPL-2.0-or-later
"""Which packages are here, and which of them this release does not have. It is told by name what was not run for want
of them: tests/fresh counts these skips, and takes no other."""

import shutil
import subprocess
from collections.abc import Sequence

import pytest

_NO_X11 = 49  # of GNOME Shell: the first that runs on Wayland alone


def version_of(package: str) -> str:
    shown = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", package],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout  # fmt: skip
    status, _, version = shown.partition(" ")
    return version if status == "installed" else ""


def _is_in_release(package: str) -> bool:
    said = subprocess.run(["apt-cache", "policy", package], stdout=subprocess.PIPE, text=True, check=False).stdout
    return "Candidate: " in said and "Candidate: (none)" not in said


def require(what: str, packages: Sequence[str]) -> None:
    """What needs packages that this release does not have is told as not run; packages that it has must be here."""
    missing = [package for package in packages if not version_of(package)]
    if not missing:
        return
    # no lists, no release: apt then knows of nothing
    if shutil.which("apt-cache") and _is_in_release("network-manager") and not any(_is_in_release(package) for package in missing):
        pytest.skip(f"{what} was not run: this release has no {' and no '.join(missing)}")
    pytest.fail(f"{what} cannot be run: not installed: {' '.join(missing)} (tests/lib/dependencies.sh)")


def require_shell_on_x11() -> None:
    said = subprocess.run(["gnome-shell", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    version = said.split()[-1]
    if int(version.split(".")[0]) >= _NO_X11:
        pytest.skip(f"GNOME Shell {version} was not run: this release has no GNOME Shell that runs on an X server")
