# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's WireGuard on Debian's kernel, by NetworkManager, judged outside."""

import pytest

from world import addresses as a

from . import setting
from .setting import PERSON, PROFILE, WIREGUARD


def _open(machine) -> None:
    machine.run("nmcli", "connection", "down", PROFILE, check=False)
    machine.ctl("auto", "on")
    machine.ctl("unlock")
    machine.wait_state("unlocked")


@pytest.fixture
def unlocked(machine):
    _open(machine)
    yield machine
    _open(machine)


def _must_tunnel(machine) -> None:
    """As root and as a person: data packets carry the inner sender's user id."""
    for uid in (0, PERSON):
        assert setting.my_address(machine, uid) == a.KERNEL_TUNNEL_CLIENT, f"uid {uid}"


def _connect(machine) -> None:
    machine.run("nmcli", "--wait", "30", "connection", "up", PROFILE)
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
    _must_tunnel(unlocked)
    setting.must_hold(unlocked)
    _must_tunnel(unlocked)


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
    _must_tunnel(unlocked)
    setting.must_hold(unlocked, since)
