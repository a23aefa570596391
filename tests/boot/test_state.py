# SPDX-License-Identifier: GPL-2.0-or-later
"""The saved state on a disk that is full, read-only, gone, or holds something else."""

import json
import re

import pytest

from world.waiting import wait_until

from .conftest import some
from .machine import Machine
from .test_rescue import STATE, UNITS

FOLDER = "/var/lib/nm-killswitch"
GUARD = "nm-killswitch.service"
UNSAVED = "/run/nm-killswitch/unsaved-state"

_FULL = f"""
systemctl stop {UNITS[1]} {GUARD}
cp -a {FOLDER} /root/kept && mount -t tmpfs -o size=64k,mode=0700 tmpfs {FOLDER} && cp -a /root/kept/. {FOLDER}/
head -c 1M /dev/zero >{FOLDER}/filler; test "$(stat -f -c %a {FOLDER})" -eq 0
systemctl start {UNITS[1]} {GUARD}
"""
_READ_ONLY = f"""
systemctl stop {UNITS[1]} {GUARD}
mount --bind {FOLDER} {FOLDER} && mount -o remount,bind,ro {FOLDER}
if touch {FOLDER}/x; then exit 1; fi
systemctl start {UNITS[1]} {GUARD}
"""
TROUBLES = {  # how the disk is spoilt, and how it is mended
    "full": (_FULL, f"rm {FOLDER}/filler"),
    "read-only": (_READ_ONLY, f"mount -o remount,bind,rw {FOLDER}; systemctl restart {GUARD}"),
    "folder gone": (f"rm -r {FOLDER}", f"systemctl restart {GUARD}"),
}


def _warnings(machine: Machine) -> str:
    return "\n".join(machine.status()["warnings"])


def _saved(machine: Machine, text: str) -> bool:
    return machine.run("grep", "-qx", text, STATE, check=False).returncode == 0


def _kill_guard(machine: Machine) -> None:
    killed = machine.guard_pid()
    machine.run("kill", "-KILL", str(killed))
    wait_until(lambda: machine.guard_pid() not in (0, killed), "systemd to start another guard")


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_lock_is_not_lost(machine, trouble):
    """Closed, told, kept over guards, and saved as soon as the disk takes it."""
    spoil, mend = TROUBLES[trouble]
    machine.run("sh", "-c", spoil)
    said = machine.ctl("lock", check=False)
    assert said.returncode == 1 and "could not be saved" in said.stdout
    since = machine.capture.fence()
    assert "could not be saved" in _warnings(machine)
    assert not _saved(machine, "locked=true")
    for _ in range(2):
        _kill_guard(machine)
        assert machine.wait_state("blocked")["verified"]
        if trouble != "folder gone":  # systemd makes it again
            assert "could not be saved" in _warnings(machine), "the next guard knows of it, too"
    machine.must_hold(since)
    machine.run("sh", "-c", mend)
    machine.run("systemctl", "reload", GUARD)
    wait_until(lambda: _saved(machine, "locked=true"), "the lock to be saved")
    wait_until(lambda: "could not be saved" not in _warnings(machine), "the warning to go")
    assert machine.run("test", "-e", UNSAVED, check=False).returncode == 1


def test_the_last_moment_saves_what_could_not_be_saved(outside, installed, copy_of):
    """What was in the way is so no more when the machine is switched off."""
    disk = copy_of(installed.disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.run("sh", "-c", f"rm -f {STATE}; mkdir {STATE}")  # nothing can be renamed to it
        assert machine.ctl("lock", check=False).returncode == 1
        assert "could not be saved" in _warnings(machine)
        machine.run("rmdir", STATE)
        machine.power_off()
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.status()["state"] == "blocked"


@pytest.mark.parametrize("guard", some(["no guard", "guard"], 1))
def test_an_unlock_on_a_read_only_disk_holds_until_the_reboot(outside, locked_disk, copy_of, guard):
    disk = copy_of(locked_disk)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        machine.run("sh", "-c", _READ_ONLY)
        if guard == "no guard":
            machine.run("systemctl", "mask", "--runtime", "--now", *UNITS)
        machine.must_hold()
        since = machine.capture.mark()
        said = machine.ctl("unlock", check=False)
        assert said.returncode == 1 and "could not be saved" in said.stdout
        machine.must_leak(since)
        if guard == "no guard":
            machine.run("systemctl", "unmask", "--runtime", *UNITS)
            machine.run("systemctl", "start", *UNITS)
        for _ in range(2):
            _kill_guard(machine)
            machine.wait_state("unlocked")
        machine.run("systemctl", "restart", "NetworkManager.service")
        assert machine.status()["state"] == "unlocked" and "could not be saved" in _warnings(machine)
        machine.power_off()
    with Machine(disk, outside) as machine:  # the disk is as it was, and it says locked
        machine.wait_uplink()
        assert machine.status()["state"] == "blocked"
        machine.must_hold()


STATES = {
    "no text": "\x00\x01 no state at all",
    "cut short": "[lock]\nversion=1\nlocked=tr",
    "of a version to come": "[lock]\nversion=9\nlocked=true\nauto-lock=true\nlan=false\nsubtle=yes\n[new]\na=b\n",
    "empty": "",
    "without its end": "[lock]\nversion=1\nlocked=true\n",
    "from before versions": "[lock]\nlocked=true\nauto-lock=true\nlan=false\n",
}


@pytest.mark.parametrize("state", some(STATES, 3))
def test_a_boot_with_a_state_that_is(outside, installed, copy_of, state):
    disk = copy_of(installed.disk)
    disk.write(STATE, STATES[state], 0o600)
    with Machine(disk, outside) as machine:
        machine.wait_uplink()
        assert machine.status()["state"] == "blocked"
        machine.must_hold()
        since = machine.capture.mark()
        machine.ctl("unlock")
        machine.must_leak(since)
        kept = disk.path(FOLDER).glob("state.*")
        if state != "from before versions":
            assert [path.read_text() for path in kept] == [STATES[state]], "what it was is kept"


def test_always_is_closed_from_the_first_moment_of_each_boot(outside, installed, copy_of):
    """By the administrator's file alone, on a machine that was never locked. An unlock holds until the next boot."""
    disk = copy_of(installed.disk)
    disk.write("/etc/nm-killswitch/conf.d/always.conf", "[lock]\nmode=always\n")
    for boot in range(2):
        with Machine(disk, outside) as machine:
            machine.wait_uplink()
            assert machine.status()["state"] == "blocked"
            machine.must_hold()
            assert "/etc/nm-killswitch/conf.d/always.conf:2" in machine.ctl("status").stdout
            assert machine.ctl("mode", "vpn", check=False).returncode == 3, "it is laid down"
            if boot == 0:
                since = machine.capture.mark()
                machine.ctl("unlock")
                machine.must_leak(since)
                machine.run("systemctl", "restart", GUARD)
                assert machine.wait_state("unlocked")
                machine.power_off()


def test_a_folder_that_is_a_link_opens_nothing(locked):
    """Here to where the guard may not write: it says so, the lock stays, and root gets out."""
    locked.run("sh", "-c", f"mv {FOLDER} /root/elsewhere && ln -s /root/elsewhere {FOLDER}")
    locked.run("systemctl", "restart", GUARD, check=False)
    locked.must_hold()
    assert locked.has_table()
    status = json.loads(locked.run("nm-killswitch", "status", "--json", stderr=None, check=False).stdout)
    assert status["locked"] and status["state"] == "blocked"
    since = locked.capture.mark()
    said = locked.ctl("unlock", check=False)
    assert said.returncode == 1 and "could not be saved" in said.stdout
    locked.must_leak(since)
    locked.run("sh", "-c", f"rm {FOLDER} && mv /root/elsewhere {FOLDER} && chown 1000 {FOLDER} && chmod 755 {FOLDER}")
    locked.run("systemctl", "restart", GUARD)
    assert locked.wait_state("unlocked")
    assert locked.run("stat", "-c", "%a %u", FOLDER).stdout.split() == ["700", "0"], "a folder that was somebody's"


def _trace(machine: Machine) -> str:
    """The guard's system calls while it saves."""
    log = "/root/trace"
    calls = "trace=openat,write,fsync,fdatasync,rename,renameat,renameat2,sendmsg,sendto"
    tracer = machine.popen("strace", "-f", "-y", "-s", "32", "-o", log, "-e", calls, "-p", str(machine.guard_pid()))
    try:
        wait_until(lambda: "TracerPid:\t0\n" not in machine.run("cat", f"/proc/{machine.guard_pid()}/status").stdout, "strace")
        machine.ctl("lock")
    finally:
        tracer.terminate()
        tracer.wait(20)
    return machine.run("cat", log).stdout


def test_what_is_saved_is_on_the_disk_before_it_counts(machine):
    """A new file, its bytes on the disk, its name in place of the old one, the name on the disk."""
    trace = _trace(machine)
    new = re.escape(f"{FOLDER}/state.") + r"[^>\"]+"
    steps = [
        rf"openat\([^\n]*\"{new}\"[^\n]*O_CREAT",
        rf"write\(\d+<{new}>, \"\[lock\]",
        rf"f(data)?sync\(\d+<{new}>\) += 0",
        rf"rename\w*\([^\n]*\"{new}\"[^\n]*\"{re.escape(STATE)}\"[^\n]* = 0",
        rf"fsync\(\d+<{re.escape(FOLDER)}>\) += 0",
    ]
    at = 0
    for step in steps:
        found = re.compile(step).search(trace, at)
        assert found, f"{step} is missing or too early in:\n{trace}"
        at = found.end()
