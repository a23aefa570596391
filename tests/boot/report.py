# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures that a suite finds on its way, for people: boot.md and vm.md in $KS_REPORTS."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from world.frames import Frame


class Report:
    def __init__(self, path: Path, title: str = "The booted world"):
        self._path = path
        self._title = title
        self._lines: list[str] = []
        self._boots: list[str] = []
        self._took: dict[str, list[float]] = {}
        self._ratios: dict[str, list[float]] = {}

    def line(self, text: str) -> None:
        self._lines.append(text)

    def boot(self, name: str, frames: Iterable[Frame], said: str) -> None:
        counts = Counter(
            "**anything else**" if frame.purpose.startswith("plain") else frame.purpose for frame in frames
        )
        shown = ", ".join(f"{number} {purpose.removeprefix('upkeep: ')}" for purpose, number in sorted(counts.items()))
        self._boots.append(f"| {name} | {shown or 'none'} | {said} |")

    def took(self, unit: str, seconds: float) -> None:
        """What systemd-analyze blame calls a unit's time, in one boot."""
        self._took.setdefault(unit, []).append(seconds * 1000)

    def ratio(self, what: str, of_a_boot: float) -> None:
        self._ratios.setdefault(what, []).append(of_a_boot)

    def write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = [f"# {self._title}", ""]
        text += [f"- {line}" for line in self._lines]
        if self._took:
            text += ["", "From a unit's start until it was ready, locked boots, in ms:", ""]
            text += ["| unit | boots | least | median | most |", "|---|---|---|---|---|"]
            text += [
                f"| {unit} | {len(times)} | {min(times):.0f} | {median(times):.0f} | {max(times):.0f} |"
                for unit, times in self._took.items()
            ]
        for what, ratios in self._ratios.items():
            text += ["", f"{what}, boot by boot: {min(ratios):.2f} to {max(ratios):.2f}, median {median(ratios):.2f}"]
        if self._boots:
            text += ["", "Frames that left the machine, from power-on:", ""]
            text += ["| boot | frames | |", "|---|---|---|", *self._boots]
        self._path.write_text("\n".join(text) + "\n")
