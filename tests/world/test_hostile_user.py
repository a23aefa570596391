# SPDX-License-Identifier: GPL-2.0-or-later
"""A user without rights whose private profiles are of every type, with whatever in each field, with others'
UUIDs and names, and change 20 times a second: beside a VPN for everybody and one set up by hand, which stay up,
are shown as they are, and lose nothing. hostile.py says what it does. KS_SEED repeats a run, KS_SECONDS goes on
for so long (KS_FULL=1: an hour)."""

import os
import re
import time

import pytest

from . import addresses as a
from . import hostile, profiles
from .flooding import Part
from .profiles import uuid_of
from .seeds import run_seed
from .waiting import wait_product, wait_until

_MEMORY_MAX = 16.0  # MB of its own: an idle guard has 4
_CHANGES, _RATE = 200, 20
_STEPS = 60
_TALK_RATE = 200  # packets a second
_SEED = run_seed()
_SECONDS = float(os.environ.get("KS_SECONDS", 3600 if os.environ.get("KS_FULL") else 8))
# an address that no profile opens: as an element begins in what nft lists
_NEVER = re.compile(r"(^|[\s{,])(0\.0\.0\.0|127\.|22[4-9]\.|23\d\.|24\d\.|25\d\.|192\.0\.2\.255|::1? |ff..:).* \. |(udp|tcp) \. (53|853) :")


@pytest.fixture(scope="module")
def guarded(world):
    world.product.install()
    world.product.start_guard()
    world.manager.up("full")
    world.product.ctl("lock")
    world.product.wait_state("protected")
    world.product.ctl("vpn", "add", "Home", "--interface", "home0", "--server", f"{a.DEAD_SERVER}:5000/udp")
    return world


@pytest.fixture
def home(guarded):
    """The UUID of the VPN that was set up by hand, which is up, too."""
    with guarded.client.tun("home0"):
        guarded.client.ip("link set home0 up")
        wait_product(lambda: len(guarded.product.status()["tunnels"]) == 2, "both to be up")
        yield next(vpn["uuid"] for vpn in guarded.product.status()["vpns"] if vpn["name"] == "Home")


def _servers(world) -> set[str]:
    """What is open in the kernel, as nft lists it."""
    listed = ""
    for name in ("servers4", "servers6", "protocols4", "protocols6"):
        listed += world.client.run(["nft", "list", "map", "inet", "nm_killswitch", name]).stdout
    return {element.strip() for element in re.findall(r"[0-9a-f.:]+ \. [^,}]+", listed)}


def _begin(person, home: str, *form: object):
    print(f"seed {_SEED}")
    return hostile.begin(person, _SEED, f"{uuid_of('full')},{home}", profiles.tls("203.0.113.1"), *form)


def _own(world) -> set[tuple[str, str]]:
    return {(tunnel["interface"], tunnel["name"]) for tunnel in world.product.status()["tunnels"]}


def _holds(world, mark: int) -> bool:
    """Locked, both VPNs up and shown as they are, the kernel as it should be, nothing outside that may not be."""
    status = world.product.status()
    assert status["locked"] and status["state"] in ("protected", "broken"), status["state"]  # broken: for moments
    own = {tunnel["uuid"]: tunnel["name"] for tunnel in status["tunnels"]}
    assert own.get(uuid_of("full")) == "full" and "Home" in own.values(), status["tunnels"]
    wrong = [server for server in _servers(world) if _NEVER.search(server)]
    assert not wrong, wrong
    plain = world.capture.plain(mark)
    assert not plain, [frame.purpose for frame in plain]
    return status["verified"]


def _after(world, before: tuple[set[str], set[tuple[str, str]], int]) -> None:
    """Everything of the hostile user's is gone with the profiles, and nothing else."""
    servers, own, guard = before
    wait_until(lambda: _servers(world) == servers, "its servers to be closed", 20)
    wait_until(lambda: _own(world) == own, "its links to be gone", 20)
    assert world.product.guard_pid == guard, "the guard ended"
    assert world.product.status()["verified"]
    assert {vpn["name"] for vpn in world.product.status()["vpns"]} & {"full", "Home"} == {"full", "Home"}


def _before(world) -> tuple[set[str], set[tuple[str, str]], int]:
    return _servers(world), _own(world), world.product.guard_pid


def test_a_storm_beside_others_vpns(guarded, people, home):
    before = _before(guarded)
    echo = Part(guarded.outside, "echo", a.WEB[4], a.WEB[6])
    talk = Part(guarded.client, "tunnel", _TALK_RATE, a.WEB[4], a.WEB[6])
    mark = guarded.capture.fence()
    storm = _begin(people.alice, home, "storm", _CHANGES, _RATE)
    try:
        looks = 0
        while storm.poll() is None:
            _holds(guarded, mark)
            assert hostile.MARK not in str(people.nora.call("GetStatus").value)
            looks += 1
        said, _ = storm.communicate()
        lines = said.splitlines()
        assert lines[-1].startswith("done"), f"seed {_SEED}: {said[-2000:]}"
        accepted, connected = map(int, lines[-1].split()[1:])
        assert accepted > _CHANGES / 4 and connected > 2, f"seed {_SEED}: NetworkManager refused nearly all: {said[-2000:]}"
        assert int(next(line for line in lines if line.startswith("seconds")).split()[1]) < 3 * _CHANGES / _RATE, "no storm"
        assert looks > 3
        _after(guarded, before)
        assert _holds(guarded, mark), f"seed {_SEED}"
        counts = dict(line.split() for line in talk.stop() if line.split()[0] in ("asked", "answered"))
        lost = int(counts["asked"]) - int(counts["answered"])
        assert int(counts["asked"]) > _TALK_RATE and lost <= 1, f"seed {_SEED}: {counts}"  # the last may be on its way
    finally:
        storm.kill()
        storm.wait()
        talk.kill()
        echo.kill()


def test_the_promise_after_each_step(guarded, people, home):
    """AddConnection2, Update2, ActivateConnection, Delete: one after the other."""
    before = _before(guarded)
    mark = guarded.capture.fence()
    program = _begin(people.alice, home, "steps")
    accepted = steps = 0
    memory = idle = guarded.product.memory()
    begun = time.monotonic()
    try:
        while steps < _STEPS or time.monotonic() - begun < _SECONDS:
            program.stdin.write("\n")
            program.stdin.flush()
            said = program.stdout.readline()
            assert said, f"seed {_SEED}, step {steps}: it ended"
            accepted += "accepted" in said
            steps += 1
            seen = guarded.capture.mark()
            wait_until(lambda: _holds(guarded, mark), f"the promise to hold after step {steps} ({said.strip()}), seed {_SEED}", 20)
            mark = seen
            memory = max(memory, guarded.product.memory())
            assert memory < _MEMORY_MAX, f"seed {_SEED}, step {steps}: {memory:.1f} MB"
        program.stdin.close()
        assert program.wait(60) == 0
        print(f"{steps} steps in {time.monotonic() - begun:.0f} s, {accepted} accepted; memory {idle:.1f} MB, at most {memory:.1f} MB")
        assert accepted > steps / 8, f"seed {_SEED}: NetworkManager refused nearly all"
        _after(guarded, before)
    finally:
        program.kill()
        program.wait()
