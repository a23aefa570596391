#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guard that says whatever a test wants, on a bus of its own: for the command line as a user.

Reads orders from standard input, one JSON object a line, and answers each with a line "done":
    {"status": {...}}               what GetStatus says from now on, and PropertiesChanged
    {"error": [name, message]}      how every method but GetStatus and GetRules fails from now on
    {"error": null}                 ... or succeeds
    {"hang": true}                  GetStatus is not answered any more
"""

import json
import sys
from pathlib import Path

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME = "io.github.nmkillswitch"
PATH = "/io/github/nmkillswitch"
XML = Path(__file__).resolve().parents[2] / "data/io.github.nmkillswitch.Guard1.xml"

TYPES = {
    "version": "s", "state": "s", "locked": "b", "auto_lock": "b", "mode": "s", "mode_source": "s", "lan": "b", "lan_networks": "as",
    "networks": "aa{sv}", "external": "b", "shared": "b", "paused_until": "t", "pause_max": "u", "tunnels": "aa{sv}",
    "servers": "aa{sv}", "layers": "a{sv}", "verified": "b", "blocked": "a{sv}", "reason": "s",
    "reason_vpn": "s", "warnings": "as", "port": "q", "packets": "t", "bytes": "t",
    "inet": "b", "egress": "b", "owned": "b", "vpns": "aa{sv}", "manual": "b", "override": "b",
    "overlays": "aa{sv}", "overlay": "b", "known_networks": "aa{sv}", "connected": "b", "exceptions": "u",
}
UNLOCKED = {
    "version": "0", "state": "unlocked", "locked": False, "auto_lock": True, "mode": "vpn", "mode_source": "", "lan": False,
    "lan_networks": [], "networks": [], "paused_until": 0, "pause_max": 3600, "tunnels": [],
    "servers": [], "layers": {"inet": True, "egress": True, "owned": True}, "verified": True,
    "blocked": {"packets": 0, "bytes": 0}, "reason": "", "reason_vpn": "", "warnings": [],
}


def dictionary(values: dict) -> dict:
    return {name: variant(TYPES.get(name, "s"), value) for name, value in values.items()}


def variant(kind: str, value: object) -> GLib.Variant:
    if kind == "aa{sv}":
        value = [dictionary(entry) for entry in value]
    elif kind == "a{sv}":
        value = dictionary(value)
    return GLib.Variant(kind, value)


class Guard:
    def __init__(self, connection: Gio.DBusConnection):
        self.connection = connection
        self.status = dict(UNLOCKED)
        self.error = None
        self.hangs = False
        interface = Gio.DBusNodeInfo.new_for_xml(XML.read_text()).interfaces[0]
        connection.register_object(PATH, interface, self.on_call, None, None)

    def on_call(self, _connection, _sender, _path, _interface, method, arguments, invocation) -> None:
        if method == "GetStatus":
            if not self.hangs:
                invocation.return_value(GLib.Variant.new_tuple(variant("a{sv}", self.status)))
        elif method == "GetRules":
            invocation.return_value(GLib.Variant("(s)", ("# rules\n",)))
        elif self.error:
            invocation.return_dbus_error(*self.error)
        else:
            print(f"{method}{arguments.print_(False)}", file=sys.stderr, flush=True)
            invocation.return_value(None)

    def obey(self, order: dict) -> None:
        self.error = order.get("error", self.error)
        self.hangs = order.get("hang", self.hangs)
        if "status" in order:
            self.status = UNLOCKED | order["status"]
            changed = {"State": GLib.Variant("s", self.status["state"])}
            body = GLib.Variant("(sa{sv}as)", (f"{NAME}.Guard1", changed, []))
            self.connection.emit_signal(None, PATH, "org.freedesktop.DBus.Properties", "PropertiesChanged", body)
        self.connection.flush_sync()


def main(address: str) -> None:
    loop = GLib.MainLoop()
    flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
    connection = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
    guard = Guard(connection)

    def on_order(_channel: GLib.IOChannel, _condition: GLib.IOCondition) -> bool:
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        guard.obey(json.loads(line))
        print("done", flush=True)
        return True

    def on_name(*_: object) -> None:
        print("done", flush=True)

    Gio.bus_own_name_on_connection(connection, NAME, Gio.BusNameOwnerFlags.NONE, on_name, None)
    GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_order)
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1])
