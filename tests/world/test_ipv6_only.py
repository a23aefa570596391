# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks without IPv4: a NAT64 with its own prefix or the well-known one, DNS64, and the translator of a
machine on such a network (464XLAT). The VPN's server has an IPv4 address; nothing else gets out translated."""

import ipaddress
import os
import signal
import socket
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import addresses as a
from . import kernel, profiles
from .by_hand import ByHand
from .network import Namespace, links_in_set, log_of, wire
from .questions import NoAnswer, my_address
from .router import say_names
from .waiting import wait_until

NAME = "vpn.known.test"
WELL_KNOWN = "64:ff9b::/96"
OWN = "64:ff9b:1:7::/96"  # RFC 8215: of no network on the internet
POOL = "198.18.64.0/24"
CLAT = ("192.0.0.1", "2001:db8:2::c1a7")
PEOPLE = 1000


def _translated(prefix: str, address: str) -> str:
    net = ipaddress.IPv6Network(prefix)
    return str(net[int(ipaddress.IPv4Address(address))])


def _start_translator(where, tun: str, prefix: str, pool: str):
    script = str(Path(__file__).with_name("translator.py"))
    program = where.daemon(f"translator-{tun}", ["/usr/bin/python3", script, tun, prefix, pool])
    wait_until(lambda: where.has_link(tun), f"{tun} to be there")
    where.ip(f"link set {tun} up")
    return program


@contextmanager
def _nat64(world, prefix: str):
    """The router translates, and its DNS says so (RFC 6147, RFC 7050)."""
    program = _start_translator(world.outside, "nat64", prefix, POOL)
    world.outside.ip(f"route add {prefix} dev nat64", f"route add {POOL} dev nat64")
    say_names(
        *(f"{_translated(prefix, known)} ipv4only.arpa" for known in ("192.0.0.170", "192.0.0.171")),
        f"{_translated(prefix, a.SERVER[4])} {NAME}",
    )
    world.outside.kill("dnsmasq", signal.SIGHUP)
    try:
        yield
    finally:
        program.terminate()
        program.wait(10)
        wait_until(lambda: not world.outside.has_link("nat64"), "nat64 to be gone")
        log_of("translator-nat64").unlink()


@contextmanager
def _clat(world, prefix: str):
    """As tayga's own guide says: IPv4 by a tun, what comes out of it is forwarded."""
    client = world.client
    program = _start_translator(client, "clat", prefix, "=".join(CLAT))
    client.sysctl(ipv6__conf__all__forwarding=1, **{f"ipv6__conf__{a.UPLINK}__proxy_ndp": 1})
    client.ip(
        f"addr add {CLAT[0]}/29 dev clat",
        "route add default via 192.0.0.2 dev clat metric 2048 mtu 1260",
        f"route add {CLAT[1]}/128 dev clat",
        f"neigh add proxy {CLAT[1]} dev {a.UPLINK}",
    )
    try:
        yield
    finally:
        program.terminate()
        program.wait(10)
        wait_until(lambda: not client.has_link("clat"), "clat to be gone")
        client.ip(f"neigh del proxy {CLAT[1]} dev {a.UPLINK}")
        client.sysctl(ipv6__conf__all__forwarding=0)


@pytest.fixture(scope="module")
def ipv6_only(world):
    """Its addresses of IPv4 lead nowhere but to neighbours (the capture needs them)."""
    manager = world.manager
    manager.nmcli("connection", "modify", "uplink", "ipv4.method", "manual", "ipv4.addresses", "192.0.2.77/24")
    manager.up("uplink")
    manager.wait_uplink()
    assert "default" not in world.client.run(["ip", "-4", "route"]).stdout
    wait_until(lambda: a.ROUTER[6] in Path("/etc/resolv.conf").read_text(), "a name server by IPv6")
    profiles.write("named", profiles.vpn("named", profiles.tls(f"{NAME}:{a.SERVER_PORT}:udp")))
    for vpn in ("split", "second", "dead", "static"):
        manager.nmcli("connection", "delete", vpn)
    manager.nmcli("connection", "reload")
    world.product.install()
    world.product.start_guard()
    yield world
    manager.all_down()


@pytest.fixture(autouse=True)
def open_again(ipv6_only):
    yield
    if ipv6_only.manager.state_of("named"):
        ipv6_only.manager.down("named")
    ipv6_only.product.ctl("unlock")


def _send(world, uid: int, destination: str, port: int) -> bytes:
    return _send_from(world.client, uid, destination, port)


def _send_from(where, uid: int, destination: str, port: int) -> bytes:
    """One datagram with a canary, by a program of this user's; whether the kernel took it does not matter here."""
    canary = b"canary" + os.urandom(8).hex().encode()
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET

    def send() -> None:
        kernel.set_thread_fsuid(uid)
        with socket.socket(family, socket.SOCK_DGRAM) as program:
            try:
                program.sendto(canary, (destination, port))
            except OSError:
                pass

    where.call(send)
    return canary


def _canaries(world, prefix: str, clat: bool) -> dict[str, bytes]:
    """What must stay in: others, the server's other ports, and the server itself for people."""
    ways = [_translated(prefix, a.PUBLIC_DNS[4]), *([a.PUBLIC_DNS[4]] if clat else [])]
    servers = [_translated(prefix, a.SERVER[4]), *([a.SERVER[4]] if clat else [])]
    sent = {}
    for uid in (0, PEOPLE):
        for way in ways:
            for port in (a.ECHO_PORT, a.SERVER_PORT):
                sent[f"{way} port {port} by {uid}"] = _send(world, uid, way, port)
        for server in servers:
            sent[f"{server} port {a.ECHO_PORT} by {uid}"] = _send(world, uid, server, a.ECHO_PORT)
    for server in servers:
        sent[f"the server {server} by people"] = _send(world, PEOPLE, server, a.SERVER_PORT)
    return sent


def _seen(world, since: int, sent: dict[str, bytes]) -> set[str]:
    frames = world.capture.since(since, world.capture.fence())
    return {what for what, canary in sent.items() if any(canary in frame.data for frame in frames)}


def _require_open(world, prefix: str, clat: bool) -> None:
    """The control: without the lock each canary is seen outside."""
    mark = world.capture.fence()
    sent = _canaries(world, prefix, clat)
    wait_until(lambda: _seen(world, mark, sent) == set(sent), "each canary to be seen: the control")


def _require_closed(world, prefix: str, clat: bool = False) -> None:
    mark = world.capture.fence()
    assert not _seen(world, mark, _canaries(world, prefix, clat)), "LEAKED"


def _only_to_the_server(world, since: int, prefix: str) -> None:
    net = ipaddress.IPv6Network(prefix)
    translated = {
        (frame.packet.destination, frame.packet.destination_port)
        for frame in world.capture.since(since, world.capture.fence())
        if frame.packet and ipaddress.ip_address(frame.packet.destination) in net
    }
    assert translated == {(_translated(prefix, a.SERVER[4]), a.SERVER_PORT)}


def _let_out(world) -> set[str]:
    """Of a profile that names its server by an IPv4 address: what is told of names is kept for days."""
    servers = world.product.status()["servers"]
    return {server["address"] for server in servers if server["name"] == "full" and not server["not_let_out"]}


def _translators(world) -> set[str]:
    """The kernel's word: interfaces whose packets are forwarded to servers."""
    return links_in_set(world.client, "translators")


def _connect(world, prefix: str) -> None:
    world.product.ctl("lock")
    world.product.wait_state("blocked")
    _require_closed(world, prefix)
    mark = world.capture.fence()
    world.manager.up("named")
    world.product.wait_state("protected")
    assert my_address(world.client, 4) in world.client.addresses(a.TUNNEL)
    _only_to_the_server(world, mark, prefix)
    world.manager.down("named")
    world.product.wait_state("blocked")
    _require_closed(world, prefix)


def test_by_name_with_the_networks_own_prefix(ipv6_only):
    """DNS64 answers with an address of the prefix, which is no address on the internet."""
    with _nat64(ipv6_only, OWN):
        _require_open(ipv6_only, OWN, clat=False)
        ipv6_only.product.ctl("lock")
        ipv6_only.product.stop_guard()
        ipv6_only.product.start_guard()  # which knows no prefix, and is locked
        wait_until(lambda: _translated(OWN, a.SERVER[4]) in _let_out(ipv6_only), "the prefix to be found", 20)
        _connect(ipv6_only, OWN)


def test_a_prefix_that_the_network_does_not_use_lets_nothing_out(ipv6_only):
    """Of another network, or of nobody."""
    with _nat64(ipv6_only, WELL_KNOWN):
        ipv6_only.product.stop_guard()
        ipv6_only.product.start_guard()
        wait_until(lambda: _translated(WELL_KNOWN, a.SERVER[4]) in _let_out(ipv6_only), "the well-known prefix", 20)
        assert _translated(OWN, a.SERVER[4]) not in _let_out(ipv6_only)


def test_by_a_corrected_address_with_the_well_known_prefix(ipv6_only):
    """A person said the server's IPv4 address; its program asks the DNS64 all the same."""
    product = ipv6_only.product
    product.ctl("vpn", "set", "named", "--server", f"{a.SERVER[4]}:{a.SERVER_PORT}/udp")
    try:
        with _nat64(ipv6_only, WELL_KNOWN):
            _require_open(ipv6_only, WELL_KNOWN, clat=False)
            _connect(ipv6_only, WELL_KNOWN)
    finally:
        product.ctl("vpn", "set", "named", "--clear")


def test_nothing_of_the_kind_where_there_is_ipv4(ipv6_only):
    """With IPv4 the server is reached by it."""
    client, product = ipv6_only.client, ipv6_only.product
    product.ctl("lock")
    wait_until(lambda: _translated(WELL_KNOWN, a.SERVER[4]) in _let_out(ipv6_only), "the control")
    client.ip(f"route add default via {a.ROUTER[4]} dev {a.UPLINK}")
    try:
        wait_until(lambda: _translated(WELL_KNOWN, a.SERVER[4]) not in _let_out(ipv6_only), "IPv4 to be noticed")
        assert a.SERVER[4] in _let_out(ipv6_only)
    finally:
        client.ip("route del default")
    # as where IPv4 only comes later: nothing is made of it at once
    time.sleep(4)
    assert _translated(WELL_KNOWN, a.SERVER[4]) not in _let_out(ipv6_only)
    wait_until(lambda: _translated(WELL_KNOWN, a.SERVER[4]) in _let_out(ipv6_only), "IPv6 to be alone for long", 20)


def test_a_tun_with_another_address_is_no_translator(ipv6_only):
    client, product = ipv6_only.client, ipv6_only.product
    product.ctl("lock")
    with client.tun("other9"):
        client.ip("addr add 192.0.0.9/32 dev other9", "link set other9 up")
        with _clat(ipv6_only, OWN):  # the control, and what there is to wait for
            wait_until(lambda: "clat" in _translators(ipv6_only), "the translator to be found")
            assert "other9" not in _translators(ipv6_only)
    wait_until(lambda: "clat" not in _translators(ipv6_only), "the translator to be forgotten")


@contextmanager
def _container(world):
    """Behind a bridge of the client's, with IPv4."""
    client, box = world.client, Namespace("box")
    wire(client, "box0", box, "eth0")
    client.sysctl(ipv4__ip_forward=1)
    client.ip("link add boxes type bridge", "addr add 10.77.0.1/24 dev boxes", "link set boxes up", "link set box0 master boxes up")
    box.ip("addr add 10.77.0.2/24 dev eth0", "link set eth0 up", "route add default via 10.77.0.1")
    try:
        yield box
    finally:
        client.ip("link del boxes")
        client.sysctl(ipv4__ip_forward=0)
        box.close()


def test_containers_have_no_translator(ipv6_only):
    """What they send is forwarded into it, too: neither others nor the server are reached."""
    product = ipv6_only.product
    places = [(address, port) for address in (a.PUBLIC_DNS[4], a.SERVER[4]) for port in (a.ECHO_PORT, a.SERVER_PORT)]

    def seen(box) -> int:
        mark = ipv6_only.capture.fence()
        sent = {f"{address} port {port}": _send_from(box, 0, address, port) for address, port in places}
        return len(_seen(ipv6_only, mark, sent))

    with _nat64(ipv6_only, OWN), _clat(ipv6_only, OWN), _container(ipv6_only) as box:
        assert seen(box) == len(places), "the control"
        product.ctl("lock")
        product.wait_state("blocked")
        assert "clat" in _translators(ipv6_only)
        assert seen(box) == 0, "LEAKED"


def test_by_a_translator_on_this_machine(ipv6_only):
    """The server's own IPv4 address; the packet leaves by way of a tun, forwarded."""
    product = ipv6_only.product
    by_hand = ByHand(ipv6_only, full=False)  # all of IPv6 by the VPN would be the translated packets, too
    product.ctl("vpn", "add", "By hand", "--interface", a.TUNNEL, "--server", f"{a.SERVER[4]}:{a.SERVER_PORT}/udp", "--type", "openvpn")
    try:
        with _nat64(ipv6_only, OWN), _clat(ipv6_only, OWN):
            _require_open(ipv6_only, OWN, clat=True)
            assert my_address(ipv6_only.client, 4).startswith("198.18.64."), "the control: IPv4 works, translated"
            product.ctl("lock")
            product.wait_state("blocked")
            product.stop_guard()
            product.start_guard()  # the prefix of the test before is asked for again after a minute
            wait_until(lambda: _translated(OWN, a.SERVER[4]) in _let_out(ipv6_only), "the prefix to be found", 20)
            assert "clat" in _translators(ipv6_only)
            _require_closed(ipv6_only, OWN, clat=True)
            with pytest.raises(NoAnswer):
                my_address(ipv6_only.client, 4, 3)
            mark = ipv6_only.capture.fence()
            by_hand.start()
            by_hand.wait_up()
            product.wait_state("protected")
            ipv6_only.client.ip(f"route add {a.WEB[4]}/32 dev {a.TUNNEL}")
            assert my_address(ipv6_only.client, 4) in ipv6_only.client.addresses(a.TUNNEL)
            _only_to_the_server(ipv6_only, mark, OWN)
            by_hand.kill()
            product.wait_state("blocked")
            _require_closed(ipv6_only, OWN, clat=True)
    finally:
        by_hand.kill()
        product.ctl("vpn", "remove", "By hand")
