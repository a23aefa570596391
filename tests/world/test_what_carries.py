# SPDX-License-Identifier: GPL-2.0-or-later
"""What a VPN carries is the kernel's answer, not its routes' spelling; and a VPN that carries less than
all, or nothing, is not shown as if it did."""

import socket

import pytest

from . import addresses as a
from . import profiles
from .questions import NoAnswer, my_address
from .test_advice import do, steps
from .waiting import wait_product

_LIVE = f"{a.SERVER[4]}:{a.SERVER_PORT}:udp"
_PRIVATE_LEFT_OUT = ("0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2",
                     "128.0.0.0/3", "160.0.0.0/5", "168.0.0.0/6", "172.0.0.0/12", "172.32.0.0/11", "172.64.0.0/10",
                     "173.0.0.0/8", "174.0.0.0/7", "176.0.0.0/4", "192.0.0.0/9", "192.128.0.0/11", "192.160.0.0/13",
                     "192.169.0.0/16", "192.170.0.0/15", "192.172.0.0/14", "192.176.0.0/12", "192.192.0.0/10",
                     "193.0.0.0/8", "194.0.0.0/7", "196.0.0.0/6", "200.0.0.0/5", "208.0.0.0/4")  # fmt: skip
_ROUTES = "".join(f"route{number}={net}\n" for number, net in enumerate(_PRIVATE_LEFT_OUT, 1))

# what stands in a profile's [ipv4], and whether the VPN then carries all of IPv4
_WAYS = {
    "a table for one sender": ("never-default=false\nroute-table=77\n"
                               "routing-rule1=priority 100 from 198.51.100.128/25 table 77\n", False),
    "pieces without the private ranges": (f"never-default=true\n{_ROUTES}", True),
    "one network": ("never-default=true\nroute1=203.0.113.0/24\n", False),
}  # fmt: skip


@pytest.fixture(autouse=True)
def open_again(guarded):
    yield
    guarded.manager.all_down()
    guarded.product.ctl("unlock")


@pytest.mark.parametrize("way", _WAYS, ids=str)
def test_a_full_tunnel_locks_however_it_is_written(guarded, way):
    lines, carries_all = _WAYS[way]
    text = profiles.vpn("odd", profiles.tls(_LIVE)).replace("[ipv4]\nmethod=auto\n", f"[ipv4]\nmethod=auto\n{lines}")
    profiles.write("odd", text.replace("[ipv6]\nmethod=auto", "[ipv6]\nmethod=disabled"))
    guarded.manager.nmcli("connection", "reload")
    try:
        guarded.manager.up("odd")
        state = "protected" if carries_all else "unlocked"
        status = guarded.product.wait_state(state)
        assert status["carries"]["ipv4"] == ("all" if carries_all else "none"), status["carries"]
        assert (my_address(guarded.client, 4) in guarded.client.addresses(a.TUNNEL)) is (way != "a table for one sender")
    except NoAnswer:
        assert False, f"{way}: the internet is out of reach"
    finally:
        guarded.manager.down("odd")


def test_the_work_vpn_stays_when_the_full_one_goes(guarded):
    """Two tunnels; case of a person who works at home."""
    guarded.manager.up("full")
    status = guarded.product.wait_state("protected")
    assert status["reason"] == "" and status["carries"] == {"ipv4": "all", "ipv6": "all"}
    guarded.manager.up("split")
    assert guarded.product.wait_state("protected")["reason"] == ""
    guarded.manager.nmcli("--wait", "20", "connection", "down", "full")
    status = wait_product(lambda: (s := guarded.product.status())["reason"] and s, "the status to say what is left")
    assert (status["state"], status["reason"], status["reason_vpn"]) == ("protected", "some-networks", "split")
    assert status["carries"] == {"ipv4": "none", "ipv6": "none"}
    shown = guarded.product.ctl("status").stdout
    assert "only the networks of “split” can be reached" in shown and "nmcli connection up" in shown
    assert guarded.product.ctl("status", "--check", check=False).returncode == 0
    with pytest.raises(NoAnswer):
        my_address(guarded.client, 4, 3)


def _send(world) -> bool:
    """Whether the lock lets a program send into the tunnel."""
    with world.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        try:
            program.sendto(b"x", ("203.0.113.9", 9))
            return True
        except PermissionError:
            return False


def test_a_tunnel_without_a_program_is_no_vpn(guarded):
    """A tun that stays when its program ends: NO-CARRIER."""
    client = guarded.client
    add = ["vpn", "add", "Mine", "--interface", "tun9", "--server", f"{a.SERVER[4]}:{a.SERVER_PORT}/udp"]
    guarded.product.ctl(*add)
    guarded.product.ctl("lock")
    client.ip("tuntap add tun9 mode tun", "addr add 198.51.100.200/32 dev tun9", "link set tun9 up", "route add 203.0.113.0/24 dev tun9")
    try:
        status = guarded.product.wait_reason("tunnel-dead")
        assert (status["state"], status["reason_vpn"], status["tunnels"]) == ("blocked", "Mine", [])
        assert "nothing is behind it" in " ".join(guarded.product.ctl("status").stdout.split())
        connect = steps(guarded)[0]
        assert connect == "nmcli connection up NAME"  # one that is set up by hand nobody connects for them
        do(guarded, connect.replace("NAME", "full"))
        assert [tunnel["name"] for tunnel in guarded.product.wait_state("protected")["tunnels"]] == ["full"]
        guarded.manager.down("full")
        guarded.product.wait_reason("tunnel-dead")

        with client.tun("tun9"):
            guarded.product.wait_state("protected")
            assert _send(guarded)
        guarded.product.wait_state("blocked")
    finally:
        client.ip("link del tun9")
        guarded.product.ctl("vpn", "remove", "Mine")
