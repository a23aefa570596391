# SPDX-License-Identifier: GPL-2.0-or-later
"""Attempts to get out of the client, each recognisable outside.

A probe is recognised by its canary, never by a guess: UDP and ICMP carry it as payload, DNS asks
for a name with it as a label, and a TCP connection goes to a port that no other probe of this
world uses (a SYN carries no payload), at the web server's address.
"""

import errno
import itertools
import os
import select
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from . import addresses as a
from . import kernel
from .frames import Frame, Packet
from .network import Namespace

_DESKTOP_USER = 1000
_TCP, _UDP = 6, 17
_tcp_ports = itertools.count(20000)

WHATS = ("TCP", "UDP", "ICMP", "DNS to the router", "DNS to a public server")
SENDERS = {"root": 0, "user": _DESKTOP_USER}

# no packet was ever made: such a probe proves nothing about a lock
_NO_ROUTE = {errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.ENODEV}


@dataclass(frozen=True, order=True)
class Kind:
    """A row of the leak matrix: what is sent, over which family, tied to the uplink or not."""

    family: int
    what: str
    bound: bool

    def __str__(self) -> str:
        return f"IPv{self.family} {self.what}, {'bound to the uplink' if self.bound else 'unbound'}"


def all_kinds() -> list[Kind]:
    return [Kind(f, w, b) for f in a.FAMILIES for w in WHATS for b in (False, True)]


@dataclass
class Probe:
    kind: Kind
    sender: str
    canary: bytes = field(default_factory=lambda: b"canary" + os.urandom(8).hex().encode())
    port: int = 0  # TCP only
    error: int = 0  # what the kernel said to the program, 0 if it took the packet
    open: socket.socket | None = None

    @property
    def went_nowhere(self) -> bool:
        return self.error in _NO_ROUTE

    @property
    def error_name(self) -> str:
        return errno.errorcode.get(self.error, str(self.error)) if self.error else ""

    def is_in(self, frame: Frame) -> bool:
        if self.port:
            return self.is_in_packet(frame.packet)
        return self.canary in frame.data

    def is_in_packet(self, packet: Packet | None) -> bool:
        if packet is None:
            return False
        if not self.port:
            return self.canary in packet.payload
        return (packet.protocol, packet.destination_port) == (_TCP, self.port)

    def close(self) -> None:
        if self.open:
            self.open.close()
            self.open = None


def dns_question(label: bytes, family: int, ident: int = 0x4B53) -> bytes:
    name = b"".join(bytes([len(part)]) + part for part in (label, b"example", b""))
    kind = 1 if family == 4 else 28
    return struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + name + struct.pack("!HH", kind, 1)


def echo_request(family: int, canary: bytes) -> bytes:
    body = struct.pack("!HH", 0x4B53, 1) + canary
    if family == 6:
        return struct.pack("!BBH", 128, 0, 0) + body  # the kernel fills in the checksum
    message = struct.pack("!BBH", 8, 0, 0) + body
    message += b"\0" * (len(message) % 2)
    total = sum(struct.unpack(f"!{len(message) // 2}H", message))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return message[:2] + struct.pack("!H", ~total & 0xFFFF) + message[4:]


def _send(probe: Probe) -> None:
    family = probe.kind.family
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    what = probe.kind.what
    if what == "TCP":
        probe.open = socket.socket(kind, socket.SOCK_STREAM)
    elif what == "ICMP":
        probe.open = socket.socket(kind, socket.SOCK_RAW, socket.IPPROTO_ICMP if family == 4 else socket.IPPROTO_ICMPV6)
    else:
        probe.open = socket.socket(kind, socket.SOCK_DGRAM)
    probe.open.setblocking(False)
    if probe.kind.bound:
        probe.open.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, a.UPLINK.encode() + b"\0")
    if what == "TCP":
        probe.port = next(_tcp_ports)
        probe.open.connect((a.WEB[family], probe.port))
    elif what == "UDP":
        probe.open.sendto(probe.canary, (a.WEB[family], a.ECHO_PORT))
    elif what == "ICMP":
        probe.open.sendto(echo_request(family, probe.canary), (a.WEB[family], 0))
    else:
        server = a.ROUTER[family] if what == "DNS to the router" else a.PUBLIC_DNS[family]
        probe.open.sendto(dns_question(probe.canary, family), (server, a.DNS_PORT))


def _send_as(probes: list[Probe], uid: int) -> None:
    kernel.set_thread_fsuid(uid)  # of this thread only, which ends with this call
    for probe in probes:
        try:
            _send(probe)
        except BlockingIOError:
            pass  # a TCP connection on its way
        except OSError as error:
            probe.error = error.errno


def send(client: Namespace, kinds: Iterable[Kind], senders: Iterable[str] = SENDERS) -> list[Probe]:
    """Sends one probe of each kind as each sender, all at once. close() them when judged."""
    kinds = list(kinds)
    probes = []
    for sender in senders:
        mine = [Probe(kind, sender) for kind in kinds]
        client.call(_send_as, mine, SENDERS[sender])
        probes += mine
    return probes


def collect_errors(probes: Iterable[Probe], patience: float = 0.0) -> None:
    """Notes what the kernel told the programs later (a refused TCP connection, an ICMP error)."""
    for probe in probes:
        if probe.open is None or probe.error:
            continue
        if select.select([], [probe.open], [], patience)[1]:
            probe.error = probe.open.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def seen(probes: Iterable[Probe], frames: Iterable[Frame]) -> list[Probe]:
    frames = list(frames)
    return [probe for probe in probes if any(probe.is_in(frame) for frame in frames)]
