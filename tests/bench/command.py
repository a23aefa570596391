# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line from exec to exit, against what does as little as can be done in its place."""

from world.world import World

from .figures import Row, at_most, read_nanoseconds
from .helpers import helper

_ENVIRONMENT = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8")
_NAME = "io.github.nmkillswitch"


def measure(world: World, quick: bool) -> list[Row]:
    rounds = 30 if quick else 300
    if not world.product.guard_is_running:
        world.product.start_guard()
    world.product.ctl("lock")
    program = str(world.product.command)
    commands = {
        "status": [program, "status"],
        # not `busctl status`, which wants more of a process than a sandbox shows
        "busctl": ["/usr/bin/busctl", "call", _NAME, "/", "org.freedesktop.DBus.Peer", "Ping"],
        "help": [program, "--help"],
        "linked": [helper("linked-program")],
    }
    arguments = [helper("exec-times"), str(rounds)]
    for command in commands.values():
        arguments += ["--", world.client.path, *_ENVIRONMENT, *command]
    times = read_nanoseconds(world.client.run(arguments, timeout=600).stdout)
    found = {name: times[str(number)] for number, name in enumerate(commands)}
    return [
        at_most("`status`, exec to exit", found["status"], "`busctl` that pings the guard", found["busctl"], 1.5),
        at_most("`--help`, exec to exit", found["help"], "a program with the same libraries that does nothing", found["linked"], 1.3),
    ]
