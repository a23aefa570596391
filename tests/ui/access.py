# SPDX-License-Identifier: GPL-2.0-or-later
"""The applet's windows as a screen reader finds them, and as a keyboard walks through them."""

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from world.waiting import wait_until

from .desktop import ID, Desktop

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
    description: str = ""

    @property
    def is_control(self) -> bool:
        return self.role in CONTROLS and "FOCUSABLE" in self.states and "SENSITIVE" in self.states

    @property
    def who(self) -> tuple:
        return (self.window, self.role, self.name, self.box)


def read(desktop: Desktop, window: str = "", state: str = "SHOWING", program: str = ID) -> list[Node]:
    """All that shows in the applet's windows, or in those with this title; with state VISIBLE also what has to be
    scrolled to. Or another program's."""
    nodes = []
    for line in _run_reader(desktop, program).splitlines():
        said = json.loads(line)
        for key in ("states", "box", "text_box"):
            said[key] = tuple(said[key]) if said.get(key) else None
        nodes.append(Node(**(said | {"states": said["states"] or ()})))
    return [node for node in nodes if state in node.states and window in node.window]


def _run_reader(desktop: Desktop, program: str, *arguments: str) -> str:
    if not _READER.exists():
        shutil.copy(Path(__file__).with_name("reader.py"), _READER)
    return subprocess.run(
        ["/usr/bin/python3", str(_READER), program, *arguments], env=access_environment(desktop), cwd="/",
        preexec_fn=desktop.person.become, stdout=subprocess.PIPE, text=True, check=True, timeout=60,
    ).stdout


def access_environment(desktop: Desktop) -> dict[str, str]:
    return {name: value for name, value in desktop.environment.items() if name != "NO_AT_BRIDGE"}


def words(desktop: Desktop, window: str, state: str = "SHOWING") -> list[str]:
    return [node.text or node.name for node in read(desktop, window, state)]


def walk_by_tab(desktop: Desktop, window: str, most: int = 40) -> list[Node]:
    """Presses Tab until the focus comes round. Returns what had it, in order."""

    def focused() -> Node | None:
        # VISIBLE: GTK takes a label in a list's row for scrolled away, by its place in the row alone
        nodes = [node for node in read(desktop, window, "VISIBLE") if "FOCUSED" in node.states and node.role != "frame"]
        return nodes[-1] if nodes else None

    def went_on() -> Node | None:
        # the program may be behind the keyboard, and the focus where it was
        now = focused()
        return now if now and not (before and now.who == before.who) else None

    walked: list[Node] = []
    before = focused()
    for _ in range(most + 1):
        desktop.x("key", "Tab")
        before = wait_until(went_on, "the focus to go on")
        if walked and before.name == walked[0].name and before.role == walked[0].role:
            return walked
        walked.append(before)
    raise AssertionError(f"the focus never came round: {[node.name for node in walked]}")


def activate(desktop: Desktop, title: str) -> None:
    """The window of this title gets the keyboard, once the window manager knows it."""

    def activated() -> bool:
        windows = desktop.windows(title)
        try:
            desktop.x("windowactivate", "--sync", windows[-1])
        except (IndexError, subprocess.CalledProcessError):
            return False
        return True

    wait_until(activated, f"{title!r} to be active")


def find(desktop: Desktop, window: str, name: str, role: str = "", state: str = "SHOWING") -> Node:
    """The widget of this name that shows, once it does; with state VISIBLE also one that has to be scrolled to."""

    def look() -> Node | None:
        found = [node for node in read(desktop, window, state) if node.name == name and role in node.role]
        return found[-1] if found else None

    return wait_until(look, f"{role or 'a widget'} called {name!r} in {window!r}")


def focus(desktop: Desktop, window: str, name: str, role: str) -> None:
    """As a screen reader does; the window scrolls to it, which cannot be asked for: GTK takes what is in a list's row
    for scrolled away, by its place in the row alone."""

    def now() -> tuple[str, ...]:
        return find(desktop, window, name, role, "VISIBLE").states

    def has_it() -> bool:
        # asked for again: a window or a page that has just come takes the focus to where it begins
        if "FOCUSED" not in now():
            _run_reader(desktop, ID, role, name)
        return "FOCUSED" in now()

    wait_until(lambda: "SENSITIVE" in now(), f"{name!r} to be sensitive")
    wait_until(has_it, f"{name!r} to have the focus")


def press(desktop: Desktop, window: str, name: str, role: str = "push button") -> None:
    focus(desktop, window, name, role)
    desktop.x("key", "space")


def type_into(desktop: Desktop, window: str, name: str, text: str, role: str = "text") -> None:
    """Instead of what is there."""
    focus(desktop, window, name, role)
    desktop.x("key", "--clearmodifiers", "ctrl+a")
    desktop.x("type", "--clearmodifiers", text)


def cut_texts(nodes: list[Node]) -> list[str]:
    """Texts that are larger than the widget that they stand in."""
    return [
        node.text or node.name for node in nodes
        if node.text_box and node.role in ("label", "check box", "push button", "heading")
        and (node.text_box[2] > node.box[2] + 1 or node.text_box[3] > node.box[3] + 1)
    ]


def laid_out(desktop: Desktop, window: str = "", patience: int = 20, program: str = ID) -> list[Node]:
    """What shows, once no text is cut. A text has its new size at once and its widget at the next frame, between
    which a busy machine may take any time; what is cut for good still is after the patience, in half seconds."""
    nodes = read(desktop, window, program=program)
    while cut_texts(nodes) and patience:
        time.sleep(0.5)
        nodes = read(desktop, window, program=program)
        patience -= 1
    return nodes
