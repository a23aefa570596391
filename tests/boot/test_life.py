# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of the lock when the guard hangs, when NetworkManager goes, or sleeps."""

import time

import pytest

from world import addresses as a
from world.waiting import wait_until

from .conftest import full_run, some
from .machine import Machine

GUARD, MANAGER = "nm-killswitch.service", "NetworkManager.service"
# as delivered it is a minute; what is tested is that systemd hears of a guard that hangs
WATCHDOG = 60 if full_run() else 4
STOP_TIMEOUT = 5
KILLS = 60 if full_run() else 12
BACK_WITHIN = 10  # seconds; its unit waits half a second

# Ends each guard the moment it is there, as a crash at its start would, while root asks for one all the time
_KILLER = """
import os, signal, subprocess, sys, time
asks = ["sh", "-c", "while :; do nm-killswitch status --json >/dev/null 2>&1; done"]
asking = subprocess.Popen(asks, start_new_session=True)
killed = set()
while len(killed) < int(sys.argv[1]):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as file:
                if file.read().strip() == "nm-killswitchd":
                    os.kill(int(pid), signal.SIGKILL)
                    killed.add(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    time.sleep(0.002)
os.killpg(asking.pid, signal.SIGKILL)
"""


def test_a_guard_that_hangs_is_ended_by_the_watchdog(outside, locked_disk, copy_of, report):
    disk = copy_of(locked_disk)
    if WATCHDOG != 60:
        disk.write(f"/etc/systemd/system/{GUARD}.d/watchdog.conf", f"[Service]\nWatchdogSec={WATCHDOG}\n")
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.show(GUARD, "WatchdogUSec") == ("1min" if WATCHDOG == 60 else f"{WATCHDOG}s")
        machine.connect("full")
        machine.wait_state("protected")
        healthy = machine.guard_pid()
        time.sleep(1.5 * min(WATCHDOG, 4))  # one that goes round is let be
        assert machine.guard_pid() == healthy
        since, tried = machine.capture.fence(), machine.canaries_tried()
        machine.run("kill", "-STOP", str(healthy))
        stopped = time.monotonic()
        wait_until(lambda: machine.guard_pid() not in (0, healthy), "the next guard", WATCHDOG + STOP_TIMEOUT + 30)
        seconds = time.monotonic() - stopped
        assert machine.wait_state("protected")["verified"]
        assert "watchdog" in machine.journal("_PID=1", f"UNIT={GUARD}").lower()
        machine.must_hold(since)
        report.line(
            f"a guard that hung was replaced after {seconds:.1f} s (watchdog {WATCHDOG} s); "
            f"{machine.canaries_tried() - tried} attempts to get out, 0 frames outside"
        )


def test_a_guard_that_is_killed_again_and_again_comes_back(locked, report):
    """However often and soon it dies: systemd starts another, which protects a VPN that comes up then."""
    first, since = locked.guard_pid(), locked.capture.fence()
    begun = time.monotonic()
    locked.run("/usr/bin/python3", "-c", _KILLER, str(KILLS), timeout=120)
    seconds = time.monotonic() - begun
    wait_until(lambda: locked.guard_pid() not in (0, first), "the next guard", BACK_WITHIN)
    assert locked.wait_state("blocked", BACK_WITHIN)["verified"]
    for unit in (GUARD, "nm-killswitch.socket"):
        assert locked.show(unit, "ActiveState") == "active", locked.journal(f"--unit={unit}", "--lines=20")
    said = locked.journal("_PID=1")
    assert "repeated too quickly" not in said and "-limit-hit" not in said, "systemd gave up on it for a while"
    locked.connect("full")
    assert locked.wait_state("protected")["verified"]
    locked.must_hold(since)
    report.line(f"a guard that was killed {KILLS} times in {seconds:.1f} s was there again, and protected the next VPN; 0 frames")


def _restart(machine: Machine) -> None:
    machine.run("systemctl", "restart", MANAGER)


def _crash(machine: Machine) -> None:
    machine.run("systemctl", "kill", "--signal=KILL", MANAGER)
    wait_until(lambda: machine.show(MANAGER, "ActiveState") == "active", "systemd to start it again")


def _upgrade(machine: Machine) -> None:
    """As Debian's package does: stopped, its files new, started."""
    machine.run("systemctl", "stop", MANAGER)
    machine.run("sh", "-ec", "cp -a /usr/sbin/NetworkManager /usr/sbin/.new; mv /usr/sbin/.new /usr/sbin/NetworkManager")
    machine.must_hold()
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", MANAGER)


def _sleep(machine: Machine) -> None:
    """As NetworkManager hears it from logind; with the card, as a sleeping machine's, off meanwhile."""
    name = ("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager")
    machine.run("busctl", "call", *name, "Sleep", "b", "true")
    wait_until(lambda: "asleep" in machine.run("nmcli", "-g", "STATE", "general").stdout, "it to sleep")
    machine.client.ip(f"link set {a.UPLINK} down")
    machine.wait_state("blocked", 30)
    machine.run("busctl", "call", *name, "Sleep", "b", "false")
    machine.run("nmcli", "connection", "up", "uplink")  # a card without hardware is not woken by itself


@pytest.mark.parametrize("event", some([_sleep, _crash, _upgrade, _restart], 2), ids=lambda f: f.__name__.strip("_"))
def test_networkmanager_comes_and_goes(locked, event, report):
    """Connected before; whatever it makes of the VPN, nothing leaves beside it, and it can be had again."""
    locked.connect("full")
    locked.wait_state("protected")
    since, tried = locked.capture.fence(), locked.canaries_tried()
    event(locked)
    locked.wait_uplink()
    status = locked.status()
    assert status["locked"] and status["verified"]
    locked.must_hold(since)
    locked.run("nmcli", "connection", "down", "full", check=False)
    locked.connect("full")
    assert locked.wait_state("protected")["verified"]
    locked.must_hold(since)
    report.line(f"NetworkManager, {event.__name__.strip('_')}: {locked.canaries_tried() - tried} attempts to get out, 0 frames")
    since = locked.capture.mark()
    locked.ctl("unlock")
    locked.run("nmcli", "connection", "down", "full")
    locked.must_leak(since)
