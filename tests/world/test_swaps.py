# SPDX-License-Identifier: GPL-2.0-or-later
"""Swaps under a flood: no canary gets out, no packet of the tunnel is lost.

The flood and its judge: flooding.py. Canaries to the local network may be seen outside exactly while
LAN access is on.

500 swaps of each kind of test; KS_FULL=1 makes it 5,000.
"""

import os
import time
from pathlib import Path

import pytest

from . import addresses as a
from .flooding import (
    PLAIN_AT_LEAST,
    RATE,
    SATURATING,
    SECOND_TUNNEL,
    TUNNEL_RATE,
    Flood,
    Verdict,
    generation,
    require_flood_is_seen,
    two_vpns,
)
from .profiles import uuid_of
from .waiting import wait_until

_SWAPS = 5000 if os.environ.get("KS_FULL") else 500
_UNLOCKS = 1000 if os.environ.get("KS_FULL") else 40
_BAD_SWAPS = 40
_ATTEMPTS = 5  # the smallest gap may be missed by chance, not so often


@pytest.fixture(scope="module")
def ready(world):
    """Two VPNs up, one with the default route; the guard runs and the lock is open."""
    two_vpns(world)
    return world


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


def _swap_by_hand(world, lock: str, swap: list[str], rate: int = RATE) -> Verdict:
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
    assert any(_swap_by_hand(ready, _POLICY_ONLY, swap, SATURATING).plain for _ in range(_ATTEMPTS))


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
        before = generation(self._world.client)
        getattr(self, f"_{kind}")(self._turn[kind])
        self._turn[kind] += 1
        # the hook and the command line answer when the kernel has it; NetworkManager does not
        wait_until(lambda: generation(self._world.client) > before, f"a swap of a {kind} element", 5)

    def _tunnel(self, turn: int) -> None:
        """What NetworkManager's dispatcher runs when the second VPN goes and comes."""
        action = ("vpn-down", "vpn-up")[turn % 2]
        environment = {"CONNECTION_UUID": uuid_of("split"), "VPN_IP_IFACE": SECOND_TUNNEL}
        hook = [str(self._world.product.hook), SECOND_TUNNEL, action]
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
    require_flood_is_seen(ready, PLAIN_AT_LEAST, lossless=True)
    ready.product.ctl("lock")
    yield ready
    ready.product.ctl("unlock")
    require_flood_is_seen(ready, PLAIN_AT_LEAST, lossless=True)


def test_500_swaps_in_a_saturating_flood_leak_nothing(locked):
    swapper = Swapper(locked)
    before = generation(locked.client)
    flood = Flood(locked, SATURATING)
    for number in range(_SWAPS):
        swapper.swap(("tunnel", "lan")[number // 2 % 2])
    verdict = flood.stop()
    assert generation(locked.client) - before >= _SWAPS
    _require_no_leak(locked, verdict, swapper.lan_windows)
    print(f"{_SWAPS} swaps, {len(verdict.lan)} LAN canaries in their windows; {verdict.counts}")


def test_500_swaps_leak_nothing_and_lose_nothing(locked):
    swapper = Swapper(locked)
    before = generation(locked.client)
    flood = Flood(locked)
    begun = time.monotonic()
    for number in range(_SWAPS):
        swapper.swap(("tunnel", "lan", "tunnel", "lan", "server")[number % 5])
    seconds = time.monotonic() - begun
    verdict = flood.stop()
    changes = generation(locked.client) - before
    assert changes >= _SWAPS
    _require_no_leak(locked, verdict, swapper.lan_windows)
    assert verdict.counts["asked"] > TUNNEL_RATE * seconds * 0.8
    assert verdict.lost == 0, f"the tunnel lost packets: {verdict.counts}; full queues dropped {_dropped(locked)}"
    print(f"{changes} transactions in {seconds:.1f} s, {len(verdict.lan)} LAN canaries in their windows; {verdict.counts}")


def test_unlocking_and_locking_lose_nothing(ready):
    """While the kernel takes a table away, the lock's maps are empty before its chains are gone."""
    product = ready.product
    require_flood_is_seen(ready, PLAIN_AT_LEAST, lossless=True)
    product.ctl("lock")
    flood = Flood(ready)
    for _ in range(_UNLOCKS):
        product.ctl("unlock")
        product.ctl("lock")
    verdict = flood.stop()
    product.ctl("unlock")
    verdict.require_valid()
    assert verdict.plain, "the lock was open and no canary was seen: nothing was tried"
    assert verdict.lost == 0, f"the tunnel lost packets: {verdict.counts}; full queues dropped {_dropped(ready)}"
    print(f"{_UNLOCKS} times unlocked and locked; {verdict.counts}")
