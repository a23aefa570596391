# SPDX-License-Identifier: GPL-2.0-or-later
"""The way back in when nearly everything is broken; and what is no way to open the lock."""

import time

import pytest

from world.waiting import wait_until

from .machine import Machine

STATE = "/var/lib/nm-killswitch/state"
UNITS = ("nm-killswitch.service", "nm-killswitch.socket")


def test_root_opens_it_with_everything_broken(outside, locked_disk, copy_of):
    """No bus, no NetworkManager, the guard masked, its state garbage; and it stays open after that."""
    disk = copy_of(locked_disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.run("systemctl", "mask", "--runtime", "--now", *UNITS)
        machine.run("sh", "-c", f"head -c 4096 /dev/urandom >{STATE}")
        machine.run("systemctl", "stop", "NetworkManager.service")
        machine.run("systemctl", "stop", "dbus.socket", "dbus.service")
        assert machine.guard_pid() == 0
        assert machine.run("busctl", "list", check=False).returncode != 0, "there must be no bus"
        machine.must_hold()
        status = machine.ctl("status")
        assert status.stdout.startswith("Blocked"), status.stdout
        assert machine.ctl("status", "--check", check=False).returncode == 0, "locked, and read back"
        since = machine.capture.mark()
        machine.ctl("unlock")
        assert not machine.has_table()
        machine.must_leak(since)
        assert machine.ctl("status").stdout.startswith("Unlocked")
        assert machine.ctl("status", "--check", check=False).returncode == 5
    with Machine(disk, outside) as machine:  # runtime masks are gone
        assert machine.guard_pid() and machine.status()["state"] == "unlocked"


def _set_kernel_line(disk, word: str) -> None:
    """A container shares the machine's /proc/cmdline. The guard has a /proc of its own besides
    (ProtectProc=), so a file is laid over that one, by systemd, before it starts the guard; for the
    early unit the same."""
    disk.write("/etc/kernel-line", f"BOOT_IMAGE=/vmlinuz root=/dev/sda1 {word} quiet\n")
    drop_in = "[Service]\nBindReadOnlyPaths=/etc/kernel-line:/proc/cmdline\n"
    for unit in ("nm-killswitch.service", "nm-killswitch-early.service"):
        disk.write(f"/etc/systemd/system/{unit}.d/line.conf", drop_in)


@pytest.mark.parametrize("word", ["nmkillswitch=off", "nmkillswitch=offline"])
def test_the_kernel_command_line_skips_the_lock_once(outside, locked_disk, copy_of, word):
    disk = copy_of(locked_disk)
    _set_kernel_line(disk, word)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        if word != "nmkillswitch=off":
            assert machine.status()["state"] == "blocked", "another word is no word"
            machine.must_hold()
            return
        assert machine.status()["state"] == "unlocked"
        machine.must_leak(0)
        machine.run("systemctl", "restart", "nm-killswitch.service")
        assert machine.status()["state"] == "unlocked", "the same boot"
        machine.ctl("lock")
        machine.run("systemctl", "restart", "nm-killswitch.service")
        assert machine.status()["state"] == "blocked", "a lock closed by hand is no boot lock"
        since = machine.capture.fence()
        machine.must_hold(since)
    _set_kernel_line(disk, "")
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.status()["state"] == "blocked", "only that boot was skipped"
        machine.must_hold()


def test_root_opens_it_while_the_guard_hangs(locked):
    hung = locked.guard_pid()
    locked.run("kill", "-STOP", str(hung))
    begun = time.monotonic()
    assert "Blocked" in locked.ctl("status").stdout
    assert time.monotonic() - begun < 8
    locked.must_hold()
    since = locked.capture.mark()
    begun = time.monotonic()
    locked.ctl("unlock")
    assert time.monotonic() - begun < 8
    locked.must_leak(since)
    wait_until(lambda: locked.guard_pid() not in (0, hung), "systemd to start another guard")
    assert locked.wait_state("unlocked")["verified"]
    assert not locked.has_table()


def _stop(machine: Machine) -> None:
    machine.run("systemctl", "stop", "nm-killswitch.service")
    assert machine.guard_pid() == 0
    machine.must_hold()
    machine.run("systemctl", "start", "nm-killswitch.service")


def _restart(machine: Machine) -> None:
    machine.run("systemctl", "restart", "nm-killswitch.service")


def _reload_systemd(machine: Machine) -> None:
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "daemon-reexec")


def _reload_guard(machine: Machine) -> None:
    machine.run("systemctl", "reload", "nm-killswitch.service")


def _kill(machine: Machine) -> None:
    killed = machine.guard_pid()
    machine.run("kill", "-KILL", str(killed))
    wait_until(lambda: machine.guard_pid() not in (0, killed), "systemd to start another guard")


def _mask(machine: Machine) -> None:
    machine.run("systemctl", "mask", "--runtime", "--now", *UNITS)
    machine.must_hold()
    machine.run("systemctl", "unmask", "--runtime", *UNITS)
    machine.run("systemctl", "start", *UNITS)


def test_nothing_systemd_does_to_the_guard_opens_the_lock(locked, report):
    """Under the canary's flood, blocked and with a VPN connected."""
    for connected in (False, True):
        if connected:
            locked.connect("full")
            locked.wait_state("protected")
        for attack in (_restart, _stop, _reload_systemd, _reload_guard, _kill, _mask):
            since, tried = locked.capture.mark(), locked.canaries_tried()
            attack(locked)
            status = locked.wait_state("protected" if connected else "blocked")
            assert status["verified"], attack.__name__
            locked.must_hold(since)
            attempts = locked.canaries_tried() - tried
            kind = "connected" if connected else "blocked"
            report.line(f"{attack.__name__.strip('_')} while {kind}: {attempts} attempts to get out, 0 frames outside")
    since = locked.capture.mark()
    locked.ctl("unlock")
    locked.run("nmcli", "connection", "down", "full")
    locked.must_leak(since)


def test_stopping_nearly_everything_and_back(locked):
    locked.run("systemctl", "isolate", "rescue.target")
    locked.run("systemctl", "start", "canary.service")
    locked.must_hold()
    locked.run("systemctl", "isolate", "default.target")
    locked.wait_uplink()
    assert locked.wait_state("blocked")["verified"]
    locked.must_hold()


def test_a_guard_that_dies_again_and_again_comes_back(locked):
    """No start limit: ten deaths in a row are ten new guards."""
    for _ in range(10):
        _kill(locked)
    assert locked.wait_state("blocked")["verified"]
    assert locked.show("nm-killswitch.service", "Result") == "success"
    locked.must_hold()
