# SPDX-License-Identifier: GPL-2.0-or-later
"""From power-on: what leaves a machine that was locked when it was switched off."""

import time

import pytest

from . import image
from .conftest import full_run
from .machine import Machine

BOOTS = 20 if full_run() else 3
AFTER_MANAGER = 10.0  # seconds


def _wait_after_manager(machine: Machine, seconds: float) -> None:
    up = machine.moment("NetworkManager.service", "ActiveEnter")
    assert up > 0
    time.sleep(max(0.0, up + seconds - time.monotonic()))


def _said_before_manager(machine: Machine) -> str:
    return machine.run("cat", image.PRESENCE).stdout


def _is_canary(frame) -> bool:
    return b"boot-canary" in frame.data


def test_an_unlocked_boot_is_seen(machine, report):
    """The control: the same machine, the same canary, the same judge."""
    _wait_after_manager(machine, 3)
    machine.capture.fence()
    frames = machine.capture.since()
    report.boot("unlocked (control)", frames, f"canary: {machine.canaries_tried()} attempts")
    assert "table inet nm_killswitch {" not in _said_before_manager(machine)
    plain = [frame for frame in frames if frame.purpose.startswith("plain")]
    assert len([frame for frame in plain if _is_canary(frame)]) > 100
    destinations = {frame.packet.destination for frame in plain}
    assert len(destinations) >= 6, "to the internet, to the router, to everybody, over both families"


@pytest.mark.parametrize("boot", range(1, BOOTS + 1))
def test_a_locked_boot_leaks_nothing(outside, locked_disk, copy_of, report, boot):
    """Even boots follow a power cut, odd ones an orderly power-off; the VPN connects afterwards."""
    disk = copy_of(locked_disk)
    if boot % 2 == 0:
        with Machine(disk, outside):
            pass  # pulls the plug
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        _wait_after_manager(machine, AFTER_MANAGER)
        machine.capture.fence()
        frames = machine.capture.since()
        locked_at = machine.moment("nm-killswitch.service", "ActiveEnter")
        manager_at = machine.moment("NetworkManager.service", "ExecMainStart")
        tried = machine.canaries_tried()
        lead = f"locked {(manager_at - locked_at) * 1000:.0f} ms before NetworkManager; canary: {tried} attempts"
        report.boot(f"locked {boot}", frames, lead)

        assert "table inet nm_killswitch {" in _said_before_manager(machine)
        assert 0 < locked_at < manager_at
        assert tried > 500, "the canary must have tried"
        assert [frame.purpose for frame in frames if frame.purpose.startswith("plain")] == []
        purposes = {frame.purpose for frame in frames}
        assert {"upkeep: ARP", "upkeep: DHCPv4"} <= purposes, "the network must have come up"
        assert machine.status()["state"] == "blocked"

        machine.connect("full")
        assert machine.wait_state("protected")["verified"]
        with outside.tunnel() as tunnel:
            tunnel.wait_for(b"boot-canary")
        if boot % 2:
            frames = machine.power_off()
        else:
            machine.capture.fence()
            frames = machine.capture.since()
        assert [frame.purpose for frame in frames if frame.purpose.startswith("plain")] == []
        assert any(frame.purpose == "server" for frame in frames)
