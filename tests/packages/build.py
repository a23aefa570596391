#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the Debian packages twice and makes of the first ones what the tests install. Runs before the
sandbox is entered: dpkg-buildpackage wants the machine as it is.

    build-tests/packages/one, two    what dpkg-buildpackage made, in two places
    build-tests/packages/next        the same as a later version
    build-tests/packages/trapped     both versions, with scripts that can end dpkg (traps.py)
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from packages import traps  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "build-tests/packages"
ONE, TWO, NEXT, TRAPPED = (RESULTS / name for name in ("one", "two", "next", "trapped"))
NAMES = ("nm-killswitch", "nm-killswitch-applet")
VERSION = re.search(r"\((.*)\)", (REPOSITORY / "data/packaging/debian/changelog").read_text()).group(1)
NEXT_VERSION = f"{VERSION}+next"

# nothing that a build may depend on: place, time zone, language, umask, host name, git
_ELSEWHERE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "de_DE.UTF-8", "USER": "somebody", "HOME": "/nonexistent"}
_IN_ANOTHER_PLACE = 'umask 077; hostname elsewhere; exec "$@"'
_NO_GIT = '#!/bin/sh\necho "git $*" >>"$KS_GIT_CALLS"\nexit 1\n'


def deb(folder: Path, name: str) -> Path:
    (found,) = folder.glob(f"{name}_*.deb")
    return found


def _run(*words: object, **options: object) -> None:
    subprocess.run([str(word) for word in words], check=True, stdin=subprocess.DEVNULL, **options)


def _stamp() -> str:
    """What the packages are made of: every file that build-deb.sh would take."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={REPOSITORY}", "-C", REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True).stdout
    digest = hashlib.sha256()
    for name in sorted(set(listed.split(b"\0")) - {b""}):
        path = REPOSITORY / os.fsdecode(name)
        if path.is_file():
            digest.update(name + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _build(tree: Path, target: Path, *prefix: str, **variables: str) -> None:
    environment = {**os.environ, "DEB_BUILD_OPTIONS": "nocheck", **variables}
    _run(*prefix, tree / "data/packaging/build-deb.sh", target, env=environment)


def _build_elsewhere(target: Path) -> None:
    """From the tarball alone, without git."""
    with tempfile.TemporaryDirectory(prefix="ks another place ") as folder:
        place = Path(folder)
        (orig,) = ONE.glob("*.orig.tar.xz")
        _run("tar", "-xf", orig, "-C", place)
        (tree,) = place.iterdir()
        stub = place / "bin/git"
        stub.parent.mkdir()
        stub.write_text(_NO_GIT)
        stub.chmod(0o755)
        calls = RESULTS / "git-calls"
        calls.write_text("")
        another = ("unshare", "--uts", "sh", "-c", _IN_ANOTHER_PLACE, "sh")
        _build(tree, target, *another, PATH=f"{stub.parent}:{os.environ['PATH']}", KS_GIT_CALLS=str(calls), **_ELSEWHERE)


def _repack(source: Path, target: Path, version: str, with_traps: str = "") -> None:
    """The same files; in control another version and, with a name for them, traps in the scripts."""
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder) / "tree"
            _run("dpkg-deb", "--raw-extract", deb(source, name), tree)
            control = tree / "DEBIAN/control"
            control.write_text(control.read_text().replace(VERSION, version))
            if with_traps and name == NAMES[0]:
                traps.plant(tree / "DEBIAN", with_traps)
            target.mkdir(parents=True, exist_ok=True)
            _run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, target / f"{name}_{version}.deb",
                 stdout=subprocess.DEVNULL)


def make() -> None:
    stamp = RESULTS / "stamp"
    made_of = _stamp()
    if stamp.exists() and stamp.read_text() == made_of:
        return
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    _build(REPOSITORY, ONE)
    _build_elsewhere(TWO)
    _repack(ONE, NEXT, NEXT_VERSION)
    _repack(ONE, TRAPPED / "this", VERSION, "this")
    _repack(ONE, TRAPPED / "next", NEXT_VERSION, "next")
    stamp.write_text(made_of)


if __name__ == "__main__":
    make()
