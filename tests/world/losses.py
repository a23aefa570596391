# SPDX-License-Identifier: GPL-2.0-or-later
"""Where packets went that are missing: when they were sent, which transactions of nf_tables were
near, and what of the kernel's own counters of drops has grown in the namespaces they passed."""

import json
import socket
import struct
import threading
import time
from pathlib import Path
from typing import NamedTuple

from .network import Namespace

_NETLINK_NETFILTER = 12
_SOL_NETLINK = 270
_NETLINK_ADD_MEMBERSHIP = 1
_NFNLGRP_NFTABLES = 7
_NEWGEN = 10 << 8 | 15  # NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWGEN
_NFTA_GEN_ID, _NFTA_GEN_PROC_NAME = 1, 3
_SO_RCVBUFFORCE = 33

# What grows when the kernel drops; of /proc/net/snmp and snmp6.
_SNMP = ("InDiscards", "OutDiscards", "InErrors", "RcvbufErrors", "SndbufErrors", "InCsumErrors", "OutNoRoutes", "ReasmFails")


class Transaction(NamedTuple):
    when: float  # when it was told, a little after it took effect
    generation: int
    program: str


class Transactions:
    """Notes each nf_tables transaction in a namespace."""

    def __init__(self, where: Namespace):
        self.seen: list[Transaction] = []
        self._stop = threading.Event()
        self._socket = where.call(self._open)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @staticmethod
    def _open() -> socket.socket:
        opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        opened.bind((0, 0))
        opened.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, _NFNLGRP_NFTABLES)
        opened.settimeout(0.2)
        return opened

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                continue
            when, at = time.time(), 0
            while at + 20 <= len(data):
                length, kind = struct.unpack_from("=IH", data, at)
                if kind == _NEWGEN:
                    self._note(when, data[at + 20 : at + length])
                at += max(length + 3 & ~3, 16)

    def _note(self, when: float, attributes: bytes) -> None:
        generation, program, at = 0, "", 0
        while at + 4 <= len(attributes):
            length, kind = struct.unpack_from("=HH", attributes, at)
            value = attributes[at + 4 : at + length]
            if kind == _NFTA_GEN_ID:
                generation = struct.unpack("!I", value)[0]
            elif kind == _NFTA_GEN_PROC_NAME:
                program = value.rstrip(b"\0").decode(errors="replace")
            at += max(length + 3 & ~3, 4)
        self.seen.append(Transaction(when, generation, program))

    def stop(self) -> list[Transaction]:
        self._stop.set()
        self._thread.join()
        self._socket.close()
        return self.seen


def _drops_inside(where: Namespace) -> dict[str, int]:
    counts = {}
    lines = where.call(lambda: Path("/proc/thread-self/net/snmp").read_text()).splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        for name, value in zip(names.split()[1:], values.split()[1:]):
            if name in _SNMP:
                counts[f"{names.split(':')[0]} {name}"] = int(value)
    for line in where.call(lambda: Path("/proc/thread-self/net/snmp6").read_text()).splitlines():
        name, value = line.split()
        if name.removeprefix("Udp6").removeprefix("Ip6") in _SNMP:
            counts[name] = int(value)
    for table in ("udp", "udp6"):
        for line in where.call(lambda: Path(f"/proc/thread-self/net/{table}").read_text()).splitlines()[1:]:
            words = line.split()
            counts[f"{table} socket {words[9]} of uid {words[7]}, port {int(words[1].split(':')[1], 16)}"] = int(words[-1])
    for link in json.loads(where.run(["ip", "-s", "-s", "-json", "link"]).stdout):
        for way, names in link["stats64"].items():
            for name, value in names.items():
                if name not in ("bytes", "packets", "multicast"):
                    counts[f"{link['ifname']} {way} {name}"] = value
    said = where.run(["nft", "-j", "list", "counters"], check=False)
    for entry in json.loads(said.stdout)["nftables"] if said.returncode == 0 else []:
        if "counter" in entry:
            counts[f"counter {entry['counter']['name']}"] = entry["counter"]["packets"]
    return counts


def drops(**namespaces: Namespace) -> dict[str, int]:
    """Every counter of dropped packets, by its place and name."""
    counts = {}
    for place, where in namespaces.items():
        counts |= {f"{place}: {name}": count for name, count in _drops_inside(where).items()}
    # of the whole machine: packets for which a processor's queue (netdev_max_backlog) had no room
    for number, line in enumerate(Path("/proc/net/softnet_stat").read_text().splitlines()):
        counts[f"processor {number}: backlog full"] = int(line.split()[1], 16)
    return counts


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}


def tell(missing: dict[int, int], unheard: set[int], transactions: list[Transaction], more: dict[str, int]) -> str:
    """For people who read why a test failed."""
    lines = []
    for sequence, sent in missing.items():
        when = sent / 1e9
        way = "did not arrive" if sequence in unheard else "the answer did not"
        near = min(transactions, key=lambda one: abs(one.when - when), default=None)
        beside = f"{(when - near.when) * 1000:+.1f} ms from {near.program}'s transaction {near.generation}" if near else "no transaction"
        lines.append(f"{sequence} at {when:.4f}: {way}; {beside}")
    lines += [f"{one.when:.4f} transaction {one.generation} of {one.program}" for one in transactions]
    lines += [f"{name} {count:+d}" for name, count in more.items()]
    return "\n".join(lines)
