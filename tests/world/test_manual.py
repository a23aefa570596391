# SPDX-License-Identifier: GPL-2.0-or-later
"""VPNs that NetworkManager does not run, and servers that a person corrected."""

import json

import pytest

from . import addresses as a
from . import keys
from .matrix import Matrix
from .waiting import wait_until

SERVER = f"{a.SERVER[4]}:{a.SERVER_PORT}/udp"
WRONG = f"{a.DEAD_SERVER}:{a.SERVER_PORT}/udp"
OPENVPN = (
    f"client\ndev {a.TUNNEL}\nproto udp\nnobind\nremote {a.SERVER[4]} {a.SERVER_PORT}\nremote-cert-tls server\n"
    f"ca {keys.FOLDER}/ca.crt\ncert {keys.FOLDER}/client.crt\nkey {keys.FOLDER}/client.key\n"
    "redirect-gateway def1 ipv6\nconnect-retry 1\n"
)


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
def by_hand(guarded, tmp_path):
    """Starts openvpn as the guide does, and ends it."""
    config = tmp_path / "client.ovpn"
    config.write_text(OPENVPN)
    guarded.manager.all_down()
    guarded.product.ctl("unlock")
    guarded.product.ctl("auto", "on")
    guarded.product.ctl("vpn", "set", "full", "--server", WRONG)
    yield lambda: guarded.client.daemon("openvpn-by-hand", ["openvpn", "--config", str(config)])
    if guarded.client.processes("openvpn"):
        guarded.client.kill("openvpn")
    wait_until(lambda: not guarded.client.has_link(a.TUNNEL), "the tunnel to be gone")
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
    by_hand()
    matrix.require_closed(matrix.measure("not set up: its server is closed", locked=True))
    assert not [f for f in guarded.capture.since(mark, guarded.capture.fence()) if f.purpose == "server"]
    _add(guarded)
    assert product.wait_state("protected", 20)["tunnels"][0]["name"] == "By hand"
    wait_until(lambda: "128.0.0.0/1" in guarded.client.run(["ip", "route"]).stdout, "openvpn's routes")
    matrix.require_closed(matrix.measure("up by hand", locked=True, connected=True))
    matrix.require_tunnel()
    guarded.client.ip(f"link set {a.TUNNEL} down")
    product.wait_state("blocked")
    matrix.require_closed(matrix.measure("its link set down", locked=True))
    guarded.client.kill("openvpn")
    wait_until(lambda: not guarded.client.has_link(a.TUNNEL), "the tunnel to be gone")
    matrix.require_closed(matrix.measure("openvpn killed", locked=True))
    matrix.require_unreachable()


def test_it_locks_when_it_comes_up_and_removing_closes(guarded, matrix, by_hand):
    product = guarded.product
    _add(guarded)
    assert not product.status()["locked"]
    by_hand()
    product.wait_state("protected", 20)
    product.ctl("vpn", "remove", "By hand")
    product.wait_state("blocked")
    assert not [s for s in product.status()["servers"] if s["source"] == "manual"]
    matrix.require_closed(matrix.measure("removed while up", locked=True))


def test_one_that_does_not_lock(guarded, by_hand):
    product = guarded.product
    _add(guarded)
    product.ctl("vpn", "set", "By hand", "--locks", "no")
    by_hand()
    wait_until(lambda: product.status()["tunnels"], "the tunnel to be known", 20)
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
