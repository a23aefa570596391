# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is asked for names while locked, and for which: a VPN that came without a name server, and
search lists, which have resolvers ask for other names than the server's own."""

import signal
from pathlib import Path

import pytest

from . import addresses as a
from . import profiles
from .router import say_names
from .waiting import wait_product, wait_until

NAME = "vpn.names.test"
SEARCHED = "lan.test"


@pytest.fixture(scope="module")
def product(world):
    say_names(f"{a.SERVER[4]} {NAME}")
    world.outside.kill("dnsmasq", signal.SIGHUP)
    profiles.write("named", profiles.vpn("named", profiles.tls(f"{NAME}:{a.SERVER_PORT}:udp4")))
    world.manager.nmcli("connection", "reload")
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.manager.wait_uplink()
    return world.product


def _told(product) -> bool:
    return any("brought no name server" in text for text in product.status()["warnings"])


def _connect(world, *settings: str) -> None:
    if settings:
        world.manager.nmcli("connection", "modify", "full", *settings)
    world.manager.up("full")
    world.product.wait_state("protected")


def test_a_vpn_without_a_name_server_is_told(world, product):
    product.ctl("lock")
    _connect(world)
    wait_product(lambda: not _told(product), "the name server that the VPN's sends along to be known")
    world.manager.down("full")
    _connect(world, "ipv4.ignore-auto-dns", "yes")
    wait_product(lambda: _told(product), "it to be told")
    assert "nmcli connection modify" in product.ctl("status").stdout
    assert world.client.run(["getent", "hosts", "web.test"], check=False).returncode != 0, "it can be asked"

    world.manager.down("full")
    wait_product(lambda: not _told(product), "it to be told no more: nothing is up")
    _connect(world, "ipv4.dns", a.PUBLIC_DNS[4])  # what it says to do
    wait_product(lambda: not _told(product), "it to be well again")
    wait_until(lambda: world.client.run(["getent", "hosts", "web.test"], check=False).stdout, "an answer")

    world.manager.down("full")
    _connect(world, "ipv4.dns", "")
    wait_product(lambda: _told(product), "it to be told again")
    product.ctl("unlock")
    assert not _told(product), "nothing is locked"
    world.manager.down("full")
    world.manager.nmcli("connection", "modify", "full", "ipv4.ignore-auto-dns", "no")


def _search(world, *options: str) -> None:
    settings = ["ipv4.dns-search", SEARCHED if options else "", "ipv4.dns-options", ",".join(options)]
    world.manager.nmcli("connection", "modify", "uplink", *settings)
    world.manager.nmcli("device", "reapply", a.UPLINK)
    wait_until(lambda: all(word in Path("/etc/resolv.conf").read_text() for word in options), "the resolver's file")


def _finds(world, name: str) -> bool:
    return a.SERVER[4] in world.client.run(["getent", "ahostsv4", name], check=False).stdout


def _asked_in_list(world, mark: int) -> bool:
    return any(b"\x03lan\x04test" in frame.data for frame in world.capture.since(mark, world.capture.fence()))


def _told_of_search(product) -> bool:
    return any("search list" in text and NAME in text for text in product.status()["warnings"])


def test_search_lists(world, product):
    """Names with dots are asked for as they are, first. Where that is turned round, it is told."""
    try:
        _search(world, "ndots:1")
        assert f"search {SEARCHED}" in Path("/etc/resolv.conf").read_text()
        product.ctl("lock")
        assert _finds(world, NAME) and not _told_of_search(product)

        _search(world, "ndots:3")
        wait_product(lambda: _told_of_search(product), "it to be told")
        mark = world.capture.fence()
        assert not _finds(world, NAME), "there is nothing to tell of"
        assert _finds(world, f"{NAME}."), "what it says to do"
        assert not _asked_in_list(world, mark), "LEAKED"
        product.ctl("unlock")
        mark = world.capture.fence()
        _finds(world, NAME)
        assert _asked_in_list(world, mark), "the control: with the lock open it is looked for there"
    finally:
        _search(world)
