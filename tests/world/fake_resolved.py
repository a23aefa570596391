#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd-resolved says of itself on the bus, and nothing else of it:

    fake_resolved.py PATH INTERFACE PROPERTY=VALUE...

Properties of that one object (org.freedesktop.resolve1(5)); "ready" once it is on the bus.
"""

import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME = "org.freedesktop.resolve1"


def main(path: str, interface: str, *values: str) -> None:
    properties = dict(value.split("=") for value in values)
    members = "".join(f'<property name="{name}" type="s" access="read"/>' for name in properties)
    description = Gio.DBusNodeInfo.new_for_xml(f'<node><interface name="{interface}">{members}</interface></node>')

    def say(_connection, _sender, _path, _interface, name):
        return GLib.Variant("s", properties[name])

    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    bus.register_object(path, description.interfaces[0], None, say, None)
    Gio.bus_own_name_on_connection(bus, NAME, Gio.BusNameOwnerFlags.NONE, lambda *_: print("ready", flush=True), None)
    GLib.MainLoop().run()


main(*sys.argv[1:])
