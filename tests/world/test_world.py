# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the tests: the world is real, the capture sees leaks, and locks that leak are caught."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios

import pytest

from . import addresses as a
from . import probes, questions, reference_lock, sandbox
from .chatter import Chatter
from .matrix import Matrix
from .waiting import wait_until


@pytest.fixture
def matrix(world):
    found = Matrix(world)
    yield found
    found.close_probes()


def test_unlocked_every_probe_is_seen_outside(world, matrix):
    matrix.require_unlocked(matrix.measure("unlocked", locked=False))


def test_the_vpn_carries_both_families(world, matrix):
    world.manager.up("full")
    matrix.require_tunnel()
    world.manager.down("full")
    for family in a.FAMILIES:
        assert questions.my_address(world.client, family) in world.client.addresses(a.UPLINK)


def test_the_second_vpn_carries_ipv4_only(world):
    world.manager.up("second")
    assert questions.my_address(world.client, 4) == a.SECOND_CLIENT
    assert questions.my_address(world.client, 6) in world.client.addresses(a.UPLINK)
    world.manager.down("second")


def test_the_split_vpn_leaves_the_default_route(world):
    world.manager.up("split")
    assert world.client.has_link(a.TUNNEL)
    assert questions.my_address(world.client, 4) in world.client.addresses(a.UPLINK)
    world.manager.down("split")


def test_the_dead_vpn_keeps_connecting(world):
    mark = world.capture.mark()
    world.manager.begin("dead")
    frame = world.capture.wait_for(lambda f: f.purpose == "server", "a packet to the dead server", mark)
    assert frame.packet.destination == a.DEAD_SERVER
    world.manager.down("dead")


def test_a_lock_that_holds_passes(world, matrix):
    reference_lock.lock(world.client)
    matrix.require_closed(matrix.measure("locked", locked=True))
    matrix.require_unreachable()
    with Chatter(world.client) as chatter:
        world.manager.up("full")
        for family in a.FAMILIES:
            chatter.connect(family)
        matrix.require_closed(matrix.measure("connected", locked=True, connected=True))
        matrix.require_tunnel()
        world.client.kill("openvpn", signal.SIGKILL)
        wait_until(lambda: not world.client.has_link(a.TUNNEL), "the tunnel to be gone")
        tried = chatter.tried
        matrix.require_closed(matrix.measure("openvpn killed", locked=True))
        wait_until(lambda: chatter.tried > tried, "the chatter to go on")
    matrix.require_unreachable()
    world.capture.require_neighbours()
    mark = world.capture.mark()
    world.capture.wait_for(lambda f: f.purpose == "upkeep: DHCPv4 renewal", "a DHCP renewal", mark, 20)
    reference_lock.unlock(world.client)


@pytest.mark.parametrize("leak", reference_lock.LEAKS)
def test_a_lock_that_leaks_is_caught(world, matrix, leak):
    reference_lock.lock(world.client, leak)
    state = matrix.measure(leak, locked=True)
    reference_lock.unlock(world.client)
    with pytest.raises(AssertionError, match="LEAKED"):
        matrix.require_closed(state)


def test_a_leak_on_the_way_is_caught(world, matrix):
    """Open for a moment between two looks: no probe of ours is under way, the chatter is."""
    reference_lock.lock(world.client)
    matrix.require_closed(matrix.measure("before", locked=True))
    with Chatter(world.client) as chatter:
        mark = world.capture.mark()
        reference_lock.unlock(world.client)
        world.capture.wait_for(lambda f: f.purpose.startswith("plain"), "the chatter", mark)
        reference_lock.lock(world.client)
        assert chatter.tried
    state = matrix.measure("after", locked=True)
    reference_lock.unlock(world.client)
    assert not [p for p in state.sent if p in state.outside]
    with pytest.raises(AssertionError):
        matrix.require_closed(state)


def test_a_capture_that_sees_nothing_is_a_failure(world):
    world.outside.ip(f"link set {a.ROUTER_END} down")
    try:
        with pytest.raises(AssertionError):
            world.capture.fence()
    finally:
        world.outside.ip(f"link set {a.ROUTER_END} up")


def test_every_probe_has_its_own_canary(world):
    sent = probes.send(world.client, probes.all_kinds())
    assert len({(p.canary, p.port) for p in sent}) == len(sent)
    for probe in sent:
        probe.close()


_COUNTS_INTERRUPTS = """
import signal, sys
count = 0
def interrupted(*_):
    global count
    count += 1
    print("interrupted", flush=True)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(count))
print("ready", flush=True)
signal.alarm(10)
while True:
    signal.pause()
"""


@pytest.mark.parametrize("sent", ("by a terminal", "to the outermost process"))
def test_an_interrupt_reaches_the_program_once(sent):
    """It ends what it has made in order; with a second one it would not."""
    keyboard, terminal = pty.openpty()
    program = subprocess.Popen(
        sandbox.command([sys.executable, "-c", _COUNTS_INTERRUPTS]), stdin=terminal, stdout=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY),
    )
    try:
        assert program.stdout.readline() == "ready\n"
        if sent == "by a terminal":
            os.write(keyboard, b"\x03")
        else:
            program.send_signal(signal.SIGINT)
        assert program.stdout.readline() == "interrupted\n"
        program.terminate()
        assert program.wait(5) == 1
    finally:
        program.kill()
        program.wait()
        os.close(keyboard)
        os.close(terminal)
