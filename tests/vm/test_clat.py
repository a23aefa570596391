# SPDX-License-Identifier: GPL-2.0-or-later
"""A network without IPv4, and NetworkManager's own translator for it (`ipv4.clat`, the CLAT of 464XLAT): no interface,
but BPF at the uplink's tc, behind both layers of the lock. A VPN whose server has an IPv4 address connects while
locked, and nothing else leaves translated. Only with KS_FULL=1, for its time."""

import ipaddress
import itertools
import signal
import socket
import struct
from pathlib import Path

import pytest

from world import addresses as a
from world import router, translator
from world.capture import Capture
from world.network import log_of
from world.waiting import wait_until

from . import pref64, setting
from .machine import WIRE
from .setting import PERSON

_PREFIX = ipaddress.IPv6Network("2001:db8:64::/96")
_POOL = "198.18.64.0/24"
_NO_IPV4 = "108,0:0:7:8"  # DHCP's option "IPv6-only preferred" (RFC 8925): for half an hour
_MODIFY = ("nmcli", "connection", "modify", "uplink")
_CLAT = {"ipv4.clat": "auto", "ipv4.dhcp-ipv6-only-preferred": "yes", "ipv4.may-fail": "yes"}
_BEFORE = {"ipv4.clat": "default", "ipv4.dhcp-ipv6-only-preferred": "default", "ipv4.may-fail": "no"}


def _translated(address: str) -> str:
    return str(_PREFIX[int(ipaddress.IPv4Address(address))])


class _Capture(Capture):
    """Whose fence is a neighbour's question by IPv6: the client has no IPv4 address to ask for."""

    _numbers = itertools.count(1)

    def fence(self) -> int:
        start = self.mark()
        asker = f"2001:db8:2::fe:{next(self._numbers):x}"  # nobody has it
        client = socket.inet_pton(socket.AF_INET6, self._client_address(a.LAN_NET[6].split("/")[0]))
        group = socket.inet_pton(socket.AF_INET6, "ff02::1:ff00:0")[:13] + client[13:]
        mac = self._socket.getsockname()[4]
        question = struct.pack("!BBHI", 135, 0, 0, 0) + client + b"\1\1" + mac
        addresses = socket.inet_pton(socket.AF_INET6, asker) + group
        total = pref64.checksum(addresses + struct.pack("!II", len(question), 58) + question)
        question = question[:2] + struct.pack("!H", total) + question[4:]
        packet = struct.pack("!IHBB", 6 << 28, len(question), 58, 255) + addresses + question
        self._sender.send(b"\x33\x33" + group[12:] + mac + b"\x86\xdd" + packet)
        self.wait_for(
            lambda frame: frame.is_neighbour_advertisement and frame.packet.destination == asker, f"the answer to {asker}", start
        )
        self._require_complete()
        return self.mark()


@pytest.fixture(scope="module")
def clat(machine, outside):
    """The uplink has no IPv4 address of the network's, and the way out that NetworkManager made."""
    setting.open_up(machine)
    namespace = outside.namespace
    programs = [
        namespace.daemon("nat64", ["/usr/bin/python3", translator.__file__, "nat64", str(_PREFIX), _POOL]),
        namespace.daemon("pref64", ["/usr/bin/python3", pref64.__file__, a.ROUTER_END, str(_PREFIX)]),
    ]
    for name in ("nat64", "pref64"):
        wait_until(lambda log=log_of(name): b"ready" in log.read_bytes(), f"{name} to be ready")
    namespace.ip("link set nat64 up", f"route add {_PREFIX} dev nat64", f"route add {_POOL} dev nat64")
    options = Path(router.DHCP_OPTIONS).read_text().splitlines()
    Path(router.DHCP_OPTIONS).write_text("\n".join([*options, _NO_IPV4, ""]))
    router.say_names(f"{a.SERVER[4]} {setting.NAME}", f"{_translated(a.SERVER[4])} {setting.NAME}")
    namespace.kill("dnsmasq", signal.SIGHUP)
    setting.add_openvpn(machine, "number", a.SERVER[4])
    setting.add_openvpn(machine, "named", setting.NAME)
    before, machine.capture = machine.capture, _Capture(namespace, machine, WIRE)
    try:
        machine.run(*_MODIFY, *(word for pair in _CLAT.items() for word in pair))
        machine.run("nmcli", "--wait", "90", "connection", "up", "uplink", timeout=120)
        wait_until(lambda: "192.0.0." in machine.sh("ip -4 route show default"), "NetworkManager's translator", 90)
        assert not [address for address in machine.addresses(a.UPLINK) if address.startswith(a.FENCE_NET)]
        yield machine
    finally:
        machine.capture.close()
        machine.capture = before
        for program in programs:
            program.terminate()
            program.wait(10)
        Path(router.DHCP_OPTIONS).write_text("\n".join([*options, ""]))
        namespace.kill("dnsmasq", signal.SIGHUP)
        machine.run("nmcli", "connection", "delete", "number", "named")
        machine.run(*_MODIFY, *(word for pair in _BEFORE.items() for word in pair))
        machine.run("nmcli", "--wait", "90", "connection", "up", "uplink", timeout=120)


@pytest.fixture(autouse=True)
def open_again(clat):
    setting.open_up(clat)
    yield
    setting.open_up(clat)


def _asks_for_prefix(frame) -> bool:
    """The guard's own question (RFC 7050), for servers that have an IPv4 address alone."""
    packet = frame.packet
    return packet is not None and packet.destination_port == a.DNS_PORT and b"\x08ipv4only\x04arpa\0" in packet.payload.lower()


def _others(machine, since: int) -> set[tuple[str, int]]:
    """Whom the machine spoke to since the mark, beside link upkeep and questions for the server's name or the prefix."""
    frames = machine.capture.since(since, machine.capture.fence())
    fine = (setting.asks_for_server, _asks_for_prefix)
    plain = [frame for frame in frames if frame.purpose.startswith("plain") and not any(is_fine(frame) for is_fine in fine)]
    assert all(frame.packet for frame in plain), [frame.purpose for frame in plain]
    return {(frame.packet.destination, frame.packet.destination_port) for frame in plain}


def _require_closed(machine) -> set[tuple[str, int]]:
    since = machine.capture.mark()
    canaries = setting.attempts(machine)
    others = _others(machine, since)
    assert setting.seen(machine, canaries, since) == [], "LEAKED"
    return others


def test_the_control_unlocked(clat):
    since = clat.capture.mark()
    setting.must_leak(clat)
    assert {(_translated(a.WEB[4]), a.ECHO_PORT), (_translated(a.KERNEL_SERVER), 9)} <= _others(clat, since)
    assert setting.my_address(clat, PERSON).startswith("198.18.64.")


@pytest.mark.parametrize("name", ["number", "named"])
def test_a_vpn_connects_while_locked(clat, name):
    """NetworkManager's route to a server by number names no router (1.58.1): it works where the router answers ARP
    for that address, as ours does."""
    clat.ctl("lock")
    clat.wait_state("blocked")
    assert _require_closed(clat) == set()
    since = clat.capture.mark()
    clat.run("nmcli", "--wait", "60", "connection", "up", name, timeout=90)
    [tunnel] = clat.wait_state("protected", 60)["tunnels"]
    for uid in (0, PERSON):
        inside = lambda uid=uid: setting.my_address(clat, uid) in clat.addresses(tunnel["interface"])  # noqa: E731
        wait_until(inside, f"uid {uid} to be seen in the tunnel", 30)
    _require_closed(clat)
    assert _others(clat, since) == {(_translated(a.SERVER[4]), a.SERVER_PORT)}
    clat.run("nmcli", "connection", "down", name)
    clat.wait_state("blocked", 60)
    assert _require_closed(clat) <= {(_translated(a.SERVER[4]), a.SERVER_PORT)}  # openvpn says goodbye


def test_it_comes_while_locked(clat):
    """The translator is made under the lock, and is no way out."""
    clat.run("nmcli", "connection", "down", "uplink")
    clat.ctl("lock")
    since = clat.capture.mark()
    clat.run("nmcli", "--wait", "90", "connection", "up", "uplink", timeout=120)
    wait_until(lambda: "192.0.0." in clat.sh("ip -4 route show default"), "NetworkManager's translator", 90)
    assert _require_closed(clat) == set()
    assert _others(clat, since) == set()
    clat.ctl("unlock")
    setting.must_leak(clat)
