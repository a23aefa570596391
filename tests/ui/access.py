# SPDX-License-Identifier: GPL-2.0-or-later
"""The applet's windows as a screen reader finds them, and as a keyboard walks through them."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from world.waiting import wait_until

from .desktop import Desktop

_READER = Path("/run/world/bin/reader.py")
CONTROLS = {"check box", "push button", "toggle button", "text", "combo box", "radio button", "entry", "spin button", "link"}


@dataclass(frozen=True)
class Node:
    window: str
    role: str
    name: str
    text: str
    states: tuple[str, ...]
    box: tuple[int, ...] | None
    text_box: tuple[int, ...] | None = None

    @property
    def is_control(self) -> bool:
        return self.role in CONTROLS and "FOCUSABLE" in self.states and "SENSITIVE" in self.states

    @property
    def who(self) -> tuple:
        return (self.window, self.role, self.name, self.box)


def read(desktop: Desktop, window: str = "", state: str = "SHOWING") -> list[Node]:
    """All that shows in the applet's windows, or in those with this title; with state VISIBLE also what has to be
    scrolled to."""
    if not _READER.exists():
        shutil.copy(Path(__file__).with_name("reader.py"), _READER)
    found = subprocess.run(
        ["/usr/bin/python3", str(_READER)], env=access_environment(desktop), cwd="/",
        preexec_fn=desktop.person.become, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
        timeout=30,
    )
    nodes = []
    for line in found.stdout.splitlines():
        said = json.loads(line)
        for key in ("states", "box", "text_box"):
            said[key] = tuple(said[key]) if said.get(key) else None
        nodes.append(Node(**(said | {"states": said["states"] or ()})))
    return [node for node in nodes if state in node.states and window in node.window]


def access_environment(desktop: Desktop) -> dict[str, str]:
    return {name: value for name, value in desktop.environment.items() if name != "NO_AT_BRIDGE"}


def words(desktop: Desktop, window: str) -> list[str]:
    return [node.text or node.name for node in read(desktop, window)]


def walk_by_tab(desktop: Desktop, window: str, most: int = 40) -> list[Node]:
    """Presses Tab until the focus comes round. Returns what had it, in order."""
    walked: list[Node] = []
    desktop.x("key", "Tab")
    for _ in range(most):
        focused = wait_until(
            lambda: [node for node in read(desktop, window) if "FOCUSED" in node.states and node.role != "frame"],
            "something to have the focus",
        )[-1]
        if walked and focused.name == walked[0].name and focused.role == walked[0].role:
            return walked
        walked.append(focused)
        desktop.x("key", "Tab")
    raise AssertionError(f"the focus never came round: {[node.name for node in walked]}")
