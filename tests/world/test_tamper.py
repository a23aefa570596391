# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever else on the machine rewrites firewalls, under a flood of canaries.

Where the kernel has tables with an owner that they outlive (6.9), nothing of it gets through to ours.
Where it has none (old-kernel.c makes this one refuse them), the guard hears of it, says "broken",
names the program and puts the lock right; how long that took and what got out meanwhile is written
to reports/tamper.md.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from .flooding import PLAIN_ENOUGH, Flood, Seen, Verdict, generation, prepare, require_flood_is_seen
from .network import log_of
from .sandbox import build_dir, reports_dir
from .tampers import OTHERS, OURS, Tamper
from .waiting import wait_until

_HOLD = 0.05  # for what comes late
_TIMES = 10 if os.environ.get("KS_FULL") else 1
_TIMES_WIDE_OPEN = 10 if os.environ.get("KS_FULL") else 4
_OLD_KERNEL = build_dir() / "tests/world/libold-kernel.so"
_LOG = "nm-killswitchd"
_MILLISECOND = 1000000
_NETLINK_NETFILTER = "12"
_STORM_RATE = 1000
_STORM_SECONDS = 3
_GLANCE = 150  # microseconds


class Window(NamedTuple):
    """Nanoseconds since 1970: from before a tamper until all was well again."""

    begun: int
    ended: int

    def of(self, canaries: list[Seen]) -> list[Seen]:
        return [canary for canary in canaries if self.begun <= canary.sent <= self.ended]


@pytest.fixture(scope="module")
def guarded(world) -> Iterator:
    """The VPN is up, the lock is open; the guard does not run yet."""
    prepare(world)
    world.product.install()
    yield world
    if world.product.guard_is_running:
        world.product.stop_guard()
    for family in ("inet", "netdev"):
        world.client.run(["nft", "delete", "table", family, "nm_killswitch"], check=False)


def _start(world, **environment: str) -> None:
    world.product.start_guard(environment=environment)
    world.product.ctl("auto", "off")
    if not world.manager.state_of("full"):
        world.manager.up("full")
    require_flood_is_seen(world)
    world.product.ctl("lock")
    world.product.wait_state("protected")


def _stop(world) -> None:
    world.product.ctl("unlock")
    require_flood_is_seen(world)
    world.product.stop_guard()


@pytest.fixture
def owned(guarded) -> Iterator:
    _start(guarded)
    assert guarded.product.status()["layers"]["owned"], "this kernel has no tables that outlive their owner"
    yield guarded
    _stop(guarded)


@pytest.fixture(scope="module")
def plain(guarded) -> Iterator:
    _start(guarded, LD_PRELOAD=str(_OLD_KERNEL))
    assert not guarded.product.status()["layers"]["owned"]
    yield guarded
    _stop(guarded)


def _is_right(world) -> bool:
    status = world.product.status()
    return status["state"] == "protected" and status["verified"] and status["layers"]["egress"]


def _shell(world, tamper: Tamper) -> int:
    return world.client.run(["sh", "-e", "-c", tamper.command], check=False).returncode


def _try_on(world, tamper: Tamper, before: list[str]) -> None:
    changes = generation(world.client)
    status = _shell(world, tamper)
    assert (status != 0) == (tamper.ours and tamper.refused), tamper.name
    if not tamper.ours and "sysctl" not in tamper.name:
        assert generation(world.client) > changes, f"{tamper.name}: it changed nothing at all"
    assert _is_right(world), (tamper.name, world.product.status())
    assert world.product.tables() == before, tamper.name


def test_nothing_gets_through_to_an_owned_table(owned):
    before = owned.product.tables()
    with Flood(owned) as flood:
        for tamper in OURS + OTHERS:
            _try_on(owned, tamper, before)
        verdict = flood.stop()
    verdict.require_valid(PLAIN_ENOUGH)
    assert not verdict.plain and not verdict.lan, f"{len(verdict.plain)} canaries LEAKED"
    assert "changed the lock" not in log_of(_LOG).read_text()


class Signals:
    """What the guard tells on the bus, by a program that only listens."""

    def __init__(self, world):
        self._file = Path("/run/world/log/signals")
        rule = "type='signal',path='/io/github/nmkillswitch',member='PropertiesChanged'"
        self._program = world.client.popen(["dbus-monitor", "--system", rule], stdout=self._file.open("wb"))
        wait_until(lambda: "NameAcquired" in self._file.read_text(), "dbus-monitor")

    def broken(self) -> int:
        return self._file.read_text().count('string "broken"')

    def __enter__(self) -> "Signals":
        return self

    def __exit__(self, *_: object) -> None:
        self._program.terminate()
        self._program.wait()


def _mended(world, tamper: Tamper, before: list[str], signals: Signals) -> Window:
    """Does it, and waits until the guard has put it right, having said so."""
    begun = time.time_ns()
    told, logged = signals.broken(), len(log_of(_LOG).read_text())
    status = _shell(world, tamper)
    assert status == 0, f"{tamper.name}: a table without an owner obeys ({status})"
    if tamper.ours:
        wait_until(lambda: "changed the lock" in log_of(_LOG).read_text()[logged:], f"the guard to notice: {tamper.name}")
    wait_until(lambda: _is_right(world), f"{tamper.name} to be put right")
    time.sleep(_HOLD)
    ended = time.time_ns()
    assert _is_right(world) and world.product.tables() == before, tamper.name
    news = log_of(_LOG).read_text()[logged:]
    if tamper.ours:
        assert re.search(r'"nft" \(process \d+\) changed the lock', news), (tamper.name, news)
        if "netdev" not in tamper.name:  # without the second layer it is no less locked
            wait_until(lambda: signals.broken() > told, f'"broken" to be told: {tamper.name}')
    else:
        assert "changed the lock" not in news and signals.broken() == told, (tamper.name, news)
    return Window(begun, ended)


def _gap(leaked: list[Seen]) -> float:
    """Milliseconds from the first canary that came out to the last."""
    return (max(c.sent for c in leaked) - min(c.sent for c in leaked)) / _MILLISECOND if leaked else 0.0


def _report(windows: dict[str, list[Window]], verdict: Verdict) -> str:
    rate = verdict.counts["tried"] * 1000 // verdict.counts["milliseconds"]
    lines = [
        "# Tampering with a lock whose tables have no owner",
        "",
        "As on kernels before 6.9: the guard hears of each change and puts the lock right. On 6.9 and later none of",
        f"this changes anything (0 leaked frames). Under a flood of {rate} packets/s, of which two thirds go to the",
        "internet; a line with several numbers was tried several times.",
        "",
        "| what | leaked frames | longest gap, ms |",
        "|---|---|---|",
    ]
    for name, times in windows.items():
        leaked = [window.of(verdict.plain) for window in times]
        lines.append(f"| {name} | {' + '.join(str(len(x)) for x in leaked)} | {max(map(_gap, leaked)):.1f} |")
    return "\n".join(lines) + "\n"


def test_a_table_without_owner_is_put_right_at_once(plain):
    before = plain.product.tables()
    windows: dict[str, list[Window]] = {}
    with Flood(plain) as flood, Signals(plain) as signals:
        for tamper in OURS + OTHERS:
            times = _TIMES_WIDE_OPEN if tamper in OURS[:3] else _TIMES
            windows[tamper.name] = [_mended(plain, tamper, before, signals) for _ in range(times if tamper.ours else 1)]
        verdict = flood.stop()
    reports_dir().mkdir(parents=True, exist_ok=True)
    (reports_dir() / "tamper.md").write_text(_report(windows, verdict))
    verdict.require_valid(PLAIN_ENOUGH)
    known = [canary for times in windows.values() for window in times for canary in window.of(verdict.plain)]
    assert len(known) == len(verdict.plain), "outside of every gap, nothing gets out"
    for tamper in OTHERS:
        assert not any(window.of(verdict.plain) for window in windows[tamper.name]), tamper.name


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _lost_notifications(world) -> int:
    """Of the guard's sockets to nf_tables."""
    lines = [line.split() for line in Path(f"/proc/{world.product.guard_pid}/net/netlink").read_text().splitlines()[1:]]
    return sum(int(line[8]) for line in lines if line[1] == _NETLINK_NETFILTER)


def test_a_program_that_changes_its_own_tables_all_the_time(plain):
    """As those of containers do: it costs a glance each, no look at our tables."""
    before = _processor_seconds(plain.product.guard_pid)
    storm = plain.client.popen([str(build_dir() / "tests/world/storm"), str(_STORM_RATE)], stdout=subprocess.PIPE, text=True)
    assert storm.stdout.readline() == "ready\n"
    begun = time.monotonic()
    time.sleep(_STORM_SECONDS)
    storm.terminate()
    changes = int(storm.communicate(timeout=10)[0].split()[1])
    seconds = time.monotonic() - begun
    used = _processor_seconds(plain.product.guard_pid) - before
    each = used / changes * 1e6
    plain.client.run(["nft", "delete", "table", "ip", "storm"])
    print(f"{changes / seconds:.0f} changes/s: {used / seconds:.1%} of a processor, {each:.0f} microseconds each")
    assert changes > _STORM_SECONDS * _STORM_RATE / 4, "that was no storm"
    assert each < _GLANCE, f"{each:.0f} microseconds for each change of others"
    assert _is_right(plain)


def test_more_changes_than_anybody_can_listen_to(plain):
    """Notifications are lost, that of our own table's end among them: it is missed all the same."""
    lost, logged = _lost_notifications(plain), len(log_of(_LOG).read_text())
    chains = "".join(f"add chain ip crowd c{number:0200}\n" for number in range(20000))
    os.kill(plain.product.guard_pid, signal.SIGSTOP)
    try:
        plain.client.run(["nft", "-f", "-"], input=f"add table ip crowd\n{chains}delete table ip crowd\nadd table ip crowd\n{chains}")
        assert _lost_notifications(plain) > lost, "it could hold all of that: the test proves nothing"
        plain.client.run(["nft", "flush", "ruleset"])
    finally:
        os.kill(plain.product.guard_pid, signal.SIGCONT)
    wait_until(lambda: _is_right(plain), "the lock to be put right")
    assert "another program (which one is not known) changed the lock" in log_of(_LOG).read_text()[logged:]
