# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard dies at any moment of a swap, under a flood.

After each death the kernel holds the lock of before or of after, layer by layer, and so does the state
file; nothing gets out; and the next guard takes over and ends in the right state. Half of the dead are
killed, the others stopped first or short of memory; and one swap is broken off at system call after
system call by strace.

24 deaths, and some of the system calls; KS_FULL=1 makes it 200, and all of them.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gi
import pytest

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from . import losses
from .flooding import PLAIN_ENOUGH, SECOND_TUNNEL, Flood, require_flood_is_seen, two_vpns
from .profiles import uuid_of
from .seeds import run_seed
from .waiting import wait_product, wait_until

_FULL = bool(os.environ.get("KS_FULL"))
_DEATHS = 200 if _FULL else 24
_EVERY = 1 if _FULL else 30  # of the system calls, and the first of each kind that writes files
_FILES = ("openat", "write", "fallocate", "fsync", "rename", "unlink", "mkdir")
_STATE = Path("/var/lib/nm-killswitch/state")
_GROUPS = Path("/run/world/groups")
_LONG = 4 << 20


@pytest.fixture(scope="module")
def ready(world) -> Iterator:
    """Two VPNs are up, locked."""
    two_vpns(world)
    require_flood_is_seen(world)
    world.product.ctl("lock")
    world.product.wait_state("protected")
    yield world
    world.product.ctl("unlock")
    require_flood_is_seen(world)
    world.product.stop_guard()


class Swaps:
    """The lock with and without its second tunnel and LAN access, and the way from one to the other."""

    def __init__(self, world):
        self._world = world
        self.lan = world.product.status()["lan"]  # a test before this one may have left it open
        self.tunnel = True
        self._known: dict[tuple[bool, bool], list[str]] = {}
        self._states: dict[bool, str] = {}
        for lan, tunnel in ((False, False), (True, False), (True, True), (False, True)):
            for kind in ("lan", "tunnel"):
                if getattr(self, kind) != (lan if kind == "lan" else tunnel):
                    self.begin(kind).wait()
                    setattr(self, kind, not getattr(self, kind))
            self._known[lan, tunnel] = world.product.tables()
            self._states[lan] = _STATE.read_text()
        assert len({tuple(tables) for tables in self._known.values()}) == 4, "each swap must be one"

    def begin(self, kind: str) -> subprocess.Popen:
        """Asks for the other one, as a person (lan) or as NetworkManager's dispatcher (tunnel)."""
        product, environment = self._world.product, dict(os.environ)
        if kind == "lan":
            command = [str(product.command), "lan", "off" if self.lan else "on"]
        else:
            command = [str(product.hook), SECOND_TUNNEL, "vpn-down" if self.tunnel else "vpn-up"]
            environment |= {"CONNECTION_UUID": uuid_of("split"), "VPN_IP_IFACE": SECOND_TUNNEL}
        return self._world.client.popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def seconds(self) -> float:
        """What one takes."""
        begun = time.monotonic()
        for _ in range(2):
            assert self.begin("lan").wait() == 0
            self.lan = not self.lan
        return (time.monotonic() - begun) / 2

    def require_old_or_new(self, kind: str) -> None:
        """Nobody is there to mend anything now."""
        held = self._world.product.tables()
        old = self._known[self.lan, self.tunnel]
        new = self._known[self.lan != (kind == "lan"), self.tunnel != (kind == "tunnel")]
        for family in ("inet", "netdev"):
            mine = [block for block in held if block.startswith(family)]
            wanted = [[block for block in lock if block.startswith(family)] for lock in (old, new)]
            assert mine in wanted, f"{family}, neither old nor new: {[sorted(set(mine) ^ set(lock)) for lock in wanted]}"
        assert _STATE.read_text() in self._states.values(), "neither the old state nor the new one"
        if kind != "lan":
            assert _STATE.read_text() == self._states[self.lan]

    def revive(self) -> None:
        """The next guard ends as the state file says, with the tunnels that NetworkManager has."""
        self._world.product.start_guard()
        self.tunnel = True
        self.lan = _STATE.read_text() == self._states[True]
        wanted = self._known[self.lan, self.tunnel]
        wait_product(lambda: self._world.product.tables() == wanted, "the next guard to hold what should be")
        status = self._world.product.status()
        assert (status["state"], status["verified"], status["lan"]) == ("protected", True, self.lan), status
        assert status["layers"]["egress"] and status["layers"]["owned"], status


def _kill(pid: int, _: random.Random) -> None:
    os.kill(pid, signal.SIGKILL)


def _stop_and_kill(pid: int, dice: random.Random) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(dice.uniform(0, 0.05))
    os.kill(pid, signal.SIGKILL)


def _stop_and_go_on(pid: int, dice: random.Random) -> None:
    """As a machine that stalls; then it goes on, and dies some time later."""
    os.kill(pid, signal.SIGSTOP)
    time.sleep(dice.uniform(0, 0.05))
    os.kill(pid, signal.SIGCONT)
    time.sleep(dice.uniform(0, 0.02))
    os.kill(pid, signal.SIGKILL)


def _mount_memory_groups() -> str:
    """Control groups, of version 2, or 1 where that has the memory: the file of a group's limit."""
    _GROUPS.mkdir(exist_ok=True)
    for version, limit in (("cgroup2", "memory.max"), ("cgroup", "memory.limit_in_bytes")):
        options = ["-o", "memory"] if version == "cgroup" else []
        if subprocess.run(["mount", "-t", version, *options, "none", str(_GROUPS)], check=False).returncode != 0:
            continue
        controllers = _GROUPS / "cgroup.controllers"
        if version == "cgroup" or "memory" in controllers.read_text().split():
            if version == "cgroup2":
                (_GROUPS / "cgroup.subtree_control").write_text("+memory")
            return limit
        subprocess.run(["umount", str(_GROUPS)], check=True)
    raise RuntimeError("no control group for memory can be made: mount -t cgroup2, or cgroup -o memory")


@pytest.fixture
def out_of_memory() -> Iterator[Callable[[int, random.Random], None]]:
    """Lets a process have a few more pages and no more, and somebody on the bus ask for something long:
    the kernel kills it where it wants the next page."""
    limit = _mount_memory_groups()
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    groups: list[Path] = []

    def starve(pid: int, dice: random.Random) -> None:
        # A new group for each: what a guard has written or put into the kernel (its log, its state, rules)
        # outlives it, is counted in its group for as long, and no limit below that can be set there.
        groups.append(_GROUPS / f"nm-killswitch-test-{os.urandom(4).hex()}")
        groups[-1].mkdir()
        (groups[-1] / limit).write_text(str(dice.randrange(1, 16) * 4096))
        (groups[-1] / "cgroup.procs").write_text(str(pid))
        name = "io.github.nmkillswitch"
        question = GLib.Variant("(s)", ["x" * _LONG])
        bus.call(name, "/io/github/nmkillswitch", f"{name}.Guard1", "Pause", question, None, 0, -1, None, None)
        bus.flush_sync()

    yield starve
    for group in groups:
        for pid in (group / "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        wait_until(lambda group=group: not (group / "cgroup.procs").read_text(), "the last of them to be gone")
        group.rmdir()
    subprocess.run(["umount", str(_GROUPS)], check=True)


def test_a_guard_that_dies_at_random_moments(ready, out_of_memory):
    seed = run_seed()
    print(f"KS_SEED={seed}")
    dice = random.Random(seed)
    swaps = Swaps(ready)
    span = swaps.seconds() * 1.2
    deaths = {_kill: 0, _stop_and_kill: 0, _stop_and_go_on: 0, out_of_memory: 0}
    namespaces = {"client": ready.client, "outside": ready.outside}
    drops = losses.drops(**namespaces)
    transactions = losses.Transactions(ready.client)
    with Flood(ready) as flood:
        for number in range(_DEATHS):
            kind = dice.choice(("lan", "tunnel"))
            death = (_kill, _stop_and_kill, _kill, _stop_and_go_on, _kill, out_of_memory)[number % 6]
            asking = swaps.begin(kind)
            time.sleep(dice.uniform(0, span))
            death(ready.product.guard_pid, dice)
            assert ready.product.wait_guard() == -signal.SIGKILL
            asking.wait()
            deaths[death] += 1
            swaps.require_old_or_new(kind)
            swaps.revive()
        verdict = flood.stop()
    verdict.require_valid(PLAIN_ENOUGH)
    assert min(deaths.values()) > 0
    assert not verdict.plain, f"{len(verdict.plain)} canaries LEAKED (KS_SEED={seed})"
    print(f"{_DEATHS} deaths; of the tunnel {verdict.lost} packets lost of {verdict.counts['asked']}")
    more = losses.grown(drops, losses.drops(**namespaces))
    near = transactions.stop()
    if verdict.lost:
        print(losses.tell(verdict.missing, verdict.unheard, near, more))


def _calls_of_a_swap(world, swaps: Swaps) -> list[tuple[str, int]]:
    """Name and how manieth of its kind, of each system call that the guard's main thread makes."""
    file = Path("/run/world/calls")
    tracer = _trace(world, "-o", str(file))
    assert swaps.begin("lan").wait() == 0
    swaps.lan = not swaps.lan
    wait_until(lambda: "rename" in file.read_text(), "the state to be saved")
    time.sleep(0.3)  # what it does off the way of the event
    tracer.terminate()
    tracer.wait()
    calls: list[tuple[str, int]] = []
    for line in file.read_text().splitlines():
        name = line.split("(")[0]
        if name.isidentifier() and name not in ("restart_syscall", "exit_group"):
            calls.append((name, sum(known == name for known, _ in calls) + 1))
    return calls


def _trace(world, *arguments: str) -> subprocess.Popen:
    tracer = world.client.popen(["strace", "-p", str(world.product.guard_pid), *arguments], stderr=subprocess.PIPE, text=True)
    said = tracer.stderr.readline()
    assert "attached" in said, said
    return tracer


def test_a_guard_that_dies_at_each_system_call(ready):
    swaps = Swaps(ready)
    calls = {}  # by whether LAN access is open before: closing and opening it are not done in the same order
    for _ in range(2):
        before = swaps.lan
        calls[before] = _calls_of_a_swap(ready, swaps)
        assert {"sendto", "fsync", "rename"} <= {name for name, _ in calls[before]}, calls
    first = random.Random(run_seed()).randrange(_EVERY)
    chosen = sorted({
        n for each in calls.values() for n, call in enumerate(each) if n % _EVERY == first or (call[0] in _FILES and call[1] == 1)
    })
    died = tried = 0
    with Flood(ready) as flood:
        for n in chosen:
            if n >= len(calls[swaps.lan]):
                continue
            name, number = calls[swaps.lan][n]
            tried += 1
            tracer = _trace(ready, "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}")
            swaps.begin("lan").wait()
            try:
                wait_until(lambda: not ready.product.guard_is_running, "its death", 3)
                died += 1
            except AssertionError:  # it makes some calls less often at times
                ready.product.stop_guard(signal.SIGKILL)
            tracer.wait()
            swaps.require_old_or_new("lan")
            swaps.revive()
        verdict = flood.stop()
    verdict.require_valid(PLAIN_ENOUGH)
    assert died > tried * 0.8, f"only {died} of {tried} died where they should"
    assert not verdict.plain, f"{len(verdict.plain)} canaries LEAKED"
    print(f"died at {died} of {len(calls)} system calls; of the tunnel {verdict.lost} packets lost of {verdict.counts['asked']}")


def test_the_window_between_two_guards(ready):
    """The orphan of a guard that died obeys root until the next one has adopted it."""
    swaps = Swaps(ready)
    with Flood(ready) as flood:
        ready.product.stop_guard(signal.SIGKILL)
        began = time.time_ns()
        assert ready.client.run(["nft", "flush", "ruleset"], check=False).returncode == 0
        swaps.revive()
        ended = time.time_ns()
        verdict = flood.stop()
    verdict.require_valid(PLAIN_ENOUGH)
    outside = [canary for canary in verdict.plain if began <= canary.sent <= ended]
    assert outside, "a table without an owner goes with a flush: the control"
    assert len(outside) == len(verdict.plain)
    print(f"{len(outside)} canaries in the {(max(c.sent for c in outside) - min(c.sent for c in outside)) / 1e6:.1f} ms")


def _require_kernel_first(world, act: Callable[[], object]) -> None:
    """The disk, which may be slow, comes after the transaction."""
    file = Path("/run/world/order")
    before = _STATE.read_text()
    tracer = _trace(world, "-yy", "-o", str(file), "-e", "trace=%network,fsync,fdatasync,rename,renameat,renameat2")
    act()
    wait_product(lambda: _STATE.read_text() != before, "the state to be saved")
    tracer.terminate()
    tracer.wait()
    lines = file.read_text().splitlines()
    commits = [number for number, line in enumerate(lines) if "NFNL_MSG_BATCH_BEGIN" in line]
    written = [number for number, line in enumerate(lines) if line.startswith(("fsync(", "fdatasync(", "rename"))]
    assert commits and written, "neither a transaction nor a write: the trace shows nothing"
    assert commits[0] < written[0], "\n".join(lines[: written[0] + 1])


def test_what_closes_does_not_wait_for_the_disk(ready):
    """A VPN comes up and the guard closes the lock for it; a person closes the local network."""
    for arguments in (("unlock",), ("auto", "on")):
        ready.product.ctl(*arguments)
    ready.manager.down("full")
    _require_kernel_first(ready, lambda: ready.manager.up("full"))
    ready.product.wait_state("protected")
    ready.product.ctl("auto", "off")
    ready.product.ctl("lan", "on")
    _require_kernel_first(ready, lambda: ready.product.ctl("lan", "off"))
