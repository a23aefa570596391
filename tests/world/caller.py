#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One program on the system bus: a line of JSON on stdin is a call, a line on stdout its answer.

people.py starts it as the person whom it stands for; it says its unique name first. Calls are made
side by side, so a second one can be made while the first waits for somebody's password.
"""

import json
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
    address = Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM, None)
    bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
    loop = GLib.MainLoop()

    def on_answer(_bus: Gio.DBusConnection, result: Gio.AsyncResult, number: int) -> None:
        try:
            say(number=number, value=bus.call_finish(result).unpack())
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error) or error.domain
            say(number=number, error=name, message=error.message)

    def on_line(channel: GLib.IOChannel, _condition: GLib.IOCondition) -> bool:
        line = channel.readline()
        if not line:
            loop.quit()
            return False
        wanted = json.loads(line)
        interactive = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if wanted["interactive"] else 0
        bus.call(
            *(wanted[key] for key in ("name", "path", "interface", "method")),
            GLib.Variant.parse(None, wanted["arguments"], None, None),
            None,
            Gio.DBusCallFlags(interactive),
            wanted["timeout"],
            None,
            on_answer,
            wanted["number"],
        )
        return True

    GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_line)
    say(unique=bus.get_unique_name())
    loop.run()


if __name__ == "__main__":
    sys.exit(main())
