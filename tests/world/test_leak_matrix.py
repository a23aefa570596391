# SPDX-License-Identifier: GPL-2.0-or-later
"""The promise, seen from outside: in no state of a VPN does anything leave in clear while locked.

One world goes through all the states below in this order, locked from the second on; each is
measured with every probe while programs on the client keep talking the whole time, and what came
out on the way to a state counts for that state. Each can also be run alone (-k). The report goes to
$KS_REPORTS/leak-matrix.md and .html (default <build>/reports).
"""

import signal
import socket
from collections.abc import Callable

import pytest

from . import addresses as a
from . import probes, questions
from .chatter import Chatter
from .matrix import Matrix, as_html
from .matrix_ways import Ways
from .networks import SecondNetwork, route_goes_by
from .sandbox import reports_dir
from .waiting import wait_product, wait_until
from .world import World

STATES: list[tuple[str, Callable[[World, Matrix, Chatter, str], None]]] = []


def state(name: str) -> Callable:
    def add(function: Callable) -> Callable:
        STATES.append((name, function))
        return function

    return add


def _prepare(world: World, locked: bool) -> None:
    """Everything runs, no VPN is up: whatever the state before left behind."""
    if not world.manager.is_running:
        world.manager.start()
        world.manager.wait_uplink()
    if not world.product.guard_is_running:
        world.product.start_guard()
    world.manager.all_down()
    if locked and not world.product.status()["locked"]:
        world.product.ctl("lock")


def _connect(world: World, chatter: Chatter) -> None:
    world.manager.up("full")
    world.product.wait_state("protected")
    for family in a.FAMILIES:
        chatter.connect(family)


def _tunnel_is_gone(world: World) -> None:
    wait_until(lambda: not world.client.has_link(a.TUNNEL), "the tunnel to be gone")


def _require_lan(world: World, matrix: Matrix) -> None:
    """A neighbour is reached while LAN access is on."""
    mark = world.capture.mark()
    with world.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, a.UPLINK.encode() + b"\0")
        program.sendto(b"to a neighbour", (a.PRIVATE_ROUTER[4], 9))
    world.capture.wait_for(lambda frame: b"to a neighbour" in frame.data, "what was sent to a neighbour", mark)
    world.product.ctl("lan", "off")
    matrix.let_out()


def _require_blocked(world: World, matrix: Matrix, name: str) -> None:
    """Locked without a tunnel: nothing gets out, and the person is told so."""
    matrix.require_closed(matrix.measure(name, locked=True))
    matrix.require_unreachable()
    status = world.product.wait_state("blocked")
    assert status["locked"], status


def _require_protected(world: World, matrix: Matrix, name: str) -> None:
    matrix.require_closed(matrix.measure(name, locked=True, connected=True))
    matrix.require_tunnel()
    for family in a.FAMILIES:  # and so it is for a container
        found = questions.my_address(matrix.container, family)
        assert found in world.client.addresses(a.TUNNEL), f"a container was seen as {found}"


@state("unlocked (control)")
def unlocked(world, matrix, chatter, name):
    assert world.product.status()["state"] == "unlocked"
    matrix.require_unlocked(matrix.measure(name, locked=False))


@state("locked before any VPN")
def locked(world, matrix, chatter, name):
    world.product.ctl("lock")
    _require_blocked(world, matrix, name)


@state("connecting to a server that does not answer")
def connecting(world, matrix, chatter, name):
    mark = world.capture.mark()
    world.manager.begin("dead")
    tried = world.capture.wait_for(lambda f: f.purpose == "server", "an attempt to reach the server", mark)
    assert tried.packet.destination == a.DEAD_SERVER
    _require_blocked(world, matrix, name)
    assert world.manager.state_of("dead") == "activating", "it gave up while we looked"


@state("connected")
def connected(world, matrix, chatter, name):
    _connect(world, chatter)
    _require_protected(world, matrix, name)


@state("connected, LAN access on")
def connected_lan(world, matrix, chatter, name):
    _connect(world, chatter)
    world.product.ctl("lan", "on")
    _require_protected(world, matrix, name)
    _require_lan(world, matrix)


@state("LAN access on, no VPN")
def lan(world, matrix, chatter, name):
    world.product.ctl("lan", "on")
    matrix.require_closed(matrix.measure(name, locked=True))
    _require_lan(world, matrix)


@state("paused (control)")
def paused(world, matrix, chatter, name):
    world.product.ctl("lock")
    world.product.ctl("pause", "60")
    world.product.wait_state("paused")
    matrix.require_unlocked(matrix.measure(name, locked=False, paused=True))
    world.product.ctl("resume")


@state("after a pause that ended by itself")
def pause_ended(world, matrix, chatter, name):
    world.product.ctl("pause", "1")
    world.product.wait_state("blocked")
    matrix.let_out()
    _require_blocked(world, matrix, name)


@state("switched from one VPN to another")
def switched(world, matrix, chatter, name):
    _connect(world, chatter)
    world.manager.up("second")
    world.manager.nmcli("connection", "down", "full")
    wait_product(lambda: len(world.product.status()["tunnels"]) == 1, "one tunnel to be left")
    matrix.require_closed(matrix.measure(name, locked=True))
    assert questions.my_address(world.client, 4) == a.SECOND_CLIENT
    assert world.product.wait_state("protected")["locked"]
    world.manager.nmcli("connection", "down", "second")


@state("two uplinks, the new one is the default")
def two_uplinks(world, matrix, chatter, name):
    second = SecondNetwork(world)
    try:
        second.connect(metric=1)
        wait_until(lambda: all(route_goes_by(world.client, f, second.UPLINK) for f in a.FAMILIES), "its routes")
        mark = second.capture.fence()
        found = matrix.measure(name, locked=True)
        out = probes.seen(found.sent, second.capture.since(mark, second.capture.fence()))
        assert not out, f"LEAKED by the second uplink: {[f'{p.sender}: {p.kind}' for p in out]}"
        matrix.require_closed(found)
    finally:
        second.close()


@state("openvpn killed (SIGKILL)")
def openvpn_killed(world, matrix, chatter, name):
    _connect(world, chatter)
    world.client.kill("openvpn")
    _tunnel_is_gone(world)
    _require_blocked(world, matrix, name)
    world.manager.wait_down("full")


@state("tunnel link set down")
def tunnel_set_down(world, matrix, chatter, name):
    _connect(world, chatter)
    world.client.ip(f"link set {a.TUNNEL} down")
    matrix.require_closed(matrix.measure(name, locked=True))
    matrix.require_unreachable()
    assert world.product.status()["locked"]


@state("tunnel link deleted")
def tunnel_deleted(world, matrix, chatter, name):
    _connect(world, chatter)
    world.client.ip(f"link del {a.TUNNEL}")
    _require_blocked(world, matrix, name)


@state("after nmcli connection down")
def nmcli_down(world, matrix, chatter, name):
    _connect(world, chatter)
    world.manager.down("full")
    _require_blocked(world, matrix, name)


@state("connected again")
def connected_again(world, matrix, chatter, name):
    _connect(world, chatter)
    _require_protected(world, matrix, name)


@state("NetworkManager restarted while connected")
def manager_restarted(world, matrix, chatter, name):
    _connect(world, chatter)
    world.manager.restart()
    _tunnel_is_gone(world)
    _require_blocked(world, matrix, name)


@state("NetworkManager killed (SIGKILL) while connected")
def manager_killed(world, matrix, chatter, name):
    _connect(world, chatter)
    world.manager.stop(signal.SIGKILL)
    matrix.require_closed(matrix.measure(name, locked=True))
    assert world.product.status()["locked"]


@state("NetworkManager back after SIGKILL")
def manager_back(world, matrix, chatter, name):
    _connect(world, chatter)
    world.manager.stop(signal.SIGKILL)
    world.manager.start()
    world.manager.wait_uplink()
    matrix.require_closed(matrix.measure(name, locked=True))
    assert world.product.status()["locked"]


@state("guard killed (SIGKILL) while connected")
def guard_killed(world, matrix, chatter, name):
    _connect(world, chatter)
    world.product.stop_guard(signal.SIGKILL)
    _require_protected(world, matrix, name)


@state("openvpn killed while the guard is dead")
def openvpn_killed_without_guard(world, matrix, chatter, name):
    _connect(world, chatter)
    world.product.stop_guard(signal.SIGKILL)
    world.client.kill("openvpn")
    _tunnel_is_gone(world)
    matrix.require_closed(matrix.measure(name, locked=True))
    matrix.require_unreachable()
    world.manager.wait_down("full")
    status = world.product.status()
    assert (status["state"], status["reason"]) == ("blocked", "guard-away"), status


@state("guard restarted after that")
def guard_restarted(world, matrix, chatter, name):
    _connect(world, chatter)
    world.product.stop_guard(signal.SIGKILL)
    world.client.kill("openvpn")
    _tunnel_is_gone(world)
    world.product.start_guard()
    _require_blocked(world, matrix, name)


@state("connected after the guard's restart")
def connected_after_restart(world, matrix, chatter, name):
    _connect(world, chatter)
    _require_protected(world, matrix, name)


@state("guard restarted while connected")
def guard_restarted_connected(world, matrix, chatter, name):
    _connect(world, chatter)
    world.product.stop_guard(signal.SIGKILL)
    world.product.start_guard()
    world.product.wait_state("protected")
    _require_protected(world, matrix, name)


@state("locked, while the lease is renewed")
def link_upkeep(world, matrix, chatter, name):
    """The lock does not cost the client its addresses."""
    mark = world.capture.mark()
    world.capture.require_neighbours()
    world.capture.wait_for(lambda f: f.purpose == "upkeep: DHCPv4 renewal", "a unicast DHCP renewal", mark, 30)
    _require_blocked(world, matrix, name)


@state("unlocked again (control)")
def unlocked_again(world, matrix, chatter, name):
    world.product.ctl("unlock")
    world.product.wait_state("unlocked")
    matrix.require_unlocked(matrix.measure(name, locked=False))


@pytest.fixture(scope="module")
def matrix(world):
    world.product.install()
    world.product.start_guard()
    ways = Ways(world)
    found = Matrix(world, ways=ways.all)
    found.container = ways.container
    yield found
    found.close_probes()
    ways.close()
    reports_dir().mkdir(parents=True, exist_ok=True)
    page = found.report("Leak matrix")
    (reports_dir() / "leak-matrix.md").write_text(page)
    (reports_dir() / "leak-matrix.html").write_text(as_html(page))


@pytest.fixture(scope="module")
def chatter(world):
    with Chatter(world.client) as talking:
        yield talking


@pytest.mark.parametrize(("name", "check"), STATES, ids=[name for name, _ in STATES])
def test_state(world, matrix, chatter, name, check):
    _prepare(world, locked="control" not in name)
    tried = chatter.tried
    check(world, matrix, chatter, name)
    assert chatter.tried > tried, "the chatter fell silent"
