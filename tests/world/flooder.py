#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls as fast as the bus takes them, on many connections, never waiting for an answer.

    flooder.py METHOD ARGUMENTS CONNECTIONS CALLS-ON-EACH

The calls are marshalled before the first is sent. One line of JSON at the end: how many connections
the bus gave, how long sending took, and how often each answer came ("" for success).
"""

import collections
import json
import os
import selectors
import socket
import sys
import time

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

_NAME = "io.github.nmkillswitch"
_PATH = "/io/github/nmkillswitch"
_INTERFACE = "io.github.nmkillswitch.Guard1"


def message(serial: int, name: str, path: str, interface: str, method: str, arguments: str = "()") -> bytes:
    made = Gio.DBusMessage.new_method_call(name, path, interface, method)
    made.set_body(GLib.Variant.parse(None, arguments, None, None))
    made.set_serial(serial)
    return made.to_blob(Gio.DBusCapabilityFlags.NONE)


class Connection:
    """D-Bus by hand: GDBus would wait where this must not."""

    def __init__(self, calls: bytes, count: int):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(2)
        self.socket.connect("/run/dbus/system_bus_socket")
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        if not self.socket.recv(1024).startswith(b"OK"):
            raise ConnectionError("the bus does not want us")
        self.socket.sendall(b"BEGIN\r\n" + message(1, *("org.freedesktop.DBus", "/org/freedesktop/DBus"), "org.freedesktop.DBus", "Hello"))
        begin = self.socket.recv(2)
        if begin[1:] != b"\2":  # METHOD_RETURN
            self.socket.close()
            raise ConnectionError("the bus has enough of us")
        self.socket.setblocking(False)
        self.unsent = memoryview(calls)
        self.waiting = count
        self.heard = bytearray(begin)
        self.answers: collections.Counter = collections.Counter()

    def send(self) -> None:
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            pass

    def hear(self) -> bool:
        data = self.socket.recv(1 << 20)
        self.heard += data
        while len(self.heard) >= 16:
            size = Gio.DBusMessage.bytes_needed(bytes(self.heard[:16]))
            if len(self.heard) < size:
                break
            self.count(Gio.DBusMessage.new_from_blob(bytes(self.heard[:size]), Gio.DBusCapabilityFlags.NONE))
            del self.heard[:size]
        return bool(data)

    def count(self, answer: Gio.DBusMessage) -> None:
        if answer.get_reply_serial() >= 100:
            self.answers[answer.get_error_name() or ""] += 1
            self.waiting -= 1


def main() -> None:
    method, arguments = sys.argv[1:3]
    wanted, count = map(int, sys.argv[3:])
    calls = b"".join(message(100 + i, _NAME, _PATH, _INTERFACE, method, arguments) for i in range(count))
    connections = []
    for _ in range(wanted):
        try:
            connections.append(Connection(calls, count))
        except OSError:
            continue
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)
    begun = time.monotonic()
    sent = 0.0
    open_ones = len(connections)
    answered = 0.0
    while open_ones and time.monotonic() < begun + 60:
        happened = selector.select(3)
        if not happened:
            break  # the rest was dropped
        answered = time.monotonic() - begun
        for key, events in happened:
            connection = key.data
            if events & selectors.EVENT_WRITE:
                connection.send()
                if not connection.unsent:
                    sent = time.monotonic() - begun
                    selector.modify(connection.socket, selectors.EVENT_READ, connection)
            if events & selectors.EVENT_READ and (not connection.hear() or connection.waiting == 0):
                selector.unregister(connection.socket)
                open_ones -= 1
    answers = sum((connection.answers for connection in connections), collections.Counter())
    print(json.dumps({"connections": len(connections), "sent": sent, "answered": answered, "answers": answers}))


if __name__ == "__main__":
    main()
