# SPDX-License-Identifier: GPL-2.0-or-later
"""The RPM spec, built by Debian's rpmbuild with stand-ins for Fedora's macros; not Fedora itself."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from packages import build
from world.sandbox import REPOSITORY

FOLDER = REPOSITORY / "data/packaging/fedora"
MACROS = REPOSITORY / "tests/packages/rpm-macros"
EARLY = "nm-killswitch-early.service"


def _said(*words: object) -> str:
    run = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert run.returncode == 0, run.stdout[-5000:]
    return run.stdout


def test_rpmlint_finds_nothing_in_the_spec():
    assert " 0 errors, 0 warnings" in _said("rpmlint", "-r", FOLDER / "nm-killswitch.rpmlintrc", FOLDER / "nm-killswitch.spec")


@pytest.fixture(scope="module")
def rpms(tmp_path_factory):
    top = tmp_path_factory.mktemp("rpm")
    (top / "SOURCES").mkdir()
    (orig,) = build.ONE.glob("*.orig.tar.xz")
    shutil.copy(orig, top / "SOURCES" / f"{orig.name.removesuffix('.orig.tar.xz').replace('_', '-')}.tar.xz")
    _said("rpmbuild", "-bb", "--nodeps", "--load", MACROS, "--define", f"_topdir {top}", FOLDER / "nm-killswitch.spec")
    return {path.name.rsplit("-", 2)[0]: path for path in (top / "RPMS").rglob("*.rpm")}


_NOT_COMPARED = ("/doc/", "/licenses/", "/.build-id")


def _compared(paths: Iterable[str]) -> set[str]:
    """Without what differs by custom: documentation, compression, /lib."""
    moved = (f"/usr{path}" if path.startswith("/lib/") else path for path in paths)
    return {path.removesuffix(".gz") for path in moved if not any(part in path for part in _NOT_COMPARED)}


def test_rpm_holds_what_the_debian_package_holds(rpms, tmp_path):
    """But for documentation, and for the hook, which lies in NetworkManager's folder itself: SELinux."""
    for name in build.NAMES:
        ours = _compared(_said("rpm", "-qp", "--list", rpms[name]).splitlines())
        folder = tmp_path / name
        _said("dpkg-deb", "--extract", build.deb(build.ONE, name), folder)
        files = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
        theirs = _compared(f"/{path.relative_to(folder)}" for path in files)
        assert theirs <= ours, theirs - ours
        assert {Path(path).name for path in ours - theirs} <= {"nm-killswitch", "ifup@.service.d"}, "folders of its own"
    kinds = {line.split()[-1]: line[0] for line in _said("rpm", "-qp", "--queryformat", "[%{FILEMODES:perms} %{FILENAMES}\n]",
                                                          rpms["nm-killswitch"]).splitlines()}
    assert kinds["/usr/lib/NetworkManager/dispatcher.d/90-nm-killswitch"] == "-"
    assert kinds["/usr/libexec/nm-killswitch-dispatcher"] == "l"


def test_rpm_scriptlets_keep_the_promises(rpms):
    scripts = _said("rpm", "-qp", "--scripts", rpms["nm-killswitch"])
    preun = scripts[scripts.index("preuninstall"):scripts.index("postuninstall")]
    after = scripts[scripts.index("postuninstall"):]
    assert preun.index("disable") < preun.index("nm-killswitch unlock") and "$1 -eq 0" in preun
    assert EARLY not in after and "nm-killswitch.service" in after, "an upgrade restarts the guard alone"
    assert "restart" not in scripts[:scripts.index("preuninstall")]
    # stopped only after systemd has forgotten who requires the early unit: NetworkManager goes on
    disables = re.findall("systemctl (.*disable.*)", preun)
    assert EARLY in disables[0] and "--no-reload" not in disables[0] and "--now" not in disables[0]
    assert "--now" in disables[1]
