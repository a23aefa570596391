# SPDX-License-Identifier: GPL-2.0-or-later
"""What an Ethernet frame is, in the words of the kill switch's promise."""

import ipaddress
from dataclasses import dataclass
from functools import cached_property

from . import addresses as a

_TCP, _UDP, _ICMP, _ICMP6, _IGMP, _ESP = 6, 17, 1, 58, 2, 50
_IKE, _IPSEC_IN_UDP = 500, 4500
_HOP_BY_HOP = 0  # MLD reports carry a router-alert option in front
_PROTOCOLS = {_TCP: "TCP", _UDP: "UDP", _ICMP: "ICMP", _ICMP6: "ICMPv6", _IGMP: "IGMP"}
_NEIGHBOUR = {133: "router solicitation", 135: "neighbour solicitation", 136: "neighbour advertisement"}
_MLD = {131, 132, 143}
_MLD2_REPORT = 143
_EAPOL = 0x888E
_ARP = 0x0806
_ARP_REPLY = 2


@dataclass(frozen=True)
class Packet:
    """The IP part of a frame. Ports are 0 (and the type is -1) where there are none."""

    family: int
    source: str
    destination: str
    protocol: int
    source_port: int
    destination_port: int
    icmp_type: int
    payload: bytes

    def __str__(self) -> str:
        name = _PROTOCOLS.get(self.protocol, f"protocol {self.protocol}")
        port = f" port {self.destination_port}" if self.destination_port else ""
        kind = f" type {self.icmp_type}" if self.icmp_type >= 0 else ""
        return f"IPv{self.family} {name}{kind} from {self.source} to {self.destination}{port}"


@dataclass(frozen=True)
class Frame:
    """One frame that the client put on the wire. `time` is the kernel's, in seconds since 1970."""

    time: float
    data: bytes

    @property
    def ether_type(self) -> int:
        return int.from_bytes(self.data[12:14], "big")

    @cached_property
    def packet(self) -> Packet | None:
        return parse_packet(self.ether_type, self.data[14:])

    @property
    def arp_target(self) -> str | None:
        """Whom an ARP reply answers."""
        arp = self.data[14:]
        if self.ether_type != _ARP or len(arp) < 28 or int.from_bytes(arp[6:8], "big") != _ARP_REPLY:
            return None
        return str(ipaddress.ip_address(arp[24:28]))

    @property
    def is_neighbour_advertisement(self) -> bool:
        packet = self.packet
        return packet is not None and packet.protocol == _ICMP6 and packet.icmp_type == 136

    @cached_property
    def purpose(self) -> str:
        """"upkeep: …", "server" or "plain: …"; only the first two may leave a locked client."""
        if self.ether_type == _ARP:
            return "upkeep: ARP"
        if self.ether_type == _EAPOL:
            return "upkeep: EAPOL"
        packet = self.packet
        if packet is None:
            return f"plain: ether type {self.ether_type:#06x}"
        return _upkeep(packet) or _server(packet) or f"plain: {packet}"


def parse_packet(ether_type: int, data: bytes) -> Packet | None:
    if ether_type == 0x0800 and len(data) >= 20:
        family, protocol, header = 4, data[9], (data[0] & 15) * 4
        source, destination = data[12:16], data[16:20]
    elif ether_type == 0x86DD and len(data) >= 40:
        family, protocol, header = 6, data[6], 40
        source, destination = data[8:24], data[24:40]
        if protocol == _HOP_BY_HOP and len(data) >= 48:
            protocol, header = data[40], 40 + (data[41] + 1) * 8
    else:
        return None
    payload = data[header:]
    ports = (0, 0)
    if protocol in (_TCP, _UDP) and len(payload) >= 4:
        ports = (int.from_bytes(payload[0:2], "big"), int.from_bytes(payload[2:4], "big"))
    kind = payload[0] if protocol in (_ICMP, _ICMP6) and payload else -1
    names = (str(ipaddress.ip_address(source)), str(ipaddress.ip_address(destination)))
    return Packet(family, *names, protocol, *ports, kind, payload)


_BROADCAST = "255.255.255.255"
_ON_THE_WIRE = [ipaddress.ip_network(net, strict=False) for net in (a.LAN_NET[6], f"{a.PRIVATE_ROUTER[6]}/64")]


def _stays_on_the_wire(packet: Packet) -> bool:
    """Addressed to a neighbour: an upkeep message to anybody else would be a way out."""
    address = ipaddress.ip_address(packet.destination)
    if packet.family == 4:
        return packet.destination in (_BROADCAST, a.ROUTER[4]) or address.is_multicast
    return address.is_multicast or address.is_link_local or any(address in net for net in _ON_THE_WIRE)


def _upkeep(packet: Packet) -> str | None:
    if not _stays_on_the_wire(packet):
        return None
    if packet.protocol == _UDP and (packet.source_port, packet.destination_port) == (68, 67):
        return "upkeep: DHCPv4 renewal" if packet.destination == a.ROUTER[4] else "upkeep: DHCPv4"
    if packet.protocol == _UDP and (packet.source_port, packet.destination_port) == (546, 547):
        return "upkeep: DHCPv6"
    if packet.protocol == _ICMP6 and packet.icmp_type in _NEIGHBOUR:
        return f"upkeep: {_NEIGHBOUR[packet.icmp_type]}"
    if packet.protocol == _ICMP6 and packet.icmp_type in _MLD and _names_link_groups(packet.payload):
        return "upkeep: MLD"
    return None


_SOLICITED = ipaddress.ip_network("ff02::1:ff00:0/104")
_LINK_GROUPS = {"ff02::2", "ff02::c", "ff02::6a", "ff02::fb", "ff02::1:2", "ff02::1:3", "ff05::2", "ff05::c"}


def _names_link_groups(report: bytes) -> bool:
    """Of groups that neighbour discovery needs, or every machine has; and it names no sources."""
    if report[0] == _MLD2_REPORT:
        records = int.from_bytes(report[6:8], "big")
        groups = [report[8 + 20 * n :][4:20] for n in range(records)]
        whole = len(report) == 8 + 20 * records
    else:
        groups, whole = [report[8:24]], len(report) == 24
    addresses = [ipaddress.IPv6Address(group) for group in groups if len(group) == 16]
    return whole and bool(addresses) and all(g in _SOLICITED or str(g) in _LINK_GROUPS for g in addresses)


_SERVERS = {
    (a.SERVER[4], a.SERVER_PORT),
    (a.SERVER[4], a.SECOND_SERVER_PORT),
    (a.SERVER[4], a.STATIC_SERVER_PORT),
    (a.DEAD_SERVER, a.SERVER_PORT),
    (a.KERNEL_SERVER, a.WIREGUARD_PORT),
    (a.KERNEL_SERVER, _IKE),
    (a.KERNEL_SERVER, _IPSEC_IN_UDP),
}


def _server(packet: Packet) -> str | None:
    if packet.protocol == _ESP:
        return "server" if packet.destination == a.KERNEL_SERVER else None
    known = (packet.destination, packet.destination_port) in _SERVERS
    return "server" if packet.protocol == _UDP and known else None
