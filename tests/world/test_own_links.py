# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's own way out looks like its guests': a container whose card is a pair, and who has put a
bridge over it. What a link does decides, by NetworkManager or without it. Judged outside; the first look
of each is its control."""

import socket
from contextlib import suppress
from dataclasses import dataclass

import pytest

from . import addresses as a
from . import probes, profiles, raw_probes
from .capture import Capture
from .questions import my_address
from .raw_probes import Sender, mac_of
from .waiting import WaitedTooLong, wait_until

_BRIDGE = "br0"
# each has a name of its own: what NetworkManager still has to do about one that went, it does to the next one
# of that name
_OTHERS_BRIDGE, _BRIDGE_BELOW, _OVER_A_CARD = "br1", "br2", "br3"
_KINDS = [kind for kind in probes.all_kinds() if not kind.bound]


@dataclass(frozen=True)
class Wire:
    end: str = a.ROUTER_END  # the router's
    port: str = a.UPLINK  # the client's


_CARD = Wire("lan1", "card1")
_OWN = {4: ("192.0.2.33", 24), 6: ("2001:db8:2::33", 64)}


@pytest.fixture(scope="module")
def machine(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    return world


def _by_manager(world) -> str:
    bridge = f"""[connection]
id=br0
uuid={profiles.uuid_of("br0")}
type=bridge
interface-name={_BRIDGE}
autoconnect=false

[bridge]
stp=false

[ipv4]
method=auto
address1={a.PRIVATE_CLIENT[4]}/24

[ipv6]
method=auto
addr-gen-mode=eui64
ip6-privacy=0
"""
    port = f"""[connection]
id=port
uuid={profiles.uuid_of("port")}
type=ethernet
interface-name={a.UPLINK}
autoconnect=false
master={_BRIDGE}
slave-type=bridge
"""
    profiles.write("br0", bridge)
    profiles.write("port", port)
    world.manager.nmcli("connection", "reload")
    for name in ("br0", "port"):
        world.manager.nmcli("--wait", "0", "connection", "up", name)
    prefixes = ("192.0.2.", "2001:db8:2:")
    wait_until(
        lambda: all(any(x.startswith(p) for x in world.client.addresses(_BRIDGE)) for p in prefixes),
        "the bridge to get its addresses", 30,
    )
    return _BRIDGE


def _by_hand(world, link: str) -> str:
    """An address and a route for good, as an administrator writes them who has no NetworkManager."""
    commands = []
    for family in a.FAMILIES:
        address, prefix = _OWN[family]
        commands.append(f"addr add {address}/{prefix} dev {link} {'nodad' if family == 6 else ''}")
    commands.append(f"addr add {a.PRIVATE_CLIENT[4]}/24 dev {link}")
    world.client.ip(*commands, *(f"route add default via {a.ROUTER[family]} dev {link}" for family in a.FAMILIES))
    return link


def _bridge(world, name: str, port: str = a.UPLINK) -> None:
    world.client.ip(
        f"link add {name} type bridge", f"link set {port} master {name}", f"link set {port} up", f"link set {name} up",
    )


def _by_others(world) -> str:
    _bridge(world, _OTHERS_BRIDGE)
    return _by_hand(world, _OTHERS_BRIDGE)


def _above_the_bridge(world) -> str:
    _bridge(world, _BRIDGE_BELOW)
    world.client.ip(f"link add link {_BRIDGE_BELOW} name own0 type macvlan mode bridge", "link set own0 up")
    return _by_hand(world, "own0")


def _over_a_card(world) -> str:
    """To the kernel the bridge's port is a card: its lower link is elsewhere, as a container's macvlan has it."""
    world.outside.ip(
        f"link add under1 type veth peer name {_CARD.end}", "link set under1 up", f"link set {_CARD.end} up",
        f"addr add {a.ROUTER[6]}/128 dev {_CARD.end} nodad",
        *(f"route add {address} dev {_CARD.end}" for address in (_OWN[4][0], f"{_OWN[6][0]}/128", a.PRIVATE_CLIENT[4])),
        f"link add link under1 name {_CARD.port} type macvlan mode passthru", f"link set {_CARD.port} netns {world.client.name}",
    )  # fmt: skip
    world.manager.nmcli("device", "set", _CARD.port, "managed", "no")
    _bridge(world, _OVER_A_CARD, _CARD.port)
    return _by_hand(world, _OVER_A_CARD)


def _by_a_pair(world) -> str:
    world.client.ip(f"link set {a.UPLINK} up")
    return _by_hand(world, a.UPLINK)


_WAYS = {
    "a bridge by NetworkManager": _by_manager,
    "a bridge by others": _by_others,
    "a bridge over a card": _over_a_card,
    "a macvlan over a bridge": _above_the_bridge,
    "a pair by others": _by_a_pair,
}


@pytest.fixture(params=_WAYS, ids=str)
def capture(request, machine):
    """This machine is connected so now."""
    machine.product.ctl("unlock")
    if machine.manager.state_of("uplink"):
        machine.manager.nmcli("connection", "down", "uplink")
    if request.param != "a bridge by NetworkManager":
        machine.manager.nmcli("device", "set", a.UPLINK, "managed", "no")
    try:
        link = _WAYS[request.param](machine)
        heard = Capture(machine.outside, machine.client, _wire(machine).end, link)
        yield heard
        heard.close()
    finally:
        _undo(machine)


def _wire(world) -> Wire:
    return _CARD if world.client.has_link(_CARD.port) else Wire()


def _undo(world) -> None:
    world.manager.all_down()
    world.product.ctl("lan", "off")
    world.product.ctl("unlock")
    for name in ("port", _BRIDGE):
        if world.manager.state_of(name):
            world.manager.nmcli("connection", "down", name)
    world.outside.run(["ip", "link", "del", "under1"], check=False)
    for name in (_BRIDGE, _OTHERS_BRIDGE, _BRIDGE_BELOW, _OVER_A_CARD, "own0"):
        world.client.run(["ip", "link", "del", name], check=False)
        wait_until(
            lambda name=name: world.manager.nmcli("device", "show", name, check=False).returncode,
            f"NetworkManager to have seen {name} go",
        )
    world.client.ip(f"addr flush dev {a.UPLINK}")


def _seen(world, capture: Capture, sender: Sender) -> set[str]:
    """What gets out: by the stack, and by frames that a program makes itself, on the pair."""
    mark = capture.fence()
    sent = probes.send(world.client, _KINDS)
    raw = raw_probes.send_all(sender)
    frames = capture.since(mark, capture.fence())
    for probe in sent:
        probe.close()
    return {str(probe.kind) for probe in probes.seen(sent, frames)} | {probe.name for probe in probes.seen(raw, frames)}


def _reaches_the_neighbour(world) -> bool:
    with world.client.socket(socket.AF_INET, socket.SOCK_STREAM) as program:
        program.settimeout(2)
        with suppress(OSError):
            program.connect((a.PRIVATE_ROUTER[4], 8081))
            return True
    return False


def test_it_is_an_uplink(machine, capture):
    world = machine
    wire = _wire(world)
    sender = Sender(world.client, wire.port, {f: _OWN[f][0] for f in a.FAMILIES}, mac_of(world.outside, wire.end))
    expected = {str(kind) for kind in _KINDS} | {name for name in raw_probes.ATTEMPTS if "raw socket" not in name}
    missing = [expected]

    def all_seen() -> bool:
        missing[0] = expected - _seen(world, capture, sender)
        return not missing[0]

    try:
        wait_until(all_seen, "the control to see all")
    except WaitedTooLong as error:
        raise AssertionError(f"the control did not see {missing[0]}") from error

    world.product.ctl("lock")
    status = world.product.wait_state("blocked")
    assert status["layers"]["egress"], status
    seen = _seen(world, capture, sender)
    assert not seen, f"LEAKED: {sorted(seen)}"

    listener = world.outside.socket(socket.AF_INET, socket.SOCK_STREAM)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((a.PRIVATE_ROUTER[4], 8081))
        listener.listen()
        assert not _reaches_the_neighbour(world)
        world.product.ctl("lan", "on")
        wait_until(lambda: _reaches_the_neighbour(world), "the neighbour to be reached")
        world.product.ctl("lan", "off")

    if not world.manager.state_of("port"):
        return  # NetworkManager brings no VPN up over what is not its own
    mark = capture.fence()
    world.manager.up("full")
    world.product.wait_state("protected")
    for family in a.FAMILIES:
        assert my_address(world.client, family) in world.client.addresses(a.TUNNEL)
    world.client.kill("openvpn")
    world.product.wait_state("blocked")
    seen = _seen(world, capture, sender)
    assert not seen, f"LEAKED: {sorted(seen)}"
    assert not capture.plain(mark, capture.fence())
