# SPDX-License-Identifier: GPL-2.0-or-later
"""The bus goes and comes back, or throws the guard off: the lock does not care, and the guard is there again."""

import contextlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from .profiles import uuid_of
from .waiting import wait_product, wait_until

_BUS = "/run/dbus/system_bus_socket"

_PING = ("busctl", "call", "io.github.nmkillswitch", "/io/github/nmkillswitch", "org.freedesktop.DBus.Peer", "Ping")


def _is_on_the_bus(world):
    return world.client.run([*_PING], check=False).returncode == 0


class Between:
    """What the guard takes for the bus: it hands on what both say, ends the guard's connection when told to, as the
    bus does for what is over its limits, and then lets nobody in until told to."""

    ADDRESS = Path("/run/world/between")

    def __init__(self) -> None:
        self.is_open = True
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.ADDRESS))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                guard, _ = self._listener.accept()
            except OSError:
                return
            if not self.is_open:
                guard.close()
                continue
            bus = socket.socket(socket.AF_UNIX)
            bus.connect(_BUS)
            self._pairs.append((guard, bus))
            for source, target in ((guard, bus), (bus, guard)):
                threading.Thread(target=self._hand_on, args=(source, target), daemon=True).start()

    @staticmethod
    def _hand_on(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def throw_off(self) -> None:
        assert self._pairs, "the guard does not come by here"
        while self._pairs:
            for end in self._pairs.pop():
                end.shutdown(socket.SHUT_RDWR)
                end.close()

    def close(self) -> None:
        self._listener.close()
        self.ADDRESS.unlink()


@pytest.fixture
def between():
    made = Between()
    yield made
    made.close()


def test_a_living_bus_throws_the_guard_off(world, between):
    """It is back, under its name, and knows what became of NetworkManager meanwhile."""
    world.product.install()
    world.product.start_guard(environment={"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={between.ADDRESS}"})
    wait_product(lambda: _is_on_the_bus(world), "the guard on the bus", 5)
    world.product.ctl("lock")
    world.manager.up("full")
    world.product.wait_state("protected")
    guard = world.product.guard_pid
    for _ in range(2):
        between.throw_off()
        wait_product(lambda: _is_on_the_bus(world), "the guard to be back", 2)
    between.is_open = False
    between.throw_off()
    wait_until(lambda: not _is_on_the_bus(world), "the guard to be off the bus")
    assert world.product.status()["locked"], "the socket needs no bus"
    world.manager.down("full")
    world.client.run(["nmcli", "connection", "add", "type", "vpn", "con-name", "meanwhile", "vpn-type", "openvpn", "vpn.data", "remote=192.0.2.9"])
    between.is_open = True
    wait_product(lambda: _is_on_the_bus(world), "the guard to be back", 11)
    world.product.wait_state("blocked")
    names = lambda: {vpn["name"] for vpn in world.product.status()["vpns"]}  # noqa: E731
    wait_until(lambda: {"full", "meanwhile"} <= names(), "what was added meanwhile")
    world.manager.up("full")
    status = world.product.wait_state("protected")
    assert status["verified"] and [tunnel["uuid"] for tunnel in status["tunnels"]] == [uuid_of("full")]
    assert world.product.guard_pid == guard and world.product.guard_is_running, "it was the same guard all the time"
    world.manager.all_down()
    world.product.stop_guard()


def _end_polkitd(world) -> None:
    for pid in world.client.processes("polkitd"):
        with contextlib.suppress(ProcessLookupError):  # it ends by itself, too, when its bus has gone
            os.kill(pid, signal.SIGKILL)


def test_the_bus_is_restarted(world):
    world.product.start_guard()
    wait_until(lambda: _is_on_the_bus(world), "the guard on the bus")
    world.product.ctl("lock")
    for _ in range(3):
        world.client.kill("dbus-daemon")
        assert world.product.status()["locked"], "the socket needs no bus"
        _end_polkitd(world)
        world.manager.start_bus()
        begun = time.monotonic()
        wait_product(lambda: _is_on_the_bus(world), "the guard to be back", 5)
        print(f"back after {time.monotonic() - begun:.2f} s")
        assert world.product.status()["locked"]


def test_the_guard_starts_before_the_bus(world):
    world.product.stop_guard()
    world.client.kill("dbus-daemon")
    world.product.start_guard()
    assert world.product.status()["locked"]
    _end_polkitd(world)
    world.manager.start_bus()
    wait_product(lambda: _is_on_the_bus(world), "the guard on the bus", 5)
