# SPDX-License-Identifier: GPL-2.0-or-later
"""What was measured, how it spreads, and the tables that show it beside its goal."""

import statistics
from collections import defaultdict
from dataclasses import dataclass


def _digits(value: float) -> str:
    """Three of them, as people write them."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


@dataclass(frozen=True)
class Sample:
    """Many measurements of one thing, in one unit."""

    values: list[float]
    unit: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{_digits(self.median)} {self.unit}"
        ordered = sorted(self.values)
        low, high = ordered[len(ordered) // 10], ordered[len(ordered) * 9 // 10]
        return f"{_digits(self.median)} {self.unit} ({_digits(low)}..{_digits(high)}, n={len(ordered)})"


@dataclass(frozen=True)
class Row:
    """One figure. `goal` in words; `met` None where there is no goal."""

    what: str
    ours: Sample
    yardstick: str = ""
    other: Sample | None = None
    ratio: str = ""
    goal: str = ""
    met: bool | None = None
    sure: bool = True

    @property
    def verdict(self) -> str:
        if self.met is None:
            return ""
        return ("met" if self.met else "not met") + ("" if self.sure else ", but within the noise")


def at_most(what: str, ours: Sample, yardstick: str, other: Sample, times: float) -> Row:
    """The smaller the better: ours / yardstick may be `times` at most."""
    ratio = ours.median / other.median
    return Row(what, ours, yardstick, other, f"{ratio:.2f}", f"<= {times:g}", ratio <= times)


def _median_of_pairs(ours: Sample, other: Sample, times: float) -> tuple[float, str, bool]:
    """For pairs that were measured next to each other, where all else drifts by more than the goal: the median of
    the pairs' ratios, where 95 of 100 such medians would lie, and whether `times` is outside of that."""
    ratios = sorted(a / b for a, b in zip(ours.values, other.values, strict=True))
    ratio = statistics.median(ratios)
    off = round(0.98 * len(ratios) ** 0.5)  # the binomial's order statistics
    middle = len(ratios) // 2
    low, high = ratios[max(0, middle - off)], ratios[min(len(ratios) - 1, middle + off)]
    return ratio, f"{ratio:.3f} (95 %: {low:.3f}..{high:.3f})", not low < times < high


def paired_at_most(what: str, ours: Sample, yardstick: str, other: Sample, times: float) -> Row:
    """The smaller the better."""
    ratio, text, sure = _median_of_pairs(ours, other, times)
    return Row(what, ours, yardstick, other, text, f"<= {times:g}", ratio <= times, sure)


def paired_at_least(what: str, ours: Sample, yardstick: str, other: Sample, times: float) -> Row:
    """The larger the better."""
    ratio, text, sure = _median_of_pairs(ours, other, times)
    return Row(what, ours, yardstick, other, text, f">= {times:g}", ratio >= times, sure)


def paired(what: str, ours: Sample, yardstick: str, other: Sample) -> Row:
    """Shown, without a goal."""
    return Row(what, ours, yardstick, other, _median_of_pairs(ours, other, 1)[1])


def times_faster(what: str, ours: Sample, yardstick: str, other: Sample, times: float) -> Row:
    ratio = other.median / ours.median
    return Row(what, ours, yardstick, other, f"{ratio:.1f}x faster", f">= {times:g}x faster", ratio >= times)


def bound(what: str, ours: Sample, most: float) -> Row:
    return Row(what, ours, goal=f"<= {most:g} {ours.unit}", met=ours.median <= most)


def read_nanoseconds(text: str) -> dict[str, Sample]:
    """What the C helpers print: "NAME NANOSECONDS" lines, as microseconds by name."""
    found: dict[str, list[float]] = defaultdict(list)
    for line in text.splitlines():
        name, nanoseconds = line.split()
        found[name].append(int(nanoseconds) / 1000)
    return {name: Sample(values, "us") for name, values in found.items()}


_HEADS = ("what", "measured", "yardstick", "yardstick measured", "ratio", "goal", "")


def _cells(row: Row) -> tuple[str, ...]:
    other = str(row.other) if row.other else ""
    return (row.what, str(row.ours), row.yardstick, other, row.ratio, row.goal, row.verdict)


def plain(rows: list[Row]) -> str:
    """One block a figure: readable in a terminal of any width."""
    lines = []
    for row in rows:
        verdict = f"   [{row.goal}: {row.verdict}]" if row.goal else ""
        lines.append(f"{row.what}{verdict}")
        lines.append(f"    {row.ours}")
        if row.other:
            lines.append(f"    {row.yardstick}: {row.other}   ratio {row.ratio}")
    return "\n".join(lines)


def table(rows: list[Row]) -> str:
    lines = ["| " + " | ".join(_HEADS) + " |", "|" + "---|" * len(_HEADS)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"
