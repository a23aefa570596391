# SPDX-License-Identifier: GPL-2.0-or-later
"""One swap's commit on the guard's own code, against a bare libnftnl transaction in one process."""

from world.network import Namespace
from world.world import World

from .figures import Row, Sample, at_most, read_nanoseconds
from .helpers import helper

_RUNS = 5  # a process's luck with memory and processors is its own: several processes
_FEW, _MANY = 3, 500


def _times(namespace: Namespace, rounds: int, servers: int) -> dict[str, Sample]:
    printed = "".join(
        namespace.run([helper("swap-times"), str(rounds), str(servers)]).stdout
        for _ in range(_RUNS)
        if namespace.run(["nft", "flush", "ruleset"])
    )
    return read_nanoseconds(printed)


def measure(_: World, quick: bool) -> list[Row]:
    rounds = 100 if quick else 1000
    namespace = Namespace("swaps")  # ends with the sandbox, and so does its orphaned table
    few = _times(namespace, rounds, _FEW)
    many = _times(namespace, rounds, _MANY)
    bare = "bare libnftnl element transaction"
    namespace.close()
    return [
        at_most(f"swap of one tunnel, {_FEW} servers", few["swap"], bare, few["bare"], 1.5),
        at_most(f"swap of one tunnel, {_MANY} servers", many["swap"], bare, many["bare"], 1.5),
        Row(f"of that, working out what differs, {_FEW} servers", few["plan"]),
        Row(f"of that, working out what differs, {_MANY} servers", many["plan"]),
        Row(f"reading the whole lock back, {_FEW} servers", few["read"]),
        Row(f"reading the whole lock back, {_MANY} servers", many["read"]),
    ]
