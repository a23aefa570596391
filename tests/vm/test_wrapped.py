# SPDX-License-Identifier: GPL-2.0-or-later
"""Uplinks that wrap frames: MACsec, batman-adv, VLANs of 802.1ad and in a VLAN. The VPN connects by way of
each while locked; what a root program sends in clear, or wrapped by itself, stays. Its other end is a namespace of
the machine, where everything is heard. Only with KS_FULL=1: for its kernel."""

import os
import time
from dataclasses import dataclass

import pytest

from world.waiting import wait_until

from . import far as other_end
from . import setting
from .far import CLIENT, SERVER

_VPN = "wireguard wrapped"
_MARK = 0x6B737772  # what the second layer gives to what it lets out above (rules/steps.h)

# On each wire `wrap0` ends, and on what wraps, `clear0`, frames are seen in clear.
_WIRE = """
ip link add wrap0 address 02:00:00:00:0b:11 mtu 1600 type veth \\
    peer name wrap0 address 02:00:00:00:0b:12 mtu 1600 netns far
ip link set wrap0 up
ip -n far link set wrap0 up
"""
# link, hexadecimal type, mark, canary
_FRAME = """
import socket, sys
link, kind, mark, canary = sys.argv[1:]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
out.setsockopt(socket.SOL_SOCKET, 36, int(mark))  # SO_MARK
source = bytes.fromhex(open(f"/sys/class/net/{link}/address").read().strip().replace(":", ""))
frame = b"\\xff" * 6 + source + bytes.fromhex(kind) + canary.encode().ljust(60, b".")
try:
    out.sendto(frame, (link, int(kind[:4], 16)))
except OSError as error:
    print(error)
"""
_CLEAR = """
import socket, sys
address, canary = sys.argv[1:]
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"clear0")
try:
    out.sendto(canary.encode(), (address, 9))
except OSError as error:
    print(error)
"""


def _macsec(end: int) -> str:
    keys = ("0" * 31 + "1", "0" * 31 + "2")
    return f"""ip link add link wrap0 name clear0 type macsec port 1 encrypt on
ip macsec add clear0 tx sa 0 pn 1 on key 0{end} {keys[end]}
ip macsec add clear0 rx port 1 address 02:00:00:00:0b:1{2 - end}
ip macsec add clear0 rx port 1 address 02:00:00:00:0b:1{2 - end} sa 0 pn 1 on key 0{1 - end} {keys[1 - end]}
"""


def _vlans(outer: str, inner: str = "") -> str:
    if not inner:
        return f"ip link add link wrap0 name clear0 type vlan id 5 protocol {outer}"
    return f"""ip link add link wrap0 name outer0 type vlan id 5 protocol {outer}
ip link set outer0 up
ip link add link outer0 name clear0 type vlan id 7 protocol {inner}
"""


_BATMAN = "ip link add clear0 type batadv; ip link set wrap0 master clear0"


@dataclass(frozen=True)
class Wrapping:
    name: str
    module: str
    here: str
    there: str
    kind: str  # what its frames begin with, behind the addresses, as hexadecimal digits


_WRAPPINGS = (
    Wrapping("MACsec", "macsec", _macsec(0), _macsec(1), "88e5"),
    Wrapping("batman-adv", "batman-adv", _BATMAN, _BATMAN, "4305"),
    Wrapping("802.1ad", "8021q", _vlans("802.1ad"), _vlans("802.1ad"), "88a800050800"),
    Wrapping("VLAN in VLAN", "8021q", *[_vlans("802.1q", "802.1q")] * 2, "81000005810000070800"),
    Wrapping("VLAN in 802.1ad", "8021q", *[_vlans("802.1ad", "802.1q")] * 2, "88a80005810000070800"),
)


@pytest.fixture(scope="module")
def far(machine):
    setting.open_up(machine)
    other_end.start(machine)
    machine.sh(_WIRE)
    setting.add_profile(machine, "wrapped", setting.wireguard(machine, _VPN, SERVER))
    machine.run("nmcli", "connection", "down", "uplink", check=False)
    yield machine
    machine.sh("ip link del wrap0", check=False)
    other_end.stop(machine)
    machine.run("nmcli", "connection", "delete", _VPN, check=False)
    machine.run("nmcli", "--wait", "60", "connection", "up", "uplink", timeout=90)


@pytest.fixture(params=_WRAPPINGS, ids=lambda wrapping: wrapping.name)
def wrapping(far, request):
    setting.open_up(far)
    far.sh(f"modprobe {request.param.module}")
    far.sh(request.param.here)
    far.write("/opt/there", request.param.there)
    far.sh("ip netns exec far sh -eu /opt/there")
    far.sh(f"ip addr add {CLIENT}/28 dev clear0; ip link set clear0 up")
    far.sh(f"ip -n far addr add {SERVER}/28 dev clear0; ip -n far link set clear0 up")
    yield request.param
    setting.open_up(far)
    for prefix in ("ip", "ip -n far"):
        for link in ("clear0", "outer0"):
            far.sh(f"{prefix} link del {link} 2>/dev/null || true")


def _connects(machine) -> bool:
    """No neighbour is known from before."""
    machine.sh("ip neigh flush dev clear0; ip -n far neigh flush dev clear0")
    up = machine.run("nmcli", "--wait", "60", "connection", "up", _VPN, check=False, timeout=90)
    return up.returncode == 0 and other_end.answers(machine, "wireguard")


def _attempts(machine, wrapping: Wrapping) -> dict[str, bool]:
    """Which are heard at the far end. The last frame is of a kind that always leaves."""
    since = other_end.mark(machine)
    canaries = {name: f"canary{os.urandom(8).hex()}" for name in ("clear", "frame", "marked", "frame above", "fence")}
    machine.python(_CLEAR, SERVER, canaries["clear"], check=False)
    machine.python(_FRAME, "wrap0", wrapping.kind, "0", canaries["frame"])
    machine.python(_FRAME, "wrap0", wrapping.kind, str(_MARK), canaries["marked"])
    machine.python(_FRAME, "clear0", wrapping.kind, "0", canaries["frame above"])
    machine.python(_FRAME, "wrap0", "888e", "0", canaries["fence"])

    def heard() -> list[str]:
        return other_end.heard(machine, since, list(canaries.values()))

    wait_until(lambda: canaries["fence"] in heard(), "the last frame to be heard")
    time.sleep(0.5)
    said = heard()
    return {name: canary in said for name, canary in canaries.items() if name != "fence"}


def test_the_vpn_connects_and_nothing_else_leaves(far, wrapping, report):
    wait_until(lambda: _connects(far), "the control: unlocked, the VPN connects", 120)
    far.run("nmcli", "connection", "down", _VPN)
    far.ctl("unlock")
    unlocked = _attempts(far, wrapping)
    assert unlocked["clear"] and unlocked["frame"] and unlocked["marked"], f"the control: {unlocked}"

    far.ctl("lock")
    far.wait_state("blocked")
    locked = _attempts(far, wrapping)
    report.line(f"{wrapping.name}: leaves unlocked {unlocked}, locked {locked}")
    wanted = {"clear": False, "frame": False, "marked": True, "frame above": False}
    assert locked == wanted, far.sh("nft list table netdev nm_killswitch")
    assert _connects(far), far.sh("nft list table netdev nm_killswitch; nm-killswitch status")
    far.wait_state("protected", 60)
    assert _attempts(far, wrapping) == locked
