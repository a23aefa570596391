# SPDX-License-Identifier: GPL-2.0-or-later
"""iperf3 through the lock against no lock: on the uplink to a declared server, and in a tunnel.

One TCP connection each. The lock is closed and opened under it, again and again, and the bytes
that arrive outside are counted in between: from one iperf3 run to the next its figure wanders by
far more than the few per cent that are the question. The tunnel is pump.c's, without a cipher: beside
OpenVPN's, whose speed swings by more than the difference, 150 pairs did not decide it. The machine's two ends
have a processor each.
"""

import os
import subprocess
import time
from pathlib import Path

from world import addresses as a
from world import profiles
from world.network import Namespace
from world.waiting import wait_until
from world.world import World

from .figures import Row, Sample, paired_at_least
from .helpers import helper

_SERVER_PORT = 5201
_TUNNEL_PORT = 5202
_PUMP_PORT = 5203
_PUMP, _PUMP_SERVER = "pump0", "pump1"
_NEAR, _FAR = "198.51.100.113", "198.51.100.114"  # of addresses.KIND_NET
_PUMP_MTU = 1420
_WARM_UP = 2  # seconds: TCP finds its pace
_SETTLE = 0.05  # after a change: the guard reads the rules back
_WINDOW = 0.25
_TRIES = 20
_MEGABITS_IN_BYTE = 8e-6
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


def _alternate(world: World, address: str, port: int, link: str, pairs: int) -> tuple[Sample, Sample]:
    client = world.client.popen(
        [*_on("here"), "iperf3", "--client", address, "--port", str(port), "--time", "0", "--interval", "0"]
        + ["--window", _TCP_WINDOW],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # that it was ended
    )
    time.sleep(_WARM_UP)
    found: dict[str, list[float]] = {"lock": [], "unlock": []}
    for number in range(pairs):
        for word in ("lock", "unlock") if number % 2 else ("unlock", "lock"):
            world.product.ctl(word)
            time.sleep(_SETTLE)
            # none at all: a lost segment's wait of 200 ms, or a machine that had no time for us
            found[word].append(next((rate for _ in range(_TRIES) if (rate := _megabits(world.outside, link))), 0))
            if client.poll() is not None or found[word][-1] == 0:
                raise RuntimeError(f"the connection did not survive {word!r}")
    client.terminate()
    client.wait(10)
    return Sample(found["lock"], "Mbit/s"), Sample(found["unlock"], "Mbit/s")


def measure(world: World, quick: bool) -> list[Row]:
    pairs = 5 if quick else 150
    if not world.product.guard_is_running:
        world.product.start_guard()
    world.product.ctl("auto", "off")
    _start_pump(world)
    _start_servers(world)
    _declare_server(world)
    uplink = _alternate(world, a.SERVER[4], _SERVER_PORT, a.ROUTER_END, pairs)
    tunnel = _alternate(world, _FAR, _TUNNEL_PORT, _PUMP_SERVER, pairs)
    world.product.ctl("unlock")
    world.product.ctl("vpn", "remove", "pump")
    return [
        paired_at_least("TCP on the uplink to a VPN's server, locked", uplink[0], "unlocked", uplink[1], 0.97),
        paired_at_least("TCP through a tunnel without a cipher, locked", tunnel[0], "unlocked", tunnel[1], 0.97),
    ]
