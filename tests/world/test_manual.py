# SPDX-License-Identifier: GPL-2.0-or-later
"""VPNs that NetworkManager does not run, and servers that a person corrected."""

import json
import signal
from contextlib import contextmanager

import pytest

from . import addresses as a
from . import wireguard_go
from .by_hand import ByHand
from .chatter import Chatter
from .installed import require
from .matrix import Matrix
from .waiting import wait_product, wait_until

SERVER = f"{a.SERVER[4]}:{a.SERVER_PORT}/udp"
WRONG = f"{a.DEAD_SERVER}:{a.SERVER_PORT}/udp"


@pytest.fixture(scope="module")
def guarded(world):
    world.product.install()
    world.product.start_guard()
    # the profiles that know the same server would open it, whatever is said here
    world.manager.nmcli("connection", "delete", "split")
    return world


@pytest.fixture
def matrix(guarded):
    found = Matrix(guarded)
    yield found
    found.close_probes()


@pytest.fixture
def by_hand(guarded):
    """openvpn as the guide starts it; ended afterwards."""
    vpn = ByHand(guarded)
    guarded.manager.all_down()
    guarded.product.ctl("unlock")
    guarded.product.ctl("auto", "on")
    guarded.product.ctl("vpn", "set", "full", "--server", WRONG)
    yield vpn
    vpn.kill()
    guarded.product.ctl("vpn", "remove", "By hand", check=False)
    guarded.product.ctl("vpn", "set", "full", "--clear")


def _add(world):
    world.product.ctl("vpn", "add", "By hand", "--interface", a.TUNNEL, "--server", SERVER, "--type", "openvpn")


def test_started_by_hand(guarded, matrix, by_hand):
    """The guide's six steps: locked, blocked, connected, seen through the VPN, dropped, blocked."""
    product = guarded.product
    matrix.require_unlocked(matrix.measure("unlocked (control)", locked=False))
    product.ctl("lock")
    product.wait_state("blocked")
    mark = guarded.capture.fence()
    by_hand.start()
    matrix.require_closed(matrix.measure("not set up: its server is closed", locked=True))
    assert not [f for f in guarded.capture.since(mark, guarded.capture.fence()) if f.purpose == "server"]
    _add(guarded)
    assert product.wait_state("protected", 20)["tunnels"][0]["name"] == "By hand"
    by_hand.wait_up()
    matrix.require_closed(matrix.measure("up by hand", locked=True, connected=True))
    matrix.require_tunnel()
    product.ctl("mode", "drops")
    refused = product.ctl("disconnect", check=False)
    assert refused.returncode == 1 and "does not run the VPN that is up" in refused.stdout, refused
    assert product.status()["locked"]
    product.ctl("mode", "vpn")
    guarded.client.ip(f"link set {a.TUNNEL} down")
    product.wait_state("blocked")
    matrix.require_closed(matrix.measure("its link set down", locked=True))
    by_hand.kill()
    matrix.require_closed(matrix.measure("openvpn killed", locked=True))
    matrix.require_unreachable()


def test_started_before_the_lock(guarded, matrix, by_hand):
    """A tunnel that was up when the lock closed is open in it, killed and connected again too."""
    product = guarded.product
    product.ctl("auto", "off")
    by_hand.start()
    by_hand.wait_up()
    _add(guarded)
    assert not product.status()["locked"]
    product.ctl("lock")
    product.wait_state("protected")
    matrix.require_closed(matrix.measure("started before the lock", locked=True, connected=True))
    matrix.require_tunnel()
    by_hand.kill()
    product.wait_state("blocked")
    matrix.require_closed(matrix.measure("killed", locked=True))
    by_hand.start()
    by_hand.wait_up()
    product.wait_state("protected")
    matrix.require_closed(matrix.measure("started again while locked", locked=True, connected=True))
    matrix.require_tunnel()


def test_it_connects_again_by_itself(guarded, matrix, by_hand):
    """SIGUSR1: openvpn calls its server again; while it does, and after, nothing gets out."""
    product = guarded.product
    _add(guarded)
    product.ctl("lock")
    by_hand.start()
    by_hand.wait_up()
    product.wait_state("protected")
    mark = guarded.capture.mark()
    guarded.client.kill("openvpn", signal.SIGUSR1)
    guarded.capture.wait_for(lambda frame: frame.purpose == "server", "openvpn to call its server again", mark)
    by_hand.wait_up()
    product.wait_state("protected")
    matrix.require_closed(matrix.measure("connected again", locked=True, connected=True))


def test_its_interface_gets_another_name(guarded, matrix, by_hand):
    """It was set up by its name: under another one it is closed, and open again when the name is back."""
    product = guarded.product
    _add(guarded)
    product.ctl("lock")
    by_hand.start()
    by_hand.wait_up()
    product.wait_state("protected")
    for name, state in (("other0", "blocked"), (a.TUNNEL, "protected")):
        now = next(n for n in (a.TUNNEL, "other0") if guarded.client.has_link(n))
        guarded.client.ip(f"link set {now} name {name}")
        product.wait_state(state)
        if state == "blocked":
            matrix.require_closed(matrix.measure("another name", locked=True))


def test_a_second_tunnel_is_closed_until_it_is_set_up(guarded, by_hand):
    """Another openvpn that a person did not name is no VPN."""
    product = guarded.product
    _add(guarded)
    product.ctl("lock")
    by_hand.start()
    by_hand.wait_up()
    product.wait_state("protected")
    second = ByHand(guarded, "tun7", full=False)
    second.start()
    second.wait_up()
    try:
        assert [t["interface"] for t in product.status()["tunnels"]] == [a.TUNNEL]
        product.ctl("vpn", "add", "Second", "--interface", "tun7", "--server", SERVER, "--type", "openvpn")
        wait_product(lambda: len(product.status()["tunnels"]) == 2, "the second tunnel to be open")
        second.kill()
        wait_product(lambda: len(product.status()["tunnels"]) == 1, "the second tunnel to be closed")
        assert product.status()["state"] == "protected"
    finally:
        second.kill()
        product.ctl("vpn", "remove", "Second", check=False)


def test_it_locks_when_it_comes_up_and_removing_closes(guarded, matrix, by_hand):
    product = guarded.product
    _add(guarded)
    assert not product.status()["locked"]
    by_hand.start()
    product.wait_state("protected", 20)
    product.ctl("vpn", "remove", "By hand")
    product.wait_state("blocked")
    assert not [s for s in product.status()["servers"] if s["source"] == "manual"]
    matrix.require_closed(matrix.measure("removed while up", locked=True))


@contextmanager
def _nothing_in_clear(world, allowed=frozenset()):
    """While programs talk all the time: nothing but link upkeep, and WireGuard where it is let out."""
    begin = world.capture.fence()
    with Chatter(world.client) as chatter:
        yield
        wait_until(lambda: chatter.tried > 40, "the chatter to have tried")
    frames = world.capture.since(begin, world.capture.fence())
    flows = {frame.packet and (frame.packet.protocol, frame.packet.destination_port) for frame in frames if not frame.purpose.startswith("upkeep")}
    assert flows == set(allowed)


def test_wireguard_as_a_program(guarded):
    """wg-quick with wireguard-go, for a kernel without WireGuard: closed until it is set up, with its type or
    without; killed, and up again."""
    require("wireguard-go", wireguard_go.NEEDED)
    product = guarded.product
    product.ctl("unlock")
    ours, theirs = wireguard_go.make_config()
    quick = wireguard_go.Quick(guarded.client, ours)
    with wireguard_go.serving(guarded.outside, theirs):
        quick.up()
        quick.must_carry()  # the control, unlocked
        quick.down()
        product.ctl("lock")
        with _nothing_in_clear(guarded):
            quick.up()
        add = ("vpn", "add", "Quick", "--interface", wireguard_go.NAME, "--server", wireguard_go.SERVER)
        product.ctl(*add)
        try:
            product.wait_state("protected")
            quick.must_carry()
            product.ctl("vpn", "remove", "Quick")
            product.ctl(*add, "--type", "wireguard")
            product.wait_state("protected")
            with _nothing_in_clear(guarded, {wireguard_go.FLOW}):
                quick.must_carry()
            with _nothing_in_clear(guarded):
                quick.die()
                product.wait_state("blocked")
            quick.forget()
            quick.up()
            product.wait_state("protected")
            quick.must_carry()
            quick.down()
            product.wait_state("blocked")
        finally:
            product.ctl("vpn", "remove", "Quick")
            product.ctl("unlock")


def test_one_that_does_not_lock(guarded, by_hand):
    product = guarded.product
    _add(guarded)
    product.ctl("vpn", "set", "By hand", "--locks", "no")
    by_hand.start()
    wait_product(lambda: product.status()["tunnels"], "the tunnel to be known", 20)
    assert not product.status()["locked"]


def test_what_is_set_outlasts_the_guard(guarded, by_hand):
    product = guarded.product
    _add(guarded)
    product.stop_guard()
    product.start_guard()
    vpns = json.loads(product.ctl("vpn", "list", "--json").stdout)["vpns"]
    assert [v["name"] for v in vpns if any(s["source"] == "manual" for s in v["servers"])] == ["By hand"]


def test_an_uplink_is_no_vpn(guarded, matrix, by_hand):
    product = guarded.product
    product.ctl("vpn", "add", "By hand", "--interface", a.UPLINK, "--server", SERVER)
    product.ctl("lock")
    product.wait_state("blocked")
    matrix.require_closed(matrix.measure("an uplink set up as a VPN", locked=True))


def test_a_corrected_server(guarded):
    """Other servers than the profile's count instead of them: with a wrong one it cannot connect."""
    product = guarded.product
    guarded.manager.all_down()
    product.ctl("lock")
    product.ctl("vpn", "set", "full", "--server", WRONG)
    assert [s["address"] for s in product.status()["servers"] if s["source"] == "override"] == [a.DEAD_SERVER]
    mark = guarded.capture.fence()
    guarded.manager.begin("full")
    wait_until(lambda: guarded.client.processes("openvpn"), "openvpn to be started")
    guarded.capture.fence()
    product.ctl("vpn", "set", "full", "--server", SERVER)
    product.wait_state("protected", 40)
    servers = [f.packet.destination for f in guarded.capture.since(mark) if f.purpose == "server"]
    assert servers
    guarded.manager.all_down()
    product.ctl("vpn", "set", "full", "--clear")
    assert not [s for s in product.status()["servers"] if s["source"] == "override"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("add", "X", "--server", SERVER), 2),
        (("add", "X", "--interface", "wg0"), 2),
        (("add", "X", "--interface", "wg0", "--server", "203.0.113.50"), 2),
        (("add", "X", "--interface", "wg0", "--server", "127.0.0.1:1/udp"), 1),
        (("add", "X", "--interface", "../x", "--server", SERVER), 1),
        (("remove", "full"), 1),
        (("remove", "nobody"), 1),
        (("set", "full"), 2),
        (("set", "full", "--locks", "maybe"), 2),
        (("set", "full", "--clear", "--server", SERVER), 2),
    ],
    ids=str,
)
def test_what_makes_no_sense_changes_nothing(guarded, arguments, status):
    before = guarded.product.status()["vpns"]
    assert guarded.product.ctl("vpn", *arguments, check=False).returncode == status
    assert guarded.product.status()["vpns"] == before
