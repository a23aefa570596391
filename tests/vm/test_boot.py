# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots with a real initial RAM disk and udev, locked, on a kernel that keeps no tables for anybody;
seen outside from before the old system ends. WireGuard connects by itself."""

import os
import time

import pytest

from world import addresses as a

from . import setting
from .setting import PROFILE

BOOTS = ("orderly", "power cut", "orderly") if os.environ.get("KS_FULL") == "1" else ("orderly",)
AFTER_MANAGER = 10.0  # seconds of the machine's own clock


def _moment(machine, unit: str, name: str) -> float:
    """Seconds of the monotonic clock; 0: never."""
    asked = machine.run("systemctl", "show", "--property", f"{name}TimestampMonotonic", "--value", unit)
    return int(asked.stdout.strip() or 0) / 1e6


def _wait_after_manager(machine) -> None:
    up = _moment(machine, "NetworkManager.service", "ActiveEnter")
    assert up > 0
    now = float(machine.run("cat", "/proc/uptime").stdout.split()[0])
    time.sleep(max(0.0, up + AFTER_MANAGER - now))


@pytest.fixture
def locked(unlocked):
    unlocked.run("nmcli", "connection", "modify", PROFILE, "connection.autoconnect", "yes")
    unlocked.ctl("lock")
    yield unlocked
    unlocked.run("nmcli", "connection", "modify", PROFILE, "connection.autoconnect", "no")


@pytest.mark.parametrize("boot", range(len(BOOTS)))
def test_a_locked_boot_leaks_nothing(locked, report, boot):
    # it must be on the disk before the power is cut
    locked.sh("sync")
    since = locked.capture.fence()
    if BOOTS[boot] == "orderly":
        locked.reboot()
    else:
        locked.cut_power()
    locked.wait_uplink()
    _wait_after_manager(locked)
    locked.capture.fence()
    frames = locked.capture.since(since)
    locked_at = _moment(locked, "nm-killswitch-early.service", "ActiveEnter")
    manager_at = _moment(locked, "NetworkManager.service", "ExecMainStart")
    report.boot(
        f"{boot + 1}, {BOOTS[boot]}", frames, f"locked {(manager_at - locked_at) * 1000:.0f} ms before NetworkManager"
    )
    assert 0 < locked_at < manager_at
    setting.no_plain_frames(locked, since)
    purposes = {frame.purpose for frame in frames}
    assert {"upkeep: ARP", "upkeep: DHCPv4", "upkeep: MLD"} <= purposes, "the network must have come up"
    assert locked.wait_state("protected", 60)["verified"]
    setting.must_tunnel(locked, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(locked, since)
