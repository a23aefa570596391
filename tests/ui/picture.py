# SPDX-License-Identifier: GPL-2.0-or-later
"""What is on the screen, in numbers: pixels, and their contrast as WCAG 2.1 defines it."""

import subprocess
from collections import Counter
from pathlib import Path

Colour = tuple[int, int, int]


class Picture:
    def __init__(self, path: Path, region: str = ""):
        """region: WIDTHxHEIGHT+X+Y, or all of it."""
        crop = ["-crop", region, "+repage"] if region else []
        raw = subprocess.run(
            ["convert", str(path), *crop, "-depth", "8", "ppm:-"], check=True, stdout=subprocess.PIPE
        ).stdout
        _, width, height, _ = raw.split(maxsplit=4)[:4]
        self.width, self.height = int(width), int(height)
        self._bytes = raw[-3 * self.width * self.height :]

    def at(self, x: int, y: int) -> Colour:
        start = 3 * (y * self.width + x)
        return tuple(self._bytes[start : start + 3])

    @property
    def colours(self) -> Counter[Colour]:
        return Counter(self.at(x, y) for y in range(self.height) for x in range(self.width))

    @property
    def background(self) -> Colour:
        return self.colours.most_common(1)[0][0]

    @property
    def is_empty(self) -> bool:
        return len(self.colours) == 1

    def drawn_columns(self) -> list[int]:
        """Where something stands out from the background."""
        back = self.background
        return [
            x for x in range(self.width)
            if any(contrast(self.at(x, y), back) > 3 for y in range(self.height))
        ]

    @property
    def contrast(self) -> float:
        """Of what stands out most, against the background; a line's edges are blended, its core is not."""
        back = self.background
        return max(contrast(colour, back) for colour in self.colours)


def luminance(colour: Colour) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Colour, other: Colour) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
