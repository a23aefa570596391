# SPDX-License-Identifier: GPL-2.0-or-later
"""The preferences against the real guard: a VPN's servers are corrected, and polkit has its say."""

import pytest

from world.people import PASSWORD
from world.waiting import wait_product, wait_until

from .access import cut_texts, find, laid_out, press, read, type_into, words

PREFERENCES = "Preferences"
HOST = "Name or address of the server"


@pytest.fixture
def window(world, desktop):
    """The preferences, open, with one VPN whose profile names no server that could be let out."""
    world.manager.nmcli(
        "connection", "add", "type", "vpn", "con-name", "broken", "ifname", "*", "vpn-type", "openvpn", "vpn.data",
        "connection-type=password,remote=not_a_port:99999,username=x,ca=/run/world/keys/ca.crt",
    )
    desktop.person.people.restart_polkitd()  # forgets what the test before was allowed
    desktop.start_panel()
    desktop.start_applet("--preferences", NO_AT_BRIDGE="0", G_DEBUG="")
    desktop.wait_icon("unlocked")
    wait_until(lambda: desktop.windows(PREFERENCES), "the preferences")
    wait_until(lambda: "broken (OpenVPN)" in words(desktop, PREFERENCES, "VISIBLE"), "the VPNs", 20)
    yield desktop
    world.manager.nmcli("connection", "delete", "broken", check=False)


def says(desktop, text, title=PREFERENCES):
    """Also where it has to be scrolled to."""
    return lambda: any(text in (node.text or node.name) for node in read(desktop, title, "VISIBLE"))


def add_by_hand(desktop):
    press(desktop, PREFERENCES, "Add a VPN", "toggle button")
    find(desktop, "", "One that NetworkManager does not run…", "menu item")
    desktop.x("key", "Up", "Return")


def servers_of(world, name):
    return [
        (server["host"], server["protocol"], server["port"], server["source"])
        for server in world.product.status()["servers"] if server["name"] == name
    ]


def test_a_server_is_corrected(world, window):
    dialog = "Servers of “broken”"
    # it is the first in the list, and marked
    wait_until(says(window, "Its server is not known"), "the mark")
    assert servers_of(world, "broken") == []
    wait_until(lambda: any(node.name == "Warning" for node in read(window, PREFERENCES, "VISIBLE")), "the picture beside it")

    press(window, PREFERENCES, "Correct the servers of “broken”…")
    find(window, dialog, HOST)
    window.screenshot("servers-empty")
    # what cannot be is said before anybody is asked
    type_into(window, dialog, HOST, "203.0.113.300")
    press(window, dialog, "Save")
    wait_until(says(window, "“203.0.113.300” is neither", dialog), "the complaint")
    type_into(window, dialog, HOST, "203.0.113.30")
    wait_until(lambda: find(window, dialog, "Port", "spin button").text == "1194", "OpenVPN's port")
    type_into(window, dialog, "Port", "0", "spin button")
    press(window, dialog, "Save")
    wait_until(says(window, "Write the port", dialog), "the complaint about the port")
    wait_until(lambda: not find(window, dialog, "Port", "spin button").text, "no port to be no number")
    type_into(window, dialog, "Port", "1195", "spin button")
    window.screenshot("servers-filled")
    assert not cut_texts(laid_out(window, dialog))

    # refused: the dialog stays and says so, nothing has changed
    agent = window.agent()
    press(window, dialog, "Save")
    agent.wait_for("Password:")
    agent.type("wrong")
    wait_until(says(window, "it was not authorised", dialog), "the refusal", 20)
    window.screenshot("servers-refused")
    assert servers_of(world, "broken") == []

    press(window, dialog, "Save")
    agent.give_password()
    wait_until(lambda: not window.windows(dialog), "the dialog to close", 20)
    assert servers_of(world, "broken") == [("203.0.113.30", "udp", 1195, "override")]
    wait_until(says(window, "203.0.113.30, UDP port 1195"), "the corrected server")
    wait_until(says(window, "Corrected by hand"), "it to say by whom")
    wait_until(lambda: not says(window, "Its server is not known")(), "the mark to go")
    window.screenshot("preferences-corrected")

    # and as the profile says again
    press(window, PREFERENCES, "Correct the servers of “broken”…")
    find(window, dialog, HOST)
    press(window, dialog, "Use the servers of the profile again")
    # polkit keeps what it was told for some minutes: nobody is asked again
    wait_until(lambda: not window.windows(dialog), "the dialog to close", 20)
    assert servers_of(world, "broken") == []
    wait_until(says(window, "Its server is not known"), "the mark")


def test_which_vpns_lock(world, window):
    name = "Whether “broken” closes the lock"

    def locks():
        return next(vpn["locks"] for vpn in world.product.status()["vpns"] if vpn["name"] == "broken")

    assert locks() == "auto"
    agent = window.agent()
    press(window, PREFERENCES, name, "toggle button")
    find(window, "", "Always closes the lock", "menu item")
    window.x("key", "Down", "Return")
    # while polkit asks, what is shown is how it is
    agent.wait_for("Password:")

    def shown():
        return find(window, PREFERENCES, name, "toggle button", "VISIBLE").description

    wait_until(lambda: shown() == "Closes the lock if it carries everything", "it to be shown as it is")
    assert locks() == "auto"
    agent.type(PASSWORD)
    wait_until(lambda: locks() == "yes", "the guard to know")
    wait_until(lambda: shown() == "Always closes the lock", "the preferences to say so")


def test_which_is_always_on(world, window):
    name = "Always connect “full”"

    def kept():
        return [vpn["name"] for vpn in world.product.status()["always_on"]["vpns"]]

    def is_marked():
        return "CHECKED" in find(window, PREFERENCES, name, "toggle button", "VISIBLE").states

    agent = window.agent()
    press(window, PREFERENCES, name, "toggle button")
    agent.wait_for("Password:")
    wait_until(lambda: not is_marked(), "the switch to show how it is while polkit asks")
    assert kept() == []
    agent.type(PASSWORD)
    wait_until(lambda: kept() == ["full"], "the guard to know")
    wait_until(is_marked, "the mark")
    wait_until(lambda: world.manager.state_of("full") == "activated", "the guard to connect it", 30)
    press(window, PREFERENCES, name, "toggle button")
    wait_until(lambda: kept() == [], "the guard to know")
    wait_until(lambda: not is_marked(), "the mark to go")
    world.manager.down("full")
    world.product.ctl("unlock")


def test_a_vpn_by_hand(world, window):
    dialog = "A VPN outside of NetworkManager"
    agent = window.agent()
    add_by_hand(window)
    find(window, dialog, HOST)
    press(window, dialog, "Save")
    wait_until(says(window, "Write a name", dialog), "the complaint")
    type_into(window, dialog, "Name", "office by hand")
    type_into(window, dialog, "Network interface", "wg9")
    type_into(window, dialog, HOST, "203.0.113.31")
    type_into(window, dialog, "Port", "51820", "spin button")
    window.screenshot("vpn-by-hand")
    press(window, dialog, "Save")
    agent.give_password()
    wait_until(lambda: servers_of(world, "office by hand") == [("203.0.113.31", "udp", 51820, "manual")], "the guard", 20)
    wait_until(says(window, "Set up by hand, on the interface “wg9”."), "the VPN in the list")
    press(window, PREFERENCES, "Correct the servers of “office by hand”…")
    press(window, "Servers of “office by hand”", "Remove this VPN from the list")
    wait_until(lambda: not servers_of(world, "office by hand"), "it to be gone", 20)


def test_an_overlay_network(world, window):
    """It needs no server, and is not told as a VPN."""
    dialog = "A VPN outside of NetworkManager"
    check = "An overlay network, let out beside the VPN"
    agent = window.agent()
    add_by_hand(window)
    find(window, dialog, HOST)
    type_into(window, dialog, "Name", "mesh")
    type_into(window, dialog, "Network interface", "tailscale0")
    press(window, dialog, "Save")
    wait_until(says(window, "Write the name or the address", dialog), "the control: a VPN needs a server")
    press(window, dialog, check, "check box")
    window.screenshot("overlay")
    assert not cut_texts(laid_out(window, dialog))
    press(window, dialog, "Save")
    agent.give_password()
    wait_until(says(window, "An overlay network on the interface “tailscale0”"), "it in the list", 20)
    assert [(vpn["overlay"], vpn["locks"]) for vpn in world.product.status()["vpns"] if vpn["name"] == "mesh"] == [(True, "no")]
    window.screenshot("overlay-listed")
    press(window, PREFERENCES, "Correct the servers of “mesh”…")
    press(window, "Servers of “mesh”", "Remove this VPN from the list")
    wait_product(lambda: "mesh" not in str(world.product.status()["vpns"]), "it to be gone", 20)


def test_a_server_is_tested(world, window):
    """By connecting, and the answer stands beside it."""
    press(window, PREFERENCES, "Test “full”")
    wait_until(says(window, "Connected through the closed lock"), "the result", 40)
    window.screenshot("preferences-tested")
    world.manager.down("full")
    wait_until(lambda: not says(window, "Connected through")(), "the result to go")
