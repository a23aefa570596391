# SPDX-License-Identifier: GPL-2.0-or-later
"""A card goes, another one takes its name, on another network, and NetworkManager has not noticed yet."""

import os
import signal
import socket

import pytest

from . import addresses as a
from .capture import Capture
from .network import Namespace, wire
from .profiles import uuid_of
from .waiting import wait_product, wait_until

_CARD = "near0"
_PROFILE = "near"
_LOCAL = "192.168.99.1"
_SO_BINDTODEVICE = 25
_TO = {"lan": (_LOCAL, 4242), "exception": (a.WEB[4], a.ECHO_PORT)}


class _Net:
    """Behind a card of that name, a neighbour in a private range and somebody of the internet."""

    def __init__(self, world, name, by_hand):
        self.world, self.end = world, f"{name}end"
        self.namespace = Namespace(name)
        wire(world.client, _CARD, self.namespace, self.end)
        self.namespace.ip(f"addr add {_LOCAL}/24 dev {self.end}", f"addr add 203.0.113.1/24 dev {self.end}",
                          f"addr add {a.WEB[4]}/32 dev {self.end}", f"link set {self.end} up")
        world.client.ip(f"link set {_CARD} up")
        if by_hand:
            world.client.ip(f"addr add 203.0.113.50/24 dev {_CARD}", f"addr add 192.168.99.50/24 dev {_CARD}")
        self.capture = Capture(self.namespace, world.client, self.end, _CARD, "203.0.113.")

    def _send(self, to, canary):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
            opened.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, _CARD.encode() + b"\0")
            opened.sendto(canary, to)

    def sees(self, what):
        shown = self.namespace.run(["ip", "-o", "link", "show", "dev", self.end]).stdout
        mac = shown.split("link/ether ")[1].split()[0]
        self.world.client.ip(f"neigh replace {_TO[what][0]} lladdr {mac} dev {_CARD}")
        canary = b"canary" + os.urandom(8).hex().encode()
        mark = self.capture.fence()
        try:
            self.world.client.call(self._send, _TO[what], canary)
        except OSError:
            pass  # judged outside
        return any(canary in frame.data for frame in self.capture.since(mark, self.capture.fence()))

    def close(self):
        self.capture.close()
        self.namespace.run(["ip", "link", "del", self.end], check=False)
        self.namespace.close()


@pytest.fixture(scope="module")
def locked(world):
    world.product.install()
    world.product.start_guard()
    world.manager.nmcli("connection", "add", "type", "ethernet", "con-name", _PROFILE, "ifname", _CARD, "autoconnect", "no",
                        "connection.uuid", uuid_of(_PROFILE), "ipv4.method", "manual", "ipv4.addresses",
                        "203.0.113.50/24,192.168.99.50/24", "ipv6.method", "disabled")
    return world


def _call(world, method, *arguments):
    name = "io.github.nmkillswitch"
    world.client.run(["busctl", "call", name, "/io/github/nmkillswitch", f"{name}.Guard1", method, *arguments])


def _open(world, what):
    world.product.ctl("lock")
    if what == "lan":
        _call(world, "SetLanAccess", "bas", "true", "1", uuid_of(_PROFILE))
    else:
        world.product.ctl("allow", "add", "echo", "--to", a.WEB[4], "--protocol", "udp", "--port", str(a.ECHO_PORT), "--on", _PROFILE)


def _close(world, what):
    world.product.ctl("lan", "off") if what == "lan" else world.product.ctl("allow", "remove", "echo")


@pytest.mark.parametrize("what", _TO)
def test_a_card_of_the_same_name(locked, what):
    world = locked
    networks = [_Net(world, "near", by_hand=False)]
    (manager,) = world.client.processes("NetworkManager")
    try:
        wait_until(lambda: _CARD in world.manager.nmcli("-g", "DEVICE", "device").stdout, "NetworkManager to see the card")
        world.manager.nmcli("connection", "up", _PROFILE)
        _open(world, what)
        assert networks[0].sees(what)

        os.kill(manager, signal.SIGSTOP)
        networks.pop().close()
        networks.append(_Net(world, "far", by_hand=True))
        world.product.ctl("lock")  # has the guard look
        assert not networks[0].sees(what)
        assert _PROFILE not in [network["name"] for network in world.product.status()["networks"]]
        world.product.ctl("unlock")
        assert networks[0].sees(what), "the control"
        world.product.ctl("lock")

        os.kill(manager, signal.SIGCONT)
        wait_until(lambda: _PROFILE not in world.manager.nmcli("-g", "NAME", "connection", "show", "--active").stdout.split(),
                   "NetworkManager to notice")
        assert not networks[0].sees(what)
        world.manager.nmcli("connection", "up", _PROFILE)  # a person says that this is it
        wait_product(lambda: networks[0].sees(what), "it to open on what was activated")
    finally:
        os.kill(manager, signal.SIGCONT)
        _close(world, what)
        for network in networks:
            network.close()


def test_another_guard_and_another_networkmanager(locked):
    """Each takes what is there."""
    world = locked
    network = _Net(world, "near", by_hand=False)
    try:
        wait_until(lambda: _CARD in world.manager.nmcli("-g", "DEVICE", "device").stdout, "NetworkManager to see the card")
        world.manager.nmcli("connection", "up", _PROFILE)
        _open(world, "lan")
        assert network.sees("lan")
        world.product.stop_guard()
        world.product.start_guard()
        wait_product(lambda: network.sees("lan"), "a later guard to take what is there")
        world.manager.stop(signal.SIGKILL)
        wait_product(lambda: not world.product.status()["networks"], "it to be closed")
        assert not network.sees("lan")
        world.manager.start()
        world.manager.wait_ready()
        world.manager.nmcli("connection", "up", _PROFILE)
        wait_product(lambda: network.sees("lan"), "it to open again")
    finally:
        _close(world, "lan")
        network.close()
