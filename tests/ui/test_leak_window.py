# SPDX-License-Identifier: GPL-2.0-or-later
"""The leak test in a window: what it says is what was found, to eyes and to a screen reader."""

import pytest

from world.waiting import wait_until

from .access import press, read, words

TITLE = "Leak Test"


def _said(desktop, begins: str, timeout: float = 30) -> list[str]:
    def found() -> list[str] | None:
        heard = words(desktop, TITLE)
        return heard if any(text.startswith(begins) for text in heard) else None

    return wait_until(found, f"{begins!r} in the window", timeout)


@pytest.mark.parametrize("theme", ["Adwaita", "Adwaita:dark"])
def test_what_it_finds(world, desktop, theme):
    tester = world.product.start_leak_test()
    shot = f"leak-test-{theme.replace(':', '-').lower()}"
    try:
        desktop.start_panel()
        desktop.start_applet("--hidden", NO_AT_BRIDGE="0", G_DEBUG="", GTK_THEME=theme)
        desktop.wait_icon("unlocked")
        desktop.act("test")
        wait_until(lambda: desktop.windows(TITLE), "the window")
        _said(desktop, "The lock is open, and 42 of 42 attempts")
        desktop.screenshot(f"{shot}-unlocked")
        names = {node.name for node in read(desktop, TITLE)}
        assert {"TCP, IPv4: LEFT", "a frame made by hand, by uplink0, IPv6: LEFT (root)"} <= names

        world.product.ctl("lock")
        desktop.wait_icon("blocked")
        desktop.act("test")  # the same window, and a new test
        _said(desktop, "Nothing leaks: 42 attempts")
        assert len(desktop.windows(TITLE)) == 1
        desktop.screenshot(f"{shot}-blocked")
        world.product.ctl("unlock")
        desktop.x("windowactivate", "--sync", desktop.windows(TITLE)[-1])
        press(desktop, TITLE, "Test again")
        _said(desktop, "The lock is open")
    finally:
        world.product.ctl("unlock")
        tester.terminate()
        tester.wait(5)
