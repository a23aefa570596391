# SPDX-License-Identifier: GPL-2.0-or-later
"""The exception for a VPN's server is the VPN's alone: no program of a person's uses it in clear
(TunnelCrack's ServerIP, CVE-2023-36673), while the VPN connects, and connects again as another user."""

import os
import signal
import socket

import pytest

from . import addresses as a
from . import questions
from .kernel import set_thread_fsuid
from .waiting import wait_product, wait_until

_SO_BINDTODEVICE = 25
_ROOT, _PERSON, _CONTAINER = 0, 1000, 100000

# who sends, and to which port of the server, and whether that may leave a locked client
_ATTEMPTS = [
    ("a daemon, as the VPN's own is", _ROOT, a.SERVER_PORT, True),
    ("a daemon, to another port", _ROOT, a.SERVER_PORT + 5, False),
    ("a person's program", _PERSON, a.SERVER_PORT, False),
    ("a person's program, to another port", _PERSON, a.SERVER_PORT + 5, False),
    ("a person's container", _CONTAINER, a.SERVER_PORT, False),
]


def _send(uid: int, port: int) -> bytes:
    """Straight to the server's address by the uplink. Returns the canary to look for outside."""
    canary = b"canary" + os.urandom(8).hex().encode()
    set_thread_fsuid(uid)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, a.UPLINK.encode() + b"\0")
        try:
            sender.sendto(canary, (a.SERVER[4], port))
        except PermissionError:
            pass  # judged outside
    return canary


def _judge(world, locked: bool) -> None:
    mark = world.capture.fence()
    canaries = [world.client.call(_send, uid, port) for _, uid, port, _ in _ATTEMPTS]
    end = world.capture.fence()
    frames = [frame.data for frame in world.capture.since(mark, end)]
    for canary, (who, _, port, allowed) in zip(canaries, _ATTEMPTS):
        seen = any(canary in data for data in frames)
        assert seen == (allowed or not locked), f"{who} to port {port}: {'seen' if seen else 'not seen'} outside"


def _through_the_tunnel(world) -> bool:
    return questions.my_address(world.client, 4) in world.client.addresses(a.TUNNEL)


@pytest.fixture(scope="module")
def product(world):
    world.product.install()
    world.product.start_guard()
    world.manager.wait_uplink()
    return world.product


def test_without_the_lock_all_of_it_leaves(world, product):
    assert not product.status()["locked"]
    _judge(world, locked=False)


def test_before_the_vpn(world, product):
    product.ctl("lock")
    product.wait_state("blocked")
    _judge(world, locked=True)


def test_while_it_is_up(world, product):
    world.manager.up("full")
    product.wait_state("protected")
    _judge(world, locked=True)
    assert _through_the_tunnel(world)


def test_after_openvpn_made_new_sockets_as_another_user(world, product):
    """SIGUSR1 has openvpn connect again, after it gave root up: its sockets are nm-openvpn's from then on.
    (By the second server it keeps its link; the first one gives new addresses, which need root.)"""
    world.manager.down("full")
    world.manager.up("second")
    product.wait_state("protected")
    wait_until(lambda: _reaches(world), "the tunnel to work", 15)
    mark = world.capture.mark()
    before = world.client.processes("openvpn")
    world.client.kill("openvpn", signal.SIGUSR1)
    world.capture.wait_for(lambda frame: frame.purpose == "server", "openvpn to call its server again", mark, 15)
    wait_until(lambda: _reaches(world), "the tunnel to work again", 30)
    assert world.client.processes("openvpn") == before, "it did not reconnect, it was started again"
    _judge(world, locked=True)


def _reaches(world) -> bool:
    try:
        return _through_the_tunnel(world)
    except questions.NoAnswer:
        return False


def test_with_people_of_other_numbers(world, product):
    """The numbers of people are the administrator's to say; SIGHUP has the guard read them again."""
    path = "/etc/login.defs"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    changed = "/run/world/login.defs"
    with open(changed, "w", encoding="utf-8") as file:
        file.write(text + "\nUID_MIN 200\nUID_MAX 300\n")
    world.client.run(["mount", "--bind", changed, path])
    try:
        world.client.kill("nm-killswitchd", signal.SIGHUP)
        wait_product(lambda: "200-300" in product.ctl("rules").stdout, "the guard to know people by other numbers")
        mark = world.capture.fence()
        canary = world.client.call(_send, 250, a.SERVER_PORT)
        end = world.capture.fence()
        assert not any(canary in frame.data for frame in world.capture.since(mark, end))
    finally:
        world.client.run(["umount", path])
        world.client.kill("nm-killswitchd", signal.SIGHUP)
    wait_product(lambda: "200-300" not in product.ctl("rules").stdout, "the guard to know people again")
