# SPDX-License-Identifier: GPL-2.0-or-later
"""Network cards come, go and change their names. On this kernel the second layer's chain goes with its
card, and a new card has none until the guard has given it one."""

import base64
import os

import pytest

from world import addresses as a
from world import raw_probes
from world.waiting import wait_until

from . import setting

_SEND = """
import base64, socket, sys
link, frame = sys.argv[1], base64.b64decode(sys.argv[2])
for bypass in (0, 1):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened:
        opened.setsockopt(263, 20, bypass)  # SOL_PACKET, PACKET_QDISC_BYPASS
        try:
            opened.sendto(frame, (link, 0x0800))
        except OSError as error:
            print(error.strerror)
"""


def _send_frames(machine, link: str = a.UPLINK) -> bytes:
    """Made by root below the IP stack, to the internet. Returns their canary."""
    canary = f"canary{os.urandom(8).hex()}".encode()
    packet = raw_probes.udp("192.0.2.7", a.WEB[4], canary)
    router = bytes.fromhex("020000000001")
    frame = raw_probes.ether(router, raw_probes.mac_of(machine, link), 0x0800, packet)
    machine.python(_SEND, link, base64.b64encode(frame).decode())
    return canary


def _seen(machine, canary: bytes, since: int) -> int:
    return len([frame for frame in machine.capture.since(since) if canary in frame.data])


def _wait_covered(machine) -> None:
    wait_until(lambda: machine.status()["layers"]["egress"], "the second layer to stand on every card", 60)


@pytest.fixture
def locked(unlocked):
    """The control first: unlocked, both frames are seen outside."""
    since = unlocked.capture.mark()
    canary = _send_frames(unlocked)
    wait_until(lambda: _seen(unlocked, canary, since) == 2, "root's frames to be seen outside")
    unlocked.ctl("lock")
    unlocked.wait_state("blocked")
    _wait_covered(unlocked)
    return unlocked


def test_a_card_taken_out_and_put_in(locked):
    since = locked.capture.fence()
    locked.take_card_out()
    assert locked.wait_state("blocked")["verified"]
    locked.put_card_in()
    wait_until(lambda: locked.has_link(a.UPLINK), "the card to be there", 60)
    locked.wait_uplink()
    _wait_covered(locked)
    canary = _send_frames(locked)
    setting.must_hold(locked, since)
    assert _seen(locked, canary, since) == 0


def test_a_card_gets_another_name(locked):
    since = locked.capture.fence()
    locked.sh(f"ip link set {a.UPLINK} down; ip link set {a.UPLINK} name other0; ip link set other0 up")
    canaries = [_send_frames(locked, "other0")]
    _wait_covered(locked)
    canaries.append(_send_frames(locked, "other0"))
    locked.sh(f"ip link set other0 down; ip link set other0 name {a.UPLINK}; ip link set {a.UPLINK} up")
    canaries.append(_send_frames(locked))
    locked.wait_uplink()
    _wait_covered(locked)
    canaries.append(_send_frames(locked))
    setting.must_hold(locked, since)
    assert [_seen(locked, canary, since) for canary in canaries] == [0, 0, 0, 0]
