#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the fuzz targets of a build folder, one a processor at a time, KS_FUZZ_SECONDS (20) each.

    run.py BUILD RESULT [TEXT]     RESULT: a file, as tests/lib/count.py prints it; TEXT: only targets
                                   with it in their name

What a target finds is kept in BUILD/findings. The seeds in corpus/NAME stay as they are."""

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"
SECONDS = int(os.environ.get("KS_FUZZ_SECONDS", "20"))


def fuzz(target, findings, scratch):
    """Why it failed, or None; and what it said."""
    name = target.name.removeprefix("fuzz-")
    seeds = CORPUS / name
    if not seeds.is_dir() or not any(seeds.iterdir()):
        return f"no seeds in tests/fuzz/corpus/{name}", ""
    found = Path(scratch) / name  # new inputs go to the first folder
    found.mkdir()
    # a first input that goes through every rule takes seconds, and more on a busy machine: 120
    done = subprocess.run(
        [
            target, f"-max_total_time={SECONDS}", "-timeout=120", "-rss_limit_mb=2048", "-print_final_stats=1",
            f"-artifact_prefix={findings}/{target.name}-", found, seeds,
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        check=False,
    )
    if done.returncode:
        kept = re.search(r"Test unit written to (\S+)", done.stdout)
        return (f"input kept in {kept[1]}" if kept else f"exit status {done.returncode}"), done.stdout
    runs = re.search(r"^stat::number_of_executed_units: *(\d+)", done.stdout, re.M)
    return (None if runs and int(runs[1]) else "ran no input"), done.stdout


def main(build, result, only=""):
    targets = sorted(
        path
        for path in (Path(build) / "tests" / "fuzz").glob("fuzz-*")
        if path.is_file() and os.access(path, os.X_OK) and only in path.name
    )
    findings = Path(build) / "findings"
    findings.mkdir(exist_ok=True)
    failed = []
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(lambda target: fuzz(target, findings, scratch), targets)
        for target, (why, said) in zip(targets, outcomes):
            print(f"{target.name}: {why or 'passed'}", flush=True)
            if why:
                failed.append(f"FAIL {target.name}: {why}")
                print(said)
    if not targets:
        failed.append("FAIL the suite: ran no test")
    passed = len(targets) - len(failed) if targets else 0
    Path(result).write_text("\n".join([f"{passed} {len(failed)} 0", *failed]) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
