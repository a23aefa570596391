# SPDX-License-Identifier: GPL-2.0-or-later
"""A method over the bus: to the kernel's commit, to PropertiesChanged and to its answer, beside a
bare ping of the same process on the same connection."""

import time

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from world import profiles
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
        results: list[Gio.AsyncResult] = []

        def on_answer(_: Gio.DBusConnection, result: Gio.AsyncResult) -> None:
            answers.append(time.perf_counter())
            results.append(result)

        self._changed = None
        begun = time.perf_counter()
        self._bus.call(_NAME, _PATH, interface, method, arguments, None, Gio.DBusCallFlags.NONE, 20000, None, on_answer)
        while not answers:
            self._context.iteration(True)
        self._bus.call_finish(results[0])  # raises here, where somebody hears it
        changed = None if self._changed is None else (self._changed - begun) * 1000
        return (answers[0] - begun) * 1000, changed


_MANY = 100  # profiles, of five servers each


def _many_servers(world: World) -> None:
    for number in range(_MANY):
        remotes = ", ".join(f"203.0.113.{host}:{1024 + number}:udp" for host in range(1, 6))
        profiles.write(f"many{number}", profiles.vpn(f"many{number}", {"connection-type": "tls", "remote": remotes}))
    world.manager.nmcli("connection", "reload")
    wait_until(lambda: len({s["uuid"] for s in world.product.status()["servers"]}) > _MANY, "the guard to know them")


def _change(world: World, client: _Client, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of a ping, of a change until it is told and until it is answered, of a call that changes nothing."""
    found: dict[str, list[float]] = {"ping": [], "told": [], "answered": [], "nothing": []}
    before = generation(world.client)
    for number in range(2 * rounds):
        lan = GLib.Variant("(bas)", (number % 2 == 0, []))
        found["ping"].append(client.call(_PEER, "Ping")[0])
        answered, changed = client.call(_INTERFACE, "SetLanAccess", lan)
        if changed is None:
            raise RuntimeError("nobody was told of a change before it was answered")
        found["told"].append(changed)
        found["answered"].append(answered)
        found["nothing"].append(client.call(_INTERFACE, "SetLanAccess", lan)[0])
    commits = generation(world.client) - before
    if commits != 2 * rounds * layers(world):
        raise RuntimeError(f"{2 * rounds} changes of {layers(world)} layers made {commits} commits")
    return found


def measure(world: World, quick: bool) -> list[Row]:
    rounds = 30 if quick else 300
    if not world.product.guard_is_running:
        world.product.start_guard()
    world.product.ctl("lock")
    client = _Client()
    wait_until(lambda: client.call(_PEER, "Ping"), "the guard on the bus")
    few = _change(world, client, rounds)
    _many_servers(world)
    many = _change(world, client, rounds)
    ping = Sample(few["ping"], "ms")
    told = Sample(few["told"], "ms")
    pings = Sample([changed / ping.median for changed in few["told"]], "pings")
    return [
        bound("bus method (root: polkit asked, kernel changed and read back, saved) to PropertiesChanged", told, _GOAL),
        bound("the same, to its answer", Sample(few["answered"], "ms"), _GOAL),
        Row("the same, in pings", pings, "Peer.Ping of the guard", ping, f"{pings.median:.1f}"),
        at_most("the same with 500 servers more, to PropertiesChanged", Sample(many["told"], "ms"), "with few", told, 2),
        at_most("a method that asks for what is so already", Sample(few["nothing"], "ms"), "Peer.Ping of the guard", ping, 2),
    ]
