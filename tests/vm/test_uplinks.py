# SPDX-License-Identifier: GPL-2.0-or-later
"""Uplinks that few machines have: HSR's rings, a team that agrees by LACP, phones by USB and by Bluetooth. The VPN
connects by way of each while locked, and nothing is heard in clear at its other end, a namespace of the machine. Only
with KS_FULL=1: for its kernel."""

import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from world import addresses as a
from world.profiles import uuid_of
from world.waiting import wait_until

from . import far as other_end
from . import setting
from .far import CLIENT, SERVER

_CARD, _PHONE = "02:00:00:00:0c:01", "02:00:00:00:0c:02"
_VPN = "by-it"  # set up by hand: NetworkManager knows few of these links

_USB = f"""[connection]
id=usb
uuid={uuid_of("usb")}
type=ethernet
[ethernet]
mac-address={_CARD}
[ipv4]
method=manual
address1={CLIENT}/28,{SERVER}
[ipv6]
method=disabled
"""


def _wires(count: int, up: bool = True) -> str:
    lines = [
        f"ip link add wrap{n} address 02:00:00:00:0b:{n}1 mtu 1600 type veth "
        f"peer name wrap{n} address 02:00:00:00:0b:{n}2 mtu 1600 netns far"
        for n in range(count)
    ]
    if up:
        lines += [f"ip {where} link set wrap{n} up" for n in range(count) for where in ("", "-n far")]
    return "\n".join(lines)


def _hsr(version: int) -> str:
    made = f"link add name clear0 type hsr slave1 wrap0 slave2 wrap1 version {version}"
    return f"{_wires(2)}\nip {made}\nip -n far {made}"


_LACP = json.dumps({
    "device": "clear0",
    "runner": {"name": "lacp", "active": True, "fast_rate": True},
    "link_watch": {"name": "ethtool"},
    "ports": {"wrap0": {}, "wrap1": {}},
})  # fmt: skip
_TEAM = f"""{_wires(2, up=False)}
systemd-run --quiet --unit=team teamd -c '{_LACP}' -p /run/team.pid
systemd-run --quiet --unit=far-team ip netns exec far teamd -c '{_LACP}' -p /run/far-team.pid
for wait in $(seq 300); do
    ! ip link show clear0 >/dev/null 2>&1 || ! ip -n far link show clear0 >/dev/null 2>&1 || break
    sleep 0.1
done
"""
_TEAM_AGAIN = """
ip -n far link set wrap0 down
ip -n far link set wrap1 down
while grep -q 1 /sys/class/net/clear0/carrier; do sleep 0.1; done
ip -n far link set wrap0 up
ip -n far link set wrap1 up
"""
_USB_AGAIN = f"""
link=$(grep -l {_CARD} /sys/class/net/*/address)
device=$(readlink -f "$(dirname $link)/device/..")
echo 0 >$device/authorized
while [ -e $link ]; do sleep 0.1; done
echo 1 >$device/authorized
"""
_PAN = """
systemd-run --quiet --unit=radios btvirt -l2
for wait in $(seq 300); do [ ! -e /sys/class/bluetooth/hci1 ] || break; sleep 0.1; done
systemd-run --quiet --unit=pan python3 /opt/pan.py
for wait in $(seq 600); do [ ! -e /sys/class/net/bnep0 ] || ! ip -n far link show clear0 >/dev/null 2>&1 || break; sleep 0.1; done
"""


@dataclass(frozen=True)
class Kind:
    name: str
    modules: str
    start: str  # both ends, without their addresses
    stop: str
    cards: tuple[str, ...] = ("",)  # at which root sends frames: the link itself, those below it
    link: str = "clear0"  # or its hardware address
    again: str = ""  # run while locked: it finds its other end again
    by_manager: bool = False  # its address is of a profile's


def _usb(function: str) -> Kind:
    return Kind(
        f"USB, {function}", "dummy_hcd libcomposite", f"python3 /opt/gadget.py plug {function} {_CARD} {_PHONE}",
        f"python3 /opt/gadget.py unplug {function}", link=_CARD, again=_USB_AGAIN, by_manager=True,
    )  # fmt: skip


_GO = "ip link del clear0; ip link del wrap0; ip link del wrap1"
_TWO = ("clear0", "wrap0", "wrap1")
_KINDS = (
    Kind("HSR 0", "hsr", _hsr(0), _GO, _TWO),
    Kind("HSR 1", "hsr", _hsr(1), _GO, _TWO),
    Kind("team, LACP", "team", _TEAM, f"systemctl stop team far-team; {_GO}", _TWO, again=_TEAM_AGAIN),
    _usb("ecm"),
    _usb("rndis"),
    Kind("Bluetooth PAN", "hci_vhci bnep", _PAN, "systemctl stop pan radios", link="bnep0"),
)  # fmt: skip


# kind of attempt, canary, link, and where to or what the frame is
_TRY = """
import json, socket, sys
for way, canary, link, more in json.load(sys.stdin):
    try:
        if way == "datagram":
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            if link:
                out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
            out.sendto(canary.encode(), tuple(more))
        else:
            source = bytes.fromhex(open(f"/sys/class/net/{link}/address").read().strip().replace(":", ""))
            frame = b"\\xff" * 6 + source + bytes.fromhex(more).replace(b"SOURCE", source) + canary.encode().ljust(60, b".")
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).sendto(frame, (link, int(more[:4], 16)))
    except OSError as error:
        print(way, link, more, error)
"""


_ENDS = [socket.inet_aton(address).hex() for address in (CLIENT, SERVER)]
_DATAGRAM = f"0800450000580001000040110000{''.join(_ENDS)}9c40000900440000"  # its checksums are not looked at
_ARP = f"08060001080006040001{b'SOURCE'.hex()}{_ENDS[0]}{'00' * 6}{_ENDS[1]}"


class Uplink:
    def __init__(self, machine, kind: Kind):
        self.machine, self.kind = machine, kind

    @property
    def link(self) -> str:
        """Its name, empty while it is away."""
        if ":" not in self.kind.link:
            return self.kind.link
        found = self.machine.run("sh", "-c", f"grep -l {self.kind.link} /sys/class/net/*/address", check=False).stdout
        return Path(found.strip()).parent.name

    def _is_ready(self) -> bool:
        carries = self.machine.run("cat", f"/sys/class/net/{self.link}/carrier", check=False).stdout.strip() == "1"
        if not self.kind.by_manager:
            return carries
        state = self.machine.run("nmcli", "-g", "GENERAL.STATE", "connection", "show", "usb", check=False).stdout.strip()
        return carries and state == "activated"

    def wait_ready(self) -> None:
        wait_until(self._is_ready, f"{self.kind.name} to have its other end", 90)

    def start(self) -> None:
        machine, kind = self.machine, self.kind
        machine.sh(f"for module in {kind.modules}; do modprobe $module; done", timeout=120)
        machine.sh(kind.start, timeout=180)
        machine.sh(f"ip -n far link set clear0 up; ip -n far addr add {SERVER}/28 dev clear0")
        if not kind.by_manager:
            machine.sh(f"ip addr add {CLIENT}/28 dev {self.link}; ip link set {self.link} up")
            machine.sh(f"ip route add default via {SERVER} dev {self.link} metric 50")
        self.wait_ready()

    def stop(self) -> None:
        for line in self.kind.stop.split("; "):
            self.machine.run(*line.split(), check=False)
        self.machine.run("ip", "-n", "far", "link", "del", "clear0", check=False)

    def connects(self) -> bool:
        """No neighbour is known from before."""
        self.machine.sh(f"ip neigh flush dev {self.link}; ip -n far neigh flush dev clear0")
        return other_end.connect(self.machine)

    def _wanted(self, uid: int) -> list[tuple[str, str, object]]:
        places = [(SERVER, 9), (a.WEB[4], a.ECHO_PORT)]
        wanted = [("datagram", link, place) for place in places for link in ("", self.link)]
        return wanted if uid else [*wanted, *(("frame", card or self.link, _DATAGRAM) for card in self.kind.cards)]

    def _send(self, wanted: list[tuple[str, str, object]], uid: int = 0) -> list[str]:
        """Returns the canaries."""
        tries = [(way, f"canary{os.urandom(8).hex()}", link, more) for way, link, more in wanted]
        self.machine.python(_TRY, uid=uid, given=json.dumps(tries))
        return [canary for _, canary, *_ in tries]

    def attempts(self) -> dict[str, tuple[int, int]]:
        """How many were sent, and heard at the other end: by root, by a person."""
        since = other_end.mark(self.machine)
        sent = {name: self._send(self._wanted(uid), uid) for name, uid in (("root", 0), ("a person", setting.PERSON))}
        last = self._send([("frame", self.kind.cards[0] or self.link, _ARP)])  # a kind that always leaves
        wait_until(lambda: other_end.heard(self.machine, since, last), "the last frame to be heard", 20)
        time.sleep(0.5)
        heard = other_end.heard(self.machine, since, [canary for each in sent.values() for canary in each])
        return {name: (len(each), sum(canary in heard for canary in each)) for name, each in sent.items()}


@pytest.fixture(scope="module")
def far(machine):
    setting.open_up(machine)
    for program in ("gadget.py", "pan.py"):
        machine.write(f"/opt/{program}", Path(__file__).with_name(program).read_text())
    other_end.start(machine)
    other_end.start_openvpn(machine)
    setting.add_profile(machine, "usb", _USB)
    machine.ctl("vpn", "add", _VPN, "--interface", other_end.TUNNEL, "--server", f"{SERVER}:{a.SERVER_PORT}/udp")
    machine.run("nmcli", "connection", "down", "uplink", check=False)
    yield machine
    machine.ctl("vpn", "remove", _VPN)
    machine.run("nmcli", "connection", "delete", "usb", check=False)
    other_end.stop(machine)
    machine.run("nmcli", "--wait", "60", "connection", "up", "uplink", timeout=90)


@pytest.fixture(params=_KINDS, ids=lambda kind: kind.name)
def uplink(far, request):
    setting.open_up(far)
    made = Uplink(far, request.param)
    try:
        made.start()
        yield made
    finally:
        other_end.disconnect(far)
        setting.open_up(far)
        made.stop()


def _dropped_types(status: dict) -> set[str]:
    return {text for text in status["warnings"] if "dropped frames of type" in text}


def test_the_vpn_connects_and_nothing_else_leaves(uplink, report):
    machine, kind = uplink.machine, uplink.kind
    assert uplink.connects(), machine.journal("vpn")
    other_end.disconnect(machine)
    setting.open_up(machine)
    unlocked = uplink.attempts()
    assert all(heard == sent for sent, heard in unlocked.values()), f"the control: {unlocked}"

    machine.ctl("lock")
    before = _dropped_types(machine.wait_state("blocked"))  # in the last minute: an earlier test's
    if kind.again:
        machine.sh(kind.again, timeout=120)
        uplink.wait_ready()
    wait_until(lambda: machine.status()["layers"]["egress"], "the second layer to stand on every card", 60)
    time.sleep(3)  # HSR's own frames come every two seconds
    status = machine.status()
    assert status["verified"] and _dropped_types(status) <= before, status
    locked = uplink.attempts()
    report.line(f"{kind.name}: sent and heard at the other end, unlocked {unlocked}, locked {locked}")
    assert all(heard == 0 for _, heard in locked.values()), machine.sh("nft list table netdev nm_killswitch")
    assert _dropped_types(machine.status()) <= before

    assert uplink.connects(), machine.sh("nft list table netdev nm_killswitch; nm-killswitch status") + machine.journal("vpn")
    status = machine.wait_state("protected", 60)
    assert status["verified"] and status["layers"]["egress"], status
    assert uplink.attempts() == locked
    other_end.disconnect(machine)
    machine.wait_state("blocked", 60)
    assert uplink.attempts() == locked
