# SPDX-License-Identifier: GPL-2.0-or-later
"""Without a tray there is a window; with one it is out of the way."""

from world.waiting import wait_until

TITLE = "VPN Kill Switch"


def test_without_a_tray(world, desktop):
    desktop.start_applet("--hidden")
    wait_until(lambda: desktop.windows(TITLE), "the window that stands in", 25)
    desktop.screenshot("window-unlocked")

    desktop.act("lock")
    wait_until(lambda: world.product.status()["locked"], "the lock to close")
    desktop.act("connect", "[<'" + uuid_of(world, "full") + "'>]")
    world.product.wait_state("protected", 30)
    desktop.x("search", "--sync", "--onlyvisible", "--name", TITLE)
    desktop.screenshot("window-protected")

    # a tray appears: into it
    desktop.start_panel()
    desktop.wait_icon("protected")
    wait_until(lambda: not desktop.windows(TITLE), "the window to move into the tray")
    desktop.act("show")
    wait_until(lambda: desktop.windows(TITLE), "the window when it is asked for")

    # and back when it goes away for good
    desktop.stop_panel()
    assert desktop.windows(TITLE)


def test_one_instance(world, desktop):
    desktop.start_panel()
    desktop.start_applet("--hidden")
    desktop.wait_icon("unlocked")
    assert not desktop.windows(TITLE)
    second = desktop.start([str(desktop.program), "--hidden"])
    assert second.wait(10) == 0
    assert not desktop.windows(TITLE)
    third = desktop.start([str(desktop.program)])
    assert third.wait(10) == 0
    wait_until(lambda: desktop.windows(TITLE), "the window of the first")
    lock = desktop.start([str(desktop.program), "--lock"])
    assert lock.wait(10) == 0
    desktop.wait_icon("blocked")
    assert desktop.stop_applet() == 0


def test_preferences_follow_the_profile(world, desktop):
    desktop.start_panel()
    desktop.start_applet("--preferences")
    wait_until(lambda: desktop.windows("Preferences"), "the preferences")
    desktop.wait_icon("unlocked")
    desktop.screenshot("preferences")
    own = desktop.home / ".config/autostart/io.github.nmkillswitch.desktop"
    assert not own.exists()


def uuid_of(world, profile):
    return world.manager.nmcli("-g", "connection.uuid", "connection", "show", profile).stdout.strip()
