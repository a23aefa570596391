# SPDX-License-Identifier: GPL-2.0-or-later
"""What the resident guard costs while nothing happens: private memory, wakeups."""

import subprocess
import time
from pathlib import Path

from world import addresses as a
from world import profiles
from world.profiles import uuid_of
from world.product import UNIT_ENVIRONMENT, private_bytes
from world.sandbox import reports_dir
from world.waiting import wait_until
from world.world import World

from .figures import Row, Sample, bound
from .helpers import helper

_MEMORY_GOAL = 5.0  # MB
_MANY = 100  # profiles
_FOLLOWED = 13  # seconds; for twelve, the first packets of a new tunnel are followed (ADR 31)


def _pid(world: World) -> int:
    (pid,) = world.client.processes("nm-killswitchd")
    return pid


def switches(pid: int) -> dict[str, int]:
    """How often each thread of it went to sleep: as often as it was woken."""
    found = {}
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        found[status.parent.name] = int(fields["voluntary_ctxt_switches"])
    return found


def woken(before: dict[str, int], after: dict[str, int]) -> int:
    """Wakeups between two looks; a thread that ended was woken to do so."""
    return sum(after.get(thread, count + 1) - count for thread, count in before.items()) + sum(
        count for thread, count in after.items() if thread not in before
    )


def wait_idle(pid: int) -> None:
    """Until it has slept through a second, and GLib has ended the threads that its start left over."""

    def slept() -> bool:
        before = switches(pid)
        time.sleep(1)
        names = [(task / "comm").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
        return switches(pid) == before and not any(name.startswith("pool-") and "spawner" not in name for name in names)

    wait_until(slept, "the program to have nothing to do", 90)


def private_megabytes(pid: int) -> Sample:
    return Sample([private_bytes(pid) / 1e6], "MB")


def _restart(world: World) -> None:
    if world.product.guard_is_running:
        world.product.stop_guard()
    world.product.start_guard(environment=UNIT_ENVIRONMENT)


def be_quiet(world: World) -> None:
    """A network where nothing happens: no lease to renew, no router that advertises itself."""
    world.manager.nmcli(
        *("connection", "modify", "uplink", "ipv4.method", "manual", "ipv6.method", "link-local"),
        *("ipv4.addresses", f"{a.DHCP_RANGE[4][0]}/24", "ipv4.gateway", a.ROUTER[4], "ipv6.addresses", ""),
    )
    world.manager.nmcli("connection", "up", "uplink")
    world.outside.kill("dnsmasq")


def _profiles(world: World, wanted: int) -> None:
    for name in profiles.VPNS[1:]:
        world.manager.nmcli("connection", "delete", name, check=False)
    for number in range(1, wanted):
        remotes = ", ".join(f"203.0.113.{host}:{1024 + number}:udp" for host in range(1, 6))
        profiles.write(f"many{number}", profiles.vpn(f"many{number}", {"connection-type": "tls", "remote": remotes}))
    world.manager.nmcli("connection", "reload")


def _memory(world: World) -> list[Row]:
    rows = []
    others = world.client.popen(["nmcli", "monitor"], stdout=subprocess.DEVNULL)  # has libnm mapped, too, as on a desktop
    for wanted in (1, _MANY):
        _profiles(world, wanted)
        _restart(world)
        wait_until(lambda: len({s["uuid"] for s in world.product.status()["servers"]}) == wanted, f"{wanted} profiles")
        wait_idle(_pid(world))
        word = "profile" if wanted == 1 else "profiles"
        rows.append(bound(f"guard's private memory, {wanted} {word}", private_megabytes(_pid(world)), _MEMORY_GOAL))
    world.product.ctl("lock")
    wait_idle(_pid(world))
    rows.append(bound(f"guard's private memory, {_MANY} profiles, locked", private_megabytes(_pid(world)), _MEMORY_GOAL))
    others.terminate()
    others.wait(10)
    return rows


def _wakeups(world: World, state: str, seconds: int) -> Row:
    wait_idle(_pid(world))
    pid = _pid(world)
    before = switches(pid)
    time.sleep(seconds)
    found = woken(before, switches(pid))
    if found:
        trace = reports_dir() / f"wakeups-{state}.strace"
        trace.parent.mkdir(parents=True, exist_ok=True)
        world.client.run(["timeout", str(seconds), "strace", "-f", "-tt", "-o", str(trace), "-p", str(pid)], check=False, timeout=seconds + 10)
    return bound(f"guard's wakeups in {seconds} idle seconds, {state}", Sample([found], "wakeups"), 0)


def _growth(world: World, quick: bool) -> Row:
    """What stays of many events: two of three change the kernel's tables."""
    rounds = 300 if quick else 33_334
    pid = _pid(world)
    exchange = [helper("socket-times"), "100", uuid_of("full"), a.TUNNEL]
    world.client.run(exchange, timeout=600)  # what it keeps for the next one, it has then
    wait_idle(pid)
    before = private_bytes(pid)
    world.client.run([exchange[0], str(rounds), *exchange[2:]], timeout=3600, stdout=subprocess.DEVNULL)
    wait_idle(pid)
    return bound(f"guard's private memory, growth by {3 * rounds:,} events", Sample([(private_bytes(pid) - before) / 1e6], "MB"), 1)


def measure(world: World, quick: bool) -> list[Row]:
    seconds = 10 if quick else 60
    if world.product.guard_is_running:
        world.product.stop_guard()
    world.product.install()
    rows = _memory(world)
    world.product.ctl("unlock")
    _profiles(world, 1)
    be_quiet(world)
    _restart(world)
    rows.append(_wakeups(world, "unlocked", seconds))
    world.product.ctl("lock")
    rows.append(_wakeups(world, "blocked", seconds))
    world.manager.up("full")
    world.product.wait_state("protected")
    time.sleep(_FOLLOWED)
    rows.append(_wakeups(world, "protected", seconds))
    rows.append(_growth(world, quick))
    return rows
