# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's WireGuard on Debian's kernel, by NetworkManager, judged outside."""

import signal

import pytest

from world import addresses as a
from world.router import say_names

from . import setting
from .setting import PERSON, PROFILE, WIREGUARD


def _connect(machine, profile: str = PROFILE) -> None:
    machine.run("nmcli", "--wait", "60", "connection", "up", profile, timeout=90)
    assert machine.wait_state("protected")["verified"]


def test_the_control_unlocked(unlocked):
    setting.must_leak(unlocked)
    for uid in (0, PERSON):
        assert setting.my_address(unlocked, uid) in unlocked.addresses(a.UPLINK)
    layers = unlocked.status()["layers"]
    assert unlocked.sh("uname -r").startswith("6.1.") and not layers["owned"], "this kernel knows no persist"


def test_up_locks_and_everybody_gets_through(unlocked):
    _connect(unlocked)
    status = unlocked.status()
    assert [tunnel["interface"] for tunnel in status["tunnels"]] == [WIREGUARD]
    setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(unlocked)
    setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)


@pytest.mark.parametrize("way", ["connection down", "link deleted"])
def test_away_blocks_and_it_comes_back(unlocked, way):
    _connect(unlocked)
    since = unlocked.capture.fence()
    if way == "link deleted":
        unlocked.run("ip", "link", "del", WIREGUARD)
    else:
        unlocked.run("nmcli", "connection", "down", PROFILE)
    assert unlocked.wait_state("blocked")["verified"]
    setting.must_hold(unlocked, since)
    assert setting.my_address(unlocked, PERSON) not in unlocked.addresses(a.UPLINK)
    _connect(unlocked)
    setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(unlocked, since)


def _say(outside, *lines: str) -> None:
    say_names(*lines)
    outside.namespace.kill("dnsmasq", signal.SIGHUP)


def test_a_server_known_by_name(unlocked, outside):
    """Asked for while locked, by NetworkManager and by the guard; nobody's other question leaves."""
    unlocked.ctl("lock")
    since = unlocked.capture.fence()
    _say(outside, f"{a.KERNEL_SERVER} {setting.NAME}")
    setting.add_profile(unlocked, "named", setting.wireguard(unlocked, "named", setting.NAME))
    try:
        unlocked.wait_state("blocked")
        _connect(unlocked, "named")
        setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
        unlocked.run("nmcli", "connection", "down", "named")
        unlocked.wait_state("blocked")
        assert unlocked.run("getent", "hosts", "evil.test", check=False).returncode != 0
        setting.must_hold(unlocked, since)
        questions = [frame for frame in unlocked.capture.since(since) if setting.asks_for_server(frame)]
        assert questions, "the name must have been asked for"
        unlocked.ctl("unlock")  # the control: the other question is seen
        since = unlocked.capture.fence()
        unlocked.run("getent", "hosts", "evil.test", check=False)
        assert any(b"\x04evil\x04test" in frame.data for frame in unlocked.capture.since(since))
    finally:
        unlocked.run("nmcli", "connection", "delete", "named", check=False)
        _say(outside)
