# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks and VPNs come, go and change under a lock, while programs keep talking.

At each step nothing that they say is seen on any wire outside, what is shown is what the kernel holds,
and where a VPN is up the talk comes out of it, without a person doing anything. The VPN comes with the
network (connection.secondaries).
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import addresses as a
from . import questions
from .capture import Capture
from .network import Namespace, links_in_set, wire
from .probes import SENDERS
from .kernel import set_thread_fsuid
from .profiles import uuid_of, write
from .waiting import wait_product, wait_until

_CANARY = b"roaming-canary"
_PAUSE = 0.01
_UPLINK2, _ROUTER_END2 = "uplink1", "lan1"
_CAFE = {4: "203.0.113.129", 6: "2001:db8:cafe::1"}
_SO_BINDTODEVICE = 25
_MANAGER = "org.freedesktop.NetworkManager"


class Talk:
    """Like chatter.py's, by sockets that are always new: tied to each network card there is now, or not."""

    def __init__(self, client: Namespace):
        self._client = client
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: client.call(self._talk), daemon=True)
        self._thread.start()

    def _talk(self) -> None:
        set_thread_fsuid(SENDERS["user"])
        while not self._stop.wait(_PAUSE):
            links = [name for _, name in socket.if_nameindex() if not name.startswith(("lo", "tun"))]
            for family, kind in ((4, socket.AF_INET), (6, socket.AF_INET6)):
                for link in (None, *links):
                    with socket.socket(kind, socket.SOCK_DGRAM) as talker:
                        try:
                            if link:
                                talker.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, link.encode())
                            talker.sendto(_CANARY, (a.WEB[family], a.ECHO_PORT))
                        except OSError:
                            pass  # refused, or no way there just now

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


class Watch:
    """Both wires."""

    def __init__(self, world):
        self._world = world
        self._second = Capture(world.outside, world.client, _ROUTER_END2, _UPLINK2)
        self._first = world.capture
        self.captures = {a.ROUTER_END: self._first, _ROUTER_END2: self._second}

    def marks(self) -> dict[str, int]:
        return {name: capture.mark() for name, capture in self.captures.items()}

    def seen(self, since: dict[str, int]) -> dict[str, int]:
        time.sleep(0.1)
        return {
            name: sum(_CANARY in frame.data for frame in capture.since(since[name]))
            for name, capture in self.captures.items()
        }

    def renew(self, name: str) -> None:
        """The wire was pulled out, and another one is there."""
        self.captures[name].close()
        uplink = {a.ROUTER_END: a.UPLINK, _ROUTER_END2: _UPLINK2}[name]
        self.captures[name] = Capture(self._world.outside, self._world.client, name, uplink)

    def close(self) -> None:
        self._second.close()


def _cafe(world) -> None:
    """Another network on another card: DHCP and router advertisements of its own."""
    wire(world.client, _UPLINK2, world.outside, _ROUTER_END2)
    world.outside.sysctl(**{f"ipv6__conf__{_ROUTER_END2}__accept_dad": 0})
    world.outside.ip(
        f"addr add {_CAFE[4]}/28 dev {_ROUTER_END2}", f"addr add {_CAFE[6]}/64 dev {_ROUTER_END2} nodad", f"link set {_ROUTER_END2} up"
    )
    config = Path("/run/world/cafe.conf")
    config.write_text(
        f"keep-in-foreground\nport=0\nbind-interfaces\ninterface={_ROUTER_END2}\nexcept-interface=lo\nuser=root\n"
        "leasefile-ro\nno-ping\ndhcp-authoritative\ndhcp-range=203.0.113.130,203.0.113.140,255.255.255.240,2m\n"
        f"dhcp-option=option:router,{_CAFE[4]}\nenable-ra\nra-param={_ROUTER_END2},10,1800\n"
        "dhcp-range=2001:db8:cafe::,ra-only,64,2m\n"
    )
    world.outside.daemon("cafe", ["dnsmasq", f"--conf-file={config}"])


def _network(name: str, link: str, secondary: str, autoconnect: bool) -> None:
    write(
        name,
        f"[connection]\nid={name}\nuuid={uuid_of(name)}\ntype=ethernet\ninterface-name={link}\n"
        f"autoconnect={str(autoconnect).lower()}\nsecondaries={uuid_of(secondary)};\n\n"
        "[ipv4]\nmethod=auto\nmay-fail=false\n\n[ipv6]\nmethod=auto\naddr-gen-mode=eui64\nip6-privacy=0\n",
    )


@pytest.fixture(scope="module")
def roaming(world) -> Iterator:
    _cafe(world)
    _network("uplink", a.UPLINK, "full", True)
    _network("cafe", _UPLINK2, "full", False)
    world.manager.nmcli("connection", "reload")
    world.client.ip(f"link set {_UPLINK2} up")
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.watch = Watch(world)
    talk = Talk(world.client)
    since = world.watch.marks()
    world.manager.up("cafe")
    wait_until(lambda: all(world.watch.seen(since).values()), "the control: with the lock open both wires carry the talk")
    world.manager.nmcli("connection", "down", "cafe")
    yield world
    talk.close()
    world.watch.close()


@pytest.fixture
def locked(roaming) -> Iterator:
    """Locked, the network is there and its VPN is up; and afterwards the control again."""
    world = roaming
    world.product.ctl("lock")
    if not world.manager.is_running:
        world.manager.start()
    for profile in ("second", "split", "full", "cafe", "uplink"):
        world.manager.nmcli("connection", "down", profile, check=False)
    world.manager.up("uplink")
    _protected(world)
    since = world.watch.marks()
    yield world
    leaked = world.watch.seen(since)
    assert not any(leaked.values()), f"LEAKED: {leaked}"
    since = world.watch.marks()
    world.product.ctl("unlock")
    world.manager.nmcli("connection", "up", "uplink", check=False)
    wait_until(lambda: any(world.watch.seen(since).values()), "the control: it would be seen")


def _open_interfaces(world) -> set[str]:
    return links_in_set(world.client, "open_interfaces") - {"lo"}


def _agrees(world, state: str, tunnels: set[str] | None = None) -> bool:
    """What is shown is what the kernel holds."""
    status = world.product.status()
    shown = {tunnel["interface"] for tunnel in status["tunnels"]}
    if status["state"] != state or not status["verified"] or not status["layers"]["egress"]:
        return False
    return shown == _open_interfaces(world) and (tunnels is None or shown == tunnels)


def _settles(world, state: str, tunnels: set[str] | None = None, patience: float = 30) -> None:
    try:
        wait_product(lambda: _agrees(world, state, tunnels), f"{state}, {tunnels}", patience)
    except AssertionError as error:
        raise AssertionError(f"{error}; {_open_interfaces(world)} in {world.product.status()}") from error


def _blocked(world) -> None:
    _settles(world, "blocked", set())


def _protected(world, *tunnels: str) -> None:
    """And the talk comes out of it."""
    _settles(world, "protected", set(tunnels) or None, 60)
    wait_until(lambda: _address_outside(world) in _tunnel_addresses(world), "the world to see the tunnel's address", 20)


def _address_outside(world) -> str:
    try:
        return questions.my_address(world.client, 4, 2)
    except (questions.NoAnswer, OSError):
        return ""


def _tunnel_addresses(world) -> list[str]:
    return [address for link in _open_interfaces(world) for address in world.client.addresses(link)]


def _ask_manager(world, method: str, value: bool) -> None:
    world.client.run(["busctl", "call", _MANAGER, f"/{_MANAGER.replace('.', '/')}", _MANAGER, method, "b", str(value).lower()])


@pytest.mark.parametrize("method, asleep", [("Sleep", True), ("Enable", False)])
def test_the_machine_sleeps_and_wakes(locked, method, asleep):
    """As logind's news make NetworkManager do. It leaves links of software, as those here, alone in its
    sleep; switched off it takes them down as it would network cards."""
    for _ in range(2):
        _ask_manager(locked, method, asleep)
        if method == "Enable":
            _blocked(locked)
        wait_product(lambda: _agrees(locked, locked.product.status()["state"]), "what is shown to be what is held")
        _ask_manager(locked, method, not asleep)
        _protected(locked)


def test_another_network(locked):
    """As a laptop that leaves one Wi-Fi and finds another; and back."""
    locked.manager.nmcli("device", "disconnect", a.UPLINK)
    _blocked(locked)
    locked.manager.up("cafe")
    _protected(locked)
    assert any(address.startswith("203.0.113.") for address in locked.client.addresses(_UPLINK2))
    locked.manager.nmcli("device", "disconnect", _UPLINK2)
    _blocked(locked)
    locked.manager.up("uplink")
    _protected(locked)


def test_the_carrier_is_lost_and_comes_back(locked):
    locked.outside.ip(f"link set {a.ROUTER_END} down")
    _blocked(locked)
    locked.outside.ip(f"link set {a.ROUTER_END} up", f"addr replace {a.ROUTER[6]}/64 dev {a.ROUTER_END} nodad")
    _protected(locked)


def test_a_network_card_is_pulled_out_and_put_in(locked):
    locked.client.ip(f"link del {a.UPLINK}")
    _blocked(locked)
    wire(locked.client, a.UPLINK, locked.outside, a.ROUTER_END)
    locked.watch.renew(a.ROUTER_END)
    locked.outside.sysctl(**{f"ipv6__conf__{a.ROUTER_END}__accept_dad": 0})
    locked.outside.ip(
        f"addr add {a.ROUTER[4]}/24 dev {a.ROUTER_END}",
        f"addr add {a.ROUTER[6]}/64 dev {a.ROUTER_END} nodad",
        f"link set {a.ROUTER_END} up",
    )
    locked.client.ip(f"link set {a.UPLINK} up")
    _protected(locked)


def test_a_network_card_is_renamed(locked):
    """The second layer's chains go by index or by name, as the kernel has it; the VPN may live through it."""
    for old, new in ((a.UPLINK, "wan9"), ("wan9", a.UPLINK)):
        locked.client.ip(f"link set {old} down", f"link set {old} name {new}", f"link set {new} up")
        wait_product(lambda: _agrees(locked, locked.product.status()["state"]), "what is shown to be what is held", 30)
        time.sleep(0.3)
    locked.client.ip(f"link set {a.UPLINK} name wan9")  # up
    wait_product(lambda: _agrees(locked, locked.product.status()["state"]), "what is shown to be what is held", 30)
    time.sleep(0.3)
    locked.client.ip(f"link set wan9 name {a.UPLINK}")
    locked.manager.nmcli("connection", "down", "full", check=False)
    locked.manager.nmcli("connection", "down", "uplink", check=False)
    locked.manager.up("uplink")
    _protected(locked)


def test_the_tunnel_is_deleted_and_a_stranger_takes_its_name(locked):
    locked.client.ip(f"link del {a.TUNNEL}")
    _blocked(locked)
    with locked.client.tun(a.TUNNEL):
        locked.client.ip(f"addr add {a.SECOND_CLIENT}/32 dev {a.TUNNEL}", f"link set {a.TUNNEL} up")
        time.sleep(0.3)
        _blocked(locked)
    locked.manager.nmcli("connection", "down", "full", check=False)
    locked.manager.up("full")
    _protected(locked, a.TUNNEL)


def test_the_tunnel_is_renamed(locked):
    """It stays what it is (ADR 4), and a stranger who takes its old name is one."""
    locked.client.ip(f"link set {a.TUNNEL} name vpn9")
    _protected(locked, "vpn9")
    with locked.client.tun(a.TUNNEL):
        locked.client.ip(f"link set {a.TUNNEL} up")
        _protected(locked, "vpn9")
    locked.client.ip(f"link set vpn9 name {a.TUNNEL}")
    _protected(locked, a.TUNNEL)


def test_two_vpns_at_once(locked):
    locked.manager.up("split")
    _protected(locked, a.TUNNEL, "tun1")
    locked.client.ip("link del tun1")
    _protected(locked, a.TUNNEL)
    locked.manager.nmcli("connection", "down", "split", check=False)
    locked.manager.up("split")
    wait_until(lambda: len(_open_interfaces(locked)) == 2, "both to be let out")
    locked.manager.nmcli("connection", "down", "full")
    wait_product(lambda: _agrees(locked, "protected", {"tun1"}), "only the second to be let out")


def test_a_vpn_over_a_vpn(locked):
    """Both carry everything, one after the other; when the outer one falls, the inner one goes on or nothing does."""
    locked.manager.up("second")
    wait_until(lambda: len(_open_interfaces(locked)) == 2, "both to be let out")
    _protected(locked)
    locked.manager.nmcli("connection", "down", "full")
    wait_until(lambda: len(_open_interfaces(locked)) == 1, "one to be let out")
    assert _address_outside(locked) in (a.SECOND_CLIENT, "")
    wait_product(lambda: _agrees(locked, "protected"), "what is shown to be what is held")
    locked.manager.nmcli("connection", "down", "second")
    _blocked(locked)


def test_network_manager_stops_and_starts(locked):
    locked.manager.stop()
    wait_until(lambda: not locked.client.has_link(a.TUNNEL), "the tunnel to be gone")
    _blocked(locked)
    locked.manager.start()
    locked.manager.nmcli("connection", "up", "uplink", check=False)
    _protected(locked)


def test_network_manager_is_killed_and_starts(locked):
    """The VPN's own programs live on for a while; what is let out is what is shown."""
    locked.manager.stop(signal.SIGKILL)
    time.sleep(0.3)
    status = locked.product.status()
    assert _agrees(locked, status["state"]), status
    locked.manager.start()
    locked.manager.nmcli("connection", "up", "uplink", check=False)
    _protected(locked)


def test_network_manager_is_replaced_while_openvpn_lives_on(locked):
    """As an upgrade does, whose VPN program nobody ends: NetworkManager does not know that VPN any more."""
    for pid in locked.client.processes("nm-openvpn-service"):
        os.kill(pid, signal.SIGKILL)
    locked.manager.stop(signal.SIGKILL)
    assert locked.client.processes("openvpn"), "the way in needs that"
    locked.manager.start()
    wait_product(lambda: _agrees(locked, locked.product.status()["state"]), "what is shown to be what is held")
    locked.client.kill("openvpn")
    _blocked(locked)
    locked.manager.nmcli("connection", "up", "uplink", check=False)
    _protected(locked)
