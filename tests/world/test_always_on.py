# SPDX-License-Identifier: GPL-2.0-or-later
"""A VPN that is always on: the guard connects it, with nobody logged in, while programs keep talking.

Locked all the time. At each step nothing that they say is seen on the wire, and at the end it is: the control.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import addresses as a
from .chatter import Chatter
from .network import wire
from .product import private_bytes
from .profiles import tls, uuid_of, vpn, write
from .waiting import ProductTooSlow, wait_product, wait_until

_CANARY = b"chatter-canary"
_CLOSED = "add rule ip refuse input udp dport"
_HELD = Path("/run/nm-killswitch/disconnected")
_STATE = Path("/var/lib/nm-killswitch/state")


def _seen(world, since: int) -> int:
    world.capture.fence()
    return sum(_CANARY in frame.data for frame in world.capture.since(since))


@pytest.fixture(scope="module")
def ready(world) -> Iterator:
    # "first" is "full" with less patience
    text = vpn("first", tls(f"{a.SERVER[4]}:{a.SERVER_PORT}:udp"))
    write("first", text.replace("[vpn]\n", "[vpn]\ntimeout=4\n"))
    write("mine", vpn("mine", tls(f"{a.SERVER[4]}:{a.SERVER_PORT}:udp")).replace("type=vpn\n", "type=vpn\npermissions=user:nobody:;\n"))
    world.manager.nmcli("connection", "reload")
    world.product.install()
    world.product.start_guard()
    with Chatter(world.client) as chatter:
        world.product.ctl("lock")
        world.product.wait_state("blocked")
        since = world.capture.mark()
        yield world
        leaked, tried = _seen(world, since), chatter.tried
        assert leaked == 0 and tried > 1000, f"LEAKED: {leaked} of {tried}"
        world.product.ctl("always-on", "off")
        world.product.ctl("unlock")
        world.manager.all_down()
        since = world.capture.mark()
        wait_until(lambda: _seen(world, since) > 0, "the control: with the lock open the wire carries the talk")


@pytest.fixture
def always(ready) -> Iterator:
    """Both are always on, and the first is up."""
    _refuse(ready, False)
    ready.product.ctl("always-on", "first", "--or", "second")
    _wait(ready, state="up", vpn=uuid_of("first"))
    ready.product.wait_state("protected")
    yield ready
    _refuse(ready, False)


def _refuse(world, refused: bool) -> None:
    """The first server's port is dead."""
    world.outside.run(["nft", "delete", "table", "ip", "refuse"], check=False)
    if refused:
        world.outside.run(["nft", "add", "table", "ip", "refuse"])
        world.outside.run(["nft", "add", "chain", "ip", "refuse", "input", "{ type filter hook input priority 0; }"])
        world.outside.run(["nft", *_CLOSED.split(), str(a.SERVER_PORT), "drop"])


def _told(world) -> dict:
    return world.product.status()["always_on"]


def _wait(world, timeout: float = 40, **wanted: str) -> dict:
    seen = []

    def look() -> dict | None:
        seen[:] = [_told(world)]
        return seen[0] if all(seen[0][key] == value for key, value in wanted.items()) else None

    try:
        return wait_product(look, f"{wanted}", timeout)
    except ProductTooSlow as error:
        raise ProductTooSlow(f"{error}; it is {seen[0]}") from None


def _wait_known(world, name: str, is_known: bool = True) -> None:
    """The guard hears of profiles after nmcli has its answer."""
    wait_product(lambda: (name in [vpn["name"] for vpn in world.product.status()["vpns"]]) == is_known, f"{name}, known: {is_known}")


def _wait_for_tunnels(world, *names: str) -> None:
    wait_product(lambda: [tunnel["name"] for tunnel in world.product.status()["tunnels"]] == list(names), f"{names} to be alone", 40)


def _drop(world) -> None:
    world.client.kill("openvpn")


def test_it_is_connected_when_the_guard_starts(always):
    """As when the machine starts: NetworkManager first, or the guard."""
    always.product.stop_guard()
    always.manager.down("first")
    always.product.start_guard()
    _wait(always, state="up", vpn=uuid_of("first"))
    always.manager.stop()
    _wait(always, state="waiting", reason="manager-away")
    always.manager.start()
    _wait(always, state="up", vpn=uuid_of("first"))
    always.product.wait_state("protected")


def test_it_is_connected_again_when_it_drops(always):
    for _ in range(2):
        _drop(always)
        always.product.wait_state("blocked")
        wait_product(lambda: _told(always)["state"] != "up", "NetworkManager to know it")
        _wait(always, state="up", vpn=uuid_of("first"))
    always.product.wait_state("protected")


def test_another_stands_in_and_the_first_takes_over(always):
    _refuse(always, True)
    _drop(always)
    told = _wait(always, state="waiting", reason="failed")
    assert told["next_try"] and told["vpn"] == uuid_of("first"), told
    told = _wait(always, 90, state="up", vpn=uuid_of("second"))
    assert told["next_try"], told
    always.product.wait_state("protected")
    assert "stands in" in always.product.ctl("status").stdout
    _refuse(always, False)
    states = []
    # another network, beside the one that carries the VPN
    wire(always.client, "hall0", always.outside, "hall1")
    always.outside.ip("link set hall1 up")
    always.client.ip("link set hall0 up")
    hall = "type ethernet con-name hall ifname hall0 ipv4.method manual ipv4.addresses 192.0.2.130/25 ipv4.gateway 192.0.2.129"
    always.manager.nmcli("connection", "add", *hall.split(), "ipv4.route-metric", "30000", "ipv6.method", "disabled")

    def is_back() -> bool:
        status = always.product.status()
        states.append(status["state"])
        names = [tunnel["name"] for tunnel in status["tunnels"]]
        return names == ["first"] and status["always_on"]["state"] == "up"

    wait_product(is_back, "the first to have taken over", 40)
    assert set(states) == {"protected"}, "a gap"
    always.manager.nmcli("connection", "delete", "hall")
    always.outside.ip("link del hall1")


def test_a_person_disconnects_it(always):
    always.manager.down("first")
    _wait(always, state="waiting", reason="disconnected")
    always.manager.nmcli("device", "disconnect", a.UPLINK)
    _wait(always, reason="disconnected")
    always.manager.up("uplink")
    always.product.stop_guard()  # not over a restart of the guard either
    always.product.start_guard()
    time.sleep(2)
    assert _wait(always, state="waiting", reason="disconnected") and not always.manager.state_of("first")
    assert always.product.status()["state"] == "blocked"
    always.manager.up("second")  # a person connects another of them: then that one is kept
    _wait(always, state="up", vpn=uuid_of("second"))
    wait_product(lambda: not _HELD.exists(), "it to be forgotten")
    always.manager.down("second")
    _wait(always, state="waiting", reason="disconnected")
    always.product.ctl("always-on", "first", "--or", "second")
    _wait(always, state="up", vpn=uuid_of("first"))


def test_the_network_goes_and_comes(always):
    always.manager.nmcli("device", "disconnect", a.UPLINK)
    _wait(always, state="waiting", reason="no-network")
    always.manager.up("uplink")
    _wait(always, state="up", vpn=uuid_of("first"))
    always.product.wait_state("protected")


def test_beside_another_vpn_nothing_is_connected(always):
    always.product.ctl("always-on", "off")
    always.manager.down("first")
    always.manager.up("second")
    always.product.ctl("always-on", "first")
    _wait(always, state="waiting", reason="other-vpn")
    time.sleep(1)
    assert not always.manager.state_of("first")
    always.manager.down("second")
    _wait(always, state="up", vpn=uuid_of("first"))


def test_whose_profiles(always):
    """A private one never is; it may have been made with the UUID of one that is gone."""
    refused = always.product.ctl("always-on", "mine", check=False)
    assert refused.returncode == 1 and "for some users only" in refused.stdout, refused
    refused = always.product.ctl("always-on", "first", "--or", uuid_of("first"), check=False)
    assert refused.returncode == 1 and "named twice" in refused.stdout, refused
    assert _told(always)["vpn"] == uuid_of("first")
    always.product.ctl("always-on", "first")
    always.manager.nmcli("connection", "modify", "first", "connection.permissions", "user:nobody")
    always.manager.down("first")
    always.product.ctl("always-on", uuid_of("second"))
    _wait(always, state="up", vpn=uuid_of("second"))
    assert always.product.ctl("always-on", "first", check=False).returncode == 1
    always.manager.nmcli("connection", "modify", "first", "connection.permissions", "")
    wait_product(lambda: always.product.ctl("always-on", "first", check=False).returncode == 0, "the guard to have heard of it")
    _wait(always, state="up", vpn=uuid_of("first"))  # the second stood in until then, and goes
    _wait_for_tunnels(always, "first")


def test_a_choice_that_is_gone_does_not_stand_in_the_way(always):
    """The tray always sends all that are chosen; a VPN whose profile was deleted has nothing there to unmark."""
    gone = uuid_of("gone")
    write("gone", vpn("gone", tls(f"{a.SERVER[4]}:{a.SERVER_PORT}:udp")))
    always.manager.nmcli("connection", "reload")
    _wait_known(always, "gone")
    always.product.ctl("always-on", "first", "--or", "gone")
    always.manager.nmcli("connection", "delete", "gone")
    _wait_known(always, "gone", False)
    assert always.product.ctl("always-on", "first", "--or", "gone", check=False).returncode == 1, "it was never that name"
    always.product.ctl("always-on", "first", "--or", gone, "--or", "second")
    assert [chosen["uuid"] for chosen in _told(always)["vpns"]] == [uuid_of("first"), gone, uuid_of("second")]
    always.product.ctl("always-on", "first", "--or", "second")
    assert always.product.ctl("always-on", "first", "--or", gone, check=False).returncode == 1


def test_what_the_administrator_lays_down(always):
    folder = Path("/etc/nm-killswitch/conf.d")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "vpn.conf"
    file.write_text(f"[vpn]\nalways-on={uuid_of('second')}\n")
    always.manager.down("first")
    os.kill(always.product.guard_pid, 1)
    try:
        told = _wait(always, source=f"{file}:2")
        assert [vpn["name"] for vpn in told["vpns"]] == ["second"]
        refused = always.product.ctl("always-on", "off", check=False)
        assert refused.returncode == 3 and f"{file}:2" in refused.stdout, refused
        file.write_text("[allow]\nauto-connect=no\n")
        os.kill(always.product.guard_pid, 1)
        _wait(always, state="off", source=f"{file}:2")
        assert f"{file}:2" in always.product.ctl("status").stdout
    finally:
        file.unlink()
        os.kill(always.product.guard_pid, 1)
    _wait(always, source="")


_SETTLED, _FLAT = 10, 512 * 1024  # drops until a guard has what it needs; bytes: NetworkManager's objects come and go
_DAY = int(os.environ.get("KS_DROPS") or 24 * 60 // 5)  # one every five minutes


def test_a_day_of_drops(always):
    """What a day's drops are, one after the other: the program dies, the network goes, the guard or NetworkManager is
    killed, the tunnel's link is deleted, which nobody else minds, also while the guard is away. In between, what drops too often waits, the other
    stands in, and nothing leaves."""

    def delete_link(guard_away: bool = False) -> None:
        interface = always.product.status()["tunnels"][0]["interface"]
        if guard_away:
            always.product.stop_guard(9)
        always.client.ip(f"link del {interface}")
        if guard_away:
            always.product.start_guard()

    ways = {
        "program": lambda: _drop(always),
        "network": lambda: (always.manager.nmcli("device", "disconnect", a.UPLINK), always.manager.up("uplink")),
        "guard": lambda: (always.product.stop_guard(9), _drop(always), always.product.start_guard()),
        "NetworkManager": lambda: always.manager.restart(9),
        "link": delete_link,
        "link, guard away": lambda: delete_link(guard_away=True),
    }
    seldom = ("link, guard away", "guard", "NetworkManager", "link", "guard", "NetworkManager")
    names = ["program"] * 4 + ["network"]
    seen = set()
    memory: dict[int, list[int]] = {}  # of each guard, behind each drop
    began = time.monotonic()
    for number in range(_DAY):
        name = names[number % len(names)] if number % 24 else seldom[number // 24 % len(seldom)]
        before = set(always.client.processes("openvpn"))
        ways[name]()
        wait_until(lambda: set(always.client.processes("openvpn")) - before, f"another openvpn after drop {number} ({name})", 120)
        told = _wait(always, 120, state="up")
        always.product.wait_state("protected", 30)
        seen.add(told["vpn"])
        memory.setdefault(always.product.guard_pid, []).append(private_bytes(always.product.guard_pid))
    lives = [taken for taken in memory.values() if len(taken) > 2 * _SETTLED]
    grown = [max(taken[-_SETTLED:]) - max(taken[:_SETTLED]) for taken in lives]
    print(f"{_DAY} drops in {time.monotonic() - began:.0f} s; guards of {[len(taken) for taken in lives]} drops have grown by {grown} bytes")
    assert _DAY < 48 or lives and max(grown) < _FLAT, memory
    assert _DAY < 10 or seen == {uuid_of("first"), uuid_of("second")}, "both had their turn"


def test_a_vpn_for_a_network_that_is_away(always):
    """One that something was said of before: its VPN takes over there, and nowhere else."""
    always.product.ctl("always-on", "first")
    _wait(always, state="up", vpn=uuid_of("first"))
    always.manager.nmcli("connection", "add", "type", "ethernet", "con-name", "hall", "ifname", a.UPLINK, "autoconnect", "no")
    try:
        refused = always.product.ctl("always-on", "second", "--on", "hall", check=False)
        assert refused.returncode == 1 and "No network “hall” is known" in refused.stdout, refused
        always.manager.up("hall")
        always.product.ctl("allow", "add", "printer", "--to", "192.0.2.99", "--port", "631", "--protocol", "tcp", "--on", "here")
        always.manager.up("uplink")
        said = always.product.ctl("always-on", "second", "--on", "hall").stdout
        assert "on the network “hall”: “second”" in said, said
        [hall] = [known for known in always.product.status()["known_networks"] if known["name"] == "hall"]
        assert hall == hall | {"connected": False, "lan": False, "vpn": uuid_of("second"), "exceptions": 1}, hall
        _wait(always, state="up", vpn=uuid_of("first"), here=[])
        always.manager.up("hall")
        _wait(always, state="up", vpn=uuid_of("second"))
        _wait_for_tunnels(always, "second")
        always.manager.up("uplink")
        always.product.ctl("always-on", "off", "--on", "hall")
        assert "hall" not in always.product.ctl("status").stdout
        always.manager.up("hall")
        _wait(always, state="up", vpn=uuid_of("first"), here=[])
    finally:
        always.product.ctl("allow", "remove", "printer", check=False)
        always.manager.up("uplink")
        always.manager.nmcli("connection", "delete", "hall")
    for words in (["--on", "here", "--only-here"], ["--on", "here", "--or", "second"]):
        assert always.product.ctl("always-on", "first", *words, check=False).returncode == 2, words


def test_another_on_one_network(always):
    """It takes over where it was named, the usual one stands in for it, and elsewhere nothing is different."""
    always.product.ctl("always-on", "first")
    _wait(always, state="up", vpn=uuid_of("first"))
    said = always.product.ctl("always-on", "second", "--only-here").stdout
    assert "“second”, “first”" in said, said
    told = _wait(always, state="up", vpn=uuid_of("second"))
    _wait_for_tunnels(always, "second")
    assert [vpn["name"] for vpn in told["here"]] == ["second", "first"]
    assert [vpn["name"] for vpn in told["vpns"]] == ["first"], "what holds elsewhere"
    always.product.stop_guard()
    always.product.start_guard()
    assert _wait(always, state="up", vpn=uuid_of("second"))["here"], "it outlasts the guard"
    always.manager.nmcli("connection", "add", "type", "ethernet", "con-name", "hall", "ifname", a.UPLINK, "autoconnect", "no")
    try:
        always.manager.up("hall")  # the same wire by another connection of NetworkManager's
        _wait(always, state="up", vpn=uuid_of("first"), here=[])
        _wait_for_tunnels(always, "first")  # the other is not one of the usual ones
        always.product.ctl("always-on", "second", "--only-here")
        assert _STATE.read_text().count(uuid_of("second")) == 2
    finally:
        always.manager.up("uplink")
        always.manager.nmcli("connection", "delete", "hall")
    _wait(always, state="up", vpn=uuid_of("second"))
    wait_until(lambda: _STATE.read_text().count(uuid_of("second")) == 1, "a deleted connection to be forgotten")
    refused = always.product.ctl("always-on", "second", "--or", "first", "--only-here", check=False)
    assert refused.returncode == 2, refused
    always.product.ctl("always-on", "off", "--only-here")
    _wait(always, state="up", vpn=uuid_of("first"), here=[])
    _wait_for_tunnels(always, "first")
    always.product.ctl("always-on", "second", "--only-here")
    _wait(always, state="up", vpn=uuid_of("second"))
    _wait_for_tunnels(always, "second")
    always.product.ctl("always-on", "off")
    _wait(always, state="off", here=[])
    assert uuid_of("second") not in _STATE.read_text()
