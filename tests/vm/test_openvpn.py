# SPDX-License-Identifier: GPL-2.0-or-later
"""NetworkManager's OpenVPN, its data encrypted by the program or by the kernel (module `ovpn`), by UDP and by
TCP: each way in which a tunnel goes, and its return, judged outside."""

import json
import os
from dataclasses import dataclass

import pytest

from world import addresses as a
from world import keys, profiles
from world.frames import Frame
from world.network import log_of
from world.waiting import wait_until

from . import setting
from .setting import PERSON

NAME = "openvpn"
_TCP = 6
_TCP_PORT = 443
_TCP_NET = ("198.51.100.80", "255.255.255.240")
# openvpn keeps the right to set up the kernel's tunnel only where it may pass it on
_DROP_IN = "/etc/systemd/system/NetworkManager.service.d/tests.conf"
_MAY_PASS_ON = "[Service]\nCapabilityBoundingSet=CAP_SETPCAP\n"

_SPEAK = """
import socket, sys
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes.fromhex(sys.argv[3]), (sys.argv[1], int(sys.argv[2])))
    print("sent")
except PermissionError:
    print("refused")
"""
# as nothing of OpenVPN's begins, and as its data do
_BEGINNINGS = ("00" * 40, "48" + "00" * 40)
_CALL = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()
    print("connected")
except OSError as error:
    print("refused")
"""


@dataclass(frozen=True)
class Kind:
    link: str  # as the kernel calls this kind of interface
    tcp: bool = False

    def is_fine(self, frame: Frame) -> bool:
        """To the server by TCP, which the capture does not know of."""
        packet = frame.packet
        to = packet and (packet.protocol, packet.destination, packet.destination_port)
        return setting.asks_for_server(frame) or (self.tcp and to == (_TCP, a.SERVER[4], _TCP_PORT))


_KINDS = {
    "by the program": Kind("tun"),
    "by the kernel": Kind("ovpn"),
    "TCP by the kernel": Kind("ovpn", tcp=True),
}


def _start_tcp_server(outside) -> None:
    if log_of("openvpn-tcp-server").exists():
        return
    command = ["openvpn", "--mode", "server", "--tls-server", "--topology", "subnet", "--dev", "vpn2", "--dev-type", "tun"]
    command += ["--disable-dco", "--port", str(_TCP_PORT), "--proto", "tcp4-server", "--server", *_TCP_NET]
    command += ["--ca", f"{keys.FOLDER}/ca.crt", "--cert", f"{keys.FOLDER}/server.crt", "--key", f"{keys.FOLDER}/server.key"]
    outside.namespace.daemon("openvpn-tcp-server", [*command, "--dh", "none", "--duplicate-cn", "--ping", "10", "--verb", "3"])
    listens = lambda: b"Listening for incoming TCP connection" in log_of("openvpn-tcp-server").read_bytes()  # noqa: E731
    wait_until(listens, "the server to listen at its TCP port")


def _restart_manager(machine) -> None:
    machine.run("systemctl", "restart", "NetworkManager.service", timeout=120)
    machine.wait_uplink()


@pytest.fixture(scope="module", params=_KINDS)
def kind(request, machine, outside):
    """Of the interface; the profile is there."""
    setting.open_up(machine)
    found = _KINDS[request.param]
    if found.tcp:
        _start_tcp_server(outside)
    setting.add_openvpn(machine, NAME, a.SERVER[4], port=_TCP_PORT if found.tcp else a.SERVER_PORT, tcp=found.tcp)
    in_kernel = found.link == "ovpn"
    if in_kernel:
        machine.write(_DROP_IN, _MAY_PASS_ON)
        machine.run("systemctl", "daemon-reload")
        _restart_manager(machine)
    yield found
    setting.open_up(machine)
    machine.run("nmcli", "connection", "delete", NAME)
    if in_kernel:
        machine.run("rm", _DROP_IN)
        machine.run("systemctl", "daemon-reload")
        _restart_manager(machine)


def _links(machine, kind: str) -> list[str]:
    """Of this kind, that carry."""
    return [line.split(":")[1].strip() for line in machine.sh(f"ip -o link show type {kind}").splitlines() if "LOWER_UP" in line]


def _who_may_speak(machine, kind: Kind) -> None:
    """To the server itself, beside the tunnel: root's programs, and no person's."""
    if kind.tcp:
        for uid in (0, PERSON):
            said = machine.python(_CALL, a.SERVER[4], str(_TCP_PORT), uid=uid, check=False).stdout.strip()
            assert said == ("refused" if uid == PERSON else "connected"), (uid, said)
        return
    for uid, beginning in ((0, _BEGINNINGS[0]), *((PERSON, beginning) for beginning in _BEGINNINGS)):
        said = machine.python(_SPEAK, a.SERVER[4], str(a.SERVER_PORT), beginning, uid=uid, check=False).stdout.strip()
        assert said == ("refused" if uid == PERSON else "sent"), (uid, beginning, said)


def _connect(machine, kind: Kind) -> str:
    """Returns the interface."""
    machine.run("nmcli", "--wait", "60", "connection", "up", NAME, timeout=90)
    status = machine.wait_state("protected", 60)
    [link] = [tunnel["interface"] for tunnel in status["tunnels"]]
    assert status["verified"] and _links(machine, kind.link) == [link], status
    for uid in (0, PERSON):
        seen = lambda uid=uid: setting.my_address(machine, uid) in machine.addresses(link)  # noqa: E731
        wait_until(seen, f"uid {uid} to be seen in the tunnel", 30)
    _who_may_speak(machine, kind)
    return link


def _program_killed(machine, _link: str) -> None:
    machine.run("pkill", "--signal", "KILL", "--exact", "openvpn")


def _link_deleted(machine, link: str) -> None:
    machine.run("ip", "link", "del", link)


def _disconnected(machine, _link: str) -> None:
    machine.run("nmcli", "connection", "down", NAME)


def _manager_restarted(machine, _link: str) -> None:
    _restart_manager(machine)


LOSSES = {
    "program killed": _program_killed,
    "link deleted": _link_deleted,
    "disconnected": _disconnected,
    "NetworkManager restarted": _manager_restarted,
}


def _is_told(machine, kind: Kind, status: dict) -> None:
    """That there is no tunnel, though NetworkManager says of the kernel's that it is activated; and what to do."""
    if kind.link == "ovpn":
        state = machine.run("nmcli", "-g", "GENERAL.STATE", "connection", "show", NAME).stdout.strip()
        assert (state, status["reason"], status["reason_vpn"]) == ("activated", "tunnel-gone", NAME), status
        said = " ".join(machine.ctl("status").stdout.split())
        assert f"nmcli connection down {NAME}" in said and "nmcli connection up" in said, said
    assert status["reason"], status


@pytest.mark.parametrize("loss", LOSSES)
def test_a_tunnel_that_goes(unlocked, kind, loss):
    link = _connect(unlocked, kind)
    since = unlocked.capture.fence()
    LOSSES[loss](unlocked, link)
    status = unlocked.wait_state("blocked", 60)
    assert status["verified"], status
    if loss == "link deleted":
        _is_told(unlocked, kind, status)
    assert setting.my_address(unlocked, PERSON) not in unlocked.addresses(a.UPLINK)
    setting.must_hold(unlocked, since, kind.is_fine)
    unlocked.run("nmcli", "connection", "down", NAME, check=False)
    _connect(unlocked, kind)
    setting.must_hold(unlocked, since, kind.is_fine)


def test_back_under_another_name(unlocked, kind):
    """Its own is taken by something else, as by the interface that a killed openvpn leaves behind."""
    name = _connect(unlocked, kind)
    since = unlocked.capture.fence()
    unlocked.run("nmcli", "connection", "down", NAME)
    unlocked.wait_state("blocked", 60)
    wait_until(lambda: not unlocked.has_link(name), f"{name} to be gone", 30)
    unlocked.run("ip", "link", "add", name, "type", "dummy")
    try:
        unlocked.run("ip", "link", "set", name, "up")
        assert _connect(unlocked, kind) != name
        setting.must_hold(unlocked, since, kind.is_fine)
        unlocked.run("nmcli", "connection", "down", NAME)
        unlocked.wait_state("blocked", 60)
        setting.must_hold(unlocked, since, kind.is_fine)
    finally:
        unlocked.run("ip", "link", "del", name)


def test_with_the_uplink(unlocked, kind):
    """connection.secondaries: the VPN's events come before the uplink's own."""
    unlocked.run("nmcli", "connection", "modify", "uplink", "connection.secondaries", profiles.uuid_of(NAME))
    unlocked.ctl("lock")
    since = unlocked.capture.fence()
    try:
        unlocked.run("nmcli", "--wait", "90", "connection", "up", "uplink", timeout=120)
        unlocked.wait_state("protected", 60)
        setting.must_hold(unlocked, since, kind.is_fine)
    finally:
        unlocked.run("nmcli", "connection", "modify", "uplink", "connection.secondaries", "")
        unlocked.run("nmcli", "connection", "down", NAME, check=False)


def _question_is_seen(machine) -> bool:
    """A person's, to the router, from whatever link the routes say."""
    since = machine.capture.mark()
    canary = f"canary{os.urandom(8).hex()}"
    machine.python(setting.SEND, uid=PERSON, given=json.dumps([(canary, a.ROUTER[4], a.DNS_PORT, "")]))
    machine.capture.fence()
    return any(canary.encode() in frame.data for frame in machine.capture.since(since))


def test_routed_dns(unlocked, kind):
    """ipv4.routed-dns: NetworkManager's own rule sends questions for the router past the VPN."""
    modify = ("nmcli", "connection", "modify", "uplink", "ipv4.routed-dns")
    unlocked.run(*modify, "yes")
    try:
        unlocked.run("nmcli", "--wait", "60", "connection", "up", "uplink", timeout=90)
        link = _connect(unlocked, kind)
        assert a.UPLINK in unlocked.run("ip", "route", "get", a.ROUTER[4]).stdout
        assert link in unlocked.run("ip", "route", "get", a.WEB[4]).stdout
        assert not _question_is_seen(unlocked)
        setting.must_hold(unlocked, fine=kind.is_fine)
        unlocked.ctl("auto", "off")
        unlocked.ctl("unlock")
        wait_until(lambda: _question_is_seen(unlocked), "the question past the VPN to be seen, unlocked", 30)
    finally:
        unlocked.run(*modify, "default")
        unlocked.run("nmcli", "connection", "down", NAME, check=False)
        unlocked.run("nmcli", "--wait", "60", "connection", "up", "uplink", timeout=90)
