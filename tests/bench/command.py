# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line from exec to exit, against what does as little as can be done in its place. Locking, against what
a guide has people run instead."""

from world.network import Namespace
from world.world import World

from . import guide
from .figures import Row, at_most, read_nanoseconds
from .helpers import generation, helper, layers, write_script

_ENVIRONMENT = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8")
_NAME = "io.github.nmkillswitch"


def _locking(world: World, rounds: int) -> list[Row]:
    """Unlocked each time, which is not measured: a script of 16 programs, a file for nft, one method of the guard's."""
    yardstick = Namespace("yardstick")
    program = str(world.product.command)
    nft = "/usr/sbin/nft"
    on, off = write_script("on.sh", guide.iptables()), write_script("off.sh", guide.IPTABLES_OFF)
    file, flush = write_script("on.nft", guide.nftables()), write_script("off.nft", "flush ruleset\n")
    world.product.ctl("unlock")
    commands = {
        "lock": [world.client.path, *_ENVIRONMENT, program, "lock"],
        "unlock": [world.client.path, *_ENVIRONMENT, program, "unlock"],
        "script": [yardstick.path, *_ENVIRONMENT, on],
        "script, off": [yardstick.path, *_ENVIRONMENT, off],
        "file": [yardstick.path, *_ENVIRONMENT, nft, "-f", file],
        "file, off": [yardstick.path, *_ENVIRONMENT, nft, "-f", flush],
    }
    arguments = [helper("exec-times"), str(rounds)]
    for command in commands.values():
        arguments += ["--", *command]
    before = generation(world.client)
    times = read_nanoseconds(world.client.run(arguments, timeout=600).stdout)
    if generation(world.client) - before < 2 * rounds * layers(world):
        raise RuntimeError("the lock was not closed and opened in each round")
    yardstick.close()
    found = {name: times[str(number)] for number, name in enumerate(commands)}
    ours = found["lock"]
    return [
        Row("`lock`, exec to exit, the kernel changed in between", ours, name, found[key], f"{ours.median / found[key].median:.2f}")
        for name, key in (("the guide's iptables script", "script"), ("the guide's nftables file, by `nft -f`", "file"))
    ]


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
        *_locking(world, rounds // 3),
    ]
