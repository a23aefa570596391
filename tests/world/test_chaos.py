# SPDX-License-Identifier: GPL-2.0-or-later
"""Random steps under a storm: nothing gets out while the lock is closed, and what is in the tunnel is
lost only while there is none.

KS_SEED makes it another run than the usual one, KS_FULL=1 makes it 1,000 steps of any run instead of a short form.
The report goes to $KS_REPORTS/chaos.md.
"""

import os
import random
import time

from . import reference_lock, storm
from .chaos import Chaos, Verdict, step
from .sandbox import reports_dir
from .seeds import run_seed
from .world import World

_STEPS = 1000 if os.environ.get("KS_FULL") else 16
_SEED = run_seed(602)
_CONTROL_SECONDS = 2.0
_ROUNDS = 20  # of the storm under each planted leak
_CALM_SECONDS = 1.5  # the tunnel with nobody touching it, to begin with


def _report(chaos: Chaos, verdict: Verdict, seconds: float) -> None:
    lines = [
        "# Chaos",
        "",
        f"Seed {chaos.seed}: {len(chaos.log)} steps in {seconds:.0f} s, the lock closed for {verdict.closed_seconds:.0f} s.",
        f"Outside {verdict.frames} frames were seen, {verdict.canaries} of them canaries; "
        f"{len(verdict.leaks)} while the lock was closed.",
        f"Frames that a program made itself and that left by a card which had just come or been renamed, "
        f"before the second layer was on it: {len(verdict.uncovered)}.",
        f"In the tunnel: {verdict.talked} datagrams while it was up and nobody touched it "
        f"({verdict.tunnel_seconds:.0f} s), {len(verdict.lost)} lost.",
        "",
        *(f"{(when - chaos.log[0][0]) / 1e9:8.2f} s  {name}  " for when, name in chaos.log),
    ]
    reports_dir().mkdir(parents=True, exist_ok=True)
    (reports_dir() / "chaos.md").write_text("\n".join(lines) + "\n")


def _require_control(chaos: Chaos, verdict: Verdict) -> None:
    missing = {row[0] for row in storm.FLOWS} - verdict.control
    assert not missing, f"seed {chaos.seed}: nobody saw these while the lock was open: {missing}"


def test_chaos():
    with World() as world:
        print(f"KS_SEED={_SEED}")
        world.product.install()
        world.product.start_guard()
        world.product.ctl("auto", "off")
        chaos = Chaos(world, _SEED)
        chaos.start()
        time.sleep(_CONTROL_SECONDS)
        begun = time.monotonic()
        chaos.close_lock()
        assert not chaos.open.is_open, "the lock must close"
        world.manager.up("full")
        world.product.wait_state("protected")
        chaos.look()
        time.sleep(_CALM_SECONDS)
        chaos.run(_STEPS)
        verdict = chaos.stop()
        _report(chaos, verdict, time.monotonic() - begun)

        _require_control(chaos, verdict)
        assert not verdict.leaks, (
            f"KS_SEED={_SEED}: {len(verdict.leaks)} frames LEAKED outside: " + "; ".join(map(str, verdict.leaks[:10]))
        )
        assert not verdict.lost, (
            f"KS_SEED={_SEED}: {len(verdict.lost)} lost in the tunnel: " + "; ".join(verdict.lost[:10])
        )
        assert verdict.closed_seconds > _STEPS / 8 and verdict.talked > 50, f"KS_SEED={_SEED}: too little was tried"


@step("a lock taken off and put back", 0)
def _(chaos: Chaos, dice: random.Random) -> None:
    """What scripts do when the server changes: two commands, and a gap between them."""
    reference_lock.unlock(chaos.world.client)
    reference_lock.lock(chaos.world.client)


def test_planted_leaks_are_found():
    """The judge is judged: the same storm and steps, locks written by hand. They have one layer, so
    that frames that programs make pass by them: those do not count here."""
    with World() as world:
        chaos = Chaos(world, 1, "inet test_lock")
        chaos.start()
        time.sleep(_CONTROL_SECONDS)
        phases = []
        for planted in ("", *reference_lock.LEAKS, "a gap"):
            reference_lock.lock(world.client, planted)
            chaos.open.end()
            begin = time.time_ns()
            if planted == "a gap":
                chaos.run(4, ["a lock taken off and put back"])
            elif not planted:
                chaos.run(6, ["VPN up", "openvpn killed"])
            chaos.let_storm(_ROUNDS)
            phases.append((begin, time.time_ns(), planted))
        verdict = chaos.stop()
        _require_control(chaos, verdict)
        found = [leak for leak in verdict.leaks if "frame" not in leak.what]
        for begin, end, planted in phases:
            here = [leak for leak in found if begin <= leak.sent and leak.seen <= end]
            assert bool(here) == bool(planted), f"{planted or 'a lock that holds'}: {len(here)} leaks: {here[:3]}"
