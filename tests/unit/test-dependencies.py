#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/lib/dependencies.sh where there is no apt: which command is run, and what is said.

dnf and pacman are stand-ins here, on a PATH of their own; neither Fedora nor Arch is.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1] / "lib/dependencies.sh"
TOOLS = ("bash", "sed", "grep", "tr", "cat", "touch", "env")
PROGRAMS = "cc clang meson ninja msgfmt readelf gdbus-codegen glib-compile-resources".split()

# the machine's pkg-config: what is not in the file is not there
PKG_CONFIG = """#!/bin/sh
while read -r name; do [ "$name" != "$2" ] || exit 0; done <"$STAND_INS/modules"
exit 1
"""
# installs all of it, unless it is told otherwise
MANAGER = """#!/bin/bash
echo "${0##*/} $*" >>"$STAND_INS/log"
[ ! -e "$STAND_INS/fails" ] || { echo 'no network' >&2; exit 1; }
[ -e "$STAND_INS/brings-nothing" ] || tr ' ' '\\n' <"$STAND_INS/wanted" >"$STAND_INS/modules"
"""
ID = "#!/bin/bash\necho ${STAND_IN_UID:-0}\n"


class Machine:
    def __init__(self, manager: str | None, *marks: str):
        self.folder = Path(tempfile.mkdtemp())
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        for name in PROGRAMS:
            self._program(name, "#!/bin/bash\n")
        self._program("pkg-config", PKG_CONFIG)
        self._program("id", ID)
        if manager:
            self._program(manager, MANAGER)
        for mark in ("modules", "log", *marks):
            (self.folder / mark).touch()
        modules = self.shell("echo $DEPENDENCY_MODULES").stdout
        (self.folder / "wanted").write_text(modules)

    def _program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def shell(self, command: str, uid: int = 0) -> subprocess.CompletedProcess:
        environment = {"PATH": str(self.bin), "STAND_INS": str(self.folder), "STAND_IN_UID": str(uid)}
        return subprocess.run(
            ["/bin/bash", "-uc", f". {LIBRARY}; {command}"], env=environment, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def install(self, uid: int = 0) -> subprocess.CompletedProcess:
        return self.shell("install_dependencies build", uid)

    @property
    def log(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder)


def test_fedora():
    """The packages are asked for by the modules that they bring; a second time nothing is to do."""
    with Machine("dnf") as machine:
        done = machine.install()
        assert done.returncode == 0, done.stdout
        [line] = machine.log
        assert line.startswith("dnf install -y --setopt=install_weak_deps=False gcc "), line
        for word in ("meson", "ninja-build", "pkgconfig(libnm)", "pkgconfig(gio-unix-2.0)", "pkgconfig(gtk+-3.0)",
                     "pkgconfig(ayatana-appindicator3-0.1)", "pkgconfig(polkit-gobject-1)"):
            assert word in line.split(), (word, line)
        again = machine.install()
        assert again.returncode == 0 and again.stdout == "" and len(machine.log) == 1, again.stdout


def test_arch():
    with Machine("pacman") as machine:
        done = machine.install()
        assert done.returncode == 0, done.stdout
        [line] = machine.log
        assert line.startswith("pacman -S --needed --noconfirm gcc "), line
        for word in ("meson", "libnm", "glib2-devel", "libayatana-appindicator", "c-ares"):
            assert word in line.split(), (word, line)
        assert machine.install().stdout == "" and len(machine.log) == 1


def test_it_fails():
    for manager in ("dnf", "pacman"):
        with Machine(manager, "fails") as machine:
            done = machine.install()
            assert done.returncode != 0 and f"{manager} could not install" in done.stdout, done.stdout
            assert "no network" in done.stdout
            assert ("pacman -Syu" in done.stdout) == (manager == "pacman")


def test_it_brings_too_little():
    with Machine("dnf", "brings-nothing") as machine:
        done = machine.install()
        assert done.returncode != 0 and "libnm.pc" in done.stdout, done.stdout


def test_without_root_nothing_is_run():
    with Machine("dnf") as machine:
        done = machine.install(uid=1000)
        assert done.returncode != 0 and "sudo" in done.stdout and "dnf install" in done.stdout, done.stdout
        assert machine.log == []


def test_an_unknown_package_manager():
    with Machine(None) as machine:
        done = machine.install()
        assert done.returncode != 0 and "libnm.pc" in done.stdout and "own package manager" in done.stdout, done.stdout


def test_what_the_tests_need_is_named():
    with Machine("dnf") as machine:
        done = machine.shell("install_dependencies demo")
        assert done.returncode != 0 and "nmcli" in done.stdout and "openssl" in done.stdout, done.stdout
        assert len(machine.log) == 1


def main() -> int:
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {test.__name__}")
        except AssertionError as error:
            failed += 1
            print(f"not ok {number} - {test.__name__}")
            print("\n".join(f"# {line}" for line in str(error).splitlines()))
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.pop("BASH_ENV", None)
    sys.exit(main())
