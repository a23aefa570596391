# SPDX-License-Identifier: GPL-2.0-or-later
"""IPsec in Debian's kernel. Its clear packets go towards the network card itself, and what is to become
of them is the policies' to say: when those go, nothing may leave in clear."""

import os
import time

import pytest

from world import addresses as a
from world.waiting import wait_until

from . import ipsec, setting
from .setting import PERSON


@pytest.fixture(scope="module")
def served(machine):
    ipsec.raise_server(machine)
    yield machine
    ipsec.end_server(machine)


@pytest.fixture
def swan(served, unlocked):
    yield served
    served.run("nmcli", "connection", "delete", ipsec.PROFILE, check=False)


def _connect(machine, encapsulated: bool = False) -> None:
    ipsec.add_profile(machine, encapsulated)
    machine.run("nmcli", "--wait", "60", "connection", "up", ipsec.PROFILE, timeout=90)


def _is_esp(frame) -> bool:
    return frame.packet is not None and frame.packet.protocol == 50


def _is_esp_in_udp(frame) -> bool:
    packet = frame.packet
    return packet is not None and packet.protocol == 17 and packet.destination_port == 4500


_TALK = """
import socket, sys, time
canary, address, port, pause, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), 600
end = time.monotonic() + seconds
talker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
talker.connect((address, port))  # its route is looked up once, and kept
while time.monotonic() < end:
    try:
        talker.send(canary.encode())
    except OSError:
        pass
    time.sleep(pause)
"""


class Talkers:
    """Root and a person, who talk to the web server all the while, on sockets that are connected."""

    def __init__(self, machine, port: int = a.ECHO_PORT, address: str = a.WEB[4], pause: float = 0.01):
        self._machine = machine
        self.canary = f"canary{os.urandom(8).hex()}"
        machine.write("/opt/talk.py", _TALK)
        talk = ["/usr/bin/python3", "/opt/talk.py", self.canary, address, str(port), str(pause)]
        for uid in (0, PERSON):
            machine.run("systemd-run", "--quiet", "--collect", f"--uid={uid}", f"--unit=talk{uid}", *talk)

    def in_clear(self, since: int, until: int | None = None) -> int:
        frames = self._machine.capture.since(since, until)
        return len([frame for frame in frames if self.canary.encode() in frame.data])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._machine.run("systemctl", "stop", "talk0", f"talk{PERSON}", check=False)


_TAKEN_AWAY = {
    "keys flushed": "ip xfrm state flush",
    "a policy to bypass": f"ip xfrm policy add dst {a.WEB[4]}/32 dir out priority 1 action allow",
    "policies flushed": "ip xfrm policy flush",
}


def _must_stay_closed(machine, talkers: Talkers, since: int, encrypted) -> None:
    """Whatever is taken away from the tunnel, while it is being used."""
    begun = machine.capture.mark()
    wait_until(lambda: len(list(filter(encrypted, machine.capture.since(begun)))) > 20, "the talkers' tunnel", 30)
    for name, command in _TAKEN_AWAY.items():
        machine.sh(command)
        time.sleep(1)
        machine.capture.fence()
        assert talkers.in_clear(since) == 0, name
    setting.must_hold(machine, since)
    machine.ctl("unlock")  # the control: without the lock they are seen
    since = machine.capture.mark()
    wait_until(lambda: talkers.in_clear(since) > 5, "the talkers' packets in clear", 30)


@pytest.mark.parametrize("encapsulated", [False, True], ids=["ESP", "ESP in UDP"])
def test_strongswan_by_networkmanager(swan, encapsulated):
    """Its tunnel carries root's and people's packets while locked, and nothing leaves in clear when its
    policies or keys are taken away."""
    _connect(swan, encapsulated)
    assert swan.wait_state("protected", 60)["verified"]
    since = swan.capture.fence()
    setting.must_tunnel(swan, a.KERNEL_IPSEC_CLIENT)
    setting.must_hold(swan, since)
    encrypted = _is_esp_in_udp if encapsulated else _is_esp
    assert list(filter(encrypted, swan.capture.since(since))), "the tunnel must have been seen outside"
    with Talkers(swan) as talkers:
        _must_stay_closed(swan, talkers, since, encrypted)


def test_always_on(swan):
    """Connected by nobody, and again when its program is killed and when the network was away."""
    swan.ctl("lock")
    since = swan.capture.fence()
    ipsec.add_profile(swan, False)
    try:
        with Talkers(swan) as talkers:  # before the VPN is up, so that they have the card's address and keep it
            swan.ctl("always-on", ipsec.PROFILE)
            for drop in (None, "kill -KILL $(pidof charon-nm)", "nmcli connection down uplink; nmcli connection up uplink"):
                if drop:
                    swan.sh(drop, timeout=120)
                    wait_until(lambda: swan.status()["always_on"]["state"] != "up", "the guard to see the drop", 60)
                wait_until(lambda: swan.status()["always_on"]["state"] == "up", "NetworkManager to have connected it", 120)
                assert swan.wait_state("protected", 90)["verified"]
                setting.must_tunnel(swan, a.KERNEL_IPSEC_CLIENT)
            swan.capture.fence()
            assert talkers.in_clear(since) == 0
            setting.must_hold(swan, since)
            swan.ctl("always-on", "off")
            swan.ctl("unlock")  # the control: without the lock they are seen
            setting.disconnect(swan, ipsec.PROFILE)
            since = swan.capture.mark()
            wait_until(lambda: talkers.in_clear(since) > 5, "the talkers' packets in clear", 30)
    finally:
        swan.ctl("always-on", "off")


@pytest.fixture
def by_hand(swan):
    """Policies without an interface are let out while NetworkManager has such a VPN up."""
    _connect(swan)
    assert swan.wait_state("protected", 60)["verified"]
    yield swan
    ipsec.lower(swan)


@pytest.mark.parametrize("way", ["tunnel", "tunnel in UDP"])
def test_policies_by_hand(by_hand, way):
    since = by_hand.capture.fence()
    ipsec.raise_tunnel(by_hand, way)
    setting.must_tunnel(by_hand, a.KERNEL_XFRM_CLIENT)
    with Talkers(by_hand) as talkers:
        _must_stay_closed(by_hand, talkers, since, _is_esp_in_udp if way == "tunnel in UDP" else _is_esp)


def test_an_interface_by_hand(served, unlocked):
    """A manual VPN: not let out until it is said what its server is."""
    unlocked.ctl("lock")
    since = unlocked.capture.fence()
    try:
        ipsec.raise_tunnel(unlocked, "xfrm interface")
        assert setting.my_address(unlocked, PERSON) != a.KERNEL_XFRM_CLIENT
        unlocked.ctl("vpn", "add", "xfrm", "--interface", ipsec.INTERFACE, "--server", f"{a.KERNEL_SERVER}/esp")
        assert unlocked.wait_state("protected")["verified"]
        setting.must_tunnel(unlocked, a.KERNEL_XFRM_CLIENT)
        setting.must_hold(unlocked, since)
        unlocked.sh("ip xfrm policy flush")
        setting.must_hold(unlocked, since)
        unlocked.run("ip", "link", "del", ipsec.INTERFACE)
        unlocked.wait_state("blocked")
        setting.must_hold(unlocked, since)
    finally:
        unlocked.ctl("vpn", "remove", "xfrm", check=False)
        ipsec.lower(unlocked)


def test_l2tp_only_inside_ipsec(served, unlocked):
    """Its port 1701 is open for what the kernel will encrypt, and for nothing else."""
    setting.add_profile(unlocked, "l2tp", ipsec.L2TP)
    try:
        unlocked.ctl("lock")
        since = unlocked.capture.fence()
        ipsec.raise_transport(unlocked)
        with Talkers(unlocked, 1701, a.KERNEL_SERVER) as talkers:
            wait_until(lambda: len(list(filter(_is_esp, unlocked.capture.since(since)))) > 20, "L2TP inside ESP", 30)
            unlocked.sh("ip xfrm policy flush")
            time.sleep(1)
            unlocked.capture.fence()
            assert talkers.in_clear(since) == 0
            unlocked.ctl("unlock")
            since = unlocked.capture.mark()
            wait_until(lambda: talkers.in_clear(since) > 5, "the talkers' packets in clear", 30)
    finally:
        ipsec.lower(unlocked)
        unlocked.run("nmcli", "connection", "delete", "l2tp", check=False)
