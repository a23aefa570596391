# SPDX-License-Identifier: GPL-2.0-or-later
"""The README's commands on a bare system, from a clean clone, as they are written there. Each test
goes on where the one before it has stopped."""

import glob
import os
import re
import subprocess
from pathlib import Path

import pytest
from boot import tree

from . import tried
from .conftest import CLONE, full_run

SUITES = ("gcc", "unit", "kernel")
# Not here: boot and vm fetch packages while they run, lint judges the source with Debian 12's programs.
ALL_SUITES = ("gcc", "clang", "unit", "kernel", "sanitize", "fuzz", "world", "ui")
_ASKED = ALL_SUITES if full_run() else SUITES
# Nothing is installed by it; "?name" is a package that the release has by none of the names in our list.
_NAMES = f". {CLONE}/tests/lib/dependencies.sh && choose_packages $(dependency_packages test)"
_MADE_ANEW = (  # of what is there, with times of their own in them
    "usr/share/icons/hicolor/icon-theme.cache", "usr/share/glib-2.0/schemas/gschemas.compiled",
    "usr/share/applications/mimeinfo.cache", "var/lib/misc",
)


def _counted(said: str) -> tuple[int, int, int]:
    found = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", said, re.MULTILINE)
    return tuple(int(number) for number in found.groups()) if found else (0, 0, 0)


def test_the_release_has_every_package(system):
    """Of the whole list, of which a short run installs a part."""
    done = system.run("bash", "-c", _NAMES, timeout=600)
    chosen = done.stdout.split()
    assert done.returncode == 0 and len(chosen) > 80, done.stdout
    assert [name for name in chosen if name.startswith("?")] == []


def _environment(process: str) -> bytes:
    try:
        return Path(process, "environ").read_bytes()
    except OSError:  # it has ended since
        return b""


def test_what_is_cut_short_has_ended(system):
    """Everything, or the copy could not be removed."""
    mark = f"CUT_SHORT={os.getpid()}"
    with pytest.raises(subprocess.TimeoutExpired):
        system.run("env", mark, "sh", "-c", "while :; do sleep 60; done >/dev/null & exec sleep 60", timeout=0.5)
    assert [process for process in glob.glob("/proc/[0-9]*") if mark.encode() in _environment(process)] == []


@pytest.mark.tried("tests/demo.sh")
def test_the_demonstration(system, record):
    done = system.run(f"{CLONE}/tests/demo.sh", timeout=1800)
    kept = re.search(r"^(\d+) of (\d+) promises kept. Nothing leaked.$", done.stdout, re.MULTILINE)
    assert done.returncode == 0 and kept and kept[1] == kept[2], done.stdout[-8000:]
    assert "Installing (no service is started or enabled):" in done.stdout, "it was not bare"
    listed = system.run("dpkg-query", "-W", "-f=${Package} ${Version}\n", *tried.programs(), timeout=60)
    record.versions(listed.stdout)
    record.note(f"{kept[1]} of {kept[2]} promises")


@pytest.mark.tried(f"tests/run.sh {' '.join(_ASKED)}")
def test_the_tests(system, record):
    done = system.run(f"{CLONE}/tests/run.sh", *_ASKED, timeout=2 * 3600 if full_run() else 1800)
    passed, failed, skipped = _counted(done.stdout)
    # what this release does not have is told by name (world/installed.py)
    told = re.findall(r"^skipped: (?:world|ui) .* was not run: this release has no ", done.stdout, re.MULTILINE)
    if not full_run():  # nor what its packages do not bring
        told += re.findall(r"^skipped: unit completion-(?:zsh|fish): .* is not installed$", done.stdout, re.MULTILINE)
    assert done.returncode == 0 and passed > 100 and failed == 0 and skipped == len(told), done.stdout[-12000:]
    record.note(f"{passed} passed")


def test_a_dry_run_changes_nothing(life):
    names = tree.names(life.disk)
    for argument, told in (("--help", "--remove --purge"), ("--dry-run", "/usr/libexec/nm-killswitchd")):
        assert told in life.install(argument)
    names |= tree.names(life.disk)
    assert tree.differences(tree.files(life.raw, names), tree.files(life.disk, names)) == []
    assert tree.differences(life.before, tree.system(life.machine)) == []


@pytest.mark.tried("data/install.sh")
def test_installed(life, record):
    said = life.install()
    assert "\nInstalled. To remove it:" in said and "\nUnlocked: traffic leaves this machine freely.\n" in said, said
    assert life.machine.run("systemctl", "--failed", "--no-legend").stdout.strip() == ""
    assert life.machine.status()["state"] == "unlocked" and not life.machine.has_table()
    start = life.machine.capture.fence()
    life.machine.capture.wait_for(lambda frame: b"boot-canary" in frame.data, "the canary while unlocked", start)
    record.note("installed")


@pytest.mark.tried("locked, rebooted")
def test_locked_over_a_reboot(life, record):
    machine = life.machine
    machine.ctl("lock")
    machine.wait_state("blocked")
    locked = machine.capture.fence()
    count = machine.canaries_tried()
    left = life.reboot()[locked:]
    assert [frame.purpose for frame in left if frame.purpose.startswith("plain")] == []
    machine = life.machine
    status = machine.wait_state("blocked")
    assert status["verified"] and status["layers"]["inet"] and status["layers"]["egress"], status
    machine.capture.fence()
    assert count and machine.canaries_tried() > 0, "the canary must have tried"
    assert machine.capture.plain(0) == []
    record.note("nothing out")


@pytest.mark.tried("upgraded while locked")
def test_upgraded_while_locked(life, record):
    machine = life.machine
    machine.run("sed", "-i", r"s/^\(    version: '[0-9.]*\)'/\1.1'/", f"{CLONE}/meson.build")
    before = machine.run("nm-killswitch", "--version").stdout
    count = machine.canaries_tried()
    assert "\nInstalled." in life.install()
    assert machine.run("nm-killswitch", "--version").stdout.strip() == f"{before.strip()}.1"
    status = machine.wait_state("blocked")
    machine.capture.fence()
    assert status["verified"] and machine.canaries_tried() > count + 50
    assert machine.capture.plain(0) == []
    record.note("nothing out")


@pytest.mark.tried("removed")
def test_removed_without_a_trace(life, record):
    machine = life.machine
    start = machine.capture.fence()
    said = life.install("--remove", "--purge")
    assert "Opening the lock" in said and "\nRemoved.\n" in said, said
    machine.capture.wait_for(lambda frame: b"boot-canary" in frame.data, "the canary after removal", start)
    names = tree.names(life.disk)
    assert len(names) > 20, "it was installed"
    left = tree.differences(tree.files(life.raw, names), tree.files(life.disk, names))
    assert [line for line in left if not line.startswith(_MADE_ANEW)] == []
    assert tree.differences(life.before, tree.system(machine)) == []
    record.note("nothing left")
