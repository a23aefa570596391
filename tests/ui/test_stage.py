# SPDX-License-Identifier: GPL-2.0-or-later
"""What needs no real lock: starting for one request, a tray that restarts, the window's size."""

import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from gi.repository import Gio, GLib

from world.waiting import WaitedTooLong, wait_end, wait_until

from .access import activate, cut_texts, find, focus, press, read, words
from .desktop import ID, ITEM, WATCHER
from .looks import CLOSED, LEAKED
from .notifications import NAME as NOTIFICATIONS
from .notifications import Notifications
from .picture import Picture, luminance
from .stage import NAME, STATES, Stage

_XML = f"""<node><interface name="{WATCHER}">
<method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
<property name="RegisteredStatusNotifierItems" type="as" access="read"/>
<property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
<property name="ProtocolVersion" type="i" access="read"/>
</interface></node>"""


_NOTIFYD = Path("/usr/share/dbus-1/services/org.xfce.xfce4-notifyd.Notifications.service")
MODES = {"always": "Always", "vpn": "When a VPN is on", "drops": "Only against drops", "off": "Off"}


class Tray:
    """A tray that comes and goes as a test wants. It counts who registers."""

    def __init__(self, address: str):
        self.registered = 0
        self._context = GLib.MainContext()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(address,), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self, address: str) -> None:
        self._context.push_thread_default()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self._bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        interface = Gio.DBusNodeInfo.new_for_xml(_XML).interfaces[0]
        self._bus.register_object("/StatusNotifierWatcher", interface, self._on_call, self._on_get, None)
        Gio.bus_own_name_on_connection(
            self._bus, WATCHER, Gio.BusNameOwnerFlags.NONE, lambda *_: self._ready.set(), None
        )
        self._loop.run()

    def _on_call(self, _bus, _sender, _path, _interface, _method, _arguments, call) -> None:
        self.registered += 1
        call.return_value(None)

    @staticmethod
    def _on_get(_bus, _sender, _path, _interface, name) -> GLib.Variant:
        return {
            "RegisteredStatusNotifierItems": GLib.Variant("as", []),
            "IsStatusNotifierHostRegistered": GLib.Variant("b", True),
            "ProtocolVersion": GLib.Variant("i", 0),
        }[name]

    def close(self) -> None:
        self._loop.quit()
        self._thread.join(10)
        self._bus.close_sync()


@pytest.fixture
def stage():
    with Stage() as started:
        yield started


@pytest.mark.parametrize("option", ["lock", "unlock"])
def test_started_for_one_request(stage, option):
    """As a launcher's action does: nothing runs yet, and there is not even a bus at that moment."""
    stage.say(STATES["blocked"] if option == "unlock" else STATES["unlocked"])
    stage.start_applet(f"--{option}")
    wait_until(lambda: f"{option.capitalize()}()" in stage.asked, "the guard to be asked", 20)
    assert stage.asked == [f"{option.capitalize()}()"]


def test_a_tray_that_restarts(stage):
    """The icon registers again; nothing else is put anywhere meanwhile."""
    tray = Tray(stage.environment["DBUS_SESSION_BUS_ADDRESS"])
    stage.start_applet("--hidden")
    wait_until(lambda: tray.registered == 1, "the icon to register", 20)
    before = set(wait_until(stage.all_windows, "the applet's own window"))
    tray.close()
    wait_until(lambda: not stage.owner(WATCHER), "the tray to be gone")
    # what AppIndicator would do about it, it does within 100 ms
    with pytest.raises(WaitedTooLong):
        more = wait_until(lambda: set(stage.all_windows()) - before, "a window nobody asked for", 2)
        print("more windows:", more)
    tray = Tray(stage.environment["DBUS_SESSION_BUS_ADDRESS"])
    wait_until(lambda: tray.registered == 1, "the icon to register again", 20)
    assert stage.applet.poll() is None  # fatal-criticals: nothing was complained of
    tray.close()


def test_a_system_bus_that_restarts(stage):
    """The applet outlives it, and asks the guard again as soon as there is one."""
    stage.say(STATES["blocked"])
    stage.start_applet()
    stage.wait_for_main_loop()
    for state in ("protected", "blocked"):
        stage.restart_system_bus()
        stage.say(STATES[state])
        stage.wait_for_main_loop()
        assert stage.applet.poll() is None
    assert not stage.asked


def test_nothing_outlives_a_desktop():
    """Neither what its bus started nor their children, or they write into the folder of the next."""
    with Stage() as stage:
        def pid_of(name: str) -> int:
            return stage.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetConnectionUnixProcessID", f"('{name}',)")[0]

        stage.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "StartServiceByName", "('org.xfce.Xfconf', uint32 0)")
        own = stage.start(["env", "-i", "sleep", "100"])
        wait_until(lambda: not Path(f"/proc/{own.pid}/environ").read_bytes(), "it to name no bus")
        said = stage.home / "child"
        stage.start(["sh", "-c", f"env -i sleep 100 & echo $! > {said}; wait"])
        child = int(wait_until(lambda: said.exists() and said.read_text(), "the child"))
        wait_until(lambda: not Path(f"/proc/{child}/environ").read_bytes(), "it to name no bus")
        started = [pid_of("org.xfce.Xfconf"), child]
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), "them to have ended", 2)
    assert own.returncode == -signal.SIGKILL, "it was waited for"


@pytest.fixture
def notes(stage):
    server = Notifications(stage.environment["DBUS_SESSION_BUS_ADDRESS"])
    yield server
    server.close()


def _told(notes: Notifications, title: str):
    return wait_until(lambda: [note for note in list(notes.shown.values()) if note.title == title], f"to be told: {title}", 20)[-1]


def test_in_xfces_notifications(stage):
    """All of the text and the button in the daemon's own window; of what changes at once only one, which goes when it is
    no longer true."""
    [service] = re.findall(r"(?m)^Exec=(\S+)", _NOTIFYD.read_text())
    stage.start([service], NO_AT_BRIDGE="0", G_DEBUG="")
    wait_until(lambda: stage.owner(NOTIFICATIONS), "the daemon", 20)
    stage.say(STATES["protected"])
    stage.start_applet("--hidden")
    stage.wait_for_main_loop()

    def shown() -> list:
        return read(stage, program="xfce4-notifyd")

    def button():
        return next((node for node in shown() if node.name == "Unlock…"), None)

    told = ["Blocked", "The VPN’s server does not answer. Check the network, then connect “office” again."]
    stage.say({**STATES["blocked"], "Reason": "''", "ReasonVpn": "''"})
    stage.say(STATES["blocked"])
    wait_until(lambda: set(told) <= {node.text for node in shown()}, "all of the text", 20)
    stage.screenshot("xfce-notification")
    assert [node.text for node in shown()].count("Blocked") == 1 and cut_texts(shown()) == []
    stage.say(STATES["protected"])
    wait_until(lambda: not button(), "it to go", 20)
    stage.say(STATES["blocked"])
    x, y, width, height = wait_until(button, "its button", 20).box
    stage.x("mousemove", str(x + width // 2), str(y + height // 2), "click", "1")
    wait_until(lambda: stage.asked == ["Unlock()"], "the guard to be asked", 20)


def test_what_does_not_work_is_told(stage, notes):
    """What fails at once stands once: the second in the place of the first, though the daemon has not answered to that."""
    stage.say(STATES["unlocked"])
    stage.held = []
    stage.start_applet("--hidden")
    stage.wait_for_main_loop()
    for action, target in (("lock", ""), ("lan", "[<true>]")):
        stage.act(action, target or "@av []")
    wait_until(lambda: len(stage.held) == 2, "the guard to be asked", 20)
    for call in stage.held:
        call.return_dbus_error(f"{NAME}.Error.Failed", "It did not work.")
    _told(notes, "LAN access was not allowed")
    assert len(notes.shown) == 1, notes.shown
    stage.go_away()
    notes.press("Start the guard")
    assert NAME in _told(notes, "The guard could not be started").body


def test_quitting_says_that_the_lock_stays(stage, notes):
    stage.say(STATES["blocked"])
    stage.start_applet("--hidden")
    notes.wait_for("Unlock…")
    assert stage.stop_applet() == 0
    assert "start VPN Kill Switch again" in _told(notes, "The lock stays closed").body


def _startup_ids(stage) -> set[str]:
    """On X11 GDK keeps the token there that the next window is presented with."""
    found = set()
    for window in stage.all_windows():
        said = subprocess.run(["xprop", "-id", window, "_NET_STARTUP_ID"], env=stage.environment, text=True, capture_output=True, check=False)
        found.add(said.stdout.partition(" = ")[2].strip().strip('"'))
    return found


def test_windows_come_with_the_token_of_the_click(stage, notes):
    """The notification server's and the panel's, each given before what was clicked is said."""
    stage.say(STATES["blocked"])
    stage.start_panel()
    stage.start_applet("--hidden")
    note = notes.wait_for("Unlock…")
    notes.give_token(note, "of-the-notification_TIME1")
    wait_until(lambda: "of-the-notification_TIME1" in _startup_ids(stage), "the notification's token", 20)
    stage.wait_icon("blocked")
    name, path = stage._item()
    assert stage.call(name, path, ITEM, "ProvideXdgActivationToken", "('of-the-panel_TIME2',)") == ()
    wait_until(lambda: "of-the-panel_TIME2" in _startup_ids(stage), "the panel's token", 20)
    # one that is no token is not taken for one
    stage.call(name, path, ITEM, "ProvideXdgActivationToken", f"('{'x' * 300}',)")
    stage.wait_for_main_loop()
    assert "of-the-panel_TIME2" in _startup_ids(stage)
    # all else goes on to AppIndicator
    assert stage.tray("Id") and stage.labels()


def _on_top(stage) -> int:
    said = subprocess.run(
        ["xprop", "-root", "_NET_CLIENT_LIST_STACKING"], env=stage.environment, text=True, capture_output=True, check=True,
    )
    return int(said.stdout.split()[-1], 16)


def test_the_window_by_keyboard(stage):
    """What can be done has the focus, not a text that would be shown as selected; Escape closes."""
    stage.say(STATES["protected"])
    stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="")

    def focused() -> list[str]:
        return [node.role for node in read(stage, "VPN Kill Switch") if "FOCUSED" in node.states and node.role != "frame"]

    [window] = wait_until(lambda: stage.windows("VPN Kill Switch"), "the window", 20)
    # a window manager that has only just started may not have given it the keyboard
    stage.x("windowfocus", "--sync", window)
    wait_until(lambda: any(node.text.startswith("Server: ") for node in read(stage, "VPN Kill Switch")), "the server", 20)
    assert wait_until(focused, "something to have the focus")[0] in ("toggle button", "push button")
    for key in ("F1", "question"):
        stage.x("key", key)
        activate(stage, "Help")
        find(stage, "Help", "What the icons say", "toggle button")
        assert any(text.startswith("Protected: everything") for text in words(stage, "Help"))
        # one page at a time
        stage.x("key", "Tab", "Tab", "space")
        wait_until(lambda: any(text.startswith("“Allow LAN access”") for text in words(stage, "Help")), "the page", 20)
        assert not any(text.startswith("Protected: everything") for text in words(stage, "Help"))
        stage.x("key", "Escape")
        wait_until(lambda: not stage.windows("Help"), "the help to close", 20)
        stage.x("windowfocus", "--sync", window)
    stage.act("vpns")
    [vpns] = wait_until(lambda: stage.windows("^VPNs$"), "another window", 20)
    wait_until(lambda: _on_top(stage) == int(vpns), "it above the first", 20)
    stage.act("show")
    wait_until(lambda: _on_top(stage) == int(window), "the window that was asked for in front", 20)
    stage.x("windowfocus", "--sync", vpns)
    stage.x("key", "Escape")
    wait_until(lambda: not stage.windows("^VPNs$"), "the other to close")
    stage.x("windowfocus", "--sync", window)
    turn_the_pages(stage, window)
    stage.x("key", "Escape")
    # there is no tray: closing the window ends the program
    assert wait_end(stage.applet, "the applet to end") == 0


def turn_the_pages(stage, window: str) -> None:
    """By key, by action and by the switch; it is one window, whose title says which page it shows."""

    def shows(title: str) -> None:
        wait_until(lambda: stage.windows(f"^{title}$") == [window], f"the page {title!r}", 20)

    def has_focus() -> list[str]:
        return [node.name for node in read(stage, "") if "FOCUSED" in node.states and node.role != "frame"]

    before = wait_until(has_focus, "something to have the focus", 20)
    stage.x("key", "ctrl+comma")
    shows("Preferences")
    wait_until(lambda: has_focus() == ["Always"], "the first choice to have the focus", 20)
    assert not any("Server: " in text for text in words(stage, ""))
    stage.act("show")
    shows("VPN Kill Switch")
    wait_until(lambda: has_focus() == before, "the focus to be where it was", 20)
    for name, title in (("Preferences", "Preferences"), ("Status", "VPN Kill Switch")):
        press(stage, "", name, "radio button")
        shows(title)


def test_the_window_is_as_high_as_what_is_in_it(stage):
    """Opened while little is known, it grows with what becomes known."""
    stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="")
    wait_until(lambda: stage.windows("VPN Kill Switch"), "the window", 20)
    stage.say(STATES["blocked"])

    def shown_whole() -> bool:
        nodes = read(stage, "VPN Kill Switch", "VISIBLE")
        frame = next((node.box for node in nodes if node.role == "frame"), None)
        last = next((node for node in nodes if node.name == "Test for leaks…"), None)
        first = next((node for node in nodes if node.text.startswith("Blocked")), None)
        return bool(
            frame and last and first and "SHOWING" in last.states
            and first.box[1] > frame[1] and last.box[1] + last.box[3] <= frame[1] + frame[3]
            and not any(node.role == "scroll bar" and "SHOWING" in node.states for node in nodes)
        )

    wait_until(shown_whole, "all of it to be seen", 20)
    # what the guard warns of is there, too: the network wants a login first
    login = "The network wants a login in a browser, and no VPN can connect before."
    stage.say({**STATES["blocked"], "Warnings": f"['{login}']"})
    wait_until(lambda: any(login in text for text in words(stage, "VPN Kill Switch")), "the warning", 20)
    assert stage.owner(ID)


class MateStage(Stage):
    desktop_name = "MATE"

    def start_panel(self) -> None:
        self.panel = self.start(["mate-panel"], G_DEBUG="")
        wait_until(lambda: self.owner(WATCHER), "MATE's tray", 60)


def test_in_mate():
    """The icon registers with its panel, which has the same menu. On this bare server the panel draws nobody's icon
    (nm-applet's neither), so that there is no picture to look at."""
    with MateStage() as stage:
        stage.start_panel()
        stage.start_applet("--hidden")
        stage.wait_icon("unlocked")
        stage.say(STATES["protected"])
        stage.wait_icon("protected")
        assert stage.item("Protected: everything goes through “office”")
        assert stage.item("Lock").is_checked
        stage.click("Lock")
        wait_until(lambda: "Unlock()" in stage.asked, "the click to arrive", 20)
        assert stage.item("Lock").is_checked  # the guard has not agreed


class FreshStage(Stage):
    """Somebody who has just installed it."""

    settings = ""


def test_first_steps():
    """Once, three pages, and then the window; from its menu again."""
    with FreshStage() as stage:
        stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="")
        wait_until(lambda: stage.windows("First Steps"), "the first steps", 20)
        assert not stage.windows("VPN Kill Switch")
        press(stage, "First Steps", "Only against drops", "radio button")
        wait_until(lambda: "SetMode('drops',)" in stage.asked, "the guard to be asked", 20)
        # the guard has not agreed: it is shown as it is
        wait_until(lambda: radios(stage, "First Steps", "CHECKED") == ["When a VPN is on"], "the choice to be as it was", 20)
        press(stage, "First Steps", "Continue")
        wait_until(lambda: "vpn.example (203.0.113.5), UDP port 51820" in words(stage, "First Steps"), "the VPNs with their servers", 20)
        press(stage, "First Steps", "Continue")
        stage.say(STATES["protected"])
        stage.wait_for_main_loop()
        assert "Done" not in words(stage, "First Steps"), "nobody has tested it"
        for answer, says, button in (
            (LEAKED, "This machine leaks", "Close"), (CLOSED, "Nothing leaks", "Done"),
            ((f"{ID}.Error.Failed", "no"), "The leak test could not be made.", "Close"), (CLOSED, "Nothing leaks", "Done"),
        ):
            stage.helper("LeakTest", answer)
            press(stage, "First Steps", "Test for leaks…")
            wait_until(lambda says=says: any(says in text for text in words(stage, "Leak Test")), says, 20)
            activate(stage, "Leak Test")
            stage.x("key", "Escape")
            wait_until(lambda: not stage.windows("Leak Test"), "its window to close", 20)
            activate(stage, "First Steps")
            find(stage, "First Steps", button, "push button")
            assert ("Done" in words(stage, "First Steps")) == (button == "Done")
        assert "Tested: nothing leaks." in words(stage, "First Steps")
        for state in ("unlocked", "protected"):  # of a lock that has been open it says nothing
            stage.say(STATES[state])
            stage.wait_for_main_loop()
            assert not {"Done", "Tested: nothing leaks."} & set(words(stage, "First Steps"))
        assert not stage.windows("VPN Kill Switch"), "without a tray, too, it waits for the end of the steps"
        press(stage, "First Steps", "Close")
        wait_until(lambda: stage.windows("VPN Kill Switch"), "the window", 20)
        stage.applet.terminate()
        stage.applet.wait(10)
        wait_until(lambda: not stage.owner(ID), "the name to be free")
        stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="")
        wait_until(lambda: stage.windows("VPN Kill Switch"), "the window at once", 20)
        assert not stage.windows("First Steps")
        stage.act("first-steps")
        wait_until(lambda: stage.windows("First Steps"), "the first steps again", 20)
        # what is not known is not shown as off
        stage.go_away()
        wait_until(lambda: "Not known while the guard is not running" in words(stage, "First Steps"), "the row to say so", 20)
        assert not radios(stage, "First Steps", "VISIBLE")


def radios(stage: Stage, window: str, state: str) -> list[str]:
    """The modes that are in this state, also where they have to be scrolled to."""
    return [
        node.name for node in read(stage, window, "VISIBLE")
        if node.role == "radio button" and node.name in MODES.values() and state in node.states
    ]


def test_one_choice_of_mode(stage):
    """In the preferences: marked as the guard says, and asked for by a person alone."""
    window = "Preferences"

    def marked(name: str) -> None:
        wait_until(lambda: radios(stage, window, "CHECKED") == [name], f"the mark at {name!r}", 20)

    def can_choose(names: list[str]) -> None:
        wait_until(lambda: radios(stage, window, "SENSITIVE") == names, f"{names} to be there to choose", 20)

    stage.start_applet("--preferences", NO_AT_BRIDGE="0", G_DEBUG="")
    activate(stage, window)
    for mode, name in MODES.items():
        stage.say({"Mode": f"'{mode}'"})
        marked(name)
    stage.say({})
    marked("When a VPN is on")
    can_choose([*MODES.values()])
    focus(stage, window, "When a VPN is on", "radio button")
    stage.x("key", "Down")
    wait_until(lambda: radios(stage, window, "FOCUSED") == ["Only against drops"], "the focus to go on", 20)
    stage.wait_for_main_loop()
    assert not stage.asked, "nobody chose anything"

    # a password is asked for, and is wrong
    stage.held = []
    stage.x("key", "space")
    wait_until(lambda: stage.asked == ["SetMode('drops',)"], "the guard to be asked", 20)
    can_choose([])
    marked("When a VPN is on")
    stage.held.pop().return_dbus_error(f"{NAME}.Error.NotAuthorised", "It was not authorised.")
    stage.held = None
    can_choose([*MODES.values()])
    marked("When a VPN is on")

    # the guard disconnects where that opens the lock
    stage.say(STATES["protected"] | {"Mode": "'drops'"})
    marked("Only against drops")
    stage.act("disconnect", "[<'m1'>]")
    wait_until(lambda: stage.asked[1:] == ["Disconnect('m1',)"], "the guard to be asked", 20)

    stage.say({"Mode": "'always'", "ModeSource": "'/etc/nm-killswitch.conf:3'"})
    can_choose([])
    marked("Always")
    assert "The administrator has laid it down in /etc/nm-killswitch.conf:3" in words(stage, window)
    stage.go_away()
    wait_until(lambda: "Not known while the guard is not running" in words(stage, window), "the list to say so", 20)
    assert not radios(stage, window, "VISIBLE")
    assert len(stage.asked) == 2


_SETTINGS_XML = """<node><interface name="org.freedesktop.portal.Settings">
<method name="Read"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="out"/></method>
<signal name="SettingChanged"><arg type="s"/><arg type="s"/><arg type="v"/></signal>
</interface></node>"""


def test_dark_as_the_desktop_wants_it(stage):
    """The portal says so; and says something else while the window is open."""
    bus = Gio.DBusConnection.new_for_address_sync(
        stage.environment["DBUS_SESSION_BUS_ADDRESS"],
        Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None,
    )
    path, interface = "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings"

    def on_call(_bus, _sender, _path, _interface, _method, _arguments, call) -> None:
        # twice in a variant, as the portal's Read answers
        call.return_value(GLib.Variant("(v)", (GLib.Variant("v", GLib.Variant("u", 1)),)))

    bus.register_object(path, Gio.DBusNodeInfo.new_for_xml(_SETTINGS_XML).interfaces[0], on_call, None, None)
    Gio.bus_own_name_on_connection(bus, "org.freedesktop.portal.Desktop", Gio.BusNameOwnerFlags.NONE, None, None)

    def brightness() -> float:
        GLib.MainContext.default().iteration(False)
        [window] = stage.windows("VPN Kill Switch") or [None]
        if not window:
            return -1
        x, y, width, height = next(node.box for node in read(stage, "VPN Kill Switch") if node.role == "frame")
        return luminance(Picture(stage.screenshot("stage-dark"), f"{width}x{height}+{x}+{y}").background)

    def pump_until(condition, what: str) -> None:
        wait_until(condition, what, 20)

    stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="")
    pump_until(lambda: 0 <= brightness() < 0.1, "the window to be dark")
    bus.emit_signal(None, path, interface, "SettingChanged",
                    GLib.Variant("(ssv)", ("org.freedesktop.appearance", "color-scheme", GLib.Variant("u", 0))))
    pump_until(lambda: brightness() > 0.7, "the window to be light")
    bus.close_sync()


def test_the_network_settings(stage):
    """Opened where there are any; else it is said that there are none."""
    others = stage.home / "share"  # all that the machine has but its launchers
    others.mkdir()
    for kept in ("icons", "mime", "themes"):
        (others / kept).symlink_to(Path("/usr/share", kept))
    stage.start_applet(NO_AT_BRIDGE="0", G_DEBUG="", XDG_DATA_DIRS=f"{stage.share}:{others}")
    wait_until(lambda: stage.windows("VPN Kill Switch"), "the window", 20)
    stage.act("add-profile")
    wait_until(lambda: any("could not be opened" in said for said in words(stage, "")), "to be told", 20)
    stage.x("key", "Escape")
    opened = stage.home / "opened"
    (stage.share / "applications/nm-connection-editor.desktop").write_text(
        f"[Desktop Entry]\nType=Application\nName=Connections\nExec=touch {opened}\n"
    )

    def is_open() -> bool:
        stage.act("add-profile")  # GIO hears of a new launcher by and by
        return opened.exists()

    wait_until(is_open, "the network settings", 20)
