# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of units is done as it is said, where there is a systemd (tests/advice.md)."""

from pathlib import Path

from world import addresses as a

GUARD, SOCKET, LEAK_TEST = "nm-killswitch.service", "nm-killswitch.socket", "nm-killswitch-leak-test.service"


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


def test_the_leak_test_says_where_its_log_is(locked):
    drop_in = f"/etc/systemd/system/{LEAK_TEST}.d/broken.conf"
    locked.disk.write(drop_in, "[Service]\nExecStart=\nExecStart=/nowhere/at-all\n")
    locked.run("systemctl", "daemon-reload")
    refused = locked.ctl("test", check=False)
    look = " ".join(refused.stdout.split()).rpartition(": ")[2]
    assert (refused.returncode, look) == (1, f"journalctl -u {LEAK_TEST}"), refused
    assert "/nowhere/at-all" in _do(locked, look)
    Path(locked.disk.path(drop_in)).unlink()
    locked.run("systemctl", "daemon-reload")
    assert "Nothing" in locked.ctl("test", check=False).stdout
