#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/lib/dependencies.sh: which command is run, and what is said.

dnf, pacman, apt and systemctl are stand-ins here, on a PATH of their own. tests/fresh does it for real.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1] / "lib/dependencies.sh"
TOOLS = ("bash", "sed", "grep", "tr", "cat", "touch", "env", "awk", "mktemp", "rm", "mkdir", "flock", "chmod")
PROGRAMS = "cc clang meson ninja msgfmt readelf gdbus-codegen glib-compile-resources update-desktop-database".split()

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
# A table "name state provides": state is installed, known (to apt) or virtual.
DPKG_QUERY = """#!/bin/bash
while read -r name state provides; do
    [ "$state" = installed ] || continue
    case $# in
    2) echo "installed, $provides," ;; # -W -f=FORMAT: of all
    3) [ "$3" != "$name" ] || printf installed ;;
    esac
done <"$STAND_INS/packages"
"""
APT_CACHE = """#!/bin/bash
while read -r name state provides; do
    case $1 in
    policy)
        [ "${2:-}" = "$name" ] || continue
        candidate=1.0
        [ "$state" != virtual ] || candidate='(none)'
        printf '%s:\n  Installed: (none)\n  Candidate: %s\n' "$name" "$candidate"
        ;;
    showpkg) [ "$2" != "$provides" ] || providers="$name 1.0 (= )" ;;
    esac
done <"$STAND_INS/packages"
[ "$1" != showpkg ] || printf 'Package: %s\nProvides: \nReverse Provides: \n%s\n' "$2" "${providers:-}"
[ "$#" -ne 1 ] || cat "$STAND_INS/archives"
"""
APT_GET = """#!/bin/bash
[ "$1" = install ] || exit 0
line=install
for word in "$@"; do
    case $word in
    install | -* | DPkg::* | Dpkg::*) continue ;;
    esac
    line="$line $word"
    sed -i "s/^$word known/$word installed/" "$STAND_INS/packages"
    if [ "$word" = network-manager ]; then touch "$STAND_INS/NetworkManager.service"; fi
done
echo "$line" >>"$STAND_INS/log"
"""
SYSTEMCTL = """#!/bin/bash
case $1 in
is-enabled) [ -e "$STAND_INS/$3" ] ;;
enable) touch "$STAND_INS/$3" ;;
disable) rm "$STAND_INS/$3" ;;
esac
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
        if manager == "apt-get":
            for name, text in {"apt-get": APT_GET, "apt-cache": APT_CACHE, "dpkg-query": DPKG_QUERY}.items():
                self._program(name, text)
            self._program("systemctl", SYSTEMCTL)
            (self.folder / "archives").touch()
            (self.folder / "packages").touch()
        elif manager:
            self._program(manager, MANAGER)
        for mark in ("modules", "log", *marks):
            (self.folder / mark).touch()
        modules = self.shell("echo $DEPENDENCY_MODULES").stdout
        (self.folder / "wanted").write_text(modules)

    def _program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def shell(self, command: str, uid: int = 0, inside: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        environment = {"PATH": str(self.bin), "STAND_INS": str(self.folder), "STAND_IN_UID": str(uid)}
        own = f"POLICY_FILE={self.folder}/policy DEPENDENCY_LOCK={self.folder}/lock DEPENDENCY_DISABLED={self.disabled}"
        return subprocess.run(
            [*inside, "/bin/bash", "-uc", f". {LIBRARY}; {own}; {command}"], env=environment, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def install(self, uid: int = 0) -> subprocess.CompletedProcess:
        return self.shell("install_dependencies build", uid)

    def wants(self, words: str, packages: str, **options) -> subprocess.CompletedProcess:
        """With apt: as if these packages were needed, where there are those."""
        (self.folder / "packages").write_text(packages)
        command = f"DEPENDENCY_BUILD='{words}'; install_dependencies build"
        return self.shell(command, **options)

    @property
    def disabled(self) -> Path:
        return self.folder / "misc/disabled"

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


def test_a_virtual_package():
    """What provides it is installed instead, once."""
    packages = "here installed -\nold virtual -\nnew known old\n"
    with Machine("apt-get") as machine:
        done = machine.wants("here old", packages)
        assert done.returncode == 0 and machine.log == ["install new"], (done.stdout, machine.log)
        again = machine.wants("here old", (machine.folder / "packages").read_text())
        assert again.returncode == 0 and again.stdout == "" and len(machine.log) == 1, again.stdout


def test_a_package_that_nobody_has():
    with Machine("apt-get") as machine:
        done = machine.wants("here gone|lost", "here installed -\n")
        assert done.returncode != 0 and "package lists: gone" in done.stdout, done.stdout
        assert "universe" not in done.stdout and machine.log == []
        for components, told in (("o=Ubuntu,c=main", True), ("o=Ubuntu,c=main o=Ubuntu,c=universe", False)):
            (machine.folder / "archives").write_text(components)
            assert ("universe" in machine.wants("gone", "").stdout) == told


def test_without_dev_fd():
    """A bare root may have no /dev/fd, which bash needs for <(...)."""
    # root needs no user namespace, and is given none in a chroot
    become_root = () if os.geteuid() == 0 else ("--map-root-user",)
    bare = ("/usr/bin/unshare", *become_root, "--mount", "/bin/sh", "-c",
            '/bin/mount -t tmpfs none /dev && exec "$@"', "sh")
    with Machine("apt-get") as machine:
        control = machine.shell("[ ! -e /dev/fd ] && ! read -r line < <(echo something)", inside=bare)
        if "unshare:" in control.stdout:
            return "SKIP without namespaces"
        assert control.returncode == 0, control.stdout
        done = machine.wants("tool", "tool known -\n", inside=bare)
        assert done.returncode == 0 and machine.log == ["install tool"], (done.stdout, machine.log)
    return None


def test_units_are_left_disabled_and_enabled_again():
    with Machine("apt-get") as machine:
        enabled = machine.folder / "NetworkManager.service"
        done = machine.wants("network-manager", "network-manager known -\n")
        assert done.returncode == 0 and not enabled.exists(), done.stdout
        assert "Left disabled" in done.stdout and "NetworkManager.service" in done.stdout, done.stdout
        with open(machine.disabled, "a") as remembered:
            remembered.write("evil.service\n")
        done = machine.shell("enable_units_again")
        assert enabled.exists() and "Enabled again" in done.stdout, done.stdout
        assert not (machine.folder / "evil.service").exists() and not machine.disabled.exists()
        assert machine.shell("enable_units_again").stdout == ""


def test_units_that_were_enabled_stay():
    with Machine("apt-get") as machine:
        enabled = machine.folder / "NetworkManager.service"
        enabled.touch()
        done = machine.wants("network-manager", "network-manager known -\n")
        assert done.returncode == 0 and enabled.exists() and "Left" not in done.stdout, done.stdout
        assert not machine.disabled.exists()


def main() -> int:
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        try:
            remark = test()
            print(f"ok {number} - {test.__name__}" + (f" # {remark}" if remark else ""))
        except AssertionError as error:
            failed += 1
            print(f"not ok {number} - {test.__name__}")
            print("\n".join(f"# {line}" for line in str(error).splitlines()))
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.pop("BASH_ENV", None)
    sys.exit(main())
