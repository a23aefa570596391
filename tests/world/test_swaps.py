# SPDX-License-Identifier: GPL-2.0-or-later
"""Swaps under a flood: no canary gets out, no packet of the tunnel is lost.

The flood asks for what no lock may let out, all the time, as root and as a desktop user, tied to
the uplink and not; the conversation in the tunnel is numbered, so that each packet that is missing
is known. Both are judged outside. Canaries to the local network may be seen outside exactly while
LAN access is on: each carries the time at which it was handed to the kernel, and the watch adds the
time at which the wire's other end had it; what let it through was in force between the two.

500 swaps of each kind of test; KS_FULL=1 makes it 5000.
"""

import os
import signal
import socket
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from . import addresses as a
from .network import Namespace
from .profiles import uuid_of
from .sandbox import build_dir
from .waiting import wait_until

_SWAPS = 5000 if os.environ.get("KS_FULL") else 500
_FLOOD_RATE = 24000
_SATURATING = 1000000  # as much as one processor can: finds gaps of microseconds
_PLAIN_SHARE = 8 / 12  # of flood.c's flows; the others go to the local network
_PLAIN_AT_LEAST = 10000  # a second, counted outside in the control
_TUNNEL_RATE = 2000
_CONTROL_SECONDS = 1.5
_BAD_SWAPS = 40
_ATTEMPTS = 5  # the smallest gap may be missed by chance, not so often

# The plain canaries go to hosts of the internet that are reached by the uplink even while a VPN
# has the default route: otherwise the tunnel would carry those that are not tied to the uplink.
_PUBLIC = {4: "203.0.113.77", 6: "2001:db8:113::77"}
_FIRST_LAN_FLOW = 8  # flood.c
_SECOND_TUNNEL = "tun1"

_NETLINK_NETFILTER = 12
_GETGEN = 10 << 8 | 16  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN
_NFTA_GEN_ID = 1


def _generation(client: Namespace) -> int:
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
        self._name = str(arguments[0])
        self._output = open(f"/run/world/log/flood-{self._name}", "w+")
        self._output.truncate()
        self._program = where.popen([str(program), *map(str, arguments)], stdout=self._output)
        wait_until(lambda: os.fstat(self._output.fileno()).st_size > 0, f"flood {self._name} to be ready")

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

    @property
    def lost(self) -> int:
        """Of the tunnel's packets: those that did not arrive, and answers that did not."""
        return self.counts["asked"] - self.counts["answered"]

    def require_valid(self) -> None:
        assert self.counts["overlooked"] == 0, f"the watch overlooked {self.counts['overlooked']} frames"
        assert self.counts["frames"] > 0, "the watch saw nothing at all"
        rate = self.counts["tried"] * 1000 / self.counts["milliseconds"]
        assert rate * _PLAIN_SHARE >= _PLAIN_AT_LEAST, f"the flood was only {rate:.0f} packets/s"

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

    def __init__(self, world, rate: int = _FLOOD_RATE):
        self._watch = Part(world.outside, "watch", a.ROUTER_END)
        self._tunnel = []
        if rate < _SATURATING:
            self._tunnel.append(Part(world.outside, "echo", a.WEB[4], a.WEB[6]))
            self._tunnel.append(Part(world.client, "tunnel", _TUNNEL_RATE, a.WEB[4], a.WEB[6]))
        targets = (_PUBLIC[4], _PUBLIC[6], a.PRIVATE_ROUTER[4], a.PRIVATE_ROUTER[6])
        self._send = Part(world.client, "send", rate, a.UPLINK, *targets)

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
            else:
                verdict.counts[words[0]] = int(words[1])
        return verdict


@pytest.fixture(scope="module")
def ready(world):
    """Two VPNs up, one with the default route; the guard runs and the lock is open."""
    world.capture.close()  # Python is too slow for this; flood.c watches
    world.capture = None
    world.outside.ip(f"route add blackhole {_PUBLIC[4]}/32", f"route add blackhole {_PUBLIC[6]}/128")
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.manager.up("full")
    world.manager.up("split")
    wait_until(lambda: world.client.has_link(_SECOND_TUNNEL), "the second tunnel")
    router6 = world.client.run(["ip", "-6", "route", "show", "default", "dev", a.UPLINK]).stdout.split("via ")[1].split()[0]
    world.client.ip(
        f"route add {_PUBLIC[4]}/32 via {a.ROUTER[4]} dev {a.UPLINK}",
        f"route add {_PUBLIC[6]}/128 via {router6} dev {a.UPLINK}",
    )
    return world


def _require_flood_is_seen(world) -> None:
    flood = Flood(world)
    time.sleep(_CONTROL_SECONDS)
    verdict = flood.stop()
    verdict.require_valid()
    rate = len(verdict.plain) * 1000 / verdict.counts["milliseconds"]
    assert rate >= _PLAIN_AT_LEAST, f"only {rate:.0f} plain canaries/s were seen with the lock open"
    assert {canary.flow for canary in verdict.plain} == set(range(_FIRST_LAN_FLOW)), "a flow was never seen"
    assert {canary.flow for canary in verdict.lan} == set(range(_FIRST_LAN_FLOW, _FIRST_LAN_FLOW + 4))
    assert verdict.counts["asked"] > 0 and verdict.lost == 0, verdict.counts


# ---- locks that are bad at swapping: the judge must see it ----

_HAND_MADE = f"""
table inet test_lock {{
    set tunnels {{ type ifname; elements = {{ "{a.TUNNEL}" }} }}
    chain output {{
        type filter hook output priority 0; policy drop;
        oifname "lo" accept
        oifname @tunnels accept
        ip daddr {a.SERVER[4]} udp dport {a.SERVER_PORT} accept
        icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert }} accept
        udp dport {{ 67, 547 }} accept
        TERMINAL
    }}
}}
"""
_POLICY_ONLY = _HAND_MADE.replace("TERMINAL", "")
_EXPLICIT = _HAND_MADE.replace("TERMINAL", "counter drop")
_ANEW = "table inet test_lock\ndelete table inet test_lock\n"
_TUNNEL = 'element inet test_lock tunnels {{ "{}" }}\n'.format(a.TUNNEL)


def _swap_by_hand(world, lock: str, swap: list[str], rate: int = _FLOOD_RATE) -> Verdict:
    world.client.run(["nft", "-f", "-"], input=lock)
    flood = Flood(world, rate)
    for _ in range(_BAD_SWAPS):
        for transaction in swap:
            world.client.run(["nft", "-f", "-"], input=transaction)
    verdict = flood.stop()
    world.client.run(["nft", "delete", "table", "inet", "test_lock"])
    verdict.require_valid()
    print(f"{len(verdict.plain)} plain canaries outside; {verdict.counts}")
    return verdict


def test_a_swap_that_trusts_the_policy_is_caught(ready):
    """One transaction, and yet: the policy of a new chain holds only after it, for microseconds."""
    swap = [_ANEW + _POLICY_ONLY]
    assert any(_swap_by_hand(ready, _POLICY_ONLY, swap, _SATURATING).plain for _ in range(_ATTEMPTS))


def test_a_swap_in_two_steps_is_caught(ready):
    assert _swap_by_hand(ready, _EXPLICIT, ["delete table inet test_lock\n", _EXPLICIT]).plain


def test_a_swap_that_loses_the_tunnels_packets_is_caught(ready):
    verdict = _swap_by_hand(ready, _EXPLICIT, ["delete " + _TUNNEL, "add " + _TUNNEL])
    assert verdict.lost > 0
    assert not verdict.plain


# ---- ours ----


def _dropped(world) -> dict[str, int]:
    """What was lost for want of room since the world began: a busy machine, not the lock."""

    def full_sockets() -> int:
        names, values = [x.split() for x in Path("/proc/thread-self/net/snmp").read_text().splitlines() if x.startswith("Udp:")]
        return int(values[names.index("RcvbufErrors")])

    def full_queue(link: str) -> int:
        return int(Path(f"/sys/class/net/{link}/statistics/tx_dropped").read_text())

    found = {f"sockets, {n.name}": n.call(full_sockets) for n in (world.client, world.outside)}
    return found | {a.TUNNEL: full_queue(a.TUNNEL)}  # /sys is the client's, see World


class Swapper:
    """Makes the guard swap, one kind of element after the other; every swap must be one."""

    def __init__(self, world):
        self._world = world
        self._lan_since = 0
        self.lan_windows: list[tuple[int, int]] = []
        self._turn = {"tunnel": 0, "lan": 0, "server": 0}

    def swap(self, kind: str) -> None:
        before = _generation(self._world.client)
        getattr(self, f"_{kind}")(self._turn[kind])
        self._turn[kind] += 1
        # the hook and the command line answer when the kernel has it; NetworkManager does not
        wait_until(lambda: _generation(self._world.client) > before, f"a swap of a {kind} element", 5)

    def _tunnel(self, turn: int) -> None:
        """What NetworkManager's dispatcher runs when the second VPN goes and comes."""
        action = ("vpn-down", "vpn-up")[turn % 2]
        environment = {"CONNECTION_UUID": uuid_of("split"), "VPN_IP_IFACE": _SECOND_TUNNEL}
        hook = [str(self._world.product.hook), _SECOND_TUNNEL, action]
        self._world.client.run(hook, env=environment | {"PATH": os.environ["PATH"]})

    def _lan(self, turn: int) -> None:
        if turn % 2 == 0:
            self._lan_since = time.time_ns()
            self._world.product.ctl("lan", "on")
        else:
            self._world.product.ctl("lan", "off")
            self.lan_windows.append((self._lan_since, time.time_ns()))

    def _server(self, turn: int) -> None:
        """A profile gets another server: one address comes, one goes."""
        remote = f"remote={a.DEAD_SERVER}:{2000 + turn}:udp"
        self._world.manager.nmcli("connection", "modify", "dead", "+vpn.data", remote)


def _require_no_leak(world, verdict: Verdict, windows: list[tuple[int, int]]) -> None:
    verdict.require_valid()
    status = world.product.status()
    assert status["verified"] and status["locked"], status
    assert not verdict.plain, f"{len(verdict.plain)} canaries LEAKED, of flows {sorted({c.flow for c in verdict.plain})}"
    assert verdict.lan, "LAN access was on and no LAN canary was seen: the windows prove nothing"
    late = verdict.lan_outside(windows)
    assert not late, f"{len(late)} LAN canaries LEAKED while LAN access was off"
    assert verdict.lan_outside(windows[:-1]), "the judge of LAN canaries sees nothing"


@pytest.fixture
def locked(ready):
    """Before and after, the same flood is seen outside: the watch was alive from first to last."""
    _require_flood_is_seen(ready)
    ready.product.ctl("lock")
    yield ready
    ready.product.ctl("unlock")
    _require_flood_is_seen(ready)


def test_500_swaps_in_a_saturating_flood_leak_nothing(locked):
    swapper = Swapper(locked)
    before = _generation(locked.client)
    flood = Flood(locked, _SATURATING)
    for number in range(_SWAPS):
        swapper.swap(("tunnel", "lan")[number // 2 % 2])
    verdict = flood.stop()
    assert _generation(locked.client) - before >= _SWAPS
    _require_no_leak(locked, verdict, swapper.lan_windows)
    print(f"{_SWAPS} swaps, {len(verdict.lan)} LAN canaries in their windows; {verdict.counts}")


def test_500_swaps_leak_nothing_and_lose_nothing(locked):
    swapper = Swapper(locked)
    before = _generation(locked.client)
    flood = Flood(locked)
    begun = time.monotonic()
    for number in range(_SWAPS):
        swapper.swap(("tunnel", "lan", "tunnel", "lan", "server")[number % 5])
    seconds = time.monotonic() - begun
    verdict = flood.stop()
    changes = _generation(locked.client) - before
    assert changes >= _SWAPS
    _require_no_leak(locked, verdict, swapper.lan_windows)
    assert verdict.counts["asked"] > _TUNNEL_RATE * seconds * 0.8
    assert verdict.lost == 0, f"the tunnel lost packets: {verdict.counts}; full queues dropped {_dropped(locked)}"
    print(f"{changes} transactions in {seconds:.1f} s, {len(verdict.lan)} LAN canaries in their windows; {verdict.counts}")
