# SPDX-License-Identifier: GPL-2.0-or-later
"""iperf3 through the lock against no lock: on the uplink to a declared server, and in a tunnel.

One TCP connection each. The lock is closed and opened under it, again and again, and the bytes
that arrive outside are counted in between: from one iperf3 run to the next its figure wanders by
far more than the few per cent that are the question. Other rules come and go in the same way, to see what any
cost there. The tunnel is pump.c's, without a cipher: beside
OpenVPN's, whose speed swings by more than the difference, 150 pairs did not decide it. The machine's two ends
have a processor each.
"""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from world import addresses as a
from world import profiles
from world.network import Namespace
from world.waiting import wait_until
from world.world import World

from . import guide
from .figures import Row, Sample, paired, paired_at_least
from .helpers import helper
from .packet import two_sets

_SERVER_PORT = 5201
_TUNNEL_PORT = 5202
_PUMP_PORT = 5203
_PUMP, _PUMP_SERVER = "pump0", "pump1"
_NEAR, _FAR = "198.51.100.113", "198.51.100.114"  # of addresses.KIND_NET
_PUMP_MTU = 1420
_WARM_UP = 2  # seconds: TCP finds its pace
_SETTLE = 0.2  # after a change the guard waits 50 ms and reads the rules back: that is no packet's cost
_WINDOW = 0.25
_TRIES = 20
_MEGABITS_IN_BYTE = 8e-6
_THROUGH = "TCP through a tunnel without a cipher"
_TCP_WINDOW = "256K"  # what a tun's queue can take: otherwise it is losses that set the pace


def _on(end: str) -> list[str]:
    """On the processor of that end, the machine's or the other's."""
    mine = sorted(os.sched_getaffinity(0))
    return ["taskset", "--cpu-list", str(mine[0] if end == "here" else mine[-1])]


def _start_servers(world: World) -> None:
    for address, port in ((a.SERVER[4], _SERVER_PORT), (_FAR, _TUNNEL_PORT)):
        world.outside.daemon("iperf3", [*_on("there"), "iperf3", "--server", "--bind", address, "--port", str(port)])
        wait_until(
            lambda: f"{address}:{port} " in world.outside.run(["ss", "-Htln"]).stdout,
            f"iperf3 to listen at {address}",
        )


def _declare_server(world: World) -> None:
    """iperf3's port is a VPN's: the lock knows no other exception on the uplink."""
    remote = f"{a.SERVER[4]}:{_SERVER_PORT}:tcp"
    profiles.write("iperf", profiles.vpn("iperf", {"connection-type": "tls", "remote": remote}))
    world.manager.nmcli("connection", "reload")
    wait_until(lambda: any(s["port"] == _SERVER_PORT for s in world.product.status()["servers"]), "the guard to know it")


def _start_pump(world: World) -> None:
    server = ["serve", a.SERVER[4], str(_PUMP_PORT)]
    world.outside.daemon("pump-server", [*_on("there"), helper("pump"), _PUMP_SERVER, *server])
    world.client.daemon("pump", [*_on("here"), helper("pump"), _PUMP, "call", *server[1:]])
    for end, link, own, peer in ((world.client, _PUMP, _NEAR, _FAR), (world.outside, _PUMP_SERVER, _FAR, _NEAR)):
        wait_until(lambda end=end, link=link: end.has_link(link), f"{link} to be there")
        end.ip(f"addr add {own} peer {peer} dev {link}", f"link set {link} up mtu {_PUMP_MTU}")
    world.product.ctl("vpn", "add", "pump", "--interface", _PUMP, "--server", f"{a.SERVER[4]}:{_PUMP_PORT}/udp")
    world.product.ctl("lock")
    wait_until(lambda: [t["name"] for t in world.product.status()["tunnels"]] == ["pump"], "the guard to let the tunnel out")
    world.client.run(["ping", "-c", "3", "-W", "5", _FAR])


def _received(outside: Namespace, link: str) -> int:
    def read() -> int:
        for line in Path("/proc/thread-self/net/dev").read_text().splitlines():
            name, _, numbers = line.partition(":")
            if name.strip() == link:
                return int(numbers.split()[0])
        raise RuntimeError(f"there is no {link} outside")

    return outside.call(read)


def _megabits(outside: Namespace, link: str) -> float:
    before, begun = _received(outside, link), time.monotonic()
    time.sleep(_WINDOW)
    return (_received(outside, link) - before) * _MEGABITS_IN_BYTE / (time.monotonic() - begun)


@dataclass(frozen=True)
class _Rules:
    """What comes, and goes again, under a connection."""

    name: str
    load: Callable[[World], object]
    remove: Callable[[World], object]


_LOCK = _Rules("locked", lambda world: world.product.ctl("lock"), lambda world: world.product.ctl("unlock"))


def _by_nft(name: str, text: str) -> _Rules:
    def load(world: World) -> None:
        world.client.run(["nft", "-f", "-"], input=text)

    return _Rules(name, load, lambda world: world.client.run(["nft", "flush", "ruleset"]))


_OTHERS = (
    _by_nft("two sets", two_sets(_PUMP, a.SERVER[4], _PUMP_PORT)),
    _by_nft("the guide's nftables rules", guide.nftables(_PUMP, a.UPLINK, a.SERVER[4], _PUMP_PORT)),
)


def _alternate(world: World, address: str, port: int, link: str, rules: _Rules, pairs: int) -> tuple[Sample, Sample]:
    """With these rules, and without any."""
    world.product.ctl("unlock")
    client = world.client.popen(
        [*_on("here"), "iperf3", "--client", address, "--port", str(port), "--time", "0", "--interval", "0"]
        + ["--window", _TCP_WINDOW],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # that it was ended
    )
    time.sleep(_WARM_UP)
    found: dict[bool, list[float]] = {True: [], False: []}
    are_loaded = False
    for number in range(pairs):
        for loaded in (True, False) if number % 2 else (False, True):
            if loaded != are_loaded:
                (rules.load if loaded else rules.remove)(world)
                are_loaded = loaded
                time.sleep(_SETTLE)
            # none at all: a lost segment's wait of 200 ms, or a machine that had no time for us
            found[loaded].append(next((rate for _ in range(_TRIES) if (rate := _megabits(world.outside, link))), 0))
            if client.poll() is not None or found[loaded][-1] == 0:
                raise RuntimeError(f"the connection did not survive {rules.name!r}, loaded: {loaded}")
    if are_loaded:
        rules.remove(world)
    client.terminate()
    client.wait(10)
    return Sample(found[True], "Mbit/s"), Sample(found[False], "Mbit/s")


def measure(world: World, quick: bool) -> list[Row]:
    pairs = 4 if quick else 150
    if not world.product.guard_is_running:
        world.product.start_guard()
    world.product.ctl("auto", "off")
    _start_pump(world)
    _start_servers(world)
    _declare_server(world)
    rows = []
    for what, address, port, link in (
        ("TCP on the uplink to a VPN's server, locked", a.SERVER[4], _SERVER_PORT, a.ROUTER_END),
        (f"{_THROUGH}, locked", _FAR, _TUNNEL_PORT, _PUMP_SERVER),
    ):
        ours, none = _alternate(world, address, port, link, _LOCK, pairs)
        rows.append(paired_at_least(what, ours, "unlocked", none, 0.97))
    for rules in _OTHERS:
        theirs, none = _alternate(world, _FAR, _TUNNEL_PORT, _PUMP_SERVER, rules, pairs)
        rows.append(paired(f"{_THROUGH}, {rules.name}", theirs, "no rules", none))
    world.product.ctl("vpn", "remove", "pump")
    return rows
