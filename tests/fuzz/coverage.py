#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Says for each fuzz target how much of its own sources its seeds reach, and after SECONDS of fuzzing from them.

    CC=clang CFLAGS="-fprofile-instr-generate -fcoverage-mapping -fsanitize=fuzzer-no-link" \\
        meson setup build-cov -Dfuzz=true -Dfuzz_engine=-fsanitize=fuzzer -Dapplet=false
    ninja -C build-cov
    coverage.py build-cov [SECONDS]

Prints rows of a Markdown table. Needs LLVM's tools of the compiler's version."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"
SUFFIX = os.environ.get("LLVM_SUFFIX", "-14")


def measure(target, arguments, scratch):
    """Percent of the lines and branches of the sources in dispatcher/ that are compiled into it."""
    raw, merged = Path(scratch) / "raw", Path(scratch) / "merged"
    subprocess.run(
        [target, *arguments], env={**os.environ, "LLVM_PROFILE_FILE": str(raw)}, check=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    subprocess.run([f"llvm-profdata{SUFFIX}", "merge", "-o", merged, raw], check=True)
    told = subprocess.run(
        [f"llvm-cov{SUFFIX}", "export", "-summary-only", f"-instr-profile={merged}", target], check=True, stdout=subprocess.PIPE
    )
    files = [file["summary"] for file in json.loads(told.stdout)["data"][0]["files"] if "/dispatcher/" in file["filename"]]

    def percent(what):
        count = sum(summary[what]["count"] for summary in files)
        return 100 * sum(summary[what]["covered"] for summary in files) / max(count, 1)

    return f"{percent('lines'):.0f} %", f"{percent('branches'):.0f} %"


def main(build, seconds="20"):
    targets = sorted(path for path in (Path(build) / "tests/fuzz").glob("fuzz-*") if path.is_file() and os.access(path, os.X_OK))
    for target in targets:
        seeds = CORPUS / target.name.removeprefix("fuzz-")
        with tempfile.TemporaryDirectory() as scratch:
            found = Path(scratch) / "found"
            found.mkdir()
            by_seeds = measure(target, ["-runs=0", seeds], scratch)
            after = measure(target, [f"-max_total_time={seconds}", found, seeds], scratch)
        count = len(list(seeds.iterdir()))
        print(f"| {target.name.removeprefix('fuzz-')} | {count} | {' | '.join(by_seeds)} | {' | '.join(after)} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
