# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian packages, built on a bare system and installed by apt on another one, which boots: the six steps
of the guide's leak test, locked over a reboot, purged. Each test goes on where the one before it has stopped."""

import signal

import pytest
from boot import tree
from packages.build import NAMES as _NAMES
from world.waiting import wait_until

# of what is no file; polkit, which may have come with the packages, has actions and units of its own
_PARTS = ("nf_tables", "units", "failed units", "folder in /run", "kernel switches")


@pytest.mark.tried("apt install ./*.deb")
def test_installed_by_apt(packaged_life, record):
    machine = packaged_life.machine
    assert not machine.has_table() and machine.run("sh", "-c", "command -v nm-killswitch", check=False).returncode != 0
    said = packaged_life.apt("install", *packaged_life.packages)
    assert "nm-killswitch:" not in said, said
    status = machine.status()
    assert status["state"] == "unlocked" and not machine.has_table(), status
    assert machine.run("systemctl", "--failed", "--no-legend").stdout.strip() == ""
    machine.must_leak(machine.capture.fence())
    record.note("installed")


@pytest.mark.tried("the guide's six steps")
def test_the_six_steps_of_the_guide(packaged_life, record):
    """Locked, blocked, connected, seen through the VPN, dropped, blocked; and connected again."""
    machine = packaged_life.machine
    machine.ctl("lock")
    assert machine.wait_state("blocked")["verified"]
    since = machine.capture.fence()
    machine.must_hold(since)
    machine.connect("full")
    assert machine.wait_state("protected")["verified"]
    with packaged_life.outside.tunnel() as tunnel:
        tunnel.wait_for(b"boot-canary")
    assert machine.client.kill("openvpn", signal.SIGKILL), "there was one to drop"
    machine.wait_state("blocked")
    machine.must_hold(since)
    machine.connect("full")
    machine.wait_state("protected")
    with packaged_life.outside.tunnel() as tunnel:
        tunnel.wait_for(b"boot-canary")
    machine.must_hold(since)
    record.note("nothing out")


@pytest.mark.tried("apt's, locked, rebooted")
def test_locked_over_a_reboot(packaged_life, record):
    packaged_life.reboot()
    machine = packaged_life.machine
    status = machine.wait_state("blocked")
    assert status["verified"] and status["layers"]["inet"] and status["layers"]["egress"], status
    machine.must_hold()
    record.note("nothing out")


def _ours(machine) -> set[str]:
    """Paths with our name, but for what dpkg and systemd remember."""
    found = machine.run("find", "/etc", "/usr", "/var", "/run", "-xdev", "-iname", "*kill*switch*").stdout.split()
    return {name for name in found if not name.startswith(("/var/lib/dpkg/", "/var/lib/systemd/", "/var/log/"))}


def _parts(machine) -> dict[str, str]:
    now = tree.system(machine)
    return {part: now[part] for part in _PARTS}


@pytest.mark.tried("apt purge")
def test_purged(packaged_life, record):
    machine, life = packaged_life.machine, packaged_life
    files = {name for name in machine.run("dpkg", "-L", *_NAMES).stdout.split() if life.disk.path(name).is_file()}
    assert len(files) > 40 and len(_ours(machine)) > 40, "the control"
    since = machine.capture.fence()
    said = life.apt("purge", "--autoremove", *_NAMES)
    assert "Opening the lock" in said, said
    machine.must_leak(since)
    # packages that came with them and that apt keeps are apt's; tests/packages compares the whole machine
    assert {name for name in files if life.disk.path(name).exists()} | _ours(machine) == set()
    wait_until(lambda: _parts(machine) == {part: life.before[part] for part in _PARTS}, "systemd to forget the units", 20)
    record.note("nothing left")
