# SPDX-License-Identifier: GPL-2.0-or-later
"""Exceptions, and the VPN of one network, in the preferences: what is shown, asked of the guard, and what it answers.
KS_FULL=1 only: how long it takes on a quiet machine has not been measured."""

import pytest

from world.waiting import wait_until

from .access import activate, cut_texts, find, focus, laid_out, press, read, type_into, walk_by_tab, words
from .stage import Stage

PREFERENCES = "Preferences"
DIALOG = "Make an Exception"
REMOVING = "Remove an Exception"
LOCKED = {"State": "'blocked'", "Locked": "true"}
HERE = "VPN that connects by itself on “Home”"


def exception(name: str, end: str, more: str = "", port: int = 22) -> str:
    return (
        f"{{'name': <'{name}'>, {end}, 'protocol': <'tcp'>, 'first_port': <uint16 {port}>, 'last_port': <uint16 {port}>,"
        f" 'until': <uint64 0>{more}}}"
    )


SERVICE = exception("ssh", "'from': <'192.0.2.0/24'>")
SHORT = exception("printer", "'to': <'198.51.100.7'>", port=631).replace("<uint64 0>", "<uint64 4102444800>")
LAID_DOWN = exception("backup", "'to': <'198.51.100.8'>", ", 'source': <'/etc/nm-killswitch/conf.d/backup.conf:3'>")
HOME = ", 'network': <'n1'>, 'network_name': <'Home'>"
OFFICE = ", 'network': <'n2'>, 'network_name': <'Office'>"
ONLY_HERE = exception("scanner", "'to': <'192.168.1.9'>", HOME, port=631)
ELSEWHERE = exception("plotter", "'to': <'192.168.1.9'>", OFFICE, port=631)
LONG = exception("W" * 128, "'to': <'2001:db8:1234:5678:9abc:def0:1234:5678'>")


def told(*exceptions: str, elsewhere: str = "@aa{sv} []") -> dict[str, str]:
    return LOCKED | {"Exceptions": f"[{', '.join(exceptions)}]", "ExceptionsElsewhere": elsewhere}


@pytest.fixture
def stage():
    with Stage() as started:
        yield started


def open_preferences(stage, **environment) -> None:
    stage.start_applet("--preferences", **({"NO_AT_BRIDGE": "0", "G_DEBUG": "", "LC_ALL": "C.UTF-8"} | environment))
    activate(stage, PREFERENCES)


def said(stage, begins: str, window: str = PREFERENCES) -> None:
    wait_until(
        lambda: any(text.startswith(begins) for text in words(stage, window, "VISIBLE")), f"{begins!r} in {window}", 20
    )


def states(stage, name: str, window: str = PREFERENCES, role: str = "push button") -> tuple[str, ...]:
    return find(stage, window, name, role, "VISIBLE").states


def add(stage) -> None:
    press(stage, PREFERENCES, "Add an exception")
    activate(stage, DIALOG)


def is_gone(stage, window: str) -> None:
    wait_until(lambda: not stage.windows(window), f"{window!r} to close", 20)


def remove(stage, name: str) -> None:
    press(stage, PREFERENCES, f"Remove the exception “{name}”")


def choose_the_vpn_of_this_network(stage) -> None:
    """It is shown as the guard says, and asked for with the networks of now."""
    always = "{'vpns': <@aa{sv} []>%s}"
    stage.say(LOCKED | {"AlwaysOn": always % ", 'here': <[{'uuid': <'other'>, 'name': <'x'>}]>"})

    def shown() -> str:
        return find(stage, PREFERENCES, HERE, "toggle button", "VISIBLE").description

    wait_until(lambda: shown() == "A VPN that you cannot see", "the choice of now", 20)
    press(stage, PREFERENCES, HERE, "toggle button")
    find(stage, "", "The same as everywhere", "menu item")
    stage.x("key", "Home", "Return")
    wait_until(lambda: "SetAlwaysOnHere('', ['n1'])" in stage.asked, "the guard to be asked", 20)
    assert shown() == "A VPN that you cannot see"
    stage.say(LOCKED | {"AlwaysOn": always % ""})  # no VPN is set up: there is nothing to choose
    wait_until(lambda: not any(node.name == HERE for node in read(stage, PREFERENCES, "VISIBLE")), "the row to go", 20)


def test_what_there_is(stage):
    """Listed, removed with a second look where it matters, by whom, and when the guard is away; the VPN of the network."""
    stage.say(LOCKED)
    open_preferences(stage)
    said(stage, "There are no exceptions")
    said(stage, "To add or remove one, the guard asks for an administrator’s password.")
    stage.say(told(SERVICE, SHORT, LAID_DOWN))
    said(stage, "From others to this computer: 192.0.2.0/24, port 22, TCP")
    assert "There are no exceptions" not in words(stage, PREFERENCES, "VISIBLE")
    rows = [node.name for node in read(stage, PREFERENCES, "VISIBLE") if node.role == "list item"]
    assert any(row.startswith("printer\nTo 198.51.100.7, port 631, TCP\nUntil ") for row in rows)
    assert any(row.endswith("laid it down in /etc/nm-killswitch/conf.d/backup.conf:3") for row in rows)
    names = [node.name for node in read(stage, PREFERENCES, "VISIBLE") if node.role == "push button"]
    assert [name for name in names if name.startswith("Remove the exception")] == [
        "Remove the exception “ssh”", "Remove the exception “printer”"
    ]

    # what ends by itself goes at once, and a click while that is asked asks nothing more
    stage.held = []
    remove(stage, "printer")
    wait_until(lambda: stage.held, "the guard to be asked", 20)
    wait_until(lambda: "SENSITIVE" not in states(stage, "Remove the exception “ssh”"), "the others to wait", 20)
    stage.x("key", "space")
    stage.wait_for_main_loop()
    assert [asked for asked in stage.asked if asked.startswith("Remove")] == ["RemoveException('printer',)"]
    stage.held.pop().return_value(None)
    stage.held = None
    stage.say(told(SERVICE, LAID_DOWN))
    wait_until(lambda: not any("printer" in row.name for row in read(stage, PREFERENCES, "VISIBLE")), "the row to go", 20)
    # and the keyboard is still somewhere
    stage.wait_for_main_loop()
    assert any("FOCUSED" in node.states for node in read(stage, PREFERENCES, "VISIBLE") if node.is_control)

    # somebody may be here by a service: that is asked about
    remove(stage, "ssh")
    activate(stage, REMOVING)
    said(stage, "Others cannot reach this service any more", REMOVING)
    stage.x("key", "Escape")
    is_gone(stage, REMOVING)
    remove(stage, "ssh")
    press(stage, REMOVING, "Remove")
    wait_until(lambda: stage.asked[-1] == "RemoveException('ssh',)", "the guard to be asked", 20)
    is_gone(stage, REMOVING)

    choose_the_vpn_of_this_network(stage)
    stage.go_away()
    wait_until(lambda: "SENSITIVE" not in states(stage, "Add an exception"), "the guard's end to be known", 20)
    assert "There are no exceptions" not in words(stage, PREFERENCES, "VISIBLE")


def test_one_is_made(stage):
    """What is written is judged beside its field, what leaks is confirmed, and the guard has the last word."""
    stage.say(told(SERVICE))
    open_preferences(stage)
    add(stage)
    walked = {node.name for node in walk_by_tab(stage, DIALOG)}
    assert walked >= {"Address or range", "Service", "Name", "Cancel", "Allow"}, walked
    type_into(stage, DIALOG, "Address or range", "nas.example")
    stage.x("key", "Return")
    said(stage, "An exception is for an address or a range", DIALOG)
    entry = find(stage, DIALOG, "Address or range", "text")
    assert "FOCUSED" in entry.states and entry.description.startswith("An exception is for"), entry
    assert not cut_texts(laid_out(stage, DIALOG))
    stage.screenshot("exception-wrong")
    type_into(stage, DIALOG, "Address or range", "100.64.0.9")
    wait_until(lambda: not any("An exception is for" in text for text in words(stage, DIALOG)), "it to be forgotten", 20)
    stage.x("key", "Return")
    wait_until(lambda: stage.asked, "the guard to be asked", 20)
    assert stage.asked[-1] == "AddException('100.64.0.9', '100.64.0.9', 'tcp', 443, 443, 0, false)"
    is_gone(stage, DIALOG)

    # a service for anybody: it says what leaks, and a second click is no yes
    add(stage)
    focus(stage, DIALOG, "Let others reach a service of this computer", "radio button")
    stage.x("key", "space")
    said(stage, "Those whom you name", DIALOG)
    type_into(stage, DIALOG, "Address or range", "0.0.0.0/0")
    type_into(stage, DIALOG, "Name", "web")
    count = len(stage.asked)
    press(stage, DIALOG, "Allow")
    stage.x("key", "space", "Return")
    said(stage, "This lets more public addresses", DIALOG)
    assert "SENSITIVE" not in states(stage, "Allow", DIALOG)
    assert not cut_texts(laid_out(stage, DIALOG))
    stage.screenshot("exception-leaks")
    assert len(stage.asked) == count
    press(stage, DIALOG, "I want that: make the exception", "check box")
    wait_until(lambda: "SENSITIVE" in states(stage, "Allow", DIALOG), "it to be confirmed", 20)
    stage.held = []
    for error, begins in (
        (("io.github.nmkillswitch.Error.Forbidden", "no"), "The administrator of this computer does not allow it."),
        (("io.github.nmkillswitch.Error.InvalidArguments", "This address is a broadcast."), "This address is a broadcast."),
        (("org.freedesktop.DBus.Error.NoReply", "gone"), "The guard is not running."),
    ):
        press(stage, DIALOG, "Allow")
        wait_until(lambda: stage.held, "the guard to be asked", 20)
        assert stage.asked[-1] == "AddService('web', '0.0.0.0/0', 'tcp', 443, 443, 0, true)"
        stage.held.pop().return_dbus_error(*error)
        said(stage, begins, DIALOG)
    stage.x("key", "Escape")
    is_gone(stage, DIALOG)


def test_on_one_network(stage):
    """One for one network says so, one elsewhere that it is closed, and either can be made and removed."""
    stage.say(told(ONLY_HERE, elsewhere=f"[{ELSEWHERE}]"))
    open_preferences(stage)
    said(stage, "Only on “Home”")
    said(stage, "Only on “Office”; closed: this computer is not connected to it now")
    focus(stage, PREFERENCES, "Add an exception", "push button")
    laid_out(stage, PREFERENCES)
    stage.screenshot("exceptions-on")
    remove(stage, "plotter")
    activate(stage, REMOVING)
    said(stage, "To have it again, you have to add it again while", REMOVING)
    press(stage, REMOVING, "Remove")
    wait_until(lambda: stage.asked[-1:] == ["RemoveException('plotter',)"], "the guard to be asked", 20)
    is_gone(stage, REMOVING)

    only = "Only on this network (Home)"
    for direction, method in (("", "AddExceptionOn"), ("Let others reach a service of this computer", "AddServiceOn")):
        add(stage)
        if direction:
            focus(stage, DIALOG, direction, "radio button")
            stage.x("key", "space")
            said(stage, "Those whom you name", DIALOG)
        assert "CHECKED" not in states(stage, only, DIALOG, "check box")
        type_into(stage, DIALOG, "Address or range", "192.168.1.7")
        press(stage, DIALOG, only, "check box")
        wait_until(lambda: "CHECKED" in states(stage, only, DIALOG, "check box"), "the tick", 20)
        assert not cut_texts(laid_out(stage, DIALOG))
        stage.screenshot(f"exception-on-{method}")
        press(stage, DIALOG, "Allow")
        expected = f"{method}('192.168.1.7', '192.168.1.7', 'tcp', 443, 443, 0, false, 'n1')"
        wait_until(lambda: stage.asked[-1] == expected, "the guard to be asked", 20)
        is_gone(stage, DIALOG)

    # what the guard says may be of the network
    stage.held = []
    add(stage)
    type_into(stage, DIALOG, "Address or range", "192.168.1.7")
    press(stage, DIALOG, only, "check box")
    wait_until(lambda: "CHECKED" in states(stage, only, DIALOG, "check box"), "the tick", 20)
    press(stage, DIALOG, "Allow")
    wait_until(lambda: stage.held, "the guard to be asked", 20)
    stage.held.pop().return_dbus_error("io.github.nmkillswitch.Error.InvalidArguments", "This Wi-Fi network is open.")
    said(stage, "This Wi-Fi network is open.", DIALOG)
    assert not find(stage, DIALOG, "Address or range", "text").description
    stage.x("key", "Escape")
    is_gone(stage, DIALOG)

    # with two it is not clear which one is meant
    two = "[{'uuid': <'n1'>, 'name': <'Home'>}, {'uuid': <'n2'>, 'name': <'Office'>}]"
    stage.say(told() | {"Networks": two})
    wait_until(lambda: any("Office" in node.name for node in read(stage, PREFERENCES, "VISIBLE")), "the other one", 20)
    add(stage)
    assert not any(node.name.startswith("Only on this") for node in read(stage, DIALOG, "VISIBLE"))


@pytest.mark.parametrize("theme", ["Adwaita:dark", "Adwaita"])
def test_pictures(stage, theme):
    colours = theme.partition(":")[2] or "light"
    many = [exception(f"machine {number}", f"'to': <'10.0.0.{number}'>") for number in range(1, 61)]
    shown = {"none": [], "some": [SERVICE, SHORT, LAID_DOWN, LONG], "many": [SERVICE, SHORT, LAID_DOWN, LONG, *many]}
    stage.say(LOCKED)
    open_preferences(stage, GTK_THEME=theme)
    for name, exceptions in shown.items():
        stage.say(told(*exceptions))
        stage.wait_for_main_loop()
        focus(stage, PREFERENCES, "Add an exception" if name != "many" else "Remove the exception “ssh”", "push button")
        laid_out(stage, PREFERENCES)
        stage.screenshot(f"exceptions-{name}-{colours}")
    remove(stage, "ssh")
    activate(stage, REMOVING)
    laid_out(stage, REMOVING)
    stage.screenshot(f"exceptions-remove-{colours}")
