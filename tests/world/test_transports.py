# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN by TCP, through an HTTP proxy, with a static key, by names whose answers change: it connects while everything
else is blocked, its server's exception is its own (ServerIP), and no other question leaves."""

import os
import signal
import socket
from pathlib import Path

import pytest

from . import addresses as a
from . import keys, profiles, questions, router, versions
from .capture import Capture
from .frames import Packet
from .kernel import set_thread_fsuid
from .network import log_of
from .router import say_names
from .waiting import wait_until

_TCP = 6
_TCP_FLAGS, _SYN, _ACK = 13, 2, 16
_DNS_NAME = 20  # behind the headers of UDP and DNS
_SO_BINDTODEVICE = 25
_ROOT, _PERSON = 0, 1000

PORT = 443
SECOND = "198.51.100.2"  # the same server's other address
UNREACHABLE = "198.51.100.67"  # anyone who calls it is told so
PROXY_PORT = 8080
LINK = "vpn2"
NET = ("198.51.100.80", "255.255.255.240")
NAME, MOVING, SEVERAL = "tcp.names.test", "moving.names.test", "several.names.test"
_FIRST_LABELS = {name.partition(".")[0].encode() for name in (NAME, MOVING, SEVERAL)}


def _tcp(remote: str) -> dict[str, str]:
    return profiles.tls(remote) | {"connect-timeout": "5"}


def _start_server(outside) -> None:
    outside.ip(f"addr add {SECOND}/32 dev lo", f"route add unreachable {UNREACHABLE}/32")
    outside.daemon(
        "openvpn-tcp-server",
        ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet", "--dev", LINK, "--dev-type", "tun"]
        + ["--disable-dco", "--port", str(PORT), "--proto", "tcp4-server", "--server", *NET]
        + ["--ca", f"{keys.FOLDER}/ca.crt", "--cert", f"{keys.FOLDER}/server.crt", "--key", f"{keys.FOLDER}/server.key"]
        + ["--dh", "none", "--duplicate-cn", "--verb", "3"],
    )
    wait_until(lambda: b"Listening for incoming TCP connection" in log_of("openvpn-tcp-server").read_bytes(), "it to listen")


def _start_proxy(outside) -> None:
    program = str(Path(__file__).with_name("proxy.py"))
    outside.daemon("proxy", ["/usr/bin/python3", program, a.PUBLIC_DNS[4], str(PROXY_PORT)])
    wait_until(lambda: b"ready" in log_of("proxy").read_bytes(), "the proxy to listen")


@pytest.fixture(scope="module")
def locked(world):
    _start_server(world.outside)
    _start_proxy(world.outside)
    say_names(f"{a.SERVER[4]} {NAME}", f"{a.SERVER[4]} {MOVING}", f"{UNREACHABLE} {SEVERAL}", f"{a.SERVER[4]} {SEVERAL}")
    world.outside.kill("dnsmasq", signal.SIGHUP)
    for name, host in (("tcp", NAME), ("moving", MOVING), ("several", SEVERAL)):
        profiles.write(name, profiles.vpn(name, _tcp(f"{host}:{PORT}:tcp4")))
    through = {"proxy-type": "http", "proxy-server": a.PUBLIC_DNS[4], "proxy-port": str(PROXY_PORT)}
    profiles.write("proxied", profiles.vpn("proxied", _tcp(f"{a.SERVER[4]}:{PORT}:tcp4") | through))
    world.manager.nmcli("connection", "reload")
    world.product.install()
    world.product.start_guard()
    world.product.ctl("lock")
    world.product.wait_state("blocked")
    yield world
    for profile in ("tcp", "moving", "several", "proxied"):
        if world.manager.state_of(profile):
            world.manager.down(profile)
    world.product.ctl("unlock")


def _known(world, host: str) -> set:
    return {server["address"] for server in world.product.status()["servers"] if server["host"] == host}


def _wait_known(world, host: str, address: str) -> None:
    wait_until(lambda: address in _known(world, host), f"{host} to be known at {address}")


def _packets(capture: Capture, since: int) -> list[Packet]:
    return [frame.packet for frame in capture.since(since, capture.fence()) if frame.packet]


def _up(world, profile: str) -> list[Packet]:
    """Connects, and returns what left meanwhile. Nothing else did."""
    mark = world.capture.fence()
    world.manager.up(profile, wait=60)
    world.product.wait_state("protected")
    assert questions.my_address(world.client, 4) in world.client.addresses(a.TUNNEL)
    return _packets(world.capture, mark)


def _is_call(packet: Packet) -> bool:
    """The first packet of a TCP connection."""
    return packet.protocol == _TCP and packet.payload[_TCP_FLAGS] & (_SYN | _ACK) == _SYN


def _calls(packets: list[Packet]) -> set:
    return {(packet.destination, packet.destination_port) for packet in packets if _is_call(packet)}


def _asked(packets: list[Packet]) -> set:
    """The first label of each name that was asked for."""
    asked = (packet.payload[_DNS_NAME:] for packet in packets if packet.destination_port == a.DNS_PORT)
    return {name[1 : 1 + name[0]] for name in asked}


def _call_server(uid: int, address: str, port: int) -> None:
    """A SYN straight to the server, by the uplink."""
    set_thread_fsuid(uid)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
        caller.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, a.UPLINK.encode() + b"\0")
        caller.settimeout(0.5)
        try:
            caller.connect((address, port))
        except OSError:
            pass  # judged outside


def _seen_calls(world, uid: int, address: str, port: int) -> bool:
    mark = world.capture.fence()
    world.client.call(_call_server, uid, address, port)
    return (address, port) in _calls(_packets(world.capture, mark))


def _judge_senders(world, address: str, port: int) -> None:
    assert _seen_calls(world, _ROOT, address, port), "a daemon is not heard at the VPN's server"
    assert not _seen_calls(world, _PERSON, address, port), "a person's program reaches the VPN's server"
    for uid in (_ROOT, _PERSON):
        assert not _seen_calls(world, uid, address, port + 7), "another port of the server is open"


def test_tcp_by_name(locked):
    _wait_known(locked, NAME, a.SERVER[4])
    _judge_senders(locked, a.SERVER[4], PORT)
    packets = _up(locked, "tcp")
    assert _calls(packets) == {(a.SERVER[4], PORT)}
    assert {b"tcp"} <= _asked(packets) <= _FIRST_LABELS
    _judge_senders(locked, a.SERVER[4], PORT)


def test_after_a_drop(locked):
    """openvpn dies, and is started again while all DNS but its own is blocked."""
    locked.client.kill("openvpn")
    locked.manager.wait_down("tcp")
    locked.product.wait_state("blocked")
    packets = _up(locked, "tcp")
    assert _calls(packets) == {(a.SERVER[4], PORT)}
    assert {b"tcp"} <= _asked(packets) <= _FIRST_LABELS
    locked.manager.down("tcp")


def test_through_a_proxy(locked):
    """The proxy is the server; where it leads to is not let out."""
    packets = _up(locked, "proxied")
    assert _calls(packets) == {(a.PUBLIC_DNS[4], PROXY_PORT)}
    assert f"connected to {a.SERVER[4]}:{PORT}".encode() in log_of("proxy").read_bytes()
    _judge_senders(locked, a.PUBLIC_DNS[4], PROXY_PORT)
    locked.manager.down("proxied")


def test_an_answer_that_changes(locked):
    """The name moves to another address; the old one is answered no more."""
    _wait_known(locked, MOVING, a.SERVER[4])
    say_names(f"{SECOND} {MOVING}", f"{UNREACHABLE} {SEVERAL}", f"{a.SERVER[4]} {SEVERAL}")
    locked.outside.kill("dnsmasq", signal.SIGHUP)
    assert _calls(_up(locked, "moving")) == {(SECOND, PORT)}
    assert SECOND in _known(locked, MOVING)
    locked.manager.down("moving")


def test_several_addresses(locked):
    """One of them cannot be reached, and openvpn goes on to the next."""
    _wait_known(locked, SEVERAL, a.SERVER[4])
    assert UNREACHABLE in _known(locked, SEVERAL)
    assert (a.SERVER[4], PORT) in _calls(_up(locked, "several"))
    locked.manager.down("several")


def test_known_addresses_need_no_dns(locked):
    """A guard that starts while the DNS is silent has the servers' addresses from the disk."""
    locked.product.stop_guard()
    locked.outside.kill("dnsmasq", signal.SIGSTOP)
    try:
        locked.product.start_guard()
        assert a.SERVER[4] in _known(locked, NAME)
        assert {a.SERVER[4], SECOND} <= _known(locked, MOVING)
        assert _seen_calls(locked, _ROOT, SECOND, PORT)
    finally:
        locked.outside.kill("dnsmasq", signal.SIGCONT)


def test_forgotten_with_its_profile(locked):
    cache = Path("/var/lib/nm-killswitch/names")
    assert MOVING in cache.read_text()
    locked.manager.nmcli("connection", "delete", "moving")
    wait_until(lambda: MOVING not in cache.read_text(), "the name to be forgotten")
    assert NAME in cache.read_text()
    assert not os.path.exists(f"{cache}.corrupt")


def test_a_static_key(locked):
    """Where NetworkManager's plugin and this OpenVPN still have it; where they do not, nothing opens."""
    router.start_static_server(locked.outside)
    mark = locked.capture.fence()
    if versions.openvpn().static_key_by_plugin:
        locked.manager.up("static")
        locked.product.wait_state("protected")
        assert questions.my_address(locked.client, 4) == a.STATIC_CLIENT
        locked.manager.down("static")
    else:
        assert locked.manager.nmcli("connection", "up", "static", check=False).returncode != 0
    locked.product.wait_state("blocked")
    assert not [frame for frame in locked.capture.since(mark, locked.capture.fence()) if frame.purpose.startswith("plain")]
