# SPDX-License-Identifier: GPL-2.0-or-later
"""Root changes the lock on a kernel where its tables belong to the guard (Linux 6.9 and later): refused or
passed by, and the tables outlive the guard. What it is before is in test_tamper.py."""

import signal

import pytest

from world.waiting import wait_until

from . import setting


@pytest.fixture
def locked(unlocked):
    unlocked.ctl("lock")
    assert unlocked.wait_state("blocked")["layers"]["owned"]
    yield unlocked


def test_others_change_nothing(locked):
    since = locked.capture.fence()
    locked.run("nft", "flush", "ruleset")
    for family in ("inet", "netdev"):
        assert locked.run("nft", "delete", "table", family, "nm_killswitch", check=False).returncode != 0
        assert locked.run("nft", "list", "table", family, "nm_killswitch", check=False).returncode == 0
    setting.must_hold(locked, since)
    assert locked.wait_state("blocked")["verified"]


def test_they_outlive_the_guard(locked):
    since = locked.capture.fence()
    before = locked.sh("systemctl show --property MainPID --value nm-killswitch.service")
    locked.run("systemctl", "mask", "--runtime", "nm-killswitch.service")
    locked.run("systemctl", "kill", f"--signal={signal.SIGKILL.value}", "nm-killswitch.service")
    wait_until(lambda: locked.run("systemctl", "is-active", "nm-killswitch.service", check=False).returncode != 0, "the guard to be dead", 30)
    setting.must_hold(locked, since)
    locked.run("systemctl", "unmask", "--runtime", "nm-killswitch.service")
    locked.run("systemctl", "restart", "nm-killswitch.service", timeout=120)
    status = locked.wait_state("blocked")
    assert status["verified"] and status["layers"]["owned"], status
    assert locked.sh("systemctl show --property MainPID --value nm-killswitch.service") != before
    setting.must_hold(locked, since)
