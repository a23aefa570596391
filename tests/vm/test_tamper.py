# SPDX-License-Identifier: GPL-2.0-or-later
"""Root changes the lock on a kernel on which anybody with the right may (6.1: tables have no owner that
outlives a process). It cannot be prevented; it is noticed, said and put right. How much gets out
meanwhile is measured, not denied: reports/vm.md. tests/world tries the same on this machine's kernel."""

import os
import re
import time
from pathlib import Path

import pytest

from world import addresses as a
from world.tampers import OURS, Tamper
from world.waiting import wait_until

from . import setting

FULL = os.environ.get("KS_FULL") == "1"
TRIED = OURS if FULL else OURS[:1]
TIMES = 5 if FULL else 1  # where both layers are away at once, so that the flood finds a gap
WIDE_OPEN = OURS[:3]
PATIENCE = 60  # seconds; software emulation on a busy machine
_WATCH = "/run/watch"


@pytest.fixture(scope="module")
def flooded(machine):
    """Locked, and a program tries to get out all the time."""
    setting.open_up(machine)
    machine.write("/opt/flood.py", Path(__file__).with_name("flood.py").read_text())
    machine.ctl("lock")
    machine.wait_state("blocked")
    command = ["/usr/bin/python3", "/opt/flood.py", a.WEB[4], str(a.ECHO_PORT), a.UPLINK]
    machine.run("systemd-run", "--quiet", "--collect", "--unit=flood", *command)
    machine.sh(f"systemd-run --quiet --collect --unit=watch sh -c 'exec busctl monitor io.github.nmkillswitch >{_WATCH} 2>&1'")
    wait_until(lambda: "Monitoring" in machine.run("cat", _WATCH, check=False).stdout, "busctl to listen", PATIENCE)
    blocked = machine.status()["blocked"]["packets"]
    wait_until(lambda: machine.status()["blocked"]["packets"] > blocked + 1000, "the flood to be blocked", PATIENCE)
    yield machine
    machine.run("systemctl", "kill", "--signal=CONT", "nm-killswitch.service", check=False)
    machine.run("systemctl", "stop", "flood", "watch", check=False)
    setting.open_up(machine)


def _told(machine) -> int:
    """How often the bus was told of a broken lock."""
    return int(machine.sh(f"grep -c 'STRING \"broken\"' {_WATCH} || true"))


def _log(machine) -> str:
    return machine.journal("nm-killswitch.service")


def _leaked(machine, since: int, until: int | None = None) -> list:
    return [frame for frame in machine.capture.since(since, until) if b"flood" in frame.data]


def _gap(frames: list) -> float:
    """Milliseconds from the first one that came out to the last."""
    return (frames[-1].time - frames[0].time) * 1000 if frames else 0.0


def _is_right(machine) -> bool:
    status = machine.status()
    return status["state"] == "blocked" and status["verified"] and status["layers"]["egress"]


def _put_right(machine, tamper: Tamper) -> list:
    """Does it, waits until the guard has put it right and said so; returns what got out."""
    told, logged = _told(machine), len(_log(machine))
    since = machine.capture.fence()
    machine.sh(tamper.command)
    wait_until(lambda: "changed the lock" in _log(machine)[logged:], f"the guard to notice: {tamper.name}", PATIENCE)
    wait_until(lambda: _is_right(machine), f"{tamper.name} to be put right", PATIENCE)
    restored = machine.capture.fence()
    time.sleep(1)
    end = machine.capture.fence()
    assert _leaked(machine, restored, end) == [], "nothing leaves once it is shown as put right"
    news = _log(machine)[logged:]
    assert re.search(r'"nft" \(process \d+\) changed the lock in the kernel', news), (tamper.name, news)
    if "netdev" not in tamper.name:  # without the second layer it is no less locked
        wait_until(lambda: _told(machine) > told, f'"broken" to be told: {tamper.name}', PATIENCE)
    return _leaked(machine, since, restored)


@pytest.mark.parametrize("tamper", TRIED, ids=[tamper.name for tamper in TRIED])
def test_it_is_put_right(flooded, report, tamper):
    assert not flooded.status()["layers"]["owned"]
    times = [_put_right(flooded, tamper) for _ in range(TIMES if tamper in WIDE_OPEN else 1)]
    counts = " + ".join(str(len(frames)) for frames in times)
    report.line(f"{tamper.name}: {counts} frames leaked, longest gap {max(map(_gap, times)):.0f} ms")
    if tamper.name in ("table inet deleted", "table netdev deleted"):
        assert times == [[]], "the other layer holds alone"


def test_the_control_nobody_puts_it_right(flooded):
    """With a guard that hangs, the same flood is seen outside; awake again, it closes."""
    flooded.run("systemctl", "kill", "--signal=STOP", "nm-killswitch.service")
    since = flooded.capture.fence()
    flooded.sh("nft flush ruleset")
    wait_until(lambda: len(_leaked(flooded, since)) > 100, "the flood to be seen outside", PATIENCE)
    flooded.run("systemctl", "kill", "--signal=CONT", "nm-killswitch.service")
    wait_until(lambda: _is_right(flooded), "the lock to be put right", PATIENCE)
    since = flooded.capture.fence()
    time.sleep(1)
    assert _leaked(flooded, since, flooded.capture.fence()) == []
