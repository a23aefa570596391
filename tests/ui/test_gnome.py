# SPDX-License-Identifier: GPL-2.0-or-later
"""In GNOME Shell with the AppIndicator extension, with the real guard, NetworkManager and OpenVPN."""

import gettext
import re

from world.waiting import wait_until

from .picture import Picture


def wait_label(desktop, label, timeout=20):
    wait_until(lambda: any(label in shown for shown in desktop.labels()), f"{label!r} in the menu", timeout)


# What stands first in a notification, and alone until somebody opens it.
_TITLES = (
    "Your VPN is now a lock", "The lock stays closed", "Keep “%s” connected?", "The guard could not be started",
    "The VPN could not be connected", "The lock was not opened", "The lock was not closed", "The guard is not running",
)
_BODIES = (
    "Only you open it again, from its icon. Until then nothing leaves this computer except through a VPN, and nothing at "
    "all if the VPN drops.",
    "Only you open it again, from its icon. Disconnecting the VPN there opens it, too. Until then nothing leaves this "
    "computer except through a VPN, and nothing at all if the VPN drops.",
    "To open it, start VPN Kill Switch again. Only its icon is gone.",
    "When it drops, the guard connects it again. It does so for everybody on this computer, also before anybody logs in; "
    "this program no longer does.",
    "A lock that was closed stays closed.",
)


def in_every_language(desktop, texts, first_sentence):
    """As they are shown, with a name in them."""
    catalogues = [gettext.NullTranslations()]
    for path in sorted(desktop.root.glob("**/LC_MESSAGES/nm-killswitch.mo")):
        with open(path, "rb") as file:
            catalogues.append(gettext.GNUTranslations(file))
    assert len(catalogues) > 7
    for text in texts:
        assert catalogues[1].gettext(text) != text, text  # it is no text of the program's any more
    shown = [catalogue.gettext(text).replace("%s", "office") for catalogue in catalogues for text in texts]
    return [re.split(r"(?<=[.。]) ?", text)[0] if first_sentence else text for text in shown]


def test_a_day_with_the_lock(world, gnome):
    gnome.start_panel()
    # GTK 3 grumbles when the shell, as compositor, goes while a window of it waits for a frame
    gnome.start_applet("--hidden", G_DEBUG="")
    gnome.wait_icon("unlocked", 30)
    wait_label(gnome, "full")
    gnome.look_at_menu("gnome-unlocked")
    assert gnome.told() == []

    # the first lock explains itself, on one line
    gnome.click("full")
    gnome.wait_icon("protected", 30)
    [first] = wait_until(gnome.told, "to be told of the first lock", 20)
    assert first["title"] == "Your VPN is now a lock" and not first["urgent"]
    wait_until(gnome.banner, "the banner", 20)
    cut = gnome.cut(in_every_language(gnome, _TITLES, False), in_every_language(gnome, _BODIES, True))
    gnome.screenshot("gnome-first-lock")
    assert cut == [[], []], cut
    gnome.click_banner(first["title"])
    wait_until(lambda: gnome.windows("VPN Kill Switch"), "the window", 20)
    wait_until(lambda: not gnome.told(), "the notification to go")
    gnome.x("key", "Escape")
    wait_label(gnome, "Server: ")
    icon = gnome.look_at_menu("gnome-protected")
    wait_until(lambda: Picture(gnome.screenshot("gnome-panel"), icon).contrast >= 3, "the icon to stand out", 20)

    def drawn(name):
        picture = gnome.picture_of_icon(name)
        return picture and picture.colours

    gnome.x("mousemove", "500", "600")  # what is pointed at is lit

    def is_dark():
        shot = gnome.screenshot("gnome-panel")
        return Picture(shot, icon).background == Picture(shot, "24x28+300+2").background

    wait_until(is_dark, "the icon not to be lit")
    protected = wait_until(lambda: drawn("gnome-panel"), "the icon to be drawn", 20)

    # it drops, and is connected again from the notification
    world.client.kill("openvpn")
    gnome.wait_icon("blocked", 30)
    assert world.product.status()["state"] == "blocked"
    [drop] = wait_until(gnome.told, "to be told", 20)
    assert drop["title"] == "Blocked" and drop["urgent"]
    wait_until(gnome.banner, "the banner", 20)
    # the shell says what it was told before it draws it, and while it loads an icon it draws none
    blocked = protected

    def stays():
        nonlocal blocked
        before, blocked = blocked, drawn("gnome-blocked")
        return blocked and protected != before == blocked

    wait_until(stays, "the icon to be drawn", 20)
    gnome.click_banner("Reconnect")
    gnome.wait_icon("protected", 30)
    wait_until(lambda: not gnome.told(), "the notification to go")
    world.client.kill("openvpn")
    gnome.wait_icon("blocked", 30)

    # the shell ends and starts again: the icon is back, and the menu is the one of now
    gnome.stop_panel()
    gnome.start_panel()
    gnome.wait_icon("blocked", 30)
    gnome.wait_checked("Lock")
    wait_until(lambda: drawn("gnome-restarted") == blocked, "the icon to be drawn", 20)
