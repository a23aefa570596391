# SPDX-License-Identifier: GPL-2.0-or-later
"""A method over the bus: to the kernel's commit, to PropertiesChanged and to its answer, beside a
bare ping of the same process on the same connection."""

import time

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from world.waiting import wait_until
from world.world import World

from .figures import Row, Sample, at_most, bound
from .helpers import generation, layers

_NAME = "io.github.nmkillswitch"
_PATH = "/io/github/nmkillswitch"
_INTERFACE = "io.github.nmkillswitch.Guard1"
_PEER = "org.freedesktop.DBus.Peer"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_GOAL = 10.0  # ms, from the call to PropertiesChanged: nobody sees that


class _Client:
    def __init__(self) -> None:
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        address = Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM, None)
        self._bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        self._context = GLib.MainContext.default()
        self._changed: float | None = None
        nothing = (Gio.DBusSignalFlags.NONE, self._on_changed)
        self._bus.signal_subscribe(_NAME, _PROPERTIES, "PropertiesChanged", _PATH, None, *nothing)

    def _on_changed(self, *_: object) -> None:
        if self._changed is None:
            self._changed = time.perf_counter()

    def call(self, interface: str, method: str, arguments: GLib.Variant | None = None) -> tuple[float, float | None]:
        """Milliseconds to the answer and to PropertiesChanged (None: there was none before it)."""
        answers: list[float] = []

        def on_answer(bus: Gio.DBusConnection, result: Gio.AsyncResult) -> None:
            bus.call_finish(result)
            answers.append(time.perf_counter())

        self._changed = None
        begun = time.perf_counter()
        self._bus.call(_NAME, _PATH, interface, method, arguments, None, Gio.DBusCallFlags.NONE, 20000, None, on_answer)
        while not answers:
            self._context.iteration(True)
        changed = None if self._changed is None else (self._changed - begun) * 1000
        return (answers[0] - begun) * 1000, changed


def measure(world: World, quick: bool) -> list[Row]:
    rounds = 30 if quick else 300
    if not world.product.guard_is_running:
        world.product.start_guard()
    world.product.ctl("lock")
    client = _Client()
    wait_until(lambda: client.call(_PEER, "Ping"), "the guard on the bus")
    pings, noops, changes, answers = [], [], [], []
    before = generation(world.client)
    for number in range(2 * rounds):
        lan = GLib.Variant("(bas)", (number % 2 == 0, []))
        pings.append(client.call(_PEER, "Ping")[0])
        answered, changed = client.call(_INTERFACE, "SetLanAccess", lan)
        if changed is None:
            raise RuntimeError("nobody was told of a change before it was answered")
        changes.append(changed)
        answers.append(answered)
        noops.append(client.call(_INTERFACE, "SetLanAccess", lan)[0])
    commits = generation(world.client) - before
    if commits != 2 * rounds * layers(world):
        raise RuntimeError(f"{2 * rounds} changes of {layers(world)} layers made {commits} commits")
    ping = Sample(pings, "ms")
    ratio = [c / ping.median for c in changes]
    return [
        bound("bus method (root: polkit asked, kernel changed and read back, saved) to PropertiesChanged", Sample(changes, "ms"), _GOAL),
        bound("the same, to its answer", Sample(answers, "ms"), _GOAL),
        Row("the same, in pings", Sample(ratio, "pings"), "Peer.Ping of the guard", ping, f"{Sample(ratio, '').median:.1f}"),
        at_most("a method that asks for what is so already", Sample(noops, "ms"), "Peer.Ping of the guard", ping, 2),
    ]
