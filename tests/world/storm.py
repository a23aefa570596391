#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The storm of test_chaos.py: programs that never give up, and who writes down what came of it.

    storm.py send ROUTER_MAC FILE  canaries by every flow, over every card there is at the moment; FILE:
                                 when which SYN was handed to the kernel
    storm.py watch LINK FILE     writes down every frame that came in by that link
    storm.py talk FILE           numbered datagrams to the web by the default route, when each left
    storm.py listen FILE         the other end: which numbers arrived

Each says "ready" and goes on until SIGTERM. The C programs of flood.c are faster; these follow
cards that come, go and change their names, and use more ways out.
"""

import itertools
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import BinaryIO

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import addresses as a  # noqa: E402
from world import raw_probes  # noqa: E402
from world.network import packet_socket  # noqa: E402
from world.probes import echo_request  # noqa: E402
from world.kernel import set_thread_fsuid  # noqa: E402

MAGIC = b"ks-canary-storm"
CANARY = struct.Struct("=15sBq")  # magic, flow, when it was handed to the kernel (ns since 1970)
RECORD = struct.Struct("=qH")  # when the frame was seen (ns since 1970), bytes kept
SYN = struct.Struct("=HHq")  # source port, flow, when it was handed to the kernel
KEPT = 160
TALK_PORT = 7007
TALK_RATE = 100  # a second
SYN_PORTS = 41000  # a SYN carries no canary: its ports name the flow, and when it was sent

# reached by the uplink even while a VPN has the default route: else the tunnel carried these
PUBLIC = {4: "203.0.113.77", 6: "2001:db8:113::77"}

_PAUSE = 0.004
_STOP = []
_SO_TIMESTAMPNS, _SO_RCVBUFFORCE, _SO_BINDTODEVICE = 35, 33, 25
_PACKET_OUTGOING = 4
_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_CARDS = ("uplink", "wan")


def flows() -> list[tuple]:
    """(name, way, family, uid, card wanted); the index is the canary's number."""
    rows = []
    for family in a.FAMILIES:
        for uid in (0, 1000):
            rows.append((f"IPv{family} UDP of uid {uid}", "udp", family, uid, False))
            rows.append((f"IPv{family} UDP of uid {uid}, bound to a card", "udp", family, uid, True))
        rows.append((f"IPv{family} TCP", "tcp", family, 1000, False))
        rows.append((f"IPv{family} TCP, bound to a card", "tcp", family, 1000, True))
        rows.append((f"IPv{family} DNS to the router", "dns", family, 1000, False))
        rows.append((f"IPv{family} to the local network", "lan", family, 1000, False))
        rows.append((f"IPv{family} ping", "ping", family, 0, False))
        rows.append((f"IPv{family} frame", "frame", family, 0, True))
        rows.append((f"IPv{family} frame, queue bypassed", "bypass", family, 0, True))
    return rows


FLOWS = flows()


def say_ready() -> None:
    signal.signal(signal.SIGTERM, lambda *_: _STOP.append(True))
    print("ready", flush=True)


def canary(flow: int) -> bytes:
    return CANARY.pack(MAGIC, flow, time.time_ns())


class Storm:
    def __init__(self, router_mac: bytes, syns: BinaryIO):
        self._router_mac = router_mac
        self._syns = syns
        self._sockets: dict[tuple, socket.socket] = {}
        self._targets = {"udp": (PUBLIC, 9), "dns": (a.ROUTER, 53), "lan": (a.PRIVATE_ROUTER, 9)}

    def _socket(self, kind: int, family: int, uid: int, card: str) -> socket.socket:
        key = (kind, family, uid, card)
        if key not in self._sockets:
            set_thread_fsuid(uid)
            try:
                opened = socket.socket(_FAMILY[family], kind)
            finally:
                set_thread_fsuid(0)
            opened.setblocking(False)
            if card:
                opened.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, card.encode() + b"\0")
            self._sockets[key] = opened
        return self._sockets[key]

    def _datagram(self, flow: int, family: int, uid: int, card: str, way: str) -> None:
        targets, port = self._targets[way]
        try:
            self._socket(socket.SOCK_DGRAM, family, uid, card).sendto(canary(flow), (targets[family], port))
        except OSError as error:
            if error.errno == 19:  # ENODEV: bound to a card that is gone; the next one may have its name
                self._sockets.pop((socket.SOCK_DGRAM, family, uid, card)).close()

    def _syn(self, flow: int, family: int, uid: int, card: str) -> None:
        key = (socket.SOCK_STREAM, family, uid, card)
        try:
            opened = self._socket(*key)
            opened.bind(("", 0))
            self._syns.write(SYN.pack(opened.getsockname()[1], flow, time.time_ns()))
            opened.connect((PUBLIC[family], SYN_PORTS + flow))
        finally:  # at once: no second SYN comes later, when the lock may be open
            if key in self._sockets:
                self._sockets.pop(key).close()

    def _ping(self, flow: int, family: int) -> None:
        key = (socket.SOCK_RAW, family, 0, "")
        if key not in self._sockets:
            protocol = {4: socket.IPPROTO_ICMP, 6: socket.IPPROTO_ICMPV6}[family]
            self._sockets[key] = socket.socket(_FAMILY[family], socket.SOCK_RAW, protocol)
            self._sockets[key].setblocking(False)
        self._sockets[key].sendto(echo_request(family, canary(flow)), (PUBLIC[family], 0))

    def _frame(self, flow: int, family: int, card: str, bypass: bool) -> None:
        source = {4: "192.0.2.50", 6: "2001:db8:2::50"}[family]
        packet = raw_probes.udp(source, PUBLIC[family], canary(flow))
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened:
            opened.setsockopt(263, 20, int(bypass))
            kind = {4: 0x0800, 6: 0x86DD}[family]
            opened.sendto(raw_probes.ether(self._router_mac, b"\x02\0\0\0\0\x09", kind, packet), (card, kind))

    def round(self) -> None:
        cards = [name for _, name in socket.if_nameindex() if name.startswith(_CARDS)]
        for flow, (_, way, family, uid, bound) in enumerate(FLOWS):
            for card in cards if bound else [""]:
                try:
                    if way == "tcp":
                        self._syn(flow, family, uid, card)
                    elif way == "ping":
                        self._ping(flow, family)
                    elif way in ("frame", "bypass"):
                        self._frame(flow, family, card, way == "bypass")
                    else:
                        self._datagram(flow, family, uid, card, way)
                except OSError:
                    pass  # refused, no route, no such card just now: again in the next round


def send(router_mac: str, file: str) -> None:
    with open(file, "wb") as syns:
        storm = Storm(bytes.fromhex(router_mac), syns)
        say_ready()
        while not _STOP:
            storm.round()
            syns.flush()
            time.sleep(_PAUSE)


def watch(link: str, file: str) -> None:
    opened = packet_socket(link)
    opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 128 << 20)
    opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    opened.settimeout(0.1)
    with open(file, "wb") as out:
        say_ready()
        idle = False
        while not (_STOP and idle):
            try:
                data, extra, _, sender = opened.recvmsg(KEPT, 128)
                idle = False
            except OSError:  # nothing came, or the wire is down or gone
                idle = True
                if _STOP or time.sleep(0.01):
                    continue
                continue
            if sender[2] == _PACKET_OUTGOING:
                continue
            seconds, nanoseconds = struct.unpack("qq", extra[0][2][:16])
            out.write(RECORD.pack(seconds * 10**9 + nanoseconds, len(data)) + data)
        _, lost = struct.unpack("II", opened.getsockopt(263, 6, 8))
    print(f"lost {lost}", flush=True)


def talk(file: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened, open(file, "wb") as out:
        opened.setblocking(False)
        say_ready()
        for number in itertools.count():
            if _STOP:
                break
            out.write(struct.pack("=qI", time.time_ns(), number))
            try:
                opened.sendto(struct.pack("=I", number), (a.WEB[4], TALK_PORT))
            except OSError:
                pass  # the listener tells what arrived
            time.sleep(1 / TALK_RATE)


def listen(file: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened, open(file, "wb") as out:
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 16 << 20)
        opened.bind((a.WEB[4], TALK_PORT))
        opened.settimeout(0.2)
        say_ready()
        while not _STOP:
            try:
                out.write(opened.recv(64)[:4])
            except OSError:
                continue


if __name__ == "__main__":
    {"send": send, "watch": watch, "talk": talk, "listen": listen}[sys.argv[1]](*sys.argv[2:])
