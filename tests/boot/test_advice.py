# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of units is done as it is said, where there is a systemd (tests/advice.md)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from world import addresses as a
from world.waiting import wait_until

GUARD, SOCKET, LEAK_TEST = "nm-killswitch.service", "nm-killswitch.socket", "nm-killswitch-leak-test.service"
REFUSED = "nm-killswitch-refused.service"


def _do(machine, command: str) -> str:
    """As a person does it; a page at a time would wait for one."""
    return machine.run(*command.replace("journalctl ", "journalctl --no-pager ").split()).stdout


def test_a_guard_that_does_not_run(locked):
    """Somebody has masked it. Whatever is said to start it, starts it once it may."""
    locked.run("systemctl", "mask", "--runtime", "--now", GUARD, SOCKET)
    refused = locked.ctl("vpn", "list", check=False)
    assert refused.returncode == 4, refused
    start = refused.stdout.strip().rpartition(": ")[2]
    status = " ".join(locked.ctl("status").stdout.split())
    assert start == f"systemctl start {GUARD}" and f"To start the guard: systemctl restart {GUARD}" in status, status
    locked.run("systemctl", "unmask", "--runtime", GUARD, SOCKET)
    for command in (start, f"systemctl restart {GUARD}"):
        assert locked.guard_pid() == 0
        _do(locked, command)
        assert locked.guard_pid()
        assert locked.wait_state("blocked")["reason"] != "guard-away"
        assert a.SERVER[4] in locked.ctl("vpn", "list").stdout
        locked.run("systemctl", "stop", SOCKET, GUARD)
    locked.run("systemctl", "start", SOCKET, GUARD)


def _break(machine, unit: str, text: str) -> None:
    machine.disk.write(f"/etc/systemd/system/{unit}.d/broken.conf", f"[Service]\n{text}\n")
    machine.run("systemctl", "daemon-reload")


def _mend(machine, unit: str) -> None:
    Path(machine.disk.path(f"/etc/systemd/system/{unit}.d/broken.conf")).unlink()
    machine.run("systemctl", "daemon-reload")


def test_helpers_say_where_their_logs_are(locked):
    """At the same time: the bus waits for half a minute for a program that does not start."""
    helpers = {"test": LEAK_TEST, "refused": REFUSED}
    for unit in helpers.values():
        _break(locked, unit, "ExecStart=\nExecStart=/nowhere/at-all")
    with ThreadPoolExecutor() as pool:
        said = dict(zip(helpers, pool.map(lambda command: locked.ctl(command, check=False), helpers)))
    for command, unit in helpers.items():
        look = " ".join(said[command].stdout.split()).rpartition(": ")[2]
        assert (said[command].returncode, look) == (1, f"journalctl -u {unit}"), said
        assert "/nowhere/at-all" in _do(locked, look)
        _mend(locked, unit)
    assert "Nothing" in locked.ctl("test", check=False).stdout
    answer = locked.ctl("refused", "--keep", "off", check=False)  # the helper's, and at once
    assert (answer.returncode, answer.stdout) == (0, "What is refused is not kept any more.\n"), answer


def test_the_hook_says_where_the_guards_log_is(locked):
    """A guard that may not change the kernel; the hook speaks by the journal of NetworkManager's dispatcher."""
    _break(locked, GUARD, "CapabilityBoundingSet=")
    locked.run("systemctl", "restart", GUARD)
    locked.run("nmcli", "--wait", "30", "connection", "up", "uplink")

    def is_said() -> str:
        lines = locked.journal("--unit=NetworkManager-dispatcher", "--output=cat").splitlines()
        return next((line for line in lines if "See why: " in line), "")

    look = wait_until(is_said, "the hook to say so", 15).rpartition("See why: ")[2].strip()
    assert look == f"journalctl -u {GUARD}"
    assert "does not let this guard read the rules back" in _do(locked, look)
    _mend(locked, GUARD)
    _do(locked, f"systemctl restart {GUARD}")
    assert locked.wait_state("blocked")["verified"]
