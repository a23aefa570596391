#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""logind, as far as NetworkManager asks it about sleep: inhibitors, and PrepareForSleep.

A line on standard input sends the signal: "sleep" or "wake". Answers "done". It says "ready" when
it has its name on the bus.
"""

import os
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

_NAME = "org.freedesktop.login1"
_PATH = "/org/freedesktop/login1"
_XML = """<node><interface name="org.freedesktop.login1.Manager">
<method name="Inhibit"><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="h" direction="out"/></method>
<signal name="PrepareForSleep"><arg type="b"/></signal></interface></node>"""


def main() -> None:
    loop = GLib.MainLoop()
    connection = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)

    def on_call(_connection, _sender, _path, _interface, _method, _arguments, invocation) -> None:
        reading, writing = os.pipe()
        files = Gio.UnixFDList()
        invocation.return_value_with_unix_fd_list(GLib.Variant("(h)", (files.append(writing),)), files)
        os.close(reading)
        os.close(writing)

    def on_line(*_: object) -> bool:
        line = sys.stdin.readline().strip()
        if not line:
            loop.quit()
            return False
        body = GLib.Variant("(b)", (line == "sleep",))
        connection.emit_signal(None, _PATH, f"{_NAME}.Manager", "PrepareForSleep", body)
        connection.flush_sync()
        print("done", flush=True)
        return True

    interface = Gio.DBusNodeInfo.new_for_xml(_XML).interfaces[0]
    connection.register_object(_PATH, interface, on_call, None, None)
    Gio.bus_own_name_on_connection(
        connection, _NAME, Gio.BusNameOwnerFlags.NONE, lambda *_: print("ready", flush=True), None
    )
    GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_line)
    loop.run()


if __name__ == "__main__":
    main()
