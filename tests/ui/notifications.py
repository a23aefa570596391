# SPDX-License-Identifier: GPL-2.0-or-later
"""A notification server of the test's own: it keeps what is shown, and its buttons can be pressed."""

import threading
from dataclasses import dataclass
from typing import Any

from gi.repository import Gio, GLib

from world.waiting import wait_until

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
_XML = """<node><interface name="org.freedesktop.Notifications">
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
<arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/>
<arg type="s" direction="out"/><arg type="s" direction="out"/></method>
</interface></node>"""


@dataclass
class Note:
    number: int
    title: str
    body: str
    actions: list[str]  # key, label, key, label
    urgency: int

    @property
    def buttons(self) -> list[str]:
        return [label for key, label in zip(self.actions[::2], self.actions[1::2]) if key != "default"]


class Notifications:
    def __init__(self, address: str):
        self.shown: dict[int, Note] = {}
        self.sent = 0
        self._numbers = 0
        self._context = GLib.MainContext()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(address,), daemon=True)
        self._thread.start()
        if not self._ready.wait(30):
            raise RuntimeError("the notification server did not come up")

    def _run(self, address: str) -> None:
        self._context.push_thread_default()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self._bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        interface = Gio.DBusNodeInfo.new_for_xml(_XML).interfaces[0]
        self._bus.register_object(PATH, interface, self._on_call, None, None)
        Gio.bus_own_name_on_connection(
            self._bus, NAME, Gio.BusNameOwnerFlags.NONE, lambda *_: self._ready.set(), None
        )
        self._loop.run()
        self._bus.close_sync()

    def _on_call(self, _bus: Any, _sender: str, _path: str, _interface: str, method: str, arguments: Any, call: Any) -> None:
        if method == "Notify":
            _, replaces, _, title, body, actions, hints, _ = arguments.unpack()
            self._numbers += 1
            number = replaces or self._numbers
            self.shown[number] = Note(number, title, body, actions, hints.get("urgency", 1))
            self.sent += 1
            call.return_value(GLib.Variant("(u)", (number,)))
        elif method == "CloseNotification":
            self.shown.pop(arguments.unpack()[0], None)
            call.return_value(None)
        elif method == "GetCapabilities":
            call.return_value(GLib.Variant("(as)", (["actions", "body", "persistence"],)))
        else:
            call.return_value(GLib.Variant("(ssss)", ("test", "test", "1", "1.2")))

    def wait_for(self, button: str, timeout: float = 20) -> Note:
        """The notification that has such a button."""
        return wait_until(
            lambda: next((note for note in list(self.shown.values()) if button in note.buttons), None),
            f"a notification with the button {button!r}", timeout,
        )

    def press(self, button: str) -> Note:
        note = self.wait_for(button)
        key = note.actions[note.actions.index(button) - 1]
        self._bus.emit_signal(None, PATH, NAME, "ActionInvoked", GLib.Variant("(us)", (note.number, key)))
        # as servers do: what was answered is gone
        del self.shown[note.number]
        self._bus.emit_signal(None, PATH, NAME, "NotificationClosed", GLib.Variant("(uu)", (note.number, 2)))
        self._bus.flush_sync()
        return note

    def give_token(self, note: Note, token: str) -> None:
        """As on Wayland, ahead of what was clicked."""
        self._bus.emit_signal(None, PATH, NAME, "ActivationToken", GLib.Variant("(us)", (note.number, token)))
        self._bus.flush_sync()

    def close(self) -> None:
        self._loop.quit()
        self._thread.join(10)
