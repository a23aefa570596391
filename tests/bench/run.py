#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Benchmarks: each figure against its yardstick, taken in turns in the same run.

    sudo tests/bench/run.py [--quick] [--page] [--only NAME]...      (KS_BUILD: build folder, default build/)

Goals are shown, not enforced: the exit status is 1 only if something could not be measured.
"""

import argparse
import os
import platform
import sys
import time
import traceback
from datetime import date
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent), str(_HERE.parent.parent)]

from world import sandbox  # noqa: E402

_PAGE = _HERE.parent.parent / "data/doc/performance.md"
_PAGE_HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Performance

Written by `sudo KS_BUILD=build tests/bench/run.py --page`, which takes some 25 minutes on a quiet machine: run it
to see the figures of yours. Each figure is measured in turns with its yardstick, so read the ratio first; figures
of two machines cannot be compared. [tests/bench](../../tests/bench/README.md) says what each row is. A goal
that is not met stays here until it is.
"""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _title() -> tuple[str, list[str]]:
    notes = [
        f"Linux {platform.release()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start",
        "median (10th..90th percentile, number of measurements); ours and yardstick alternate",
    ]
    return "nm-killswitch: benchmarks", notes


def main() -> int:
    from bench import applet, bus, command, guard, hook, packet, scale, swap, throughput
    from bench.figures import markdown, plain

    benchmarks = {"swap": swap, "packet": packet, "scale": scale, "hook": hook, "command": command, "throughput": throughput}
    benchmarks |= {"guard": guard, "bus": bus, "applet": applet}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=benchmarks, help="this one; may be given several times")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: to see that it works")
    parser.add_argument("--page", action="store_true", help="write data/doc/performance.md, too; with a whole run only")
    options = parser.parse_args()
    if options.page and (options.quick or options.only):
        parser.error("--page tells of a whole run")
    if not sandbox.is_inside():
        sandbox.enter(["/usr/bin/python3", str(Path(__file__).resolve()), *sys.argv[1:]])

    from world.world import World

    title, notes = _title()
    notes.insert(0, f"{date.today().isoformat()}, {_processor()}")
    rows = []
    failed = 0
    # of the desktop a few rounds take as long as many
    wanted = options.only or [name for name in benchmarks if not (options.quick and name == "applet")]
    for name in wanted:
        begun = time.monotonic()
        try:
            with World() as world:  # nothing that another one left is measured
                world.close_capture()
                world.product.install()
                found = benchmarks[name].measure(world, options.quick)
        except Exception:
            failed += 1
            traceback.print_exc()
            continue
        rows += found
        print(f"== {name} ({time.monotonic() - begun:.0f} s)\n{plain(found)}\n", flush=True)
    report = sandbox.reports_dir() / "bench.md"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(markdown(title, notes, rows))
    print(f"written to {report}")
    if options.page and not failed:
        _PAGE.write_text(_PAGE_HEAD + markdown("", notes, rows).removeprefix("# \n"))
        print(f"written to {_PAGE}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
