# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server's port is not opened by a profile: on many systems people write those without a password."""

import socket
from contextlib import suppress

import pytest

from . import addresses as a
from . import profiles
from .waiting import wait_product, wait_until

_NAMES = "org.freedesktop.NetworkManager.iodine"


@pytest.fixture(scope="module")
def locked(world):
    world.product.install()
    world.product.start_guard()
    world.manager.wait_uplink()
    beside = f"{a.SERVER[4]}:53:udp"
    profiles.write("beside-dns", profiles.vpn("beside-dns", profiles.tls(beside)))
    tunnel = {"nameserver": a.PUBLIC_DNS[4], "topdomain": "t.example"}
    iodine = profiles.vpn("iodine", tunnel).replace("org.freedesktop.NetworkManager.openvpn", _NAMES)
    profiles.write("iodine", iodine)
    world.manager.nmcli("connection", "reload")
    world.product.ctl("lock")
    wait_product(lambda: {"beside-dns", "iodine"} <= {one["name"] for one in world.product.status()["servers"]}, "the profiles")
    yield world
    world.manager.all_down()


def _seen(world, since, address):
    return [frame for frame in world.capture.since(since)
            if frame.packet and frame.packet.destination == address and frame.packet.destination_port == 53]


def _daemon_asks(world, address):
    """Packets of a system user's program, as systemd-resolved is one, and of root's. How many were seen outside."""
    since = world.capture.fence()
    for bound in (b"", a.UPLINK.encode()):
        with world.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, bound)
            with suppress(PermissionError):  # refused: it is the lock's job
                asking.sendto(b"canary of a daemon", (address, 53))
    world.capture.fence()
    return len(_seen(world, since, address))


def _tries(world, profile, seconds=4):
    """Connects for a while, or until it is seen. How many packets of its program were seen at port 53 outside."""
    since = world.capture.fence()
    world.manager.begin(profile)
    wait_until(lambda: world.manager.state_of(profile) == "activating", "it to connect")
    with suppress(TimeoutError, AssertionError):
        wait_until(lambda: _seen(world, since, a.SERVER[4]), "its packets", seconds)
    return len(_seen(world, since, a.SERVER[4]))


def test_no_profile_opens_it(locked):
    """An idle iodine profile that names a resolver does not, either."""
    assert _daemon_asks(locked, a.SERVER[4]) == 0
    assert _daemon_asks(locked, a.PUBLIC_DNS[4]) == 0
    assert _tries(locked, "beside-dns") == 0
    locked.manager.nmcli("connection", "down", "beside-dns", check=False)
    warnings = locked.product.status()["warnings"]
    assert [text for text in warnings if text.startswith("beside-dns: ") and "port 53" in text and "vpn set" in text], warnings


def test_somebody_who_may_opens_it_for_the_vpn_in_use(locked):
    locked.product.ctl("vpn", "set", "beside-dns", "--server", f"{a.SERVER[4]}:53/udp")
    assert not [text for text in locked.product.status()["warnings"] if text.startswith("beside-dns: ")]
    assert _daemon_asks(locked, a.SERVER[4]) == 0, "it is idle"
    assert _tries(locked, "beside-dns", 40) > 0
    locked.manager.nmcli("connection", "down", "beside-dns", check=False)
    locked.manager.wait_down("beside-dns")
    wait_until(lambda: _daemon_asks(locked, a.SERVER[4]) == 0, "it to be idle again")
    locked.product.ctl("vpn", "set", "beside-dns", "--clear")


def test_the_control(locked):
    locked.product.ctl("unlock")
    assert _daemon_asks(locked, a.SERVER[4]) == 2
    assert _daemon_asks(locked, a.PUBLIC_DNS[4]) == 2
