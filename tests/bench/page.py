# SPDX-License-Identifier: GPL-2.0-or-later
"""data/doc/performance.md: a section of each benchmark, with its own date and tree. A run replaces those that it made."""

import re
from pathlib import Path

from .figures import Row, table

PAGE = Path(__file__).resolve().parent.parent.parent / "data/doc/performance.md"
_HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Performance

Written by `sudo KS_BUILD=build tests/bench/run.py --page`, which takes an hour on a quiet machine; with `--only NAME`
it replaces that part alone. Each part says when and of which tree it was measured. Each figure is measured in turns
with its yardstick, so read the ratio first; figures of two machines cannot be compared. A figure is the median (10th to
90th percentile, number of measurements). [tests/bench](../../tests/bench/README.md) says what each row is. A goal that
is not met stays here until it is; [measured.md](measured.md) says why.
"""


def section(name: str, notes: list[str], rows: list[Row]) -> str:
    return f"## {name}\n\n" + "".join(f"{note}\n" for note in notes) + f"\n{table(rows)}"


def report_of(sections: dict[str, str]) -> str:
    return "\n".join(["# nm-killswitch: benchmarks\n", *sections.values()])


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.*)\n", text, flags=re.M)[1:]
    return {name: f"## {name}\n{body.rstrip()}\n" for name, body in zip(parts[::2], parts[1::2], strict=True)}


def put_into_page(new: dict[str, str], order: list[str], page: Path = PAGE) -> None:
    """Those that the page has already stay, unless no benchmark is called so any more."""
    there = _sections(page.read_text()) if page.exists() else {}
    there |= new
    page.write_text("\n".join([_HEAD, *(there[name] for name in order if name in there)]))
