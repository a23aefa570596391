# SPDX-License-Identifier: GPL-2.0-or-later
"""In GNOME Shell with the AppIndicator extension, with the real guard, NetworkManager and OpenVPN."""

from world.waiting import wait_until

from .picture import Picture


def wait_label(desktop, label, timeout=20):
    wait_until(lambda: any(label in shown for shown in desktop.labels()), f"{label!r} in the menu", timeout)


def test_a_day_with_the_lock(world, gnome):
    gnome.start_panel()
    # GTK 3 grumbles when the shell, as compositor, goes while a window of it waits for a frame
    gnome.start_applet("--hidden", G_DEBUG="")
    gnome.wait_icon("unlocked", 30)
    wait_label(gnome, "full")
    gnome.look_at_menu("gnome-unlocked")

    gnome.click("Lock")
    gnome.wait_icon("blocked")
    wait_until(lambda: gnome.item("Lock").is_checked, "the mark of the lock")
    gnome.screenshot("gnome-blocked")

    gnome.click("full")
    gnome.wait_icon("protected", 30)
    wait_label(gnome, "Server: ")
    icon = gnome.look_at_menu("gnome-protected")
    assert Picture(gnome.screenshot("gnome-panel"), icon).contrast >= 3

    world.client.kill("openvpn")
    gnome.wait_icon("blocked", 30)
    assert world.product.status()["state"] == "blocked"

    # the shell ends and starts again: the icon is back, and the menu is the one of now
    gnome.stop_panel()
    gnome.start_panel()
    gnome.wait_icon("blocked", 30)
    assert gnome.item("Lock").is_checked
    gnome.screenshot("gnome-restarted")
