# SPDX-License-Identifier: GPL-2.0-or-later
"""The leak test in a window: what it says is what was found, to eyes and to a screen reader."""

from world.waiting import WaitedTooLong, wait_until

from .access import activate, find, press, read, words
from .conftest import at_the_desk
from .desktop import Desktop

TITLE = "Leak Test"
STEPS = "First Steps"


def _said(desktop, begins: str, timeout: float = 30) -> list[str]:
    heard: list[str] = []

    def found() -> bool:
        heard[:] = words(desktop, TITLE)
        return any(text.startswith(begins) for text in heard)

    try:
        wait_until(found, f"{begins!r} in the window", timeout)
    except WaitedTooLong as error:
        raise WaitedTooLong(f"{error}; it said {heard}") from None
    return heard


def test_what_it_finds(world, desktop):
    try:
        desktop.start_panel()
        desktop.start_applet("--hidden", NO_AT_BRIDGE="0", G_DEBUG="")
        desktop.wait_icon("unlocked")
        world.product.running_leak_test()
        desktop.act("test")
        wait_until(lambda: desktop.windows(TITLE), "the window")
        _said(desktop, "The lock is open, and 42 of 42 attempts")
        desktop.screenshot("leak-test-unlocked")
        rows = {"TCP, IPv4: LEFT", "a frame made by hand, by uplink0, IPv6: LEFT (root)"}
        wait_until(lambda: rows <= {node.name for node in read(desktop, TITLE)}, f"the rows {rows}")

        world.product.ctl("lock")
        desktop.wait_icon("blocked")
        world.product.running_leak_test()
        desktop.act("test")  # the same window, and a new test
        _said(desktop, "Nothing leaks: 42 attempts")
        wait_until(lambda: len(desktop.windows(TITLE)) == 1, "one window alone")
        desktop.screenshot("leak-test-blocked")
        world.product.ctl("unlock")
        activate(desktop, TITLE)
        world.product.running_leak_test()
        press(desktop, TITLE, "Test again")
        _said(desktop, "The lock is open")
    finally:
        world.product.ctl("unlock")


class FreshDesktop(Desktop):
    """Somebody's who has just installed it."""

    settings = ""


def test_the_first_start(world):
    """From nothing to a VPN that is connected and a leak test that it has passed, by the buttons of the first steps."""
    with at_the_desk(world, FreshDesktop) as desktop:
        desktop.start_panel()
        desktop.start_applet(NO_AT_BRIDGE="0", G_DEBUG="", GTK_THEME="Adwaita:dark")
        for button in ("Continue", "Continue", "Choose a VPN…"):
            press(desktop, STEPS, button)
        press(desktop, "VPNs", "full", "toggle button")
        world.product.wait_state("protected", 30)
        activate(desktop, "VPNs")
        desktop.x("key", "Escape")
        activate(desktop, STEPS)
        world.product.running_leak_test()
        press(desktop, STEPS, "Test for leaks…")
        _said(desktop, "Nothing leaks")
        desktop.screenshot("leak-test-dark-protected")
        activate(desktop, TITLE)
        desktop.x("key", "Escape")
        find(desktop, STEPS, "Done", "push button")
        desktop.screenshot("first-steps-done")
