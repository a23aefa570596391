# SPDX-License-Identifier: GPL-2.0-or-later
"""A clock that is years behind, of a machine that may set it: why the VPN does not connect, and what is said to do
about it, done. Only with KS_FULL=1, for its time."""

import re
import time

import pytest

from world import addresses as a
from world.waiting import wait_until

from . import setting

NAME = "clock"
_LONG_AGO = "2020-02-02 20:20"


@pytest.fixture
def behind(unlocked):
    setting.add_openvpn(unlocked, NAME, a.SERVER[4], patience=30)
    unlocked.ctl("lock")
    unlocked.run("date", "--utc", "--set", _LONG_AGO)
    try:
        yield unlocked
    finally:
        unlocked.run("date", "--set", f"@{time.time():.0f}")
        setting.open_up(unlocked)
        unlocked.run("nmcli", "connection", "delete", NAME)


def _told(machine) -> list[str]:
    return [text for text in machine.status()["warnings"] if "date --set" in text]


def test_a_clock_that_is_wrong(behind):
    since = behind.capture.fence()
    [doubt] = wait_until(lambda: _told(behind), "the clock to be doubted", 30)
    assert "2020-02-02" in doubt, doubt
    behind.run("nmcli", "--wait", "90", "connection", "up", NAME, check=False, timeout=120)
    wait_until(lambda: behind.status()["reason"] == "certificate-date", "the reason", 30)
    shown = " ".join(behind.ctl("status").stdout.split())
    assert "set it by hand (date --set)" in shown, shown
    assert "2020" in behind.run("date").stdout, "the step"
    # as told, by a watch that tells minutes
    [form] = re.findall(r'\((date --set "[^"]*")\)', doubt)
    assert form == 'date --set "YYYY-MM-DD HH:MM"', doubt
    behind.sh(form.replace("YYYY-MM-DD HH:MM", time.strftime("%Y-%m-%d %H:%M", time.gmtime())))
    wait_until(lambda: not _told(behind), "the clock to be believed", 30)
    setting.must_hold(behind, since)
    behind.run("nmcli", "--wait", "60", "connection", "up", NAME, timeout=90)
    behind.wait_state("protected", 60)
