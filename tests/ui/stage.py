# SPDX-License-Identifier: GPL-2.0-or-later
"""A desktop without a world: the guard says whatever a test wants, and nothing leads anywhere.

For what the applet looks like in each state and language; what it does is tested with the real guard."""

import re
import subprocess
import threading
from pathlib import Path
from typing import Any

from gi.repository import Gio, GLib

from world.waiting import wait_listens, wait_until

from .desktop import Desktop

NAME = "io.github.nmkillswitch"
PATH = "/io/github/nmkillswitch"
INTERFACE = NAME + ".Guard1"
_DATA = Path(__file__).resolve().parents[2] / "data"
_XML = _DATA / "io.github.nmkillswitch.Guard1.xml"
HELPERS = ("LeakTest", "Refused")  # the programs beside the guard
_POLKIT = "org.freedesktop.PolicyKit1"
_POLKIT_PATH = "/org/freedesktop/PolicyKit1/Authority"
_POLKIT_XML = """<node><interface name="org.freedesktop.PolicyKit1.Authority"><method name="CheckAuthorization">
<arg type="(sa{sv})" direction="in"/><arg type="s" direction="in"/><arg type="a{ss}" direction="in"/>
<arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="(bba{ss})" direction="out"/>
</method></interface></node>"""

_SERVER = {"uuid": "m1", "name": "office", "type": "wireguard", "address": "203.0.113.5", "protocol": "udp", "source": "manual"}
QUIET: dict[str, str] = {
    "Version": "'0'", "State": "'unlocked'", "Reason": "''", "ReasonVpn": "''", "Locked": "false", "Verified": "true",
    "AutoLock": "true", "Mode": "'vpn'", "ModeSource": "''", "Lan": "false", "LanNetworks": "@as []", "PausedUntil": "uint64 0", "PauseMax": "uint32 3600",
    "Networks": "[{'uuid': <'n1'>, 'name': <'Home'>, 'interface': <'wlan0'>}]", "Tunnels": "@aa{sv} []",
    "Vpns": "[{'uuid': <'m1'>, 'name': <'office'>, 'type': <'wireguard'>, 'manual': <true>, 'interface': <'wg0'>,"
            " 'override': <false>, 'locks': <'auto'>}]",
    "Servers": "[{" + ", ".join(f"'{key}': <'{value}'>" for key, value in _SERVER.items())
               + ", 'host': <'vpn.example'>, 'port': <uint16 51820>}]",
    "Layers": "{'inet': <true>, 'egress': <true>, 'owned': <true>}", "Blocked": "@a{sv} {}", "Warnings": "@as []",
    "SilentSince": "uint64 0", "AlwaysOn": "@a{sv} {}", "Overlays": "@aa{sv} []", "Carries": "@a{sv} {}",
    "Exceptions": "@aa{sv} []", "ExceptionsElsewhere": "@aa{sv} []", "KnownNetworks": "@aa{sv} []", "Sharing": "@aa{sv} []",
}
_TUNNEL = "[{'interface': <'wg0'>, 'uuid': <'m1'>, 'name': <'office'>, 'type': <'wireguard'>}]"
STATES: dict[str, dict[str, str]] = {
    "unlocked": {},
    "protected": {"State": "'protected'", "Locked": "true", "Tunnels": _TUNNEL},
    "blocked": {
        "State": "'blocked'", "Reason": "'server-unreachable'", "ReasonVpn": "'office'", "Locked": "true", "Lan": "true",
        "LanNetworks": "['n1']",
    },
    "paused": {"State": "'paused'", "Locked": "true", "PausedUntil": "uint64 4102444800"},
    "broken": {
        "State": "'broken'", "Reason": "'kernel'", "Locked": "true", "Verified": "false",
        "Warnings": "['The table in the kernel was changed by another program, and could not be put right.']",
    },
}


def _key(name: str) -> str:
    """Of GetStatus: LanNetworks is lan_networks there."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


class _Nobody:
    """The one who runs the tests is at the desk."""

    uid = 0

    @staticmethod
    def become() -> None:
        pass


class Stage(Desktop):
    def __init__(self) -> None:
        super().__init__(None, _Nobody())
        self.permission = (False, True)  # of polkit: yes, after a password
        self._said = dict(QUIET)
        self._context = GLib.MainContext()
        self._loop = GLib.MainLoop.new(self._context, False)
        self._turns = self._told = 0  # what was said, and what the applet has asked for since
        self._ready = threading.Event()
        self._system: Gio.DBusConnection | None = None
        self.asked: list[str] = []
        self.held: list[Any] | None = None  # a list: requests are not answered, but put there
        self._answers: dict[str, str | tuple[str, str]] = {}  # of the helpers

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"DBUS_SYSTEM_BUS_ADDRESS": self._address}

    @property
    def _address(self) -> str:
        return f"unix:path={self.home.parent}/system-bus"

    def _install(self) -> None:
        for folder in ("log", "bin"):  # the world makes them where there is one
            Path("/run/world", folder).mkdir(parents=True, exist_ok=True)
        super()._install()

    def _start(self) -> None:
        super()._start()
        config = self.home.parent / "system.conf"
        config.write_text((self.home.parent / "bus.conf").read_text().replace("/bus</listen>", "/system-bus</listen>"))
        self._start_system_bus()

    def _start_system_bus(self) -> None:
        self._bus = self.start(["dbus-daemon", f"--config-file={self.home.parent / 'system.conf'}", "--nofork"])
        wait_listens(self.home.parent / "system-bus", "the bus that stands for the system's")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._ready.wait(30):
            raise RuntimeError("the guard of the stage did not come up")

    def restart_system_bus(self) -> None:
        """It dies, and comes back with a guard and nothing of before."""
        self._loop.quit()
        self._thread.join(10)
        self._bus.kill()
        self._bus.wait(30)
        (self.home.parent / "system-bus").unlink()
        self._told = -1
        self._ready.clear()
        self._start_system_bus()

    def _run(self) -> None:
        self._context.push_thread_default()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self._system = Gio.DBusConnection.new_for_address_sync(self._address, flags, None, None)
        guard = Gio.DBusNodeInfo.new_for_xml(_XML.read_text()).interfaces[0]
        polkit = Gio.DBusNodeInfo.new_for_xml(_POLKIT_XML).interfaces[0]
        self._types = {prop.name: prop.signature for prop in guard.properties}
        self._system.register_object(PATH, guard, self._on_call, self._on_get, None)
        for name in HELPERS:
            helper = Gio.DBusNodeInfo.new_for_xml((_DATA / f"{NAME}.{name}1.xml").read_text()).interfaces[0]
            self._system.register_object(f"{PATH}/{name}", helper, self._on_helper, None, None)
        self._system.register_object(_POLKIT_PATH, polkit, self._on_polkit, None, None)
        Gio.bus_own_name_on_connection(self._system, _POLKIT, Gio.BusNameOwnerFlags.NONE, None, None)
        self._guard = Gio.bus_own_name_on_connection(
            self._system, NAME, Gio.BusNameOwnerFlags.NONE, lambda *_: self._ready.set(), None
        )
        self._loop.run()

    def _on_get(self, _bus: Any, _sender: str, _path: str, _interface: str, name: str) -> GLib.Variant:
        return self._value(name)

    def _value(self, name: str) -> GLib.Variant:
        return GLib.Variant.parse(GLib.VariantType.new(self._types[name]), self._said[name], None, None)

    def _on_call(self, _bus: Any, _sender: str, _path: str, _interface: str, method: str, arguments: Any, call: Any) -> None:
        if method == "GetStatus":
            call.return_value(GLib.Variant("(a{sv})", ({_key(name): self._value(name) for name in self._said},)))
            self._told = self._turns
            return
        if self.held is None:
            call.return_value(None)
        else:
            self.held.append(call)
        self.asked.append(method + arguments.print_(False))

    def _on_helper(self, _bus: Any, _sender: str, path: str, _interface: str, method: str, _arguments: Any, call: Any) -> None:
        self.asked.append(method)
        answer = self._answers[path.rpartition("/")[2]]
        if method == "Stop":
            call.return_value(None)
        elif isinstance(answer, tuple):
            call.return_dbus_error(*answer)
            for _ in range(20):  # what is queued behind an error
                self._changed(path.rpartition("/")[2])
        else:
            call.return_value(GLib.Variant.parse(GLib.VariantType.new("(a{sv})"), answer, None, None))

    def helper(self, name: str, answer: str | tuple[str, str]) -> None:
        """One of HELPERS is there from now on, and says this, or answers with this error: its name, a message."""
        if name not in self._answers:
            Gio.bus_own_name_on_connection(self._system, f"{NAME}.{name}", Gio.BusNameOwnerFlags.NONE, None, None)
        self._answers[name] = answer
        self._changed(name)
        self._system.flush_sync()

    def _changed(self, name: str) -> None:
        self._system.emit_signal(None, f"{PATH}/{name}", f"{NAME}.{name}1", "Changed", None)

    def _on_polkit(self, _bus: Any, _sender: str, _path: str, _interface: str, _method: str, _arguments: Any, call: Any) -> None:
        call.return_value(GLib.Variant("((bba{ss}))", ((*self.permission, {}),)))

    def say(self, changes: dict[str, str], otherwise: dict[str, str] = QUIET) -> None:
        """The guard's properties from now on: these, and what is quiet."""
        self._said = otherwise | changes
        self._turns += 1
        values = {name: self._value(name) for name in self._said if name not in ("Version", "Blocked")}
        body = GLib.Variant("(sa{sv}as)", (INTERFACE, values, []))
        self._system.emit_signal(None, PATH, "org.freedesktop.DBus.Properties", "PropertiesChanged", body)
        self._system.flush_sync()

    def go_away(self) -> None:
        """The guard's name has no owner any more, and nothing on this bus can start one."""
        Gio.bus_unown_name(self._guard)
        self._system.flush_sync()

    def wait_for_main_loop(self) -> None:
        """The applet has heard what was said so far. (A ping is answered by a thread of GDBus's own.)"""
        wait_until(lambda: self._told == self._turns, "the applet to have asked")
        self.call(NAME, PATH, "org.gtk.Actions", "List")

    def all_windows(self) -> list[str]:
        """The applet's, mapped or not. xdotool may miss some while other windows come and go."""
        found = subprocess.run(
            ["xdotool", "search", "--pid", str(self.applet.pid)], env=self.environment, text=True, capture_output=True, check=False,
        )
        return found.stdout.split()

    def close(self) -> None:
        self._loop.quit()
        try:
            if self._system:
                self._system.close_sync()
        finally:
            super().close()
