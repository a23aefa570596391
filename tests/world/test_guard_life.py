# SPDX-License-Identifier: GPL-2.0-or-later
"""The lock belongs to the guard, outlives it, and is taken over by the next one."""

import signal
import subprocess
from pathlib import Path

import pytest

from . import profiles
from .product import UNIT_ENVIRONMENT, private_bytes
from .waiting import wait_product, wait_until

_STATE = Path("/var/lib/nm-killswitch/state")
_MANY = 100  # profiles, of five servers each
_MEMORY_MAX = 5_000_000  # bytes


@pytest.fixture
def guarded(world):
    world.product.install()
    world.product.start_guard()
    yield world
    if world.product.guard_is_running:
        world.product.stop_guard()
    world.client.run(["nft", "delete", "table", "inet", "nm_killswitch"], check=False)


def _nft(world, *words):
    return world.client.run(["nft", *words], check=False)


def _table_is_there(world):
    return _nft(world, "list", "table", "inet", "nm_killswitch").returncode == 0


def _can_be_owned(world):
    return world.product.status()["layers"]["owned"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_next_guard_takes_the_lock_over(guarded, number):
    guarded.product.ctl("lock")
    owned = _can_be_owned(guarded)
    guarded.product.stop_guard(number)
    assert _table_is_there(guarded), "a guard that ends opens nothing"
    guarded.product.start_guard()
    status = guarded.product.status()
    assert status["state"] == "blocked" and status["verified"]
    assert status["layers"]["owned"] == owned


@pytest.mark.parametrize("restarts", [0, 1, 2])
def test_nobody_else_can_change_it(guarded, restarts):
    guarded.product.ctl("lock")
    if not _can_be_owned(guarded):
        pytest.skip("this kernel knows no tables that outlive their owner (Linux 6.9)")
    for _ in range(restarts):
        guarded.product.stop_guard(signal.SIGKILL)
        guarded.product.start_guard()
    for words in (
        ["flush", "ruleset"],
        ["delete", "table", "inet", "nm_killswitch"],
        ["flush", "chain", "inet", "nm_killswitch", "output"],
        ["insert", "rule", "inet", "nm_killswitch", "output", "accept"],
        ["add", "element", "inet", "nm_killswitch", "open_interfaces", "{ 2000000007 }"],
    ):
        tried = _nft(guarded, *words)
        assert words == ["flush", "ruleset"] or tried.returncode != 0, words
        status = guarded.product.status()
        assert status["state"] == "blocked" and status["verified"], (words, status)


def test_a_lock_that_the_state_does_not_know_of_stays(guarded):
    guarded.product.ctl("lock")
    guarded.product.stop_guard(signal.SIGKILL)
    _STATE.unlink()
    guarded.product.start_guard()
    assert guarded.product.status()["state"] == "blocked"
    assert "locked=true" in _STATE.read_text(), "it must outlast a reboot, too"


def test_a_lock_that_was_removed_while_nobody_watched_comes_back(guarded):
    guarded.product.ctl("lock")
    guarded.product.stop_guard(signal.SIGKILL)
    assert _nft(guarded, "delete", "table", "inet", "nm_killswitch").returncode == 0
    guarded.product.start_guard()
    assert guarded.product.status()["state"] == "blocked"


def test_a_second_guard_does_not_start(guarded):
    guarded.product.ctl("lock")
    second = guarded.client.run([str(guarded.product.guard)], check=False)
    assert second.returncode == 1
    assert "already" in second.stdout
    assert guarded.product.status()["verified"]


def _reboot(world):
    """What is left of us after a reboot: the state on disk."""
    _nft(world, "delete", "table", "inet", "nm_killswitch")
    for file in Path("/run/nm-killswitch").iterdir():
        file.unlink()


@pytest.fixture
def kernel_line(guarded):
    """A command line of the kernel's own choosing, for this sandbox."""
    line = Path("/run/kernel-line")

    def set_line(text):
        line.write_text(text + "\n")
        subprocess.run(["mount", "--bind", str(line), "/proc/cmdline"], check=True)

    yield set_line
    subprocess.run(["umount", "/proc/cmdline"], check=True)


def test_a_word_at_boot_skips_the_lock_once(guarded, kernel_line):
    guarded.product.ctl("lock")
    guarded.product.stop_guard()
    _reboot(guarded)
    kernel_line("BOOT_IMAGE=/vmlinuz quiet nmkillswitch=off")
    guarded.product.start_guard()
    assert guarded.product.status()["state"] == "unlocked"
    guarded.product.ctl("lan", "on")
    assert "locked=true" in _STATE.read_text(), "only this boot is skipped"

    guarded.product.ctl("lock")
    assert guarded.product.status()["state"] == "blocked"
    guarded.product.stop_guard()
    guarded.product.start_guard()
    assert guarded.product.status()["state"] == "blocked", "a lock closed by hand is no boot lock"


def test_a_vpn_that_came_up_unnoticed_is_found(guarded):
    """The guard was dead when the VPN came up: it learns from NetworkManager and the kernel."""
    guarded.product.ctl("lock")
    guarded.product.stop_guard(signal.SIGKILL)
    guarded.manager.up("full")
    guarded.product.start_guard()
    wait_product(lambda: guarded.product.status()["state"] == "protected", "the tunnel to be let through")
    guarded.manager.all_down()


def test_the_first_start_does_not_lock_for_a_vpn_that_is_up(world):
    """Someone who installs this over that VPN must not be cut off; the next VPN locks as always."""
    world.product.install()
    world.manager.up("full")
    world.product.start_guard()
    wait_product(lambda: world.product.status()["tunnels"], "the VPN to be found")
    assert world.product.status()["state"] == "unlocked"
    world.manager.down("full")
    world.manager.up("full")
    assert world.product.wait_state("protected")["locked"]
    world.manager.all_down()
    world.product.ctl("unlock")
    world.product.stop_guard()


def test_a_hundred_profiles_take_little_memory(world):
    """Of all that libnm knows of them the guard keeps what the lock needs, and reads again what changes."""
    world.product.install()
    names = [f"many{number}" for number in range(_MANY)]
    for number, name in enumerate(names):
        remotes = ", ".join(f"203.0.113.{host}:{1024 + number}:udp" for host in range(1, 6))
        profiles.write(name, profiles.vpn(name, {"connection-type": "tls", "remote": remotes}))
    world.manager.nmcli("connection", "reload")
    others = world.client.popen(["nmcli", "monitor"], stdout=subprocess.DEVNULL)  # has libnm mapped, too
    world.product.start_guard(environment=UNIT_ENVIRONMENT)
    world.product.ctl("lock")

    def ports():
        return {server["port"] for server in world.product.status()["servers"]}

    wait_until(lambda: 1024 + _MANY - 1 in ports(), "the last profile's servers")
    (pid,) = world.client.processes("nm-killswitchd")
    wait_until(lambda: private_bytes(pid) < _MEMORY_MAX, f"the guard to take less than {_MEMORY_MAX} bytes")

    world.manager.nmcli("connection", "modify", names[0], "+vpn.data", "remote=203.0.113.9:999:udp")
    wait_until(lambda: 999 in ports() and 1024 not in ports(), "the changed profile to be read again")
    assert 1025 in ports(), "the others stay known"
    world.manager.nmcli("connection", "delete", *names)
    wait_until(lambda: not ports() & set(range(1025, 1024 + _MANY)), "the deleted profiles to be forgotten")
    others.terminate()
    others.wait(10)
    world.product.ctl("unlock")
    world.product.stop_guard()
