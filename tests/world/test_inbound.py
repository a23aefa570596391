# SPDX-License-Identifier: GPL-2.0-or-later
"""What the local network sends to the machine's address inside the tunnel, whatever it calls itself:
nothing of it is heard, and nothing answers. Each with its control: with the lock open, something does."""

import ipaddress
import itertools
import socket
import struct

import pytest

from . import addresses as a
from .raw_probes import checksum, mac_of, send_from_router, tcp_segment

_ARP_QUESTION = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
_TCP, _RST, _SYN_ACK = 6, 0x04, 0x12
_ports = itertools.count(42000)
_STORM = 200


@pytest.fixture(scope="module")
def world_with_vpn(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.client.sysctl(ipv4__conf__all__rp_filter=0, **{f"ipv4__conf__{a.UPLINK}__rp_filter": 0})
    world.manager.up("full")
    return world


@pytest.fixture(autouse=True)
def open_again(world_with_vpn):
    yield
    world_with_vpn.product.ctl("lan", "off")
    world_with_vpn.product.ctl("unlock")


def _lock(world) -> None:
    world.product.ctl("lock")
    assert world.product.wait_state("protected")["layers"]["egress"]


def _tunnel_address(world) -> str:
    return next(x for x in world.client.addresses(a.TUNNEL) if "." in x)


def _tells_of(world, address: str) -> bool:
    """Whether the client answers ARP for this address."""
    mark = world.capture.fence()
    asker = f"{a.FENCE_NET}{next(world.capture.hosts)}"
    mac = mac_of(world.outside, a.ROUTER_END)
    question = mac + socket.inet_aton(asker) + bytes(6) + socket.inet_aton(address)
    send_from_router(world, 0x0806, [_ARP_QUESTION + question], broadcast=True)
    return any(frame.arp_target == asker for frame in world.capture.since(mark, world.capture.fence()))


def test_arp_for_the_tunnels_address_is_not_answered(world_with_vpn):
    world = world_with_vpn
    inside = _tunnel_address(world)
    assert _tells_of(world, inside), "the control was not answered"
    _lock(world)
    assert not _tells_of(world, inside)
    assert _tells_of(world, a.PRIVATE_CLIENT[4]), "its own address there is the uplink's business"


def _resets(world, source: str, to: str, source_port: int) -> int:
    """How many resets leave when SYN/ACKs for many ports come in."""
    mark = world.capture.fence()
    send_from_router(world, 0x0800, [tcp_segment(source, to, source_port, next(_ports), _SYN_ACK) for _ in range(_STORM)])
    found = 0
    for frame in world.capture.since(mark, world.capture.fence()):
        packet = frame.packet
        if packet and packet.protocol == _TCP and packet.destination == source:
            found += bool(packet.payload[13] & _RST)
    return found


def test_a_storm_of_forged_answers_for_the_tunnels_address_provokes_nothing(world_with_vpn):
    """A neighbour on a private address, and somebody who calls himself the VPN server."""
    world = world_with_vpn
    inside = _tunnel_address(world)
    assert _resets(world, a.PRIVATE_ROUTER[4], inside, 443) > 0, "the control provoked nothing"
    _lock(world)
    world.product.ctl("lan", "on")
    assert _resets(world, a.PRIVATE_ROUTER[4], a.PRIVATE_CLIENT[4], 443) > 0, "LAN access is not open"
    assert _resets(world, a.PRIVATE_ROUTER[4], inside, 443) == 0
    assert _resets(world, a.SERVER[4], inside, a.SERVER_PORT) == 0


def test_a_neighbour_does_not_reach_what_listens_in_the_tunnel(world_with_vpn):
    world = world_with_vpn
    inside = _tunnel_address(world)

    def reaches() -> bool:
        with world.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
            listener.bind((inside, 5300))
            listener.settimeout(0.5)
            packet = struct.pack("!HHHH", 9, 5300, 12, 0) + b"here"
            ends = ipaddress.ip_address(a.PRIVATE_ROUTER[4]).packed + socket.inet_aton(inside)
            header = struct.pack("!BBHHHBBH", 0x45, 0, 32, 1, 0, 64, 17, 0) + ends
            header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
            send_from_router(world, 0x0800, [header + packet])
            world.capture.fence()
            try:
                return listener.recv(100) == b"here"
            except TimeoutError:
                return False

    assert reaches(), "the control did not reach it"
    _lock(world)
    world.product.ctl("lan", "on")
    assert not reaches()
