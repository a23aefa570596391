# SPDX-License-Identifier: GPL-2.0-or-later
"""A flood of canaries that no lock may let out, and its judge (flood.c does the work).

The flood asks all the time, as root and as a desktop user, tied to the uplink and not; a
conversation in the tunnel is numbered, so that each packet that is missing is known. Both are
judged outside. Each canary carries the time at which it was handed to the kernel, and the watch
adds the time at which the wire's other end had it; what let it through was in force between the two.
"""

import os
import signal
import socket
import struct
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from . import addresses as a
from . import kernel
from .network import Namespace
from .sandbox import build_dir
from .waiting import wait_until

SECOND_TUNNEL = "tun1"  # of the VPN that comes up second

RATE = 24000
SATURATING = 1000000  # as much as one processor can: finds gaps of microseconds
TUNNEL_RATE = 2000
_PLAIN_SHARE = 8 / 12  # of flood.c's flows; the others go to the local network
PLAIN_AT_LEAST = 10000  # a second, counted outside in the control
PLAIN_ENOUGH = 1000  # ... where not microseconds matter, but milliseconds
_CONTROL_SECONDS = 1.5

# The plain canaries go to hosts of the internet that are reached by the uplink even while a VPN
# has the default route: otherwise the tunnel would carry those that are not tied to the uplink.
PUBLIC = {4: "203.0.113.77", 6: "2001:db8:113::77"}
_FIRST_LAN_FLOW = 8  # flood.c

_IP_RECVERR = 11

_NETLINK_NETFILTER = 12
_GETGEN = 10 << 8 | 16  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN
_NFTA_GEN_ID = 1


def generation(client: Namespace) -> int:
    """Grows by one with each nf_tables transaction that changed something on the client."""

    def ask() -> bytes:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
            netlink.bind((0, 0))
            netlink.send(struct.pack("=IHHIIBBH", 20, _GETGEN, 1, 1, 0, 0, 0, 0))
            return netlink.recv(4096)

    answer = client.call(ask)
    length, kind = struct.unpack_from("=HH", answer, 20)
    assert (length, kind) == (8, _NFTA_GEN_ID), answer
    return struct.unpack_from("!I", answer, 24)[0]


class Part:
    """One of flood.c's parts at work."""

    def __init__(self, where: Namespace, *arguments: object):
        program = build_dir() / "tests/world/flood"
        if not program.exists():
            raise RuntimeError(f"{program} is not built (meson setup build && ninja -C build)")
        self._output = tempfile.TemporaryFile("w+")  # one each: several may send
        self._program = where.popen([str(program), *map(str, arguments)], stdout=self._output)
        wait_until(lambda: os.fstat(self._output.fileno()).st_size > 0, f"flood {arguments[0]} to be ready")

    def go_first(self) -> bool:
        """It has a processor for itself, whatever else runs on this machine. False: some containers forbid that."""
        try:
            os.sched_setscheduler(self._program.pid, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:
            return False
        return True

    def kill(self) -> None:
        if self._program.poll() is None:
            self._program.kill()
            self._program.wait()

    def stop(self) -> list[str]:
        self._program.send_signal(signal.SIGTERM)
        assert self._program.wait(20) == 0
        self._output.seek(0)
        with self._output:
            return self._output.read().splitlines()[1:]


class Seen(NamedTuple):
    """A canary that came out. Times in nanoseconds since 1970."""

    flow: int
    sent: int
    seen: int


@dataclass
class Verdict:
    """What the flood and those who watched it counted."""

    plain: list[Seen] = field(default_factory=list)
    lan: list[Seen] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    missing: dict[int, int] = field(default_factory=dict)  # the first questions without an answer: when they were sent
    unheard: set[int] = field(default_factory=set)  # of these, what did not even arrive
    told: str = ""  # whatever is known about what is missing

    @property
    def lost(self) -> int:
        """Of the tunnel's packets: those that did not arrive, and answers that did not."""
        return self.counts["asked"] - self.counts["answered"]

    def require_valid(self, plain_at_least: int = PLAIN_AT_LEAST) -> None:
        assert self.counts["overlooked"] == 0, f"the watch overlooked {self.counts['overlooked']} frames"
        assert self.counts["frames"] > 0, "the watch saw nothing at all"
        rate = self.counts["tried"] * 1000 / self.counts["milliseconds"]
        assert rate * _PLAIN_SHARE >= plain_at_least, f"the flood was only {rate:.0f} packets/s"

    def lan_outside(self, windows: list[tuple[int, int]]) -> list[Seen]:
        """LAN canaries that came out though LAN access was off all the while. `windows`: from the
        request to turn it on to the answer that it is off."""
        found, at = [], 0
        for canary in sorted(self.lan, key=lambda c: c.sent):
            while at < len(windows) and windows[at][1] < canary.sent:
                at += 1
            if at == len(windows) or canary.seen < windows[at][0]:
                found.append(canary)
        return found


class Flood:
    """The flood, its watch and, unless the flood leaves no room for that, the talk in the tunnel."""

    def __init__(self, world, rate: int = RATE):
        self._watch = Part(world.outside, "watch", a.ROUTER_END)
        self._tunnel = []
        if rate < SATURATING:
            self._tunnel.append(Part(world.outside, "echo", a.WEB[4], a.WEB[6]))
            self._tunnel.append(Part(world.client, "tunnel", TUNNEL_RATE, a.WEB[4], a.WEB[6]))
        targets = (PUBLIC[4], PUBLIC[6], a.PRIVATE_ROUTER[4], a.PRIVATE_ROUTER[6])
        self._send = Part(world.client, "send", rate, a.UPLINK, *targets)

    def __enter__(self) -> "Flood":
        return self

    def __exit__(self, *_: object) -> None:
        for part in (self._send, *self._tunnel, self._watch):
            part.kill()  # it is still there only after a failure

    def stop(self) -> Verdict:
        verdict = Verdict()
        lines = self._send.stop()
        for part in reversed(self._tunnel):
            lines += part.stop()
        lines += self._watch.stop()
        for line in lines:
            words = line.split()
            if words[0] == "canary":
                canary = Seen(*map(int, words[1:]))
                (verdict.lan if canary.flow >= _FIRST_LAN_FLOW else verdict.plain).append(canary)
            elif words[0] == "lost":
                verdict.missing[int(words[1])] = int(words[2])
            elif words[0] == "unheard":
                verdict.unheard.add(int(words[1]))
            else:
                verdict.counts[words[0]] = int(words[1])
        return verdict


def server_sockets(outside: Namespace) -> list[socket.socket]:
    """The VPN servers' own, as if they had been handed over."""
    found = []
    for pid in outside.processes("openvpn"):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if not os.readlink(entry).startswith("socket:"):
                continue
            shared = socket.socket(fileno=kernel.borrow_descriptor(pid, int(entry.name)))
            if shared.family == socket.AF_INET and shared.type == socket.SOCK_DGRAM:
                found.append(shared)
            else:
                shared.close()
    assert found, "no VPN server has a socket"
    return found


def forget_the_departed(outside: Namespace) -> None:
    """OpenVPN's server goes on talking to clients that are gone. That nobody is there comes back as
    an error of the socket that all its clients share, and the next packet to any of them is lost
    in its stead, unless the server does not want to know."""
    for shared in server_sockets(outside):
        with shared:
            shared.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 0)
            shared.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # one that is there already


def prepare(world) -> None:
    """A way to the canaries' hosts by the uplink, whatever VPN comes up. flood.c watches from now on:
    Python is too slow for it."""
    world.capture.close()
    world.capture = None
    forget_the_departed(world.outside)
    world.outside.ip(f"route add blackhole {PUBLIC[4]}/32", f"route add blackhole {PUBLIC[6]}/128")
    restore_routes(world)


def two_vpns(world) -> None:
    """One with the default route and one without; the guard runs, and the lock is open."""
    prepare(world)
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.manager.up("full")
    world.manager.up("split")
    wait_until(lambda: world.client.has_link(SECOND_TUNNEL), "the second tunnel")


def restore_routes(world) -> None:
    """They go with the uplink."""
    router6 = world.client.run(["ip", "-6", "route", "show", "default", "dev", a.UPLINK]).stdout.split("via ")[1].split()[0]
    world.client.ip(
        f"route replace {PUBLIC[4]}/32 via {a.ROUTER[4]} dev {a.UPLINK}",
        f"route replace {PUBLIC[6]}/128 via {router6} dev {a.UPLINK}",
    )


def require_flood_is_seen(world, plain_at_least: int = PLAIN_ENOUGH, lossless: bool = False) -> None:
    flood = Flood(world)
    time.sleep(_CONTROL_SECONDS)
    verdict = flood.stop()
    verdict.require_valid(plain_at_least)
    rate = len(verdict.plain) * 1000 / verdict.counts["milliseconds"]
    assert rate >= plain_at_least, f"only {rate:.0f} plain canaries/s were seen with the lock open"
    assert {canary.flow for canary in verdict.plain} == set(range(_FIRST_LAN_FLOW)), "a flow was never seen"
    assert {canary.flow for canary in verdict.lan} == set(range(_FIRST_LAN_FLOW, _FIRST_LAN_FLOW + 4))
    assert verdict.counts["asked"] > 0 and (verdict.lost == 0 or not lossless), verdict.counts
