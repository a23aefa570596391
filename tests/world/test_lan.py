# SPDX-License-Identifier: GPL-2.0-or-later
"""LAN access: opens exactly its ranges, both ways, and closes at once."""

import os
import re
import signal
import socket

import pytest

from . import addresses as a
from .network import wire
from .probes import dns_question
from .waiting import wait_product, wait_until

_UDP, _TCP = socket.SOCK_DGRAM, socket.SOCK_STREAM
_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_SO_BINDTODEVICE = 25

# what a home network needs: (name, family, kind, address, port)
_LOCAL = [
    ("a neighbour", 4, _UDP, a.PRIVATE_ROUTER[4], 9),
    ("a neighbour", 6, _UDP, a.PRIVATE_ROUTER[6], 9),
    ("printing (IPP)", 4, _TCP, a.PRIVATE_ROUTER[4], 631),
    ("printing (IPP)", 6, _TCP, a.PRIVATE_ROUTER[6], 631),
    ("mDNS", 4, _UDP, "224.0.0.251", 5353),
    ("mDNS", 6, _UDP, "ff02::fb", 5353),
    ("SSDP", 4, _UDP, "239.255.255.250", 1900),
    ("SSDP", 6, _UDP, "ff05::c", 1900),
    ("WS-Discovery", 4, _UDP, "239.255.255.250", 3702),
    ("WS-Discovery", 6, _UDP, "ff02::c", 3702),
]

# what stays shut all the same
_SHUT = [
    ("the internet", 4, _UDP, a.WEB[4], 9),
    ("the internet", 6, _UDP, a.WEB[6], 9),
    # the network calls this public range local (TunnelCrack's LocalNet)
    ("a public range that the network calls local", 4, _UDP, "192.0.2.77", 9),
    ("a public range that the network calls local", 6, _UDP, "2001:db8:2::77", 9),
    ("DNS to the router", 4, _UDP, a.PRIVATE_ROUTER[4], 53),
    ("DNS to the router", 6, _UDP, a.PRIVATE_ROUTER[6], 53),
    ("DNS to the router", 4, _TCP, a.PRIVATE_ROUTER[4], 53),
    ("DNS over TLS to the router", 6, _TCP, a.PRIVATE_ROUTER[6], 853),
    ("DNS over QUIC to the router", 4, _UDP, a.PRIVATE_ROUTER[4], 853),
    ("multicast that routers forward", 4, _UDP, "233.252.0.1", 9),
    ("multicast of the whole organisation", 6, _UDP, "ff08::1", 9),
]


class _Try:
    """One packet to somewhere, recognised outside by its canary or its port."""

    def __init__(self, world, row):
        self.name, family, kind, self.address, self.port = row
        self.canary = b"canary" + os.urandom(8).hex().encode()
        self.tcp = kind == _TCP
        self._socket = world.client.socket(_FAMILY[family], kind)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, a.UPLINK.encode() + b"\0")
        self.source_port = 0
        try:
            if self.tcp:
                self._socket.bind(("", 0))
                self.source_port = self._socket.getsockname()[1]
                self._socket.connect((self.address, self.port))
            else:
                payload = dns_question(self.canary, family) if self.port == 53 else self.canary
                self._socket.sendto(payload, (self.address, self.port))
        except OSError:
            pass  # judged outside

    def __str__(self):
        return f"{self.name} ({self.address} port {self.port})"

    def is_in(self, frame):
        if not self.tcp:
            return self.canary in frame.data
        packet = frame.packet
        return packet is not None and (packet.source_port, packet.destination_port) == (self.source_port, self.port)

    def close(self):
        self._socket.close()


def _seen(world, rows):
    """Names of the rows of which a packet was seen outside."""
    mark = world.capture.fence()
    tries = [_Try(world, row) for row in rows]
    end = world.capture.fence()
    frames = world.capture.since(mark, end)
    seen = {str(t) for t in tries if any(t.is_in(frame) for frame in frames)}
    for t in tries:
        t.close()
    return seen, {str(t) for t in tries}


def _neighbours(world):
    """Everybody on the wire is known, so that a packet to them need not wait for ARP or NDP."""
    shown = world.outside.run(["ip", "-o", "link", "show", "dev", a.ROUTER_END]).stdout
    router_mac = shown.split("link/ether ")[1].split()[0]
    world.client.ip(
        *(
            f"neigh replace {address} lladdr {router_mac} dev {a.UPLINK}"
            for address in ("192.0.2.77", "2001:db8:2::77", *a.PRIVATE_ROUTER.values())
        )
    )


@pytest.fixture(scope="module")
def locked(world):
    _neighbours(world)
    world.product.install()
    world.product.start_guard()
    return world


@pytest.fixture(autouse=True)
def lan_off(locked):
    locked.product.ctl("lock")
    locked.product.ctl("lan", "off")
    yield
    locked.manager.all_down()


def test_control_unlocked(locked):
    locked.product.ctl("unlock")
    seen, all_tries = _seen(locked, _LOCAL + _SHUT)
    assert seen == all_tries, f"the test itself does not see {all_tries - seen}"


def test_off_lets_nothing_out(locked):
    seen, _ = _seen(locked, _LOCAL + _SHUT)
    assert not seen


def test_on_opens_exactly_its_ranges(locked):
    locked.product.ctl("lan", "on")
    seen, local = _seen(locked, _LOCAL)
    assert seen == local
    seen, _ = _seen(locked, _SHUT)
    assert not seen


def _reaches_client(world, family):
    """Whether a packet from a neighbour arrives at a program on the client."""
    with world.client.socket(_FAMILY[family], _UDP) as listener, world.outside.socket(_FAMILY[family], _UDP) as sender:
        listener.bind((a.PRIVATE_CLIENT[family], 0))
        listener.settimeout(0.5)
        sender.bind((a.PRIVATE_ROUTER[family], 0))
        sender.sendto(b"hello", listener.getsockname()[:2])
        try:
            return listener.recv(100) == b"hello"
        except TimeoutError:
            return False


@pytest.mark.parametrize("family", a.FAMILIES)
def test_both_directions(locked, family):
    assert not _reaches_client(locked, family)
    locked.product.ctl("lan", "on")
    wait_until(lambda: _reaches_client(locked, family), "a neighbour to reach the client")
    locked.product.ctl("lan", "off")
    assert not _reaches_client(locked, family)


def test_off_ends_established_flows_at_once(locked):
    locked.product.ctl("lan", "on")
    server = locked.outside.socket(socket.AF_INET, _TCP)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((a.PRIVATE_ROUTER[4], 0))
    server.listen()
    client = locked.client.socket(socket.AF_INET, _TCP)
    client.connect(server.getsockname())
    accepted, _ = server.accept()
    client.sendall(b"before")
    assert accepted.recv(100) == b"before"

    locked.product.ctl("lan", "off")
    mark = locked.capture.fence()
    client.sendall(b"after the end")
    accepted.sendall(b"pushed by the server")  # answering this would be a way out, too
    end = locked.capture.fence()
    plain = locked.capture.plain(mark, end)
    assert not plain, [frame.purpose for frame in plain]
    for opened in (client, accepted, server):
        opened.close()


def _is_not_looked_for_while_the_vpn_carries_it(locked, row, neighbour):
    locked.client.ip(f"route add 10.55.0.0/16 dev {a.TUNNEL}")

    def is_excluded():  # and not only in an exception, which goes on with a protocol
        return re.search(r"10\.55\.0\.0-10\.55\.255\.255(?! \.)", locked.product.ctl("rules").stdout)

    wait_until(is_excluded, "the route to be excluded")
    assert not _seen(locked, [row])[0]
    assert len(_seen(locked, [neighbour])[0]) == 1

    locked.client.ip(f"route del 10.55.0.0/16 dev {a.TUNNEL}")
    wait_until(lambda: not is_excluded(), "the route to be forgotten")
    assert len(_seen(locked, [row])[0]) == 1


def test_a_private_range_that_the_vpn_carries_is_not_looked_for_outside(locked):
    """By LAN access, and by exceptions as well."""
    row = ("the company's network", 4, _UDP, "10.55.0.1", 9)
    neighbour = ("a neighbour", 4, _UDP, a.PRIVATE_ROUTER[4], 9)
    locked.product.ctl("lan", "on")
    assert len(_seen(locked, [row])[0]) == 1, "without the VPN it is a private address like others"

    locked.manager.up("full")
    locked.product.wait_state("protected")
    _is_not_looked_for_while_the_vpn_carries_it(locked, row, neighbour)
    locked.product.ctl("lan", "off")
    assert not _seen(locked, [row, neighbour])[0], "the control"
    try:
        for name, to in (("company", "10.55.0.0/16"), ("neighbour", a.PRIVATE_ROUTER[4])):
            locked.product.ctl("allow", "add", name, "--to", to, "--protocol", "udp", "--port", "9")
        _is_not_looked_for_while_the_vpn_carries_it(locked, row, neighbour)
    finally:
        for name in ("company", "neighbour"):
            locked.product.ctl("allow", "remove", name, check=False)


def test_only_here(locked):
    """Limited to this network: open here, shut as soon as the cable is another network's."""
    neighbour = ("a neighbour", 4, _UDP, a.PRIVATE_ROUTER[4], 9)
    locked.product.ctl("lan", "on", "--only-here")
    assert len(_seen(locked, [neighbour])[0]) == 1

    manager = locked.manager
    manager.nmcli("connection", "clone", "uplink", "hotel")
    try:
        manager.nmcli("connection", "up", "hotel")
        _neighbours(locked)
        assert not _seen(locked, [neighbour])[0]
        manager.nmcli("connection", "up", "uplink")
        _neighbours(locked)
        wait_until(lambda: _seen(locked, [neighbour])[0], "LAN access to come back with its network")
    finally:
        manager.nmcli("connection", "delete", "hotel")


def test_only_here_without_the_guard(locked):
    """What the kernel holds is as it should be, and status says so."""
    locked.product.ctl("lan", "on", "--only-here")
    locked.product.stop_guard(signal.SIGKILL)
    try:
        status = locked.product.status()
        assert (status["reason"], status["verified"], status["lan"]) == ("guard-away", True, True)
        assert [network["uuid"] for network in status["networks"]] == status["lan_networks"]
    finally:
        locked.product.start_guard()


def _go(world, uuid, cafe):
    """The same profile on another card: its UUID stays."""
    card, address = ("cafe9", "192.168.99.2/24") if cafe else ("home9", "192.168.98.2/24")
    world.manager.nmcli("connection", "modify", uuid, "connection.interface-name", card, "ipv4.addresses", address)
    world.manager.nmcli("connection", "up", uuid)


def _allow(world, uuid):
    name = "io.github.nmkillswitch"
    at = [name, "/io/github/nmkillswitch", f"{name}.Guard1", "SetLanAccess"]
    world.client.run(["busctl", "call", *at, "bas", "true", "1", uuid])


def _of_another_network(world):
    return "\n".join(text for text in world.product.status()["warnings"] if "another network" in text)


def _heard_at_the_cafe(world):
    with world.outside.socket(socket.AF_INET, _UDP) as cafe, world.client.socket(socket.AF_INET, _UDP) as sender:
        cafe.bind(("192.168.99.1", 4242))
        cafe.settimeout(1)
        try:
            sender.sendto(b"canary", ("192.168.99.1", 4242))
            return bool(cafe.recv(100))
        except OSError:
            return False


def test_only_here_is_about_the_network_and_not_its_uuid(locked, lan_off):
    world = locked
    wire(world.client, "cafe9", world.outside, "cafeend")
    world.outside.ip("addr add 192.168.99.1/24 dev cafeend", "link set cafeend up")
    world.client.ip("link set cafe9 up", "link add home9 type veth peer name homeend", "link set homeend up", "link set home9 up")
    added = world.manager.nmcli("-g", "all", "connection", "add", "type", "ethernet", "con-name", "away", "ifname", "cafe9",
                                "autoconnect", "no", "ipv4.method", "manual", "ipv4.addresses", "192.168.99.2/24",
                                "ipv6.method", "disabled")
    uuid = added.stdout.split("(")[1].split(")")[0]
    try:
        _go(world, uuid, cafe=True)
        _allow(world, uuid)
        wait_until(lambda: _heard_at_the_cafe(world), "the control: the cafe to hear it")
        _go(world, uuid, cafe=False)
        _allow(world, uuid)  # at home this time
        _go(world, uuid, cafe=True)
        assert not _heard_at_the_cafe(world)
        wait_product(lambda: "away" in _of_another_network(world), "it to be told")
        world.product.ctl("lan", "on", "--only-here")  # as it says
        wait_until(lambda: _heard_at_the_cafe(world), "the cafe to hear it")
        wait_product(lambda: not _of_another_network(world), "it to be told no more")
        _allow(world, uuid)
        world.manager.nmcli("connection", "delete", uuid)
        wait_product(lambda: not world.product.status()["lan"], "it to be forgotten with its profile")
        assert world.product.status()["lan_networks"] == []
    finally:
        world.manager.nmcli("connection", "delete", uuid, check=False)
        world.client.ip("link del cafe9", "link del home9")


def test_it_is_remembered(locked):
    locked.product.ctl("lan", "on")
    locked.product.stop_guard()
    locked.product.start_guard()
    assert locked.product.status()["lan"]
    seen, local = _seen(locked, _LOCAL)
    assert seen == local
