# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tray applet costs: the time to its icon, its memory beside nm-applet's, wakeups, and what stays of 10,000
changes of the guard's state."""

import subprocess
import time
from pathlib import Path

from ui.conftest import at_the_desk
from ui.desktop import WATCHER, Desktop
from ui.stage import STATES, Stage
from world.waiting import wait_until
from world.world import World

from .figures import Row, Sample, at_most, bound
from .guard import be_quiet, switches, wait_idle, woken

_CHANGES = 10_000
_LEFT_GOAL = 1.0  # MB: a leak of 100 bytes a change would be that
_OTHER = "nm-applet"


def _memory(pid: int) -> dict[str, float]:
    """MB: all that is resident, and what no other process shares."""
    kilobytes = {"resident": 0, "private": 0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, number = line.split()[:2]
        if name == "Rss:":
            kilobytes["resident"] = int(number)
        elif name.startswith("Private_"):
            kilobytes["private"] += int(number)
    return {kind: number / 1000 for kind, number in kilobytes.items()}


def _start(desktop: Desktop, program: str, *arguments: str) -> tuple[float, subprocess.Popen]:
    """Milliseconds until its icon is registered with the tray."""

    def items() -> list[str]:
        return desktop.get(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisteredStatusNotifierItems")

    wait_until(lambda: not items(), "the tray to be empty", 20)
    begun = time.perf_counter()
    started = desktop.start([program, *arguments], G_DEBUG="")
    while not items():
        time.sleep(0.002)
    return 1000 * (time.perf_counter() - begun), started


def _end(program: subprocess.Popen) -> None:
    program.terminate()
    program.wait(20)


def _beside_the_other(world: World, quick: bool) -> list[Row]:
    ours: dict[str, list[float]] = {"time": [], "resident": [], "private": []}
    other: dict[str, list[float]] = {"time": [], "resident": [], "private": []}
    with at_the_desk(world, Desktop) as desktop:
        desktop.start_panel()
        for _ in range(2 if quick else 5):
            for found, command in (
                (ours, (str(desktop.program), "--hidden")), (other, (_OTHER, "--indicator")),
            ):
                milliseconds, program = _start(desktop, *command)
                wait_idle(program.pid)
                found["time"].append(milliseconds)
                for kind, number in _memory(program.pid).items():
                    found[kind].append(number)
                _end(program)
    rows = [at_most("applet: start to icon", Sample(ours["time"], "ms"), _OTHER, Sample(other["time"], "ms"), 1)]
    for kind in ("resident", "private"):
        rows.append(
            at_most(f"applet: {kind} memory", Sample(ours[kind], "MB"), _OTHER, Sample(other[kind], "MB"), 1)
        )
    return rows


def _wakeups(world: World, seconds: int) -> Row:
    with at_the_desk(world, Desktop) as desktop:
        be_quiet(world)
        desktop.start_panel()
        desktop.start_applet("--hidden")
        desktop.wait_icon("unlocked")
        pid = desktop.applet.pid
        wait_idle(pid)
        before = switches(pid)
        time.sleep(seconds)
        found = woken(before, switches(pid))
    return bound(f"applet: wakeups in {seconds} idle seconds", Sample([found], "wakeups"), 0)


def _changes(quick: bool) -> Row:
    """With its window open, so that everything is drawn."""
    states = list(STATES.values())
    changes = _CHANGES // 10 if quick else _CHANGES
    with Stage() as stage:
        stage.start_applet(G_DEBUG="")
        wait_until(lambda: stage.windows("VPN Kill Switch"), "the window", 20)

        def change(times: int) -> None:
            for number in range(times):
                stage.say(states[number % len(states)])
                if number % 20 == 19:  # not faster than it sees them
                    stage.wait_for_main_loop()
            wait_idle(stage.applet.pid)

        change(changes // 5)  # what GTK keeps for good, it has by now
        before = _memory(stage.applet.pid)["private"]
        change(changes)
        after = _memory(stage.applet.pid)["private"]
    return bound(f"applet: memory that stays of {changes:,} changes", Sample([after - before], "MB"), _LEFT_GOAL)


def measure(world: World, quick: bool) -> list[Row]:
    rows = _beside_the_other(world, quick)
    rows.append(_changes(quick))
    rows.append(_wakeups(world, 10 if quick else 60))
    return rows
