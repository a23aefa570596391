# SPDX-License-Identifier: GPL-2.0-or-later
"""How every state looks: in languages that need more room, in one that runs from right to left, in large text, and how
narrow each window can be.

Screenshots: looks-LANGUAGE-WINDOW.png."""

import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from world.waiting import wait_until

from .access import cut_texts, laid_out, read
from .desktop import ID
from .languages import LONG, RIGHT_TO_LEFT, make
from .looks import LEAKED, REFUSED
from .picture import Picture
from .stage import STATES, Stage

_LINGUAS = Path(__file__).resolve().parents[2] / "po/LINGUAS"
REAL = [word for line in _LINGUAS.read_text().splitlines() if not line.startswith("#") for word in line.split()]
_HOLDER = Path("/usr/local/share")
NARROW = 360  # pixels
# what is not ours to translate: names, addresses, numbers, a command, the guard's own words
_FOREIGN = re.compile(r"^[\W\d]*$|office|Home|vpn\.example|UDP|TCP|sudo|WireGuard|OpenVPN|wg0|IPv[46]|^firefox$|^evil|^W{15}$|^The table in the kernel|^(Minimieren|Maximieren|Schließen)$")


@contextmanager
def catalogues(stage, pseudo):
    """Where the program looks for them, in this sandbox."""
    made = stage.home.parent / "locale"
    if pseudo:
        make(made)
    else:
        shutil.copytree(next(stage.root.glob("**/share/locale")), made)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(_HOLDER)], check=True)
    try:
        (_HOLDER / "locale").symlink_to(made)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(_HOLDER)], check=True)


@pytest.fixture
def stage():
    with Stage() as started:
        yield started


def start(stage, language, **environment):
    stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="", LC_ALL="C.UTF-8", LANGUAGE=language, **environment)
    wait_until(lambda: read(stage, ""), "a window", 20)


def check(stage, shown, foreign=None):
    """All of what shows is within its window and the screen, and each text within its widget."""
    nodes = laid_out(stage)
    width, height = (int(part) for part in stage.size.split("x")[:2])
    assert cut_texts(nodes) == [], shown
    for node in nodes:
        if node.role in ("frame", "dialog"):
            x, y, w, h = node.box
            assert x >= 0 and y >= 0 and x + w <= width and y + h <= height, (shown, node)
    if foreign:
        english = [node.text or node.name for node in nodes if node.role in ("label", "push button", "check box", "toggle button")]
        english = [text for text in english if text and not foreign(text) and not _FOREIGN.search(text)]
        assert not english, f"not translated in {shown}: {english}"
    return nodes


def every_window(stage, language, foreign=None, **environment):
    stage.helper("LeakTest", LEAKED)
    stage.helper("Refused", REFUSED)
    start(stage, language, **environment)
    for state in ("protected", "blocked", "broken"):
        stage.say(STATES[state])
        look(stage, language, state, 1, foreign)
    stage.say(STATES["blocked"])
    for window, action, target in (
        ("preferences", "preferences", ""), ("servers", "edit-vpn", "[<'m1'>]"), ("new", "edit-vpn", "[<''>]"), ("exception", "new-exception", ""), ("vpns", "vpns", ""),
        ("first-steps", "first-steps", ""), ("leak-test", "test", ""), ("refused", "refused", ""), ("help", "help", ""),
    ):
        stage.act(action, target or "@av []")
        look(stage, language, window, 1 if window == "preferences" else 2, foreign)
        if window not in ("preferences", "help"):
            stage.x("key", "Escape")
            wait_until(lambda: len(frames(stage)) == 1, "the dialog to close", 20)


def every_page_of_the_help(stage, language, foreign):
    """One opened after the other, by keyboard; the first is open."""
    for page in range(1, 7):
        stage.x("key", "Tab", "space")
        look(stage, language, f"help-{page}", 2, foreign)
        wait_until(lambda page=page: open_pages(stage)[:1] == [page], f"page {page} to be open", 20)


def open_pages(stage):
    return [number for number, heading in enumerate(headings(stage)) if "CHECKED" in heading.states]


def headings(stage):
    """The help's, which is the window that came last."""
    return [node for node in read(stage, frames(stage)[-1].window) if node.role == "toggle button"]


def look(stage, language, shown, windows, foreign):
    wait_until(lambda: len(frames(stage)) == windows, f"{shown}: its window", 20)
    wait_until(lambda: settled(stage), "the window to be still", 40)
    check(stage, shown, foreign)
    stage.screenshot(f"looks-{language}-{shown}")
    if foreign:  # the text has its usual size
        check_narrow(stage, shown)


def check_narrow(stage, shown):
    """Each window can be made as narrow as a small screen, and its texts wrap."""
    least = wait_until(lambda: least_widths(stage), "windows that say how narrow they can be")
    assert max(least) <= NARROW, (shown, least)


def least_widths(stage):
    """How narrow the applet's windows can be made, in pixels: what GTK tells the window manager."""
    shown = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--pid", str(stage.applet.pid)],
        env=stage.environment, text=True, capture_output=True, check=False,
    ).stdout.split()
    hints = [
        subprocess.run(["xprop", "-id", window, "WM_NORMAL_HINTS"], env=stage.environment, text=True, capture_output=True, check=False)
        for window in shown
    ]
    least = [re.search(r"minimum size: (\d+) by", hint.stdout) for hint in hints]
    return [int(found[1]) for found in least] if all(least) else []


def frames(stage):
    return [node for node in read(stage, "") if node.role in ("frame", "dialog")]


def settled(stage):
    return stage.screenshot("looks-last").read_bytes() == stage.screenshot("looks-last").read_bytes()


def test_in_a_long_language(stage):
    with catalogues(stage, True):
        def long(text):
            return text.startswith("[") or "·" in text

        every_window(stage, LONG, long)
        every_page_of_the_help(stage, LONG, long)


def test_from_right_to_left(stage):
    with catalogues(stage, True):
        def hebrew(text):
            return re.search("[\u05d0-\u05ea]", text)

        every_window(stage, RIGHT_TO_LEFT, hebrew)
        status, preferences = [node.box for node in read(stage, "") if node.role == "radio button" and hebrew(node.name)][:2]
        assert status[0] > preferences[0], "the window is not mirrored"
        every_page_of_the_help(stage, RIGHT_TO_LEFT, hebrew)
        x, y, width, height = headings(stage)[0].box
        drawn = Picture(stage.screenshot("looks-last"), f"{width}x{height}+{x}+{y}").drawn_columns()
        # what is drawn at the end is the arrow: before it is the widest gap
        arrow = max(range(1, len(drawn)), key=lambda number: drawn[number] - drawn[number - 1])
        assert drawn[0] > width / 2 and drawn[-1] - drawn[arrow] < 16, "a heading is not mirrored"


@pytest.mark.parametrize("language", [language for language in REAL if language == "de"])
def test_in_german_and_large_text(stage, language):
    with catalogues(stage, False):
        every_window(stage, language, GDK_DPI_SCALE="1.5")
        for each in (language, "C"):  # in text of the usual size it is narrow enough
            stage.act("quit")
            stage.applet.wait(30)
            wait_until(lambda: not stage.owner(ID), "the name to be free")
            start(stage, each)
            for action in ("show", "preferences"):
                stage.act(action)
                stage.wait_for_main_loop()
                wait_until(lambda: settled(stage), "the window to be still", 40)
                check_narrow(stage, f"{each}: {action}")
