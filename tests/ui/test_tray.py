# SPDX-License-Identifier: GPL-2.0-or-later
"""In xfce4-panel, with the real guard: the icon, its menu, and what clicking it does."""

from world.waiting import wait_end, wait_until


def wait_label(desktop, label, timeout=15):
    wait_until(lambda: any(label in shown for shown in desktop.labels()), f"{label!r} in the menu", timeout)


def test_a_day_with_the_lock(world, desktop):
    desktop.start_panel()
    desktop.start_applet("--hidden")
    desktop.wait_icon("unlocked")
    wait_label(desktop, "full")
    assert desktop.tray("IconAccessibleDesc").startswith("VPN kill switch. Unlocked")
    assert not desktop.item("Lock").is_checked
    assert not desktop.windows("VPN Kill Switch")
    desktop.screenshot("xfce-unlocked")

    # closing needs no password
    desktop.click("Lock")
    desktop.wait_icon("blocked")
    wait_until(lambda: desktop.item("Lock").is_checked, "the mark of the lock")
    assert desktop.item("Blocked: no VPN is connected")
    assert world.product.status()["state"] == "blocked"
    desktop.screenshot("xfce-blocked")

    # a VPN from the menu
    desktop.click("full")
    desktop.wait_icon("protected", 30)
    wait_until(lambda: desktop.item("full").is_checked, "the mark of the VPN")
    assert desktop.item("Protected: everything goes through “full”")
    wait_label(desktop, "Server: ")
    desktop.x("mousemove", "1008", "15", "click", "1")
    desktop.screenshot("xfce-protected")

    # it drops: the icon says so, and how to go on
    world.client.kill("openvpn")
    desktop.wait_icon("blocked", 30)
    desktop.screenshot("xfce-dropped")

    desktop.click("Quit")
    assert wait_end(desktop.applet, "the applet to end") == 0
    assert world.product.status()["locked"]


def test_a_password_given_and_refused(world, desktop):
    desktop.start_panel()
    desktop.start_applet("--hidden")
    desktop.wait_icon("unlocked")
    desktop.click("Lock")
    desktop.wait_icon("blocked")

    # while polkit asks the mark stays what the kernel holds, and cannot be clicked again
    agent = desktop.agent()
    wait_until(lambda: desktop.item("Lock").is_sensitive, "the lock to be clickable")
    desktop.click("Lock")
    agent.wait_for("Password:")
    wait_label(desktop, "Lock (waiting for the password)")
    assert desktop.item("Lock").is_checked
    assert not desktop.item("Lock").is_sensitive
    agent.type("wrong")
    wait_until(lambda: desktop.item("Lock").label == "Lock", "the refusal", 20)
    assert desktop.item("Lock").is_checked
    assert world.product.status()["locked"]

    desktop.click("Lock")
    agent.give_password()
    desktop.wait_icon("unlocked")
    wait_until(lambda: not desktop.item("Lock").is_checked, "the mark to go")


def test_lan_and_pause(world, desktop):
    desktop.start_panel()
    desktop.start_applet("--hidden")
    desktop.wait_icon("unlocked")
    desktop.click("Lock")
    desktop.wait_icon("blocked")
    agent = desktop.agent()

    desktop.click("Allow LAN access")
    agent.give_password()
    wait_until(lambda: desktop.item("Allow LAN access").is_checked, "LAN access")
    assert world.product.status()["lan"]
    wait_label(desktop, "Only on “uplink”")
    desktop.click("Allow LAN access")
    wait_until(lambda: not desktop.item("Allow LAN access").is_checked, "LAN access to end")

    desktop.click("For 5 minutes")
    agent.give_password()
    desktop.wait_icon("paused")
    wait_label(desktop, "End the pause now (5 min left)")
    desktop.screenshot("xfce-paused")
    desktop.click("End the pause now")
    desktop.wait_icon("blocked")


def test_the_guard_goes_and_comes_back(world, desktop):
    desktop.start_panel()
    desktop.start_applet("--hidden")
    desktop.wait_icon("unlocked")
    world.product.stop_guard()
    desktop.wait_icon("away")
    assert desktop.item("Start the guard").is_sensitive
    assert not any(label.startswith("Lock") for label in desktop.labels())
    world.product.start_guard()
    desktop.wait_icon("unlocked")
    assert desktop.item("Lock").is_sensitive
