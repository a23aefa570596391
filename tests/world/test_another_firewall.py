# SPDX-License-Identifier: GPL-2.0-or-later
"""Another firewall refuses what the lock lets out: status names its table and chain, and nobody where nothing
refuses. That it refuses is judged outside, and that the lock does not: without it the VPN connects."""

import socket
import time
from contextlib import suppress
from typing import NamedTuple

import pytest

from . import addresses as a
from .network import log_of
from .waiting import wait_product, wait_until

_TRACE = "nm_killswitch_trace"
_LENGTH = 12  # seconds that packets are followed
_OTHERS = ("(another firewall)", "Something drops")


class Firewall(NamedTuple):
    name: str
    command: str
    undo: str
    says: str  # the beginning of the sentence


def _nft(name: str, hook: str, policy: str, rules: str, says: str, family: str = "inet", device: str = "") -> Firewall:
    chain = f"type filter hook {hook} {device} priority 10; policy {policy}; {rules}"
    command = f"nft -f - <<'END'\ntable {family} others {{\nchain strict {{ {chain}\n}}\n}}\nEND"
    return Firewall(name, command, f"nft delete table {family} others", f"The chain strict of the table {family} others {says}")


_PORT = f"udp dport {a.SERVER_PORT}"
_DROPS_TO_SERVER = f'(another firewall) drops what goes to the server of "full" ({a.SERVER[4]}, udp, port {a.SERVER_PORT})'
TO_SERVER = (
    _nft("a rule of an output chain", "output", "accept", f"{_PORT} drop", _DROPS_TO_SERVER),
    _nft("a rule that rejects", "output", "accept", f"{_PORT} reject", _DROPS_TO_SERVER),
    _nft("an output chain's policy", "output", "drop", "oif lo accept", _DROPS_TO_SERVER),
    _nft("a postrouting chain", "postrouting", "accept", f"{_PORT} drop", _DROPS_TO_SERVER, family="ip"),
    _nft("the card's egress", "egress", "accept", f"{_PORT} drop", _DROPS_TO_SERVER, family="netdev", device=f"device {a.UPLINK}"),
    _nft("an input chain", "input", "accept", f"udp sport {a.SERVER_PORT} drop",
         f'(another firewall) drops what comes from the server of "full" ({a.SERVER[4]}'),
    Firewall("a queue that nobody empties", f"iptables-nft -w -A OUTPUT -p udp --dport {a.SERVER_PORT} -j NFQUEUE --queue-num 7",
             "iptables-nft -w -F OUTPUT; nft delete table ip filter",
             'The chain OUTPUT of the table ip filter (another firewall) asks a program about what goes to the server of "full"'),
    Firewall("iptables by nft", f"iptables-nft -w -A OUTPUT -p udp --dport {a.SERVER_PORT} -j REJECT",
             "iptables-nft -w -F OUTPUT; nft delete table ip filter", f"The chain OUTPUT of the table ip filter {_DROPS_TO_SERVER}"),
    Firewall("iptables-legacy", f"iptables-legacy -w -A OUTPUT -p udp --dport {a.SERVER_PORT} -j DROP",
             "iptables-legacy -w -F OUTPUT", 'Something drops what goes to the server of "full"'),
)
TO_TUNNEL = (
    _nft("output into the tunnel", "output", "accept", f"oifname {a.TUNNEL} drop",
         f'(another firewall) drops all that programs have tried to send into "full" ({a.TUNNEL})'),
    _nft("answers out of the tunnel", "input", "accept", f"iifname {a.TUNNEL} drop",
         f'(another firewall) drops all answers that come out of "full" ({a.TUNNEL})'),
)


@pytest.fixture(scope="module")
def locked(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.product.ctl("lock")
    yield world
    world.product.ctl("unlock")


@pytest.fixture
def blocked(locked):
    locked.manager.all_down()
    locked.product.wait_state("blocked")
    yield locked
    locked.manager.nmcli("connection", "down", "full", check=False)


def _refusals(world) -> list[str]:
    return [text for text in world.product.status()["warnings"] if any(words in text for words in _OTHERS)]


def _is_followed(world) -> bool:
    return _TRACE in world.client.run(["nft", "list", "tables"]).stdout


def _listed(world, server: str) -> str | None:
    """The table, if it follows what goes to this server."""
    listed = world.client.run(["nft", "list", "table", "inet", _TRACE], check=False).stdout
    return listed if server in listed else None


def _apply(world, firewall: Firewall) -> None:
    world.client.run(["sh", "-e", "-c", firewall.command])


def _undo(world, firewall: Firewall) -> None:
    world.client.run(["sh", "-c", firewall.undo])


def _to_server(world, since: int) -> list:
    world.capture.fence()
    return [f for f in world.capture.since(since) if f.packet and f.packet.destination_port == a.SERVER_PORT]


def _try_tunnel(world) -> None:
    """What programs do when a VPN is up: a question for a name, a connection."""
    for kind, port in ((socket.SOCK_DGRAM, a.DNS_PORT), (socket.SOCK_STREAM, a.HTTP_PORT)):
        with world.client.socket(socket.AF_INET, kind) as one, suppress(OSError):
            one.settimeout(0.2)
            one.connect((a.WEB[4], port))
            one.send(b"\x4b\x53\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x04test\x00\x00\x01\x00\x01")


def _wait_refused(world, says: str, act=lambda: None) -> str:
    def look() -> str | None:
        act()
        return next((text for text in _refusals(world) if text.startswith(says)), None)

    return wait_product(look, f"the status to say: {says}", 2 * _LENGTH)


@pytest.mark.parametrize("firewall", TO_SERVER, ids=lambda firewall: firewall.name)
def test_to_a_server(blocked, firewall):
    before = blocked.capture.mark()
    _apply(blocked, firewall)
    try:
        blocked.manager.begin("full")
        said = _wait_refused(blocked, firewall.says)
        assert len(_refusals(blocked)) == 1, _refusals(blocked)
        if "input" not in firewall.name:
            assert _to_server(blocked, before) == [], "it refused nothing"
        if "nft list chain" in said:  # which can be copied
            shown = blocked.client.run(said.partition("see its rules: ")[2].split()).stdout
            assert "chain " in shown
        assert blocked.product.status()["state"] == "blocked"
        assert "nm_killswitch_trace" not in log_of("nm-killswitchd").read_text()
    finally:
        _undo(blocked, firewall)
    # the control: the lock is the same, the VPN connects
    blocked.product.wait_state("protected", 60)
    assert _to_server(blocked, before), "the capture sees what goes to the server"
    wait_until(lambda: not _refusals(blocked), "nothing to be said any more", 3 * _LENGTH)


@pytest.mark.parametrize("firewall", TO_TUNNEL, ids=lambda firewall: firewall.name)
def test_in_a_tunnel(blocked, firewall):
    _apply(blocked, firewall)
    try:
        blocked.manager.up("full")
        _wait_refused(blocked, firewall.says, lambda: _try_tunnel(blocked))
        assert blocked.product.status()["state"] == "protected"
    finally:
        _undo(blocked, firewall)
    wait_until(lambda: not _refusals(blocked), "nothing to be said any more", 60)


def test_nothing_refuses(blocked):
    """A firewall like people's own, a VPN that connects, and one whose server never answers."""
    rules = f"""nft -f - <<'END'
table inet own {{
    chain input {{
        type filter hook input priority 0; policy drop;
        iif lo accept
        ct state established,related accept
        meta l4proto {{ icmp, ipv6-icmp }} accept
        udp sport 67 accept
    }}
    chain forward {{ type filter hook forward priority 0; policy drop; }}
    chain output {{
        type filter hook output priority 0;
        tcp dport 25 reject
        oifname {a.TUNNEL} udp dport {{ 137, 5353 }} drop
    }}
}}
END"""
    blocked.client.run(["sh", "-e", "-c", rules])
    try:
        blocked.manager.begin("dead")
        listed = wait_until(lambda: _listed(blocked, a.DEAD_SERVER), "its packets to be followed")
        assert "meta nftrace set 1" in listed
        # what somebody saves in those seconds loads, and goes with who loads it
        blocked.outside.run(["nft", "-f", "-"], input=listed)
        assert _TRACE not in blocked.outside.run(["nft", "list", "tables"]).stdout
        wait_until(lambda: not _is_followed(blocked), "that to end", 3 * _LENGTH)
        assert _refusals(blocked) == []
        blocked.manager.nmcli("connection", "down", "dead", check=False)
        blocked.manager.up("full")
        wait_until(lambda: _is_followed(blocked), "its packets to be followed")
        until = time.monotonic() + 2
        while time.monotonic() < until:
            _try_tunnel(blocked)
        wait_until(lambda: not _is_followed(blocked), "that to end", 3 * _LENGTH)
        assert _refusals(blocked) == []
        status = blocked.product.status()
        assert status["state"] == "protected" and status["verified"]
    finally:
        blocked.client.run(["nft", "delete", "table", "inet", "own"])


def test_unlocked_nobody_is_followed(blocked):
    blocked.product.ctl("unlock")
    try:
        blocked.manager.up("full")
        assert not _is_followed(blocked)
    finally:
        blocked.product.ctl("lock")
    wait_until(lambda: _is_followed(blocked), "the control: locked, its packets are followed")


def test_the_table_goes_with_the_guard(blocked):
    blocked.manager.begin("dead")
    wait_until(lambda: _is_followed(blocked), "packets to be followed")
    blocked.product.stop_guard(9)
    try:
        assert not _is_followed(blocked)
    finally:
        blocked.product.start_guard()
