# SPDX-License-Identifier: GPL-2.0-or-later
"""The bus goes and comes back: the lock does not care, and the guard is there again."""

import time

from .waiting import wait_until

_PING = ("busctl", "call", "io.github.nmkillswitch", "/io/github/nmkillswitch", "org.freedesktop.DBus.Peer", "Ping")


def _is_on_the_bus(world):
    return world.client.run([*_PING], check=False).returncode == 0


def test_the_bus_is_restarted(world):
    world.product.install()
    world.product.start_guard()
    wait_until(lambda: _is_on_the_bus(world), "the guard on the bus")
    world.product.ctl("lock")
    for _ in range(3):
        world.client.kill("dbus-daemon")
        assert world.product.status()["locked"], "the socket needs no bus"
        if world.client.processes("polkitd"):
            world.client.kill("polkitd")
        world.manager.start_bus()
        begun = time.monotonic()
        wait_until(lambda: _is_on_the_bus(world), "the guard to be back", 5)
        print(f"back after {time.monotonic() - begun:.2f} s")
        assert world.product.status()["locked"]


def test_the_guard_starts_before_the_bus(world):
    world.product.stop_guard()
    world.client.kill("dbus-daemon")
    world.product.start_guard()
    assert world.product.status()["locked"]
    if world.client.processes("polkitd"):
        world.client.kill("polkitd")
    world.manager.start_bus()
    wait_until(lambda: _is_on_the_bus(world), "the guard on the bus", 5)
