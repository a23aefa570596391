# SPDX-License-Identifier: GPL-2.0-or-later
"""Asleep and awake by logind and systemd-sleep themselves. A container has no /sys/power/state, so
a file stands there: what is written into it is all that happens. The card
goes off and on as a sleeping machine's does."""

import json
import time

from world import addresses as a
from world.waiting import wait_until

from . import flood
from .flood import Flood
from .machine import Machine

_POWER = "/sys/power/state"
_MAKE_POWER = f"""
mount -o remount,rw /sys; mkdir /sys/power; mount -o remount,ro /sys
mount -t tmpfs power /sys/power; echo freeze mem >{_POWER}
"""
_HOOK = "/lib/systemd/system-sleep/card"
_ASLEEP = 2.0  # seconds
_SCRIPT = f"""#!/bin/sh
case "$1" in
pre) echo "asleep" >/run/sleep-test; nm-killswitch status --json >/run/status-asleep; ip link set {a.UPLINK} down; sleep {_ASLEEP} ;;
post) ip link set {a.UPLINK} up; echo "awake" >/run/sleep-test ;;
esac
"""


def _said(machine: Machine, word: str, *arguments: str) -> bool:
    return word in machine.journal(*arguments)


def _times_woken(machine: Machine) -> int:
    return machine.journal("-t", "systemd-sleep").count("System returned from sleep")


def _sleep_and_wake(machine: Machine) -> None:
    machine.run("sh", "-ec", f"test -e {_POWER} || {{ {_MAKE_POWER} }}")
    woken = _times_woken(machine)
    machine.run("systemctl", "suspend")
    wait_until(lambda: _times_woken(machine) > woken, "the machine to wake up", 60)
    assert machine.run("cat", _POWER).stdout == "mem\n", "systemd-sleep has asked the kernel"
    # systemd-sleep says that it is back, and then runs what is to run after sleep
    wait_until(lambda: machine.run("cat", "/run/sleep-test").stdout == "awake\n", "the card to be on again")
    wait_until(lambda: _said(machine, "wake requested", "-u", "NetworkManager.service"), "NetworkManager to hear of it")
    assert _said(machine, "sleep requested", "-u", "NetworkManager.service"), "and it has heard of both"


def _pauses_end_before_sleep(machine: Machine) -> None:
    """Closed before the machine sleeps, also by a guard that hangs; tests/vm shows what the kernel's clock does."""
    for guard_hangs in (False, True):
        machine.ctl("pause", "1h")
        assert machine.status()["state"] == "paused", "the control"
        guard = machine.show("nm-killswitch.service", "MainPID")
        if guard_hangs:
            machine.run("systemctl", "kill", "--signal=STOP", "nm-killswitch.service")
        _sleep_and_wake(machine)
        asleep = json.loads(machine.run("cat", "/run/status-asleep").stdout)
        assert asleep["paused_until"] is None and asleep["state"] in ("protected", "blocked"), (guard_hangs, asleep)
        # one that hangs is ended, and systemd starts another
        assert (machine.show("nm-killswitch.service", "MainPID") != guard) == guard_hangs
        machine.run("systemctl", "restart", "nm-killswitch.service")


def test_suspend_and_resume(outside, locked_disk, copy_of, report):
    disk = copy_of(locked_disk)
    disk.write(_HOOK, _SCRIPT, 0o755)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.ctl("always-on", "full")
        machine.wait_state("protected")
        flood.prepare(outside, machine)
        with Flood(outside, machine) as flooding:
            _sleep_and_wake(machine)
            # a card without hardware is not connected again by itself
            machine.run("nmcli", "connection", "up", "uplink")
            machine.wait_uplink()
            # what is always on comes back by itself
            assert machine.wait_state("protected", 60)["verified"]
            flood.prepare(outside, machine)
            time.sleep(1)  # the whole flood in the state that it woke up to
            verdict = flooding.stop()
        flood.require_seen_by_watch(verdict)
        assert not verdict.plain and not verdict.lan, f"{len(verdict.plain)} + {len(verdict.lan)} canaries LEAKED"
        report.line(f"suspended and woken by logind, connected: {verdict.counts['tried']} canaries, 0 leaked")
        machine.ctl("always-on", "off")
        machine.ctl("unlock")
        with Flood(outside, machine) as flooding:
            time.sleep(1)
            verdict = flooding.stop()
        assert verdict.plain and verdict.lan, "the control: an open machine is seen"
        machine.ctl("lock")
        _pauses_end_before_sleep(machine)
