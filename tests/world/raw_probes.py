# SPDX-License-Identifier: GPL-2.0-or-later
"""Attempts to get out below the IP stack: frames that a program makes itself, raw IP packets.

Each carries a canary. They need CAP_NET_RAW, so they are root's, or a container's in a network
namespace of its own. `Frames` also makes what must live: EAPOL, ARP, a VPN server's packets.
"""

import ipaddress
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from . import addresses as a
from .network import Namespace

_SOL_PACKET = 263
_PACKET_QDISC_BYPASS = 20
_SO_BINDTODEVICE = 25
_ETH_P_IP, _ETH_P_IPV6, _ETH_P_ARP, _ETH_P_8021Q = 0x0800, 0x86DD, 0x0806, 0x8100
_TCP, _UDP = 6, 17


def _canary() -> bytes:
    return b"canary" + os.urandom(8).hex().encode()


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def udp(source: str, destination: str, payload: bytes, port: int = 9, fragment: int = 0, source_port: int = 40000) -> bytes:
    """An IP packet with a UDP datagram; `fragment`: an offset in bytes, then there is no UDP header."""
    body = payload if fragment else struct.pack("!HHHH", source_port, port, 8 + len(payload), 0) + payload
    addresses = [ipaddress.ip_address(one).packed for one in (source, destination)]
    if ":" in destination:
        return struct.pack("!IHBB", 6 << 28, len(body), _UDP, 64) + b"".join(addresses) + body
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, fragment // 8, 64, _UDP, 0) + b"".join(addresses)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def tcp_segment(source: str, to: str, source_port: int, port: int, flags: int) -> bytes:
    """An IPv4 packet with no more than TCP's header."""
    ends = socket.inet_aton(source) + socket.inet_aton(to)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, _TCP, 0) + ends
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    tcp = struct.pack("!HHIIBBHHH", source_port, port, 1, 1, 0x50, flags, 1024, 0, 0)
    check = checksum(ends + struct.pack("!BBH", 0, _TCP, 20) + tcp)
    return header + tcp[:16] + struct.pack("!H", check) + tcp[18:]


def in_pieces(packet: bytes, size: int) -> list[bytes]:
    """An IPv4 packet without options in two fragments, the first with so many bytes (eight each) of what it carries."""

    def piece(fragment: int, payload: bytes) -> bytes:
        header = packet[:2] + struct.pack("!H", 20 + len(payload)) + packet[4:6] + struct.pack("!H", fragment) + packet[8:10]
        return header + struct.pack("!H", checksum(header + b"\0\0" + packet[12:20])) + packet[12:20] + payload

    return [piece(0x2000, packet[20 : 20 + size]), piece(size // 8, packet[20 + size :])]


def ether(to: bytes, sender: bytes, kind: int, payload: bytes) -> bytes:
    return to + sender + struct.pack("!H", kind) + payload


def vlan(tag: int, kind: int, payload: bytes) -> bytes:
    return struct.pack("!HH", tag, kind) + payload


def pppoe_session(kind: int, payload: bytes) -> bytes:
    return struct.pack("!BBHHH", 0x11, 0, 7, 2 + len(payload), kind) + payload


def mac_of(namespace: Namespace, link: str) -> bytes:
    shown = namespace.run(["ip", "-o", "link", "show", "dev", link]).stdout
    return bytes.fromhex(shown.split("link/ether ")[1].split()[0].replace(":", ""))


def send_from_router(world, kind: int, payloads: list[bytes], broadcast: bool = False) -> None:
    """Frames from the router's end of the wire."""
    sender = mac_of(world.outside, a.ROUTER_END)
    to = b"\xff" * 6 if broadcast else mac_of(world.client, a.UPLINK)

    def send() -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened:
            for payload in payloads:
                opened.sendto(ether(to, sender, kind, payload), (a.ROUTER_END, kind))

    world.outside.call(send)


@dataclass
class RawProbe:
    name: str
    canary: bytes = field(default_factory=_canary)
    error: OSError | None = None

    def is_in(self, frame) -> bool:
        return self.canary in frame.data


@dataclass
class Sender:
    """Who sends, by which link, to which router."""

    namespace: Namespace
    link: str
    source: dict[int, str]
    router_mac: bytes

    def __post_init__(self) -> None:
        self.mac = mac_of(self.namespace, self.link)

    def frame(self, kind: int, payload: bytes) -> bytes:
        return ether(self.router_mac, self.mac, kind, payload)

    def send_frame(self, frame: bytes, protocol: int = 0, bypass: bool = False) -> None:
        """`protocol`: what the program calls it; 0: what the frame says."""

        def send() -> None:
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened:
                opened.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, int(bypass))
                opened.sendto(frame, (self.link, protocol or int.from_bytes(frame[12:14], "big")))

        self.namespace.call(send)

    def send_datagram(self, payload: bytes, protocol: int) -> None:
        def send() -> None:
            with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as opened:
                opened.sendto(payload, (self.link, protocol, 0, 0, self.router_mac))

        self.namespace.call(send)

    def send_raw_ip(self, packet: bytes, destination: str) -> None:
        def send() -> None:
            family = socket.AF_INET6 if ":" in destination else socket.AF_INET
            with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as opened:
                opened.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, self.link.encode() + b"\0")
                opened.sendto(packet, (destination, 0))

        self.namespace.call(send)


Attempt = Callable[[Sender, bytes], None]
ATTEMPTS: dict[str, Attempt] = {}


def _attempt(name: str) -> Callable[[Attempt], Attempt]:
    def add(function: Attempt) -> Attempt:
        ATTEMPTS[name] = function
        return function

    return add


def _packet(sender: Sender, family: int, canary: bytes) -> bytes:
    return udp(sender.source[family], a.WEB[family], canary)


for _family, _kind in ((4, _ETH_P_IP), (6, _ETH_P_IPV6)):
    for _bypass in (False, True):
        ATTEMPTS[f"IPv{_family} frame{', queue bypassed' if _bypass else ''}"] = (
            lambda s, c, f=_family, k=_kind, b=_bypass: s.send_frame(s.frame(k, _packet(s, f, c)), bypass=b)
        )
    ATTEMPTS[f"IPv{_family} datagram of AF_PACKET"] = (
        lambda s, c, f=_family, k=_kind: s.send_datagram(_packet(s, f, c), k)
    )
    ATTEMPTS[f"IPv{_family} raw socket"] = (
        lambda s, c, f=_family: s.send_raw_ip(_packet(s, f, c), a.WEB[f])
    )
    ATTEMPTS[f"IPv{_family} in a VLAN tag"] = (
        lambda s, c, f=_family, k=_kind: s.send_frame(s.frame(_ETH_P_8021Q, vlan(5, k, _packet(s, f, c))))
    )
    ATTEMPTS[f"IPv{_family} called ARP by its sender"] = (
        lambda s, c, f=_family, k=_kind: s.send_frame(s.frame(k, _packet(s, f, c)), _ETH_P_ARP)
    )
    ATTEMPTS[f"IPv{_family} in a PPPoE session"] = (
        lambda s, c, f=_family: s.send_frame(
            s.frame(0x8864, pppoe_session({4: 0x21, 6: 0x57}[f], _packet(s, f, c)))
        )
    )


@_attempt("the server in a PPPoE session")
def _(sender: Sender, canary: bytes) -> None:
    inner = udp(sender.source[4], a.SERVER[4], canary, a.SERVER_PORT)
    sender.send_frame(sender.frame(0x8864, pppoe_session(0x21, inner)))


@_attempt("PPP's control in a PPPoE session")
def _(sender: Sender, canary: bytes) -> None:
    """Nothing of the session's: there is none."""
    sender.send_frame(sender.frame(0x8864, pppoe_session(0xC021, canary)))


@_attempt("a frame of an experimental type (IEEE 802)")
def _(sender: Sender, canary: bytes) -> None:
    sender.send_frame(sender.frame(0x88B5, canary.ljust(60, b".")))


@_attempt("a frame of that type called IPv4 by its sender")
def _(sender: Sender, canary: bytes) -> None:
    sender.send_frame(sender.frame(0x88B5, _packet(sender, 4, canary)), _ETH_P_IP)


@_attempt("an 802.3 frame")
def _(sender: Sender, canary: bytes) -> None:
    body = b"\xaa\xaa\x03\0\0\0\x08\0" + canary
    sender.send_frame(sender.frame(len(body), body), 4)


@_attempt("ARP for another kind of address")
def _(sender: Sender, canary: bytes) -> None:
    sender.send_frame(sender.frame(_ETH_P_ARP, struct.pack("!HHBBH", 6, 0x0800, 6, 4, 1) + canary))


@_attempt("a VLAN tag that makes the server's address of the sender's")
def _(sender: Sender, canary: bytes) -> None:
    """What is read as the packet 14 bytes into the frame is not what the wire takes for it."""
    inner = udp(a.SERVER[4], a.WEB[4], canary, a.SERVER_PORT)
    sender.send_frame(sender.frame(_ETH_P_8021Q, vlan(0x4500, _ETH_P_IP, inner)), _ETH_P_IP)


@_attempt("the server's address, another port")
def _(sender: Sender, canary: bytes) -> None:
    sender.send_frame(sender.frame(_ETH_P_IP, udp(sender.source[4], a.SERVER[4], canary, 9)))


@_attempt("a later fragment to somewhere else")
def _(sender: Sender, canary: bytes) -> None:
    sender.send_frame(sender.frame(_ETH_P_IP, udp(sender.source[4], a.WEB[4], canary, fragment=1480)))


def send_all(sender: Sender) -> list[RawProbe]:
    probes = []
    for name, attempt in ATTEMPTS.items():
        probe = RawProbe(name)
        try:
            attempt(sender, probe.canary)
        except OSError as error:
            probe.error = error
        probes.append(probe)
    return probes


def kernels_own(world) -> int:
    """How many packets of a socket that has no uid were seen at the server's port: here VXLAN's, with the ARP that
    the kernel makes by itself and no other hook sees."""
    wanted = bytes.fromhex("0001080006040001")
    mark = world.capture.fence()
    world.client.ip(
        f"link add nobody0 type vxlan id 7 remote {a.SERVER[4]} dstport {a.SERVER_PORT}",
        "addr add 198.18.7.1/24 dev nobody0",
    )
    world.client.run(["sysctl", "-qw", "net.ipv4.conf.nobody0.arp_notify=1"])
    world.client.ip("link set nobody0 up")
    try:
        frames = world.capture.since(mark, world.capture.fence())
    finally:
        world.client.ip("link del nobody0")
    return len([f for f in frames if f.packet and f.packet.destination_port == a.SERVER_PORT and wanted in f.data])
