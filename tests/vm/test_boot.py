# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots with a real initial RAM disk and udev, locked, seen outside from power-on."""

import time

import pytest

from world import addresses as a

from . import setting
from .setting import PERSON, PROFILE

AFTER_MANAGER = 10.0  # seconds


@pytest.fixture(scope="module")
def locked(machine):
    machine.run("nmcli", "connection", "modify", PROFILE, "connection.autoconnect", "yes")
    machine.ctl("lock")
    yield machine
    machine.run("nmcli", "connection", "modify", PROFILE, "connection.autoconnect", "no")
    machine.run("nmcli", "connection", "down", PROFILE, check=False)
    machine.ctl("unlock")


@pytest.mark.parametrize("boot", range(1, 4))
def test_a_locked_boot_leaks_nothing(locked, boot):
    """WireGuard comes up by itself; the capture runs from before the reboot."""
    since = locked.capture.fence()
    locked.reboot()
    locked.wait_uplink()
    time.sleep(AFTER_MANAGER)
    locked.capture.fence()
    frames = locked.capture.since(since)
    assert [frame.purpose for frame in frames if frame.purpose.startswith("plain")] == []
    assert {"upkeep: ARP", "upkeep: DHCPv4"} <= {frame.purpose for frame in frames}, "the network must have come up"
    locked.sh(setting.RAISE_SERVER)  # a namespace is gone with the machine
    assert locked.wait_state("protected", 60)["verified"]
    assert setting.my_address(locked, PERSON) == a.KERNEL_TUNNEL_CLIENT
    setting.must_hold(locked, since)
