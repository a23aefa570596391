# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's WireGuard on Debian's kernel, by NetworkManager, judged outside."""

import re
import signal
from datetime import datetime

import pytest

from world import addresses as a
from world.router import say_names
from world.waiting import wait_until

from . import setting
from .machine import SERVER_WIRE
from .setting import PERSON, PROFILE, WIREGUARD


def _connect(machine, profile: str = PROFILE) -> None:
    machine.run("nmcli", "--wait", "60", "connection", "up", profile, timeout=90)
    assert machine.wait_state("protected")["verified"]


def test_the_control_unlocked(unlocked):
    setting.must_leak(unlocked)
    for uid in (0, PERSON):
        assert setting.my_address(unlocked, uid) in unlocked.addresses(a.UPLINK)


def test_up_locks_and_everybody_gets_through(unlocked):
    _connect(unlocked)
    status = unlocked.status()
    assert [tunnel["interface"] for tunnel in status["tunnels"]] == [WIREGUARD]
    assert status["layers"]["owned"] == (unlocked.kernel() >= (6, 9)), "that is when persist came"
    setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(unlocked)
    setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)


@pytest.mark.parametrize("way", ["connection down", "link deleted"])
def test_away_blocks_and_it_comes_back(unlocked, way):
    _connect(unlocked)
    since = unlocked.capture.fence()
    if way == "link deleted":
        unlocked.run("ip", "link", "del", WIREGUARD)
    else:
        unlocked.run("nmcli", "connection", "down", PROFILE)
    assert unlocked.wait_state("blocked")["verified"]
    setting.must_hold(unlocked, since)
    assert setting.my_address(unlocked, PERSON) not in unlocked.addresses(a.UPLINK)
    _connect(unlocked)
    setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
    setting.must_hold(unlocked, since)


def test_another_link_takes_its_name(unlocked):
    """NetworkManager has not noticed that its own link went: the stranger, which it did not mean, carries nothing."""
    unlocked.ctl("lock")
    _connect(unlocked)
    since = unlocked.capture.fence()
    unlocked.run("systemctl", "kill", "--signal=STOP", "NetworkManager.service")
    try:
        unlocked.sh(f"ip link del {WIREGUARD} && ip link add {WIREGUARD} type wireguard && ip link set {WIREGUARD} up")
        assert unlocked.wait_state("blocked")["verified"]
        assert unlocked.status()["tunnels"] == []
        setting.must_hold(unlocked, since)
    finally:
        unlocked.run("ip", "link", "del", WIREGUARD, check=False)
        unlocked.run("systemctl", "kill", "--signal=CONT", "NetworkManager.service")
    wait_until(lambda: PROFILE not in unlocked.run("nmcli", "-g", "NAME", "connection", "show", "--active").stdout.split(),
               "NetworkManager to notice")
    _connect(unlocked)
    setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)


def test_always_on(unlocked):
    """Connected by nobody, and again when its link is deleted and when the network was away."""
    unlocked.ctl("lock")
    since = unlocked.capture.fence()
    unlocked.ctl("always-on", PROFILE)
    try:
        for drop in (None, f"ip link del {WIREGUARD}", "nmcli connection down uplink; nmcli connection up uplink"):
            if drop:
                unlocked.sh(drop, timeout=120)
            wait_until(lambda: unlocked.status()["always_on"]["state"] == "up", "NetworkManager to have connected it", 90)
            assert unlocked.wait_state("protected", 90)["verified"]
            setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
        setting.must_hold(unlocked, since)
    finally:
        unlocked.ctl("always-on", "off")


def _say(outside, *lines: str) -> None:
    say_names(*lines)
    outside.namespace.kill("dnsmasq", signal.SIGHUP)


def test_a_server_known_by_name(unlocked, outside):
    """Asked for while locked, by NetworkManager and by the guard; nobody's other question leaves."""
    unlocked.ctl("lock")
    since = unlocked.capture.fence()
    _say(outside, f"{a.KERNEL_SERVER} {setting.NAME}")
    setting.add_profile(unlocked, "named", setting.wireguard(unlocked, "named", setting.NAME))
    try:
        unlocked.wait_state("blocked")
        _connect(unlocked, "named")
        setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
        unlocked.run("nmcli", "connection", "down", "named")
        unlocked.wait_state("blocked")
        assert unlocked.run("getent", "hosts", "evil.test", check=False).returncode != 0
        setting.must_hold(unlocked, since)
        questions = [frame for frame in unlocked.capture.since(since) if setting.asks_for_server(frame)]
        assert questions, "the name must have been asked for"
        unlocked.ctl("unlock")  # the control: the other question is seen
        since = unlocked.capture.fence()
        unlocked.run("getent", "hosts", "evil.test", check=False)
        assert any(b"\x04evil\x04test" in frame.data for frame in unlocked.capture.since(since))
    finally:
        unlocked.run("nmcli", "connection", "delete", "named", check=False)
        _say(outside)


_MOVED = "198.51.100.21"  # beside the server's own address
_TALK = f"""
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"here", ("{a.KERNEL_TUNNEL_CLIENT}", 9))
"""


def _move_server(machine, outside, address: str) -> None:
    other = {_MOVED: a.KERNEL_SERVER, a.KERNEL_SERVER: _MOVED}[address]
    machine.sh(
        f"ip -n server addr del {other}/28 dev server0; ip -n server addr add {address}/28 dev server0; "
        f"ip -n server route replace default via {a.KERNEL_SERVER_ROUTER}"
    )
    outside.namespace.ip(f"route replace {a.KERNEL_TUNNEL_NET} via {address} dev {SERVER_WIRE}")


def _server_talks(machine) -> None:
    """Through the tunnel, from where it is now."""
    machine.run("ip", "netns", "exec", "server", "python3", "-c", _TALK)


def _endpoint(machine) -> str:
    return machine.run("wg", "show", WIREGUARD, "endpoints").stdout.split()[-1].rpartition(":")[0]


def _to_moved(machine, since: int) -> list:
    frames = machine.capture.since(since)
    return [frame.packet for frame in frames if frame.packet and frame.packet.destination == _MOVED]


def test_a_server_that_moves(unlocked, outside):
    """While locked nobody is believed who talks from where no server is. Where it moved to before, it
    is let out to, which is said."""
    _connect(unlocked)
    setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
    since = unlocked.capture.fence()
    try:
        _move_server(unlocked, outside, _MOVED)
        _server_talks(unlocked)
        setting.must_hold(unlocked, since)
        assert _endpoint(unlocked) == a.KERNEL_SERVER
        assert not _to_moved(unlocked, since)

        unlocked.ctl("unlock")  # the control: it is believed
        _server_talks(unlocked)
        wait_until(lambda: _endpoint(unlocked) == _MOVED, "WireGuard to follow its server")
        unlocked.ctl("lock")
        warnings = unlocked.wait_state("protected")["warnings"]
        assert any(f"its server has moved to {_MOVED}, port {a.WIREGUARD_PORT}" in each for each in warnings), warnings
        since = unlocked.capture.fence()
        setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
        unlocked.capture.fence()
        assert {packet.destination_port for packet in _to_moved(unlocked, since)} == {a.WIREGUARD_PORT}
        plain = [frame.packet for frame in unlocked.capture.plain(since)]
        assert [str(packet) for packet in plain if not packet or packet.destination != _MOVED] == []
    finally:
        _move_server(unlocked, outside, a.KERNEL_SERVER)


def _set_peer(machine, known: bool) -> None:
    """Whether the server has this machine's key: without it, it says nothing to it."""
    key = machine.run("cat", "/etc/wireguard/client.pub").stdout.strip()
    allowed = f"allowed-ips {a.KERNEL_TUNNEL_CLIENT}/32" if known else "remove"
    machine.sh(f"ip netns exec server wg set {WIREGUARD} peer {key} {allowed}")


def _send_until(machine, state: str, timeout: float) -> dict:
    """Somebody goes on sending; no look wakes up what is asleep."""

    def look() -> dict | None:
        setting.attempts(machine)
        status = machine.status()
        return status if status["state"] == state else None

    return wait_until(look, f"the state {state}", timeout)


_SILENT_AFTER = 60  # seconds (ADR 32)


def _seconds(machine) -> int:
    """Unix time, by the machine's clock."""
    return int(machine.run("date", "+%s").stdout)


@pytest.mark.parametrize("since", ["from the start", "later on"])
def test_a_server_that_does_not_answer(unlocked, since):
    """It has no carrier to lose: what is sent, and what comes back, tells."""
    _set_peer(unlocked, known=since == "later on")
    try:
        _connect(unlocked)
        if since == "later on":
            setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
            _set_peer(unlocked, known=False)
        from_here = unlocked.capture.fence()
        begun = _seconds(unlocked)
        status = _send_until(unlocked, "blocked", 180)
        assert (status["reason"], status["reason_vpn"]) == ("server-silent", PROFILE), status
        assert status["verified"] and status["tunnels"] == []
        silent = _seconds(unlocked) - datetime.fromisoformat(status["silent_since"].replace("Z", "+00:00")).timestamp()
        assert (_SILENT_AFTER if since == "later on" else 0) <= silent <= _seconds(unlocked) - begun + 1, status["silent_since"]
        said = " ".join(unlocked.ctl("status").stdout.split())
        assert "its server does not answer" in said and "nm-killswitch vpn list" in said, said
        assert silent < 60 or re.search(r"It has not answered for \d+ minute", said), said
        setting.must_hold(unlocked, from_here)

        _set_peer(unlocked, known=True)  # it comes back by itself
        assert _send_until(unlocked, "protected", 120)["reason"] == ""
        setting.must_tunnel(unlocked, a.KERNEL_TUNNEL_CLIENT)
        setting.must_hold(unlocked, from_here)
    finally:
        _set_peer(unlocked, known=True)
