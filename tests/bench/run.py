#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Benchmarks: each figure against its yardstick, taken in turns in the same run.

    sudo tests/bench/run.py [--quick] [--page] [--only NAME]...      (KS_BUILD: build folder, default build/)

Goals are shown, not enforced: the exit status is 1 only if something could not be measured.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
import traceback
from datetime import date
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent), str(_HERE.parent.parent)]

from world import sandbox  # noqa: E402

_REPOSITORY = _HERE.parent.parent

def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    """Of the tree that is measured; "and changes" if it is not all of it."""
    git = ["git", "-c", "safe.directory=*", "-C", str(_REPOSITORY)]
    said = [subprocess.run([*git, *words], capture_output=True, text=True, check=False).stdout.strip()
            for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))]
    return f"tree {said[0] or 'without git'}{' and changes' if said[1] else ''}"


def _notes(quick: bool) -> list[str]:
    """Of figures that are about to be measured."""
    machine = f"Linux {platform.release()}, {os.cpu_count()} processors, {_processor()}"
    load = f"load {os.getloadavg()[0]:.1f} at the start"
    return [f"{date.today().isoformat()}, {_commit()}, {machine}, {load}{', few rounds: not to be believed' if quick else ''}"]


def main() -> int:
    from bench import applet, bus, command, guard, hook, packet, scale, swap, throughput
    from bench.figures import plain
    from bench.page import PAGE, put_into_page, report_of, section

    benchmarks = {"swap": swap, "packet": packet, "scale": scale, "hook": hook, "command": command, "throughput": throughput}
    benchmarks |= {"guard": guard, "bus": bus, "applet": applet}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=benchmarks, help="this one; may be given several times")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: to see that it works")
    parser.add_argument("--page", action="store_true", help="write data/doc/performance.md, too; with --only, that part of it")
    options = parser.parse_args()
    if options.page and options.quick:
        parser.error("the figures of few rounds say nothing: not for the page")
    if not sandbox.is_inside():
        sandbox.enter(["/usr/bin/python3", str(Path(__file__).resolve()), *sys.argv[1:]])

    from world.world import World

    sections = {}
    failed = 0
    # of the desktop a few rounds take as long as many
    wanted = options.only or [name for name in benchmarks if not (options.quick and name == "applet")]
    for name in wanted:
        begun = time.monotonic()
        notes = _notes(options.quick)
        try:
            with World() as world:  # nothing that another one left is measured
                world.close_capture()
                world.product.install()
                found = benchmarks[name].measure(world, options.quick)
        except Exception:
            failed += 1
            traceback.print_exc()
            continue
        sections[name] = section(name, notes, found)
        print(f"== {name} ({time.monotonic() - begun:.0f} s)\n{plain(found)}\n", flush=True)
        if options.page:  # what comes after it may fail
            put_into_page({name: sections[name]}, list(benchmarks))
    report = sandbox.reports_dir() / "bench.md"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(report_of(sections))
    print(f"written to {report}{f' and {PAGE}' if options.page else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
