# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten thousand profiles, most of their servers known by name, against one: a packet's way, the first commit,
the change of one profile, and what the guard takes for them."""

import time
from pathlib import Path

from world import profiles
from world.network import Namespace
from world.product import UNIT_ENVIRONMENT
from world.waiting import wait_until
from world.world import World

from .figures import Row, Sample, bound, paired_at_most, read_nanoseconds
from .guard import private_megabytes
from .helpers import helper

_PROFILES, _NAMES = 10_000, 8_000
_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_BUS_LIMITS = Path("/etc/dbus-1/system.d/many-profiles.conf")
_PACKETS = {"server": "to a VPN server", "question": "a question for a server's name", "refused": "refused"}


def _times(rounds: int) -> dict[str, Sample]:
    namespace = Namespace("scale")
    printed = namespace.run([helper("scale-times"), str(rounds), str(_PROFILES), str(_NAMES)]).stdout
    namespace.close()
    return read_nanoseconds(printed)


def _milliseconds(sample: Sample) -> Sample:
    return Sample([value / 1000 for value in sample.values], "ms")


def _profiles_of(world: World) -> int:
    """How many NetworkManager knows. nmcli would ask for each of them, all the time."""
    settings = ("/org/freedesktop/NetworkManager/Settings", "org.freedesktop.NetworkManager.Settings", "Connections")
    told = world.client.run(["busctl", "get-property", "org.freedesktop.NetworkManager", *settings], check=False, timeout=60).stdout
    return int(told.split()[1]) if told.startswith("ao ") else 0  # else it is too busy to answer


def _write_profiles(world: World) -> None:
    for number in range(_PROFILES):
        host = f"node-{number}.vpn.example" if number < _NAMES else f"203.0.113.{number % 250 + 1}"
        remote = f"{host}:{1024 + number}:udp"
        profiles.write(f"many{number}", profiles.vpn(f"many{number}", {"connection-type": "tls", "remote": remote}))
    world.manager.nmcli("connection", "reload", check=False, timeout=600)  # it gives up early; the manager goes on
    wait_until(lambda: _profiles_of(world) > _PROFILES, "NetworkManager to read them", 600)


def _let_libnm_ask(world: World) -> None:
    """For all profiles at once, as it does: dbus-daemon would refuse all beyond 1,024 questions, and libnm would
    never hear of these profiles."""
    _BUS_LIMITS.write_text('<busconfig><limit name="max_replies_per_connection">50000</limit></busconfig>')
    world.client.run(["busctl", "call", *_BUS, "ReloadConfig"])


def _guard(world: World) -> list[Row]:
    if world.product.guard_is_running:
        world.product.stop_guard()
    world.product.install()
    _let_libnm_ask(world)
    _write_profiles(world)
    begun = time.monotonic()
    world.product.start_guard(environment=UNIT_ENVIRONMENT)
    wait_until(lambda: len(world.product.status()["vpns"]) >= _PROFILES, f"{_PROFILES} profiles", 300)
    known = time.monotonic() - begun
    (pid,) = world.client.processes("nm-killswitchd")
    unlocked = private_megabytes(pid)
    world.product.ctl("lock")
    return [
        Row(f"from the guard's start until it knows {_PROFILES:,} profiles", Sample([known], "s")),
        Row(f"guard's private memory, {_PROFILES:,} profiles", unlocked),
        Row(f"guard's private memory, {_PROFILES:,} profiles, locked", private_megabytes(pid)),
    ]


def measure(world: World, quick: bool) -> list[Row]:
    times = _times(100 if quick else 1000)
    rows = [
        paired_at_most(f"a packet {what}, {_PROFILES:,} profiles", times[f"{kind}-many"], "one profile", times[f"{kind}-one"], 1.05)
        for kind, what in _PACKETS.items()
    ]
    rows += [
        bound(f"first commit, {_PROFILES:,} profiles with {_NAMES:,} names", _milliseconds(times["first-many"]), 100),
        Row("of that, the processor's time", _milliseconds(times["first-cpu-many"])),
        Row("first commit, one profile", _milliseconds(times["first-one"])),
        Row(f"change of one profile among {_PROFILES:,} (two messages at most)", times["change-many"]),
    ]
    return rows if quick else rows + _guard(world)
