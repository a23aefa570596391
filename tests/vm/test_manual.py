# SPDX-License-Identifier: GPL-2.0-or-later
"""Tunnels that NetworkManager does not run, on Debian's kernel: wg-quick, as guides do it."""

import pytest

from world import addresses as a

from . import setting
from .setting import PERSON, PROFILE, WIREGUARD

SERVER = f"{a.KERNEL_SERVER}:{a.WIREGUARD_PORT}/udp"
WRONG = f"{a.DEAD_SERVER}:{a.WIREGUARD_PORT}/udp"


@pytest.fixture
def quick(unlocked):
    """wg-quick's configuration. No profile of NetworkManager's opens the same server."""
    client, server = unlocked.sh("cat /etc/wireguard/client.key /etc/wireguard/server.pub").split()
    unlocked.write(
        f"/etc/wireguard/{WIREGUARD}.conf",
        f"[Interface]\nPrivateKey = {client}\nAddress = {a.KERNEL_TUNNEL_CLIENT}/28\n\n"
        f"[Peer]\nPublicKey = {server}\nEndpoint = {a.KERNEL_SERVER}:{a.WIREGUARD_PORT}\n"
        "AllowedIPs = 0.0.0.0/0, ::/0\n",
        "600",
    )
    unlocked.ctl("vpn", "set", PROFILE, "--server", WRONG)
    yield unlocked
    unlocked.run("wg-quick", "down", WIREGUARD, check=False, timeout=240)
    unlocked.ctl("vpn", "remove", "quick", check=False)
    unlocked.ctl("vpn", "set", PROFILE, "--clear")


def test_wg_quick(quick):
    """Lock, try in vain, tell the server, bring the tunnel up, take it down."""
    quick.ctl("lock")
    quick.wait_state("blocked")
    since = quick.capture.fence()
    quick.run("wg-quick", "up", WIREGUARD, timeout=240)
    assert setting.my_address(quick, PERSON) != a.KERNEL_TUNNEL_CLIENT
    setting.must_hold(quick, since)
    assert not [frame for frame in quick.capture.since(since) if frame.purpose == "server"], "not told yet"
    quick.run("wg-quick", "down", WIREGUARD, timeout=240)

    quick.ctl("vpn", "add", "quick", "--interface", WIREGUARD, "--server", SERVER)
    quick.wait_state("blocked")
    quick.run("wg-quick", "up", WIREGUARD, timeout=240)
    assert quick.wait_state("protected")["verified"]
    setting.must_tunnel(quick, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(quick, since)
    quick.run("wg-quick", "down", WIREGUARD, timeout=240)
    assert quick.wait_state("blocked")["verified"]
    setting.must_hold(quick, since)
    assert setting.my_address(quick, PERSON) not in quick.addresses(a.UPLINK)
