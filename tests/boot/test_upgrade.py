# SPDX-License-Identifier: GPL-2.0-or-later
"""From one version to another and back, whose skeletons differ: locked, connected and flooded."""

import time

import pytest

from world import addresses as a
from world.flooding import server_sockets
from world.waiting import wait_until

from . import another, flood, image
from .conftest import full_run, some
from .flood import Flood
from .machine import Disk, Machine

GUARD, SOCKET = "nm-killswitch.service", "nm-killswitch.socket"
ROUNDS = 25 if full_run() else 3
CONTROL_SECONDS = 4  # until nobody has answered for the departed: three questions, a second each
DEPARTED = [f"{a.FENCE_NET}{host}" for host in range(150, 190)]  # whom nobody answers for
WORDS = {another.THIS: "this version", another.NEXT: "another skeleton"}


@pytest.fixture(scope="module")
def versions(outside, installed, report):
    """This version, installed; the other one, built."""
    disk = Disk("versions", installed.disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        begun = time.monotonic()
        another.build(machine)
        report.line(f"another version, compiled: {time.monotonic() - begun:.0f} s")
        machine.power_off()
    return disk


@pytest.fixture
def connected(outside, versions, copy_of):
    with Machine(copy_of(versions), outside) as machine:
        machine.wait_uplink()
        machine.connect("full")
        machine.wait_state("protected")
        flood.prepare(outside, machine)
        yield machine


def _require_flood_is_seen(outside, machine: Machine) -> None:
    with Flood(outside, machine) as flooding:
        for shared in server_sockets(outside.namespace):
            with shared:
                for host in DEPARTED:  # as the server does on its own, to machines that were switched off
                    shared.sendto(b"ping", (host, a.SERVER_PORT))
        time.sleep(CONTROL_SECONDS)
        verdict = flooding.stop()
    flood.require_seen_by_watch(verdict)
    assert {canary.flow for canary in verdict.plain} == set(range(8)), "a flow was never seen"
    assert verdict.lan
    assert verdict.lost == 0, f"it loses packets by itself: {verdict.counts}\n{verdict.told}"


def _require_state(machine: Machine, is_next: bool) -> None:
    wait_until(lambda: another.is_next(machine) == is_next, "the other version's rules")
    status = machine.wait_state("protected")
    assert status["verified"] and status["layers"]["inet"] and status["layers"]["egress"], status


def test_up_and_down_under_a_flood(outside, connected, report):
    """By data/install.sh once, then as packages do it: the files, and the guard again."""
    connected.ctl("unlock")
    _require_flood_is_seen(outside, connected)
    connected.ctl("lock")
    connected.wait_state("protected")
    with Flood(outside, connected) as flooding:
        for number in range(ROUNDS):
            if number == 0:
                assert "\nInstalled." in image.install(connected).said
            else:
                another.upgrade(connected, another.NEXT)
            _require_state(connected, True)
            another.upgrade(connected, another.THIS)
            _require_state(connected, False)
        verdict = flooding.stop()
    flood.require_held(verdict)
    report.line(
        f"{2 * ROUNDS} upgrades and downgrades between two skeletons, locked and connected: "
        f"{verdict.counts['tried']} canaries, 0 leaked; {verdict.counts['asked']} packets in the tunnel, 0 lost"
    )
    connected.ctl("unlock")
    _require_flood_is_seen(outside, connected)


def test_a_lost_tunnel_is_noticed(outside, connected):
    """The control: an orphan that somebody closed the tunnel in, until the next guard mends it."""
    with Flood(outside, connected) as flooding:
        connected.run("systemctl", "stop", SOCKET, GUARD)
        index = int(connected.run("cat", f"/sys/class/net/{a.TUNNEL}/ifindex").stdout)
        number = index ^ 2000000000  # as the set has it
        connected.client.run(["nft", "delete", "element", "inet", "nm_killswitch", "open_interfaces", f"{{ {number} }}"])
        connected.run("systemctl", "start", SOCKET, GUARD)
        connected.wait_state("protected")
        verdict = flooding.stop()
    flood.require_seen_by_watch(verdict)
    assert not verdict.plain and not verdict.lan
    assert verdict.lost > 0


@pytest.mark.parametrize("early", some([another.THIS, another.NEXT], 1), ids=lambda folder: folder.rsplit("/", 1)[1])
def test_the_guard_adopts_what_another_versions_early_unit_left(outside, versions, copy_of, report, early):
    later = another.THIS if early == another.NEXT else another.NEXT
    disk = copy_of(versions)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        another.upgrade(machine, early)
        machine.ctl("lock")
        machine.run("systemctl", "mask", GUARD, SOCKET)
        machine.power_off()
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.guard_pid() == 0
        assert another.is_next(machine) == (early == another.NEXT), "the early unit's own table"
        another.replace_files(machine, later)
        machine.run("systemctl", "unmask", GUARD, SOCKET)
        machine.run("systemctl", "start", SOCKET, GUARD)
        wait_until(lambda: another.is_next(machine) == (later == another.NEXT), "the guard's own rules")
        assert machine.wait_state("blocked")["verified"]
        machine.connect("full")
        assert machine.wait_state("protected")["verified"]
        with outside.tunnel() as tunnel:
            tunnel.wait_for(b"boot-canary")
        machine.capture.fence()
        frames = machine.capture.since()
        assert [frame.purpose for frame in frames if frame.purpose.startswith("plain")] == []
        report.boot(f"locked by {WORDS[early]}, guarded by {WORDS[later]}", frames, f"canary: {machine.canaries_tried()} attempts")
