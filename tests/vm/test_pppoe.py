# SPDX-License-Identifier: GPL-2.0-or-later
"""A PPPoE uplink of NetworkManager's: pppd dials a real access concentrator in a namespace of the machine,
locked or not, and the VPN goes through it. Beside it a person's own PPPoE sockets, which take no privilege.
What leaves is heard at the concentrator's end of the wire. Only with KS_FULL=1: for its kernel."""

import os
import time

import pytest

from world import addresses as a
from world.profiles import uuid_of
from world.waiting import wait_until

from . import setting
from .setting import PERSON

DSL = "dsl"
_VPN = "wireguard by pppoe"
_CONCENTRATOR = "198.51.100.129"  # at the far end of the session: WireGuard's server, too
_CLIENT = "198.51.100.130"
_SERVER_MAC = "02:00:00:00:0a:0c"
_INNER = "10.99.0.1"

_PROFILE = f"""[connection]
id={DSL}
uuid={uuid_of(DSL)}
type=pppoe
interface-name=ppp0
autoconnect=false
[pppoe]
parent=dsl0
username=ina
password=secret
[ppp]
lcp-echo-interval=5
lcp-echo-failure=3
[ipv4]
method=auto
[ipv6]
method=disabled
"""
# Its own pppds are for the other end of sessions; pppoe-server starts one each.
_START = f"""
modprobe pppoe
ip netns add ac
ip link add dsl0 type veth peer name ac0 netns ac address {_SERVER_MAC}
ip link set dsl0 up
ip -n ac link set lo up
ip -n ac link set ac0 up
ip -n ac addr add {_CONCENTRATOR}/32 dev lo
echo 'ina * secret *' >/etc/ppp/pap-secrets
printf 'require-pap\\nnoipv6\\nnodetach\\nlcp-echo-interval 5\\nlcp-echo-failure 5\\nnoccp\\nnovj\\n' >/etc/ppp/ac-options
systemd-run --quiet --unit=ac ip netns exec ac pppoe-server -F -I ac0 -L {_CONCENTRATOR} -R {_CLIENT} -N 4 \\
    -O /etc/ppp/ac-options
ip -n ac link add wg1 type wireguard
ip netns exec ac wg set wg1 listen-port {a.WIREGUARD_PORT} private-key /etc/wireguard/server.key \\
    peer "$(cat /etc/wireguard/client.pub)" allowed-ips {a.KERNEL_TUNNEL_CLIENT}/32
ip -n ac addr add {_INNER}/24 dev wg1
ip -n ac link set wg1 up
ip -n ac route add {a.KERNEL_TUNNEL_CLIENT}/32 dev wg1
"""
# Keeps what comes over the wire.
_LISTEN = """
import socket
heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
heard.bind(("ac0", 3))
with open("/run/ac.heard", "wb", buffering=0) as file:
    while True:
        file.write(heard.recv(65535) + b"\\n")
"""
_HEARD = """
import sys
data = open("/run/ac.heard", "rb").read()
print(*[canary for canary in sys.argv[1:] if canary.encode() in data])
"""
# A session of a program's own: link, number, the other end's address, and then protocol and text of each packet.
_OPEN = """
import ctypes, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def session(link, number, peer):
    fd = libc.socket(24, socket.SOCK_STREAM, 0)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "socket")
    address = struct.pack("=HI", 24, 0) + struct.pack("!H", number) + bytes.fromhex(peer.replace(":", ""))
    address += link.encode().ljust(16, b"\\0")
    if libc.connect(fd, address, len(address)) < 0:
        raise OSError(ctypes.get_errno(), "connect")
    return fd, address
"""
_SEND = _OPEN + """
import os
fd, _ = session(sys.argv[1], int(sys.argv[2]), sys.argv[3])
for each in sys.argv[4:]:
    protocol, _, text = each.partition(":")
    try:
        os.write(fd, bytes.fromhex(protocol) + text.encode())
    except OSError as error:
        print(each[:20], error)
"""
# What arrives in one session, by loopback, the kernel passes on in another: from no socket.
_RELAY = _OPEN + """
import fcntl, os
fd, relayed = session(sys.argv[1], int(sys.argv[2]), sys.argv[3])
inner, _ = session("lo", 1, "00:00:00:00:00:00")
try:
    fcntl.ioctl(inner, 0x4008b100, relayed)  # PPPOEIOCSFWD
except OSError as error:
    print("relay", error)
for each in sys.argv[4:]:
    protocol, _, text = each.partition(":")
    os.write(inner, bytes.fromhex(protocol) + text.encode())
time.sleep(1)
"""


def _canaries(*protocols: str) -> dict[str, str]:
    return {protocol: f"canary{os.urandom(8).hex()}" for protocol in protocols}


def _heard(machine, canaries: dict[str, str]) -> list[str]:
    """By protocol. What may leave is behind it on the same wire."""
    time.sleep(1)
    said = machine.python(_HEARD, *canaries.values()).stdout.split()
    return [protocol for protocol, canary in canaries.items() if canary in said]


def _try(machine, program: str, peer: str, number: int, canaries: dict[str, str], size: int = 0) -> str:
    packets = [f"{protocol}:{canary.ljust(size, '.')}" for protocol, canary in canaries.items()]
    return machine.python(program, "dsl0", str(number), peer, *packets, uid=PERSON, check=False).stdout


_OTHER = "02:00:00:00:00:99"
_PROTOCOLS = ("c021", "8021", "c223", "0021", "0057", "00fd", "0201")


@pytest.fixture(scope="module")
def concentrator(machine):
    setting.open_up(machine)
    machine.sh(_START, timeout=180)
    machine.write("/opt/listen.py", _LISTEN)
    machine.sh("systemd-run --quiet --unit=listen ip netns exec ac python3 /opt/listen.py")
    setting.add_profile(machine, DSL, _PROFILE)
    text = setting.wireguard(machine, _VPN, _CONCENTRATOR)
    setting.add_profile(machine, "pppoe-vpn", text)
    machine.run("nmcli", "connection", "down", "uplink", check=False)
    yield machine
    machine.run("nmcli", "connection", "down", DSL, check=False)
    machine.sh("systemctl stop ac listen; ip netns del ac; ip link del dsl0 || true", check=False)
    machine.run("nmcli", "connection", "up", "uplink", check=False)


def _dial(machine) -> float:
    """Returns the seconds that it took."""
    started = time.monotonic()
    said = machine.run("nmcli", "--wait", "60", "connection", "up", DSL, check=False, timeout=90)
    assert said.returncode == 0, said.stdout + machine.journal("NetworkManager")[-3000:]
    return time.monotonic() - started


def _hang_up(machine) -> None:
    machine.run("nmcli", "connection", "down", DSL, check=False)
    wait_until(lambda: not machine.has_link("ppp0"), "the session to end", 60)


def _pings(machine, address: str) -> bool:
    program = "import socket,sys\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\ns.settimeout(10)\n"
    program += "s.connect((sys.argv[1],9))\ns.send(b'x')\ntry: s.recv(9)\nexcept ConnectionRefusedError: print('there')\n"
    program += "except OSError as error: print(error)"
    return "there" in machine.python(program, address, uid=PERSON, check=False).stdout


def test_a_persons_own_sessions(concentrator, release):
    machine = concentrator
    setting.open_up(machine)
    control = _canaries(*_PROTOCOLS)
    said = _try(machine, _SEND, _OTHER, 0x1234, control)
    assert _heard(machine, control) == list(control), f"the control did not see it: {said}"
    relayed = _canaries("c021", "0021")
    said = _try(machine, _RELAY, _OTHER, 0x1235, relayed)
    if release.pppoe_relay:
        assert _heard(machine, relayed) == list(relayed), f"the control did not see it: {said}"
    else:
        assert "relay [Errno 25]" in said and _heard(machine, relayed) == []

    machine.ctl("lock")
    for program in (_SEND, _RELAY):
        tried = _canaries(*_PROTOCOLS)
        _try(machine, program, _OTHER, 0x1236, tried)
        assert _heard(machine, tried) == []


def test_dialled_while_locked_it_carries_the_vpn(concentrator, report):
    machine = concentrator
    setting.open_up(machine)
    unlocked = _dial(machine)
    assert _pings(machine, _CONCENTRATOR), "the control: unlocked, the session carries nothing"
    _hang_up(machine)
    machine.ctl("lock")
    locked = _dial(machine)
    report.line(f"PPPoE dialled by NetworkManager: unlocked {unlocked:.1f} s, locked {locked:.1f} s")
    assert not _pings(machine, _CONCENTRATOR)
    machine.run("nmcli", "--wait", "60", "connection", "up", _VPN, timeout=90)
    machine.wait_state("protected", 60)
    assert _pings(machine, _INNER), "the VPN carries nothing"

    # it stays: LCP's echoes pass
    time.sleep(25)
    assert _pings(machine, _INNER)

    # a session of a person's to the same peer, and to another
    for number, peer in ((0x1237, _SERVER_MAC), (0x1238, _OTHER)):
        tried = _canaries(*_PROTOCOLS)
        _try(machine, _SEND, peer, number, tried)
        assert _heard(machine, tried) == []
        tried = _canaries("c021", "0021", "0057", "0201")
        _try(machine, _RELAY, peer, number + 16, tried)
        assert _heard(machine, tried) == []

    machine.run("nmcli", "connection", "down", _VPN)
    _hang_up(machine)
    machine.wait_state("blocked", 60)
    tried = _canaries(*_PROTOCOLS)
    _try(machine, _SEND, _SERVER_MAC, 0x1239, tried)
    _try(machine, _RELAY, _SERVER_MAC, 0x123A, tried)
    assert _heard(machine, tried) == []


def test_a_session_that_was_there_before_the_lock(concentrator):
    """Auto-lock: the VPN comes up by way of it, and what keeps it up is let out from then on."""
    machine = concentrator
    setting.open_up(machine)
    _dial(machine)
    machine.run("nmcli", "--wait", "60", "connection", "up", _VPN, timeout=90)
    machine.wait_state("protected", 60)
    time.sleep(25)
    assert _pings(machine, _INNER)
    assert machine.has_link("ppp0")
    _hang_up(machine)
