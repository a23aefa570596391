# SPDX-License-Identifier: GPL-2.0-or-later
"""Exceptions for one network alone: by the card that carries it, and by no other."""

import os
import signal
import socket

import pytest

from . import addresses as a
from .networks import SecondNetwork
from .raw_probes import ether, mac_of, udp
from .waiting import wait_product

_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_SO_BINDTODEVICE = 25
_SERVICE = 2222
_KINDS = ("udp", "tcp", "frame")
_ECHO = ("--protocol", "udp", "--port", str(a.ECHO_PORT))


class _Wire:
    """One of the two networks: the client's card, who is at its other end, and what is seen there."""

    def __init__(self, world, name, card, namespace, end, capture):
        self.world, self.name, self.card, self.outside, self.capture = world, name, card, namespace, capture
        shown = namespace.run(["ip", "-o", "link", "show", "dev", end]).stdout
        self.router_mac = shown.split("link/ether ")[1].split()[0]

    def know_the_neighbours(self):
        """So that no packet waits for one."""
        gateways = a.ROUTER if self.card == a.UPLINK else a.WEB
        self.world.client.ip(*(f"neigh replace {gateways[f]} lladdr {self.router_mac} dev {self.card}" for f in a.FAMILIES))

    def address(self, family):
        wanted = [t for t in self.world.client.addresses(self.card) if (":" in t) == (family == 6)]
        return wanted[0]

    def _open(self, family, kind):
        opened = socket.socket(_FAMILY[family], socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, self.card.encode() + b"\0")
        opened.setblocking(False)
        return opened

    def _send(self, family, kind, canary):
        if kind == "frame":
            protocol = 0x0800 if family == 4 else 0x86DD
            packet = udp(self.address(family), a.WEB[family], canary, a.ECHO_PORT)
            mac = bytes.fromhex(self.router_mac.replace(":", ""))
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
                raw.bind((self.card, protocol))
                raw.send(ether(mac, mac_of(self.world.client, self.card), protocol, packet))
            return 0
        with self._open(family, kind) as opened:
            opened.bind(("", 0))
            if kind == "udp":
                opened.sendto(canary, (a.WEB[family], a.ECHO_PORT))
            else:
                opened.connect_ex((a.WEB[family], a.ECHO_PORT))
            return opened.getsockname()[1]

    def seen(self, family, kinds=_KINDS):
        """Of packets to the web server's echo, past the VPN, those that the other end saw."""
        self.know_the_neighbours()
        mark = self.capture.fence()
        sent = {}
        for kind in kinds:
            canary = b"canary" + os.urandom(8).hex().encode()
            try:
                sent[kind] = (canary, self.world.client.call(self._send, family, kind, canary))
            except OSError:
                sent[kind] = (canary, 0)
        frames = self.capture.since(mark, self.capture.fence())

        def is_in(kind, frame):
            canary, port = sent[kind]
            if kind != "tcp":
                return canary in frame.data
            packet = frame.packet
            return packet is not None and port > 0 and (packet.source_port, packet.destination_port) == (port, a.ECHO_PORT)

        return {kind for kind in kinds if any(is_in(kind, frame) for frame in frames)}

    def reaches_the_service(self, family):
        """What somebody there sends to a port here comes in."""
        with self.world.client.socket(_FAMILY[family], socket.SOCK_DGRAM) as service:
            with self.outside.socket(_FAMILY[family], socket.SOCK_DGRAM) as client:
                service.bind((self.address(family), _SERVICE))
                client.bind((a.WEB[family], 0))
                client.sendto(b"question", (self.address(family), _SERVICE))
                self.capture.fence()  # is answered behind it
                service.setblocking(False)
                try:
                    return service.recv(100) == b"question"
                except OSError:
                    return False


@pytest.fixture(scope="module")
def second(world):
    world.product.install()
    world.product.start_guard()
    found = SecondNetwork(world)
    found.connect(metric=900)
    yield found
    found.close()


@pytest.fixture(scope="module")
def wires(world, second):
    return {
        "uplink": _Wire(world, "uplink", a.UPLINK, world.outside, a.ROUTER_END, world.capture),
        "other": _Wire(world, "other", second.UPLINK, second.namespace, second.END, second.capture),
    }


@pytest.fixture(autouse=True)
def locked(world, wires):
    world.product.ctl("lock")
    yield
    status = world.product.status()
    for exception in status["exceptions"] + status["exceptions_elsewhere"]:
        world.product.ctl("allow", "remove", exception["name"])


def _add(world, name, *words):
    world.product.ctl("allow", "add", name, *words)


@pytest.mark.parametrize("family", a.FAMILIES)
def test_control(world, wires, family):
    for wire in wires.values():
        assert not wire.seen(family)
        assert not wire.reaches_the_service(family)
    world.product.ctl("unlock")
    for wire in wires.values():
        assert wire.seen(family) == set(_KINDS), "the test itself does not see it"
        assert wire.reaches_the_service(family), "the test itself does not reach it"


@pytest.mark.parametrize("family", a.FAMILIES)
@pytest.mark.parametrize("name", ["uplink", "other"])
def test_by_its_own_card_alone(world, wires, name, family):
    """With the other network beside it; both layers, both ways."""
    _add(world, "echo", "--to", a.WEB[family], *_ECHO, "--on", name)
    _add(world, "service", "--from", a.WEB[family], "--protocol", "udp", "--port", str(_SERVICE), "--on", name)
    for wire in wires.values():
        is_it = wire.name == name
        assert wire.seen(family) == ({"udp", "frame"} if is_it else set())
        assert wire.reaches_the_service(family) == is_it
    status = world.product.status()
    assert status["verified"] and status["exceptions"][0]["network_name"] == name
    assert status["exceptions"][0]["interfaces"] == [wires[name].card]
    assert f", on {name}" in world.product.ctl("allow", "list").stdout


def test_two_networks_open_the_same(world, wires):
    """Each is taken back alone; two of one network, or one of all, would open the same by the same card."""
    for name in wires:
        _add(world, f"by {name}", "--to", a.WEB[4], *_ECHO, "--on", name)
    for words in ((), ("--on", "other")):
        refused = world.product.ctl("allow", "add", "third", "--to", f"{a.WEB[4]}/32", *_ECHO, *words, check=False)
        assert refused.returncode == 1 and "opens some of this already" in " ".join(refused.stdout.split()), refused.stdout
    assert all(wire.seen(4, ("udp",)) for wire in wires.values())
    world.product.ctl("allow", "remove", "by uplink")
    assert wires["other"].seen(4, ("udp",)) and not wires["uplink"].seen(4, ("udp",))
    here = world.product.ctl("allow", "add", "here", "--to", a.WEB[6], *_ECHO, "--on", "here", check=False)
    assert here.returncode == 1 and "Several networks are connected" in here.stdout


def test_the_card_moves_in_the_middle_of_a_flow(world, wires):
    """To another network, and back: the flow and new ones are cut at once, and listed as closed."""
    wire, manager = wires["other"], world.manager
    _add(world, "echo", "--to", a.WEB[4], *_ECHO, "--on", "other")
    manager.nmcli("connection", "clone", "other", "elsewhere")
    with wire.outside.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo, world.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        try:
            echo.bind((a.WEB[4], a.ECHO_PORT))
            echo.settimeout(5)
            flow.settimeout(5)
            flow.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, wire.card.encode() + b"\0")
            wire.know_the_neighbours()
            flow.sendto(b"question", (a.WEB[4], a.ECHO_PORT))
            said, asker = echo.recvfrom(100)
            echo.sendto(b"answer", asker)
            assert said == b"question" and flow.recv(100) == b"answer"

            manager.nmcli("connection", "up", "elsewhere")
            wire.know_the_neighbours()
            mark = wire.capture.fence()
            with pytest.raises(OSError):
                flow.sendto(b"canary of the old flow", (a.WEB[4], a.ECHO_PORT))
            assert not wire.seen(4)
            assert not [f for f in wire.capture.since(mark, wire.capture.fence()) if b"canary of the old flow" in f.data]
            assert "closed: that network is not here" in world.product.ctl("allow", "list").stdout
            status = world.product.status()
            assert not status["exceptions"] and status["exceptions_elsewhere"][0]["interfaces"] == []
            assert "exception" not in world.product.ctl("status").stdout.splitlines()[0]

            manager.nmcli("connection", "up", "other")
            wait_product(lambda: wire.seen(4, ("udp",)), "the exception to come back with its network")
        finally:
            manager.nmcli("connection", "up", "other")
            manager.nmcli("connection", "delete", "elsewhere")


def test_without_the_guard_nothing_opens(world, wires):
    """The network comes back while it is dead: what was closed stays closed until the guard is there."""
    wire = wires["other"]
    _add(world, "echo", "--to", a.WEB[4], *_ECHO, "--on", "other")
    world.manager.nmcli("connection", "down", "other")
    wait_product(lambda: world.product.status()["exceptions_elsewhere"], "it to be closed")
    world.product.stop_guard()
    try:
        world.manager.nmcli("connection", "up", "other")
        assert not wire.seen(4)
    finally:
        world.product.start_guard()
    wait_product(lambda: wire.seen(4, ("udp",)), "the guard to open it")


def test_without_the_guard_what_is_open_is_told(world, wires):
    """The kernel holds what it should, and root sees what that lets out, and where."""
    wire = wires["other"]
    _add(world, "echo", "--to", a.WEB[4], *_ECHO, "--on", "other")
    world.product.stop_guard(signal.SIGKILL)
    try:
        assert wire.seen(4, ("udp",)), "the control: it is open"
        status = world.product.status()
        assert status["state"] == "blocked" and status["reason"] == "guard-away" and status["verified"]
        (exception,) = status["exceptions"]
        assert (exception["network_name"], exception["interfaces"]) == ("other", [wire.card])
        assert not status["exceptions_elsewhere"]
        assert "1 exception lets more out" in " ".join(world.product.ctl("status").stdout.split())
    finally:
        world.product.start_guard()


def test_networkmanager_is_killed(world, wires):
    """Nobody says any more which network it is."""
    wire = wires["uplink"]
    _add(world, "echo", "--to", a.WEB[4], *_ECHO, "--on", "uplink")
    assert wire.seen(4, ("udp", "frame")) == {"udp", "frame"}
    world.manager.stop(signal.SIGKILL)
    try:
        wait_product(lambda: world.product.status()["exceptions_elsewhere"], "it to be closed")
        assert not wire.seen(4)
    finally:
        world.manager.start()
        world.manager.wait_ready()
        for name in wires:
            world.manager.nmcli("connection", "up", name)
    wait_product(lambda: wire.seen(4, ("udp",)), "the exception to be back")


def test_it_is_about_the_network_and_not_its_uuid(world, wires, second):
    """A profile that is put on another card is another network; deleted, it takes its exceptions along."""
    manager = world.manager
    _add(world, "echo", "--to", a.WEB[4], *_ECHO, "--on", "other")
    manager.nmcli("connection", "clone", "other", "kept")
    try:
        for card in (wires["uplink"].card, wires["other"].card):
            manager.nmcli("connection", "modify", "other", "connection.interface-name", card)
            manager.nmcli("connection", "up", "other")
            is_back = card == wires["other"].card
            wait_product(lambda b=is_back: bool(world.product.status()["exceptions"]) == b, f"what holds on {card}")
            assert bool(wires["uplink"].seen(4, ("udp",))) is False
        assert wires["other"].seen(4, ("udp",))
        manager.nmcli("connection", "delete", "other")
        wait_product(lambda: not world.product.status()["exceptions_elsewhere"], "it to be forgotten")
        assert not world.product.status()["exceptions"]
    finally:
        manager.nmcli("connection", "up", "uplink")
        manager.nmcli("connection", "delete", "kept")
        second.connect(metric=900)
