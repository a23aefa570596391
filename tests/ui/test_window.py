# SPDX-License-Identifier: GPL-2.0-or-later
"""Without a tray there is a window; with one it is out of the way."""

from world.waiting import wait_end, wait_product, wait_until

from .access import activate, find, press, read, words

TITLE = "VPN Kill Switch"
DOUBTFUL = "broken (server not known)…"


def test_without_a_tray(world, desktop):
    desktop.start_applet("--hidden")
    wait_until(lambda: desktop.windows(TITLE), "the window that stands in", 25)
    desktop.screenshot("window-unlocked")

    desktop.act("lock")
    wait_product(lambda: world.product.status()["locked"], "the lock to close")
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
    assert wait_end(second, "the second applet to end") == 0
    assert not desktop.windows(TITLE)
    third = desktop.start([str(desktop.program)])
    assert wait_end(third, "the third applet to end") == 0
    wait_until(lambda: desktop.windows(TITLE), "the window of the first")
    lock = desktop.start([str(desktop.program), "--lock"])
    assert wait_end(lock, "the command to end") == 0
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


def test_the_keyboard_stays_where_it_is(world, desktop):
    """A VPN that cannot connect while locked is another kind of row then; those that are there stay where they are."""
    world.manager.nmcli(
        "connection", "add", "type", "vpn", "con-name", "broken", "ifname", "*", "vpn-type", "openvpn", "vpn.data",
        "connection-type=password,remote=not_a_port:99999,username=x,ca=/run/world/keys/ca.crt",
    )
    world.manager.nmcli("connection", "clone", "full", "never used")  # below it
    try:
        desktop.start_applet(NO_AT_BRIDGE="0", G_DEBUG="")
        wait_until(lambda: "broken" in words(desktop, TITLE, "VISIBLE"), "the VPNs in the window", 25)
        activate(desktop, TITLE)
        press(desktop, TITLE, "Lock", "toggle button")
        wait_until(lambda: DOUBTFUL in words(desktop, TITLE, "VISIBLE"), "the doubtful VPN to be known", 20)
        wait_until(lambda: focused(desktop, TITLE) == ["Lock"], "the keyboard to be where it was", 5)
        world.product.ctl("unlock")

        desktop.act("vpns")
        activate(desktop, "VPNs")
        find(desktop, "VPNs", "broken", "toggle button", "VISIBLE")
        before = rows_of(desktop)
        down = before.index("never used") - before.index("broken")
        assert down > 0
        # the keyboard is in the field above them
        desktop.x("key", *["Tab"] * (before.index("never used") + 1), "space")
        world.product.wait_state("protected", 30)
        find(desktop, "VPNs", DOUBTFUL, "push button", "VISIBLE")
        assert rows_of(desktop) == [DOUBTFUL if name == "broken" else name for name in before]
        assert focused(desktop, "VPNs") == ["never used"]
        # what comes for a control that has the keyboard has it too
        desktop.x("key", *["shift+Tab"] * down)
        wait_until(lambda: focused(desktop, "VPNs") == [DOUBTFUL], "the keyboard to be there", 10)
        world.product.ctl("unlock")
        find(desktop, "VPNs", "broken", "toggle button", "VISIBLE")
        assert focused(desktop, "VPNs") == ["broken"]
    finally:
        world.manager.nmcli("connection", "delete", "broken", "never used", check=False)


def focused(desktop, title):
    return [node.name for node in read(desktop, title, "VISIBLE") if "FOCUSED" in node.states and node.role != "frame"]


def rows_of(desktop):
    """The names of their controls in the order in which they stand."""
    return [node.name for node in read(desktop, "VPNs", "VISIBLE") if node.role in ("toggle button", "push button")]


def uuid_of(world, profile):
    return world.manager.nmcli("-g", "connection.uuid", "connection", "show", profile).stdout.strip()
