# SPDX-License-Identifier: GPL-2.0-or-later
"""dpkg ends in the middle, as by a power cut, or a script fails: at every step of an upgrade while locked and
of a removal. Nothing opens, NetworkManager goes on, a reboot comes up locked, and the next dpkg mends it."""

import pytest

from boot.conftest import full_run, some
from boot.machine import Machine
from packages import build, steps

# the first ones are what a default run tries
UPGRADE = [
    "next postinst configure begin", "next preinst upgrade end", "this prerm upgrade begin", "this prerm upgrade end",
    "next preinst upgrade begin", "this postrm upgrade begin", "this postrm upgrade end", "next postinst configure end",
]
# dpkg gives all files their names at the end, one after the other; it dies when it renames this one
NAMED = [
    "/usr/libexec/nm-killswitchd.dpkg-new", "/usr/bin/nm-killswitch.dpkg-new",
    "/usr/lib/NetworkManager/dispatcher.d/90-nm-killswitch.dpkg-new", "/var/lib/dpkg/tmp.ci/postinst",
]
# what fails before the new version is configured is taken back by dpkg itself
FAILURES = ["next preinst upgrade end", "next postinst configure begin", "this postrm upgrade begin", "this prerm upgrade begin"]
KILLED = (-9, 137)
REMOVAL = ["this prerm remove end", "this prerm remove begin", "this postrm remove begin", "this postrm remove end"]


@pytest.fixture
def locked(outside, trapped_disk, copy_of):
    machine = Machine(copy_of(trapped_disk), outside)
    with machine:
        machine.wait_uplink()
        yield machine


def _reboot(machine: Machine) -> None:
    machine.power_off()
    machine.power_on()
    machine.wait_booted()
    machine.wait_uplink()


def _require_mended(machine: Machine) -> None:
    """By the same command once more."""
    with steps.untouched(machine):
        steps.dpkg(machine, "--install", steps.TRAPPED_NEXT)
        machine.wait_state("blocked")
    steps.require_whole(machine, build.NEXT_VERSION)


def _require_locked_over_a_reboot(machine: Machine) -> None:
    _reboot(machine)
    steps.require_closed(machine)
    assert machine.wait_state("blocked")["verified"]
    machine.connect("full")
    assert machine.wait_state("protected")["verified"]
    machine.run("nmcli", "connection", "down", "full")
    machine.wait_state("blocked")
    steps.require_closed(machine)


@pytest.mark.parametrize("step", some(UPGRADE, 2))
def test_ended_in_a_script_of_an_upgrade(locked, step):
    with steps.untouched(locked):
        run = steps.dpkg(locked, "--install", steps.TRAPPED_NEXT, check=False, KS_TRAP=step)
        assert run.returncode in KILLED, run
        assert f"trap: {step}" in run.stdout
        assert locked.wait_state("blocked")["verified"]
    assert steps.state(locked) != ("installed", build.NEXT_VERSION)
    if full_run() or step == UPGRADE[0]:
        _require_locked_over_a_reboot(locked)
    _require_mended(locked)


_KILLED = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e", "inject=rename:signal=SIGKILL")


@pytest.mark.parametrize("file", some(NAMED, 1))
def test_ended_while_it_unpacks(locked, file):
    """Some files are the new version's, some the old one's."""
    with steps.untouched(locked):
        run = locked.run(*_KILLED, "-P", file, "dpkg", "--install", steps.TRAPPED_NEXT, check=False)
        assert run.returncode in KILLED, run
        assert locked.wait_state("blocked")["verified"]
    assert steps.state(locked)[0] in ("half-installed", "unpacked"), steps.state(locked)
    _require_locked_over_a_reboot(locked)
    _require_mended(locked)


@pytest.mark.parametrize("step", some(FAILURES, 1))
def test_a_script_that_fails_leaves_the_old_lock(locked, step):
    guard = locked.guard_pid()
    with steps.untouched(locked):
        run = steps.dpkg(locked, "--install", steps.TRAPPED_NEXT, check=False, KS_TRAP=step, KS_TRAP_HOW="fail")
        assert f"trap: {step}" in run.stdout
        assert locked.wait_state("blocked")["verified"]
    if "postinst" in step:
        assert run.returncode != 0 and steps.state(locked) == ("half-configured", build.NEXT_VERSION)
        assert locked.guard_pid() == guard, "the guard of before goes on"
    elif "prerm" in step:  # the new version's prerm is asked instead, and does not mind
        assert run.returncode == 0
    else:
        assert run.returncode != 0
        steps.require_whole(locked, build.VERSION)
        assert locked.guard_pid() == guard, "the guard of before goes on"
    _require_mended(locked)


@pytest.mark.parametrize("step", some(REMOVAL, 1))
def test_ended_in_a_script_of_a_removal(locked, step):
    """Who removes it opens it; what is left over keeps nobody from the network."""
    run = steps.dpkg(locked, "--remove", "nm-killswitch", check=False, KS_TRAP=step)
    assert run.returncode in KILLED and f"trap: {step}" in run.stdout, run
    if step == "this prerm remove begin":
        steps.require_closed(locked)
        assert locked.guard_pid()
    else:
        assert "Opening the lock" in run.stdout
        steps.require_open(locked)
    _reboot(locked)
    if step == "this prerm remove begin":
        steps.require_closed(locked)
    else:
        steps.require_open(locked)
    steps.dpkg(locked, "--remove", "--force-remove-reinstreq", "nm-killswitch")
    assert steps.state(locked)[0] == "config-files"
    steps.require_open(locked)
    locked.run("systemctl", "restart", steps.MANAGER)
    locked.wait_uplink()


def test_a_removal_that_fails_brings_the_guard_back(locked):
    step = "this prerm remove end"
    run = steps.dpkg(locked, "--remove", "nm-killswitch", check=False, KS_TRAP=step, KS_TRAP_HOW="fail")
    assert run.returncode != 0 and "Opening the lock" in run.stdout, run
    steps.require_whole(locked, build.VERSION)
    assert locked.wait_state("unlocked")
