# SPDX-License-Identifier: GPL-2.0-or-later
"""What is refused, in a window: real packets of a person's program, and whatever else may be told of."""

import os
import subprocess
import time
from datetime import datetime

import pytest

from world import addresses as a
from world.network import log_of
from world.waiting import wait_until

from .access import activate, cut_texts, find, focus, laid_out, press, read, type_into, walk_by_tab, words
from .looks import CLOSED, ENTRIES, LEAKED, REFUSED
from .stage import Stage

TITLE = "What Is Refused"
DIALOG = "Make an Exception"
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
        _allow_it(world, desktop)
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


def _allow_it(world, desktop) -> None:
    """A person asks for an exception; with a wrong password nothing changes, with the right one it is the guard's."""

    def those():
        listed = world.product.status()["exceptions"]
        return [(one["name"], one["to"], one["protocol"], one["first_port"], one["last_port"]) for one in listed]

    agent = desktop.agent()
    press(desktop, TITLE, "Allow…")
    wait_until(lambda: any("came from: python3." in text for text in words(desktop, DIALOG)), "who was refused", 20)
    press(desktop, DIALOG, "Cancel")
    wait_until(lambda: not desktop.windows(DIALOG), "the dialog to close", 20)
    press(desktop, TITLE, "Allow…")
    press(desktop, DIALOG, "Allow")
    agent.wait_for("Password:")
    agent.type("wrong")
    wait_until(lambda: any("it was not authorised" in text for text in words(desktop, DIALOG)), "the refusal", 20)
    assert those() == []
    press(desktop, DIALOG, "Allow")
    agent.give_password()
    wait_until(lambda: not desktop.windows(DIALOG), "the dialog to close", 20)
    assert those() == [("python3", a.WEB[4], "udp", 8444, 8444)]
    until = datetime.fromisoformat(world.product.status()["exceptions"][0]["until"].replace("Z", "+00:00"))
    assert 3500 < until.timestamp() - time.time() < 3610
    _said(desktop, "Allowed now, by the exception “python3”")
    assert not [node for node in read(desktop, TITLE) if node.name == "Allow…"]
    world.product.ctl("allow", "remove", "python3")
    find(desktop, TITLE, "Allow…", "push button")


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


def _told(*entries: str) -> str:
    return f"({{'state': <'on'>, 'entries': <[{', '.join(entries)}]>}},)"


def _allowing(stage) -> tuple[str, ...]:
    return find(stage, TITLE, "Allow…", "push button", "VISIBLE").states


def test_what_can_be_allowed(stage):
    """Which rows, who may, what is asked of the guard, and what it answers."""
    stage.helper("Refused", _told(ENTRIES[1]))  # port 53
    stage.say({"State": "'blocked'", "Locked": "true", "Exceptions": "[{'name': <'firefox'>}]"})
    _open(stage)
    assert "SENSITIVE" not in _allowing(stage)
    assert "name server" in find(stage, TITLE, "Allow…", "push button", "VISIBLE").description
    stage.helper("Refused", _told(ENTRIES[0]))
    wait_until(lambda: "SENSITIVE" in _allowing(stage), "a row that can be an exception", 20)

    press(stage, TITLE, "Allow…")
    activate(stage, DIALOG)
    said = words(stage, DIALOG)
    assert "Allow 203.0.113.9, port 443, TCP?" in said
    assert any("came from: firefox. With an exception, every program on this computer" in text for text in said)
    assert not cut_texts(laid_out(stage, DIALOG))
    assert [node.text for node in read(stage, DIALOG) if node.role == "text"] == ["firefox 2"]
    type_into(stage, DIALOG, "Name", "")
    stage.x("key", "BackSpace")
    wait_until(lambda: "SENSITIVE" not in find(stage, DIALOG, "Allow", "push button").states, "it to want a name", 20)
    stage.x("type", "web")
    focus(stage, DIALOG, "For an hour", "radio button")
    stage.x("key", "Down")  # for good
    stage.held = []
    for error, begins in (
        (("io.github.nmkillswitch.Error.Forbidden", "no"), "The administrator of this computer does not allow it."),
        (("io.github.nmkillswitch.Error.ExceptionExists", "The exception “x” opens some of this already."), "The exception “x” opens"),
        (("org.freedesktop.DBus.Error.NoReply", "gone"), "The guard is not running."),
    ):
        press(stage, DIALOG, "Allow")
        wait_until(lambda: stage.held, "the guard to be asked", 20)
        stage.held.pop().return_dbus_error(*error)
        wait_until(lambda begins=begins: any(text.startswith(begins) for text in words(stage, DIALOG)), f"{begins!r}", 20)
    stage.held = None
    press(stage, DIALOG, "Allow")
    wait_until(lambda: not stage.windows(DIALOG), "the dialog to close", 20)
    assert stage.asked[-1] == "AddException('web', '203.0.113.9', 'tcp', 443, 443, 0, false)"
    exception = "{'name': <'web'>, 'to': <'203.0.113.9'>, 'protocol': <'tcp'>, 'first_port': <uint16 443>, 'last_port': <uint16 443>}"
    stage.say({"State": "'blocked'", "Locked": "true", "Exceptions": f"[{exception}]"})
    _said(stage, "Allowed now, by the exception “web”")
    stage.say({"State": "'blocked'", "Locked": "true"})
    wait_until(lambda: "SENSITIVE" in _allowing(stage), "it to have ended", 20)
    stage.go_away()
    wait_until(lambda: "SENSITIVE" not in _allowing(stage), "the guard's end to be known", 20)


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


def _show_dialog(stage, colours: str) -> None:
    stage.helper("Refused", _told(ENTRIES[0]))
    stage.say({"State": "'blocked'", "Locked": "true"})
    wait_until(lambda: "SENSITIVE" in _allowing(stage), "a row that can be an exception", 20)
    press(stage, TITLE, "Allow…")
    activate(stage, DIALOG)
    laid_out(stage, DIALOG)
    stage.screenshot(f"refused-allow-{colours}")
    press(stage, DIALOG, "Cancel")
    wait_until(lambda: not stage.windows(DIALOG), "the dialog to close", 20)
    activate(stage, TITLE)


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
            if state == "rows":
                _show_dialog(stage, colours)
        stage.x("key", "Escape")
        wait_until(lambda: not stage.windows(title), "the window to close", 20)
