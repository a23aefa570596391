# SPDX-License-Identifier: GPL-2.0-or-later
"""Tunnels that NetworkManager does not run, on Debian's kernel: wg-quick, as guides do it."""

import pytest

from world import addresses as a

from . import setting
from .setting import PERSON, PROFILE

SERVER = f"{a.KERNEL_SERVER}:{a.WIREGUARD_PORT}/udp"
INTERFACE = "quick0"
_UNMANAGED = "/etc/NetworkManager/conf.d/zz-quick.conf"
WRONG = f"{a.DEAD_SERVER}:{a.WIREGUARD_PORT}/udp"


@pytest.fixture
def quick(unlocked):
    """wg-quick's configuration. No profile of NetworkManager's opens the same server."""
    client, server = unlocked.sh("cat /etc/wireguard/client.key /etc/wireguard/server.pub").split()
    unlocked.write(
        f"/etc/wireguard/{INTERFACE}.conf",
        f"[Interface]\nPrivateKey = {client}\nAddress = {a.KERNEL_TUNNEL_CLIENT}/28\n\n"
        f"[Peer]\nPublicKey = {server}\nEndpoint = {a.KERNEL_SERVER}:{a.WIREGUARD_PORT}\n"
        "AllowedIPs = 0.0.0.0/0, ::/0\n",
        "600",
    )
    # a slow NetworkManager sees it before it has an address, and takes it for one that is free
    unlocked.write(_UNMANAGED, f"[keyfile]\nunmanaged-devices=interface-name:server0;interface-name:{INTERFACE}\n")
    unlocked.run("nmcli", "general", "reload", "conf")
    unlocked.ctl("vpn", "set", PROFILE, "--server", WRONG)
    yield unlocked
    unlocked.run("wg-quick", "down", INTERFACE, check=False, timeout=240)
    unlocked.ctl("vpn", "remove", "quick", check=False)
    unlocked.ctl("vpn", "set", PROFILE, "--clear")
    unlocked.sh(f"rm {_UNMANAGED}; nmcli general reload conf")


def test_wg_quick(quick):
    """Lock, try in vain, tell the server, bring the tunnel up, take it down."""
    quick.ctl("lock")
    quick.wait_state("blocked")
    since = quick.capture.fence()
    quick.run("wg-quick", "up", INTERFACE, timeout=240)
    assert setting.my_address(quick, PERSON) != a.KERNEL_TUNNEL_CLIENT
    setting.must_hold(quick, since)
    assert not [frame for frame in quick.capture.since(since) if frame.purpose == "server"], "not told yet"
    quick.run("wg-quick", "down", INTERFACE, timeout=240)

    quick.ctl("vpn", "add", "quick", "--interface", INTERFACE, "--server", SERVER)
    quick.wait_state("blocked")
    quick.run("wg-quick", "up", INTERFACE, timeout=240)
    assert quick.wait_state("protected")["verified"]
    setting.must_tunnel(quick, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(quick, since)
    quick.run("wg-quick", "down", INTERFACE, timeout=240)
    assert quick.wait_state("blocked")["verified"]
    setting.must_hold(quick, since)
    assert setting.my_address(quick, PERSON) not in quick.addresses(a.UPLINK)
