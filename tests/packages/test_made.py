# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages as files."""

import hashlib
import json
import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from packages import build, traps
from world.sandbox import REPOSITORY, build_dir


def _said(*words: object) -> str:
    run = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert run.returncode == 0, run.stdout
    return run.stdout


def test_the_same_bytes_wherever_they_are_built():
    """In another folder, later, in another time zone and language, from the tarball, without git."""
    compared = 0
    for one in sorted(build.ONE.iterdir()):
        if one.suffix not in (".buildinfo", ".changes"):  # these tell where and when
            assert one.read_bytes() == (build.TWO / one.name).read_bytes(), one.name
            compared += 1
    assert compared >= 7, sorted(path.name for path in build.ONE.iterdir())
    assert (build.RESULTS / "git-calls").read_text() == ""


def test_the_comparison_can_fail():
    assert build.deb(build.ONE, "nm-killswitch").read_bytes() != build.deb(build.NEXT, "nm-killswitch").read_bytes()


_LINTIAN = ("lintian", "--allow-root", "--pedantic", "--fail-on", "error,warning", "--color", "never")


def test_lintian_finds_nothing():
    (changes,) = build.ONE.glob("*.changes")
    assert not re.search("^[EW]: ", _said(*_LINTIAN, changes), re.MULTILINE)


def test_lintian_can_find_something(tmp_path):
    folder = tmp_path / "tree"
    _said("dpkg-deb", "--raw-extract", build.deb(build.ONE, "nm-killswitch"), folder)
    (folder / "usr/bin/nm-killswitch").chmod(0o4777)
    _said("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", folder, tmp_path / "bad.deb")
    run = subprocess.run([*_LINTIAN, tmp_path / "bad.deb"], stdout=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 2 and "elevated-privileges" in run.stdout, run.stdout


@pytest.mark.parametrize("program", ["usr/bin/nm-killswitch", "usr/libexec/nm-killswitchd", "usr/libexec/nm-killswitch-dispatcher"])
def test_programs_are_hardened(tmp_path, program):
    _said("dpkg-deb", "--extract", build.deb(build.ONE, "nm-killswitch"), tmp_path)
    shown = _said("readelf", "--dynamic", "--program-headers", "--wide", tmp_path / program)
    assert "BIND_NOW" in shown and "GNU_RELRO" in shown and "DYN (" in shown
    assert "_chk@GLIBC" in _said("readelf", "--dyn-syms", "--wide", tmp_path / program), "fortified"


def _git(*words: str) -> str:
    return _said("git", "-c", f"safe.directory={REPOSITORY}", "-C", REPOSITORY, *words)


def _names(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return {member.name.split("/", 1)[1] for member in tar if not member.isdir()}


def test_a_release_holds_what_git_holds():
    """"meson dist"; that such a tarball builds without git, the second build has shown."""
    environment = {**os.environ, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    subprocess.run(["meson", "dist", "-C", build_dir(), "--no-tests", "--formats", "xztar", "--allow-dirty"],
                   check=True, env=environment, stdout=subprocess.DEVNULL)
    (archive,) = (build_dir() / "meson-dist").glob("nm-killswitch-*.tar.xz")
    held = _names(archive)
    assert held == set(_git("ls-tree", "-r", "--name-only", "HEAD").split()) and "data/packaging/build-deb.sh" in held
    (orig,) = build.ONE.glob("*.orig.tar.xz")
    if not _git("status", "--porcelain"):
        assert _names(orig) == held


def _sbom() -> dict:
    return json.loads(_said("/usr/bin/python3", REPOSITORY / "data/packaging/sbom.py", build_dir()))


def test_the_spdx_document_describes_the_build():
    """Against SPDX 2.3's own schema it was validated by hand; here: that what it says is so."""
    document = _sbom()
    assert document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0"
    elements = [document, *document["packages"], *document["files"]]
    known = [element["SPDXID"] for element in elements]
    assert len(known) == len(set(known))
    for link in document["relationships"]:
        assert {link["spdxElementId"], link["relatedSpdxElement"]} <= set(known), link
    assert {link["relatedSpdxElement"] for link in document["relationships"]} == set(known) - {document["SPDXID"]}
    product, *libraries = document["packages"]
    assert product["versionInfo"] == build.VERSION.split("-")[0]
    assert {"libnm", "libnftnl", "libmnl", "libcares", "libcurl", "gtk+-3.0"} <= {library["name"] for library in libraries}
    programs = [file for file in document["files"] if file["fileTypes"] == ["BINARY"]]
    sums = {Path(file["fileName"]).name: file["checksums"] for file in programs}
    for program in ("service/nm-killswitchd", "ctl/nm-killswitch", "hook/nm-killswitch-dispatcher"):
        data = (build_dir() / "dispatcher" / program).read_bytes()
        said = {entry["algorithm"]: entry["checksumValue"] for entry in sums[Path(program).name]}
        assert said == {"SHA1": hashlib.sha1(data).hexdigest(), "SHA256": hashlib.sha256(data).hexdigest()}
    assert _sbom() == document


def test_every_script_has_its_traps(tmp_path):
    """Else the tests of interruptions would interrupt nothing."""
    for version in ("this", "next"):
        control = tmp_path / version
        _said("dpkg-deb", "--control", build.deb(build.TRAPPED / version, "nm-killswitch"), control)
        for script in traps.SCRIPTS:
            text = (control / script).read_text()
            assert text.count(f'"{version} {script} $1 ') == 2, script
            _said("sh", "-n", control / script)
