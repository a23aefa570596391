# SPDX-License-Identifier: GPL-2.0-or-later
"""What the applet's clicks do to the real lock: passwords, notifications, reconnecting, one network.

After each step the menu, as a panel reads it, says what the guard says."""

import pytest

from world.waiting import wait_product, wait_until

from .notifications import Notifications


@pytest.fixture
def notes(desktop):
    server = Notifications(desktop.environment["DBUS_SESSION_BUS_ADDRESS"])
    yield server
    server.close()


@pytest.fixture
def tray(desktop, notes):
    """With the applet in it, and the lock open."""
    desktop.start_panel()
    desktop.start_applet("--hidden")
    desktop.wait_icon("unlocked")
    wait_until(lambda: any(label == "full" for label in desktop.labels()), "the VPNs in the menu")
    return desktop


def agree(world, desktop):
    """The menu's marks are the guard's."""

    def same() -> bool:
        status = world.product.status()
        lan = [item for item in desktop.menu() if item.label == "Allow LAN access"]
        lock = [item for item in desktop.menu() if item.label == "Lock"]
        shown = [item.is_checked for item in lock + lan]
        return shown == [status["locked"], status["lan"]]

    wait_until(same, "the menu to agree with the guard")


def test_buttons_of_notifications(world, tray, notes):
    # all is well: nothing is said
    assert notes.sent == 0
    tray.click("Lock")
    tray.wait_icon("blocked")
    agree(world, tray)
    world.manager.nmcli("connection", "clone", "full", "deleted")
    wait_until(lambda: "deleted" in tray.labels(), "the copy in the menu")
    tray.click("deleted")
    tray.wait_icon("protected", 30)
    wait_until(lambda: not notes.shown, "silence while all is well")
    agree(world, tray)

    # it drops: urgent, and the button connects again
    world.client.kill("openvpn")
    tray.wait_icon("blocked", 30)
    dropped = notes.wait_for("Reconnect")
    assert dropped.urgency == 2
    assert dropped.title.startswith("Blocked")
    assert "Unlock…" in dropped.buttons
    agree(world, tray)
    notes.press("Reconnect")
    tray.wait_icon("protected", 40)
    wait_until(lambda: not notes.shown, "the notification to go")

    # nor is a VPN offered that is gone by now
    world.client.kill("openvpn")
    tray.wait_icon("blocked", 30)
    notes.wait_for("Reconnect")
    world.manager.nmcli("connection", "delete", "deleted")
    wait_until(lambda: all("Reconnect" not in note.buttons for note in list(notes.shown.values())), "the offer to go")

    # its other button: refused, then accepted
    agent = tray.agent()
    notes.press("Unlock…")
    agent.wait_for("Password:")
    agent.type("wrong")
    wait_until(lambda: tray.item("Lock").label == "Lock", "the refusal", 20)
    assert world.product.status()["locked"]
    agree(world, tray)
    tray.act("unlock")  # the notification is gone once it is answered: as from the launcher
    agent.give_password()
    tray.wait_icon("unlocked")
    agree(world, tray)

    # one of each kind at a time, never a pile
    assert len(notes.shown) <= 2


def test_reconnects_by_itself(world, tray, notes):
    tray.click("Lock")
    tray.wait_icon("blocked")
    tray.click("full")
    tray.wait_icon("protected", 30)
    world.product.ctl("always-on", "full")
    before = world.client.processes("openvpn")
    world.client.kill("openvpn")
    tray.wait_icon("blocked", 30)
    tray.wait_icon("protected", 60)
    assert set(world.client.processes("openvpn")) - set(before)
    agree(world, tray)
    world.product.ctl("always-on", "off")


def test_lan_on_this_network_only(world, tray):
    tray.click("Lock")
    tray.wait_icon("blocked")
    agent = tray.agent()
    tray.click("Allow LAN access")
    agent.give_password()
    tray.wait_checked("Allow LAN access")
    agree(world, tray)
    tray.wait_checked("Only on", False)
    tray.click("Only on")
    tray.wait_checked("Only on")
    networks = world.product.status()["lan_networks"]
    assert networks
    assert networks == [uuid_of(world, "uplink")]
    tray.click("Only on")
    tray.wait_checked("Only on", False)
    assert world.product.status()["lan_networks"] == []
    tray.click("Allow LAN access")
    wait_product(lambda: not world.product.status()["lan"], "LAN access to end")
    agree(world, tray)


def uuid_of(world, profile):
    return world.manager.nmcli("-g", "connection.uuid", "connection", "show", profile).stdout.strip()
