# SPDX-License-Identifier: GPL-2.0-or-later
"""The windows for people who read by ear and go by keyboard; and what they say about a VPN."""

import os

import pytest

from world.waiting import WaitedTooLong, wait_until

from .access import activate, cut_texts, find, laid_out, read, walk_by_tab, words
from .looks import LEAKED, REFUSED
from .picture import Picture
from .stage import Stage

WINDOWS = {"Preferences": "--preferences", "VPN Kill Switch": ""}
HIGH = 2000  # lines of a screen on which nothing has to be scrolled


def open_window(desktop, title, **environment):
    desktop.start_panel()
    arguments = [WINDOWS[title]] if WINDOWS[title] else []
    # GTK 3 grumbles when it is asked where a widget is that has no window yet
    desktop.start_applet(*arguments, NO_AT_BRIDGE="0", G_DEBUG="", **environment)
    desktop.wait_icon("unlocked")
    activate(desktop, title)
    wait_until(lambda: "Lock" in words(desktop, ""), "the window to be filled in", 20)


@pytest.mark.parametrize("title", WINDOWS)
def test_every_control_has_a_name_and_is_reached_by_tab(world, desktop, title):
    open_window(desktop, title)
    check_controls(desktop, "", 4)


def check_controls(desktop, title, least, walk=True):
    nodes = read(desktop, title, "VISIBLE")
    controls = [node for node in nodes if node.is_control]
    assert len(controls) >= least, nodes
    nameless = [node for node in controls if not node.name and not node.text]
    assert not nameless
    # a picture says what it shows
    assert not [node for node in nodes if node.role in ("icon", "image") and not node.name]
    if not walk:  # many texts that take the focus to be read: Tab through all of them takes half a minute
        return
    walked = {(node.role, node.name) for node in walk_by_tab(desktop, title, most=60)}
    missed = [node for node in controls if (node.role, node.name) not in walked and node.name not in ("Close",)]
    assert not missed


@pytest.mark.parametrize("theme", ["Adwaita", "Adwaita:dark", "HighContrast"])
@pytest.mark.parametrize("title", WINDOWS)
def test_text_can_be_read(world, high_desktop, title, theme):
    desktop = high_desktop
    open_window(desktop, title, GTK_THEME=theme)
    check_contrast(desktop, title, theme)


def make_high(desktop, title):
    """Until nothing has to be scrolled to. Returns what is in the window then."""

    def whole():
        nodes = read(desktop, title, "VISIBLE")
        if not any(node.role == "scroll bar" and "SHOWING" in node.states for node in nodes):
            return nodes
        desktop.x("windowsize", "--sync", desktop.windows(title)[-1], "600", str(HIGH - 100))
        return None

    return wait_until(whole, f"all of {title!r} to be seen", 20)


def check_contrast(desktop, title, theme, whole=True):
    """Of all texts; or of those that are not scrolled away, where the screen has no room for all."""

    def can_be_read():
        """What is told is drawn a moment later."""
        nonlocal faults
        nodes = make_high(desktop, title) if whole else read(desktop, title)
        shot = desktop.screenshot(f"{title.replace(' ', '-').lower()}-{theme.replace(':', '-').lower()}")
        seen, faults = texts_of(nodes, shot, whole)
        return seen >= 4 and not faults

    faults = []
    try:
        wait_until(can_be_read, f"each text of {title!r} to be read")
    except WaitedTooLong as error:
        raise AssertionError(f"{error}: {faults}") from None


def texts_of(nodes, shot, whole):
    """How many can be read on the screenshot, and which cannot: outside of the window, or with little contrast."""
    frames = [node.box for node in nodes if node.role == "frame"]
    if len(frames) != 1:
        return 0, [f"{len(frames)} windows"]
    left, top, wide, high = frames[0]
    ends = [node.box[1] + node.box[3] for node in nodes if node.role == "scroll pane"]
    seen, faults = 0, []
    for node in nodes:
        if not node.text_box or "SENSITIVE" not in node.states or min(node.text_box[2:]) < 4:
            continue
        x, y, width, height = node.text_box
        is_inside = x >= left and y >= top and x + width <= left + wide and y + height <= top + high
        if whole and not is_inside:
            faults.append(f"{node.text!r}: out of the window")
            continue
        drawn = Picture(shot, f"{width}x{height}+{x}+{y}") if is_inside else None
        if not whole and (not drawn or any(y < end < y + height or (y >= end and drawn.is_empty) for end in ends)):
            continue  # scrolled away, or in part
        if drawn.contrast < 4.5:
            faults.append(f"{node.text!r}: {drawn.contrast:.1f}")
        seen += 1
    return seen, faults


@pytest.mark.parametrize("title", WINDOWS)
def test_no_text_is_cut_on_a_small_screen(world, small_desktop, title):
    """800x600: the window is on the screen, and each label has room for its text."""
    open_window(small_desktop, title)
    check_small(small_desktop, title)


def check_small(desktop, title):
    desktop.screenshot(f"small-{title.replace(' ', '-').lower()}")

    def is_on_the_screen():
        frames = [node.box for node in read(desktop) if node.role == "frame"]
        return frames and all(x >= 0 and y >= 0 and x + wide <= 800 and y + high <= 600 for x, y, wide, high in frames)

    wait_until(is_on_the_screen, "the window to be on the screen, all of it")
    assert not cut_texts(laid_out(desktop))


class SmallStage(Stage):
    size = "800x600x24"


class HighStage(Stage):
    size = f"1024x{HIGH}x24"


@pytest.mark.parametrize("kind, theme", [(HighStage, "Adwaita"), (HighStage, "Adwaita:dark"), (SmallStage, "HighContrast")])
def test_windows_of_the_helpers(kind, theme):
    """The leak test's and that of refused packets, full: names, Tab, contrast, and each on the small screen."""
    with kind() as stage:
        stage.helper("LeakTest", LEAKED)
        stage.helper("Refused", REFUSED)
        stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="", GTK_THEME=theme, LC_ALL="C.UTF-8")
        wait_until(lambda: stage.windows("VPN Kill Switch"), "the window that stands in for the tray", 20)
        for action, title, last in (("test", "Leak Test", "Test again"), ("refused", "What Is Refused", "Copy")):
            stage.act(action)
            activate(stage, title)
            wait_until(lambda: "SENSITIVE" in find(stage, title, last, "push button", "VISIBLE").states, "it to be filled in", 20)
            check_contrast(stage, title, theme, kind is HighStage)  # Tab selects text, in other colours
            if kind is SmallStage:
                check_small(stage, title)
            elif theme == "Adwaita":
                check_controls(stage, title, 1, walk=action == "refused")
            stage.x("key", "Escape")
            wait_until(lambda title=title: not stage.windows(title), "it to close", 20)


def test_a_long_name_on_a_small_screen(world, small_desktop):
    """The button with the next step says all of it, on several lines, and the window stays as wide as it was."""
    name = "W" * 40
    open_window(small_desktop, "VPN Kill Switch")
    width = next(node.box[2] for node in read(small_desktop, "") if node.role == "frame")
    world.manager.up("full")  # it is the one that is offered then
    world.manager.down("full")
    world.manager.nmcli("connection", "modify", "full", "connection.id", name)
    try:
        find(small_desktop, "", f"Connect “{name}”", "push button")
        assert not cut_texts(laid_out(small_desktop))
        small_desktop.screenshot("small-long-name")
        assert find(small_desktop, "", f"Connect “{name}”", "push button").box[2] <= width
        assert next(node.box[2] for node in read(small_desktop, "") if node.role == "frame") == width
    finally:
        world.manager.nmcli("connection", "modify", name, "connection.id", "full")


_OPENVPN = "client\ndev tun\nproto tcp\nremote gateway.example 8443\nca /run/world/keys/ca.crt\nauth-user-pass\n"
_WIREGUARD = f"""[Interface]
PrivateKey = {"A" * 42}E=
Address = 10.99.0.2/32
[Peer]
PublicKey = {"A" * 42}I=
Endpoint = gateway.example:51820
AllowedIPs = 10.99.0.0/24
"""


def test_files_are_imported(world, desktop):
    """One at a time; each is told of, with what NetworkManager does about it by itself."""
    files = desktop.home / "files"
    files.mkdir()
    (files / "imported.ovpn").write_text(_OPENVPN)
    (files / "ksimport.conf").write_text(_WIREGUARD)
    (files / os.fsdecode(b"\xffwrong.OVPN")).write_text("hello\n")

    def profiles(name):
        return world.manager.nmcli("-g", "NAME", "connection", "show").stdout.split().count(name)

    def has_keyboard(parts):
        nodes = read(desktop, "")
        told = {node.window for part in parts for node in nodes if part in (node.text or node.name)}
        focused = {node.window for node in nodes if "FOCUSED" in node.states and node.role != "frame"}
        return told == focused and all(any(part in (node.text or node.name) for node in nodes) for part in parts)

    def told(*parts):
        wait_until(lambda: has_keyboard(parts), f"to be told {parts}, by a dialog with the keyboard")
        desktop.x("key", "Escape")
        wait_until(lambda: not any(parts[0] in text for text in words(desktop, "")), "the dialog to close", 20)

    open_window(desktop, "Preferences")
    try:
        for _ in range(2):  # it asks for one file at a time
            desktop.act("import")
        activate(desktop, "Import a VPN")
        assert len(desktop.windows("Import a VPN")) == 1
        desktop.x("key", "slash")  # opens the field for a path, which loses what comes meanwhile
        wait_until(lambda: any(node.role == "text" and node.text == "/" for node in read(desktop, "Import a VPN")), "the field", 20)
        desktop.x("key", "ctrl+a")
        desktop.x("type", "--clearmodifiers", str(files / "imported.ovpn"))
        desktop.x("key", "Return")
        wait_until(lambda: not desktop.windows("Import a VPN"), "the file to be taken", 20)
        told("The VPN was added", "imported.ovpn")
        assert profiles("imported") == 1
        wait_until(lambda: "imported (OpenVPN)" in words(desktop, "Preferences", "VISIBLE"), "the window to show it", 20)

        for _ in range(2):  # as by a second click
            desktop.act("import-files", f"[<['file://{files}/ksimport.conf']>]")
        told("NetworkManager connects a WireGuard VPN by itself", "ksimport.conf")
        assert profiles("ksimport") == 1
        shown = world.manager.nmcli("-g", "connection.autoconnect", "connection", "show", "ksimport").stdout
        assert shown.strip() == "yes"

        desktop.act("import-files", f"[<['file://{files}/%FFwrong.OVPN']>]")
        told("The file could not be imported", "wrong.OVPN: Error: failed to import")

        # nmcli would wait for somebody to write to it, and what imports would stay disabled
        os.mkfifo(files / "pipe.ovpn")
        desktop.act("import-files", f"[<['file://{files}/pipe.ovpn', 'file://{files}/gone.ovpn', 'file://{files}']>]")
        told("The file could not be imported", "pipe.ovpn: It is not an ordinary file.", "gone.ovpn: ", "files: It is not an")
    finally:
        for name in ("imported", "ksimport"):
            world.manager.nmcli("connection", "delete", name, check=False)


def test_the_server_of_an_imported_profile(world, desktop, tmp_path):
    file = tmp_path / "imported.ovpn"
    file.write_text(_OPENVPN)
    world.manager.nmcli("connection", "import", "type", "openvpn", "file", str(file))
    try:
        open_window(desktop, "Preferences")

        def says(*parts):
            return lambda: any(all(part in text for part in parts) for text in words(desktop, "Preferences", "VISIBLE"))

        wait_until(says("gateway.example", "8443", "TCP"), "the imported server", 15)
        wait_until(says("imported"), "whose it is")
        # another program edits it while the window is open
        world.manager.nmcli("connection", "modify", "imported", "+vpn.data", "remote=other.example:1195:udp")
        wait_until(says("other.example", "1195", "UDP"), "the edited server", 15)
        wait_until(lambda: not says("gateway.example")(), "the server of before to go")
        world.manager.nmcli("connection", "delete", "imported")
        wait_until(lambda: not says("other.example")(), "the deleted profile to go", 15)
    finally:
        world.manager.nmcli("connection", "delete", "imported", check=False)
