# SPDX-License-Identifier: GPL-2.0-or-later
"""What is refused, in a window: real packets of a person's program, and whatever else may be told of."""

import os
import subprocess

import pytest

from world import addresses as a
from world.network import log_of
from world.waiting import wait_until

from .access import activate, find, press, read, walk_by_tab, words
from .looks import CLOSED, ENTRIES, LEAKED, REFUSED
from .stage import Stage

TITLE = "What Is Refused"
# It stays a moment, with its socket: one that has ended cannot be found.
SEND = f"""
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.sendto(b"x", ("{a.WEB[4]}", 8444))
except OSError:
    pass
time.sleep(1)
"""
NOTHING = "Nothing has been refused since this window opened."


def _said(desktop, begins: str) -> None:
    wait_until(lambda: any(text.startswith(begins) for text in words(desktop, TITLE)), f"{begins!r} in the window", 20)


def test_what_a_program_tried(world, desktop):
    teller = world.product.start_refused()
    try:
        desktop.start_panel()
        desktop.start_applet("--hidden", NO_AT_BRIDGE="0", G_DEBUG="")
        desktop.wait_icon("unlocked")
        desktop.act("refused")
        _said(desktop, NOTHING)
        world.product.ctl("lock")
        for times in ("1 time,", "2 times,"):
            subprocess.run(["/usr/bin/python3", "-c", SEND], preexec_fn=desktop.person.become, check=True)
            _said(desktop, times)
        _said(desktop, f"{a.WEB[4]}, port 8444, UDP: it was not going through a VPN")
        _said(desktop, "/usr/bin/python3")
        desktop.act("refused")  # the same window
        assert len(desktop.windows(TITLE)) == 1
        world.product.stop_guard()
        _said(desktop, "The guard does not answer")
        world.product.start_guard()
        _said(desktop, "Refused since this window opened")
        activate(desktop, TITLE)
        desktop.x("key", "Escape")
        wait_until(lambda: not desktop.windows(TITLE), "the window to close")
        # it ends by itself when nobody looks, and with it what the kernel tells
        wait_until(lambda: "log group" not in world.client.run(["nft", "list", "ruleset"]).stdout, "the kernel to tell no more", 20)
    finally:
        teller.terminate()
        teller.wait(5)


@pytest.fixture
def stage():
    with Stage() as started:
        yield started


def _open(stage) -> None:
    stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="", LC_ALL="C.UTF-8")
    stage.act("refused")
    activate(stage, TITLE)


def test_whatever_is_told(stage):
    """An error and a new try; rows that come, stay and go; by key, by ear, and copied."""
    before = len(log_of("nm-killswitch-applet").read_text(errors="replace")) if log_of("nm-killswitch-applet").exists() else 0
    _open(stage)
    _said(stage, "The program that shows refused packets could not be started.")
    stage.helper("Refused", ("io.github.nmkillswitch.Error.NotAuthorised", "no"))
    press(stage, TITLE, "Try again")
    _said(stage, "You may not see it without a password.")
    stage.helper("Refused", "({'state': <'on'>},)")
    press(stage, TITLE, "Try again")
    _said(stage, NOTHING)
    assert not [node for node in read(stage, TITLE) if node.name == "Try again"]

    stage.helper("Refused", REFUSED)
    _said(stage, "2 more are other users'")
    rows = [node for node in read(stage, TITLE, "VISIBLE") if node.role == "list item"]
    assert len(rows) == len(ENTRIES)
    for part in ("firefox (/usr/lib/firefox/firefox, user alice", "203.0.113.9, port 443, TCP: it was not", "3 times, last at"):
        assert part in rows[0].name
    assert not any(letter in node.name + node.text for node in read(stage, TITLE) for letter in "\x1b\u202e")
    assert {(node.role, node.name) for node in walk_by_tab(stage, TITLE)} >= {("push button", "Copy"), ("list item", rows[0].name)}

    press(stage, TITLE, "Copy")
    stage.act("vpns")
    activate(stage, "VPNs")
    stage.x("key", "ctrl+v")
    wait_until(lambda: any("443, TCP: it was" in node.text for node in read(stage, "VPNs") if node.role == "text"), "what was copied", 20)
    stage.x("key", "Escape")

    # somebody has it kept: then it is not since the window opened
    kept = "'kept_since': <int64 1000000000>, 'kept_until': <int64 1000001800>"
    stage.helper("Refused", f"({{'state': <'on'>, {kept}, 'entries': <[{', '.join(ENTRIES)}]>}},)")
    _said(stage, "Kept since")

    # the first row goes, the others stay
    stage.helper("Refused", f"({{'state': <'on'>, 'entries': <[{', '.join(ENTRIES[1:])}]>}},)")
    wait_until(lambda: not any(node.name == rows[0].name for node in read(stage, TITLE, "VISIBLE")), "the row to go", 20)
    find(stage, TITLE, rows[1].name, "list item", "VISIBLE")
    asked = stage.asked.count("Look")
    activate(stage, TITLE)
    stage.x("key", "Escape")
    wait_until(lambda: not stage.windows(TITLE), "the window to close", 20)
    stage.helper("Refused", "({'state': <'on'>},)")
    stage.wait_for_main_loop()
    assert stage.asked.count("Look") == asked
    # no call on a bus that has gone with an error
    assert "GLib-GIO-CRITICAL" not in log_of("nm-killswitch-applet").read_text(errors="replace")[before:]


KEPT = "({'state': <'on'>, 'kept_since': <int64 1000000000>, 'kept_until': <int64 1000001800>},)"
UNJUDGED = CLOSED.replace("'closed'", "'unjudged'").replace("({", "({'doubt': <'no-control'>, ")
REFUSED_STATES = {
    "away": (None, "The program that shows refused packets could not be started."),
    "denied": (("io.github.nmkillswitch.Error.NotAuthorised", "no"), "You may not see it without a password."),
    "nothing": ("({'state': <'on'>},)", NOTHING),
    "no-guard": ("({'state': <'no-guard'>},)", "The guard does not answer"),
    "kept": (KEPT, "Kept since"),
    "rows": (REFUSED, "Refused since this window opened"),
}
LEAK_STATES = {
    "away": (None, "The leak test could not be made."),
    "denied": (("io.github.nmkillswitch.Error.NotAuthorised", "no"), "You may not"),
    "unjudged": (UNJUDGED, "It cannot be said whether this machine leaks"),
    "leaked": (LEAKED, "This machine leaks"),
    "closed": (CLOSED, "Nothing leaks"),
}


@pytest.mark.parametrize("theme", ["Adwaita:dark", *(["Adwaita"] if os.environ.get("KS_FULL") else [])])
def test_pictures_of_all_states(stage, theme):
    """Both windows, whatever is told to them."""
    stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="", LC_ALL="C.UTF-8", GTK_THEME=theme)
    colours = theme.partition(":")[2] or "light"
    for action, title, helper, again, states in (
        ("refused", TITLE, "Refused", "Try again", REFUSED_STATES), ("test", "Leak Test", "LeakTest", "Test again", LEAK_STATES),
    ):
        stage.act(action)
        activate(stage, title)
        for state, (answer, begins) in states.items():
            if answer:
                stage.helper(helper, answer)
                if any(node.name == again and "VISIBLE" in node.states for node in read(stage, title)):
                    press(stage, title, again)
            wait_until(lambda: any(text.startswith(begins) for text in words(stage, title)), f"{begins!r} in the window", 20)
            stage.screenshot(f"{action}-{state}-{colours}")
        stage.x("key", "Escape")
        wait_until(lambda: not stage.windows(title), "the window to close", 20)
