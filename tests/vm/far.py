# SPDX-License-Identifier: GPL-2.0-or-later
"""The other end of links that a test makes itself: a namespace of the machine, with a VPN server of each kind, where
everything that arrives is heard. Nothing of the lock reaches in there."""

from typing import TYPE_CHECKING

from world import addresses as a
from world import keys
from world.waiting import WaitedTooLong, wait_until

from . import setting

if TYPE_CHECKING:
    from vm.machine import Machine

SERVER = "198.51.100.161"  # the far end's address
CLIENT = "198.51.100.162"
INNER = {"openvpn": "10.99.2.1", "wireguard": "10.99.1.1"}  # of the servers, in their tunnels
_HEARD_FILE = "/run/far.heard"
_KEYS = "/etc/openvpn/far"

_START = f"""
ip netns add far
ip -n far link set lo up
ip -n far link add wg1 type wireguard
ip netns exec far wg set wg1 listen-port {a.WIREGUARD_PORT} private-key /etc/wireguard/server.key \\
    peer "$(cat /etc/wireguard/client.pub)" allowed-ips {a.KERNEL_TUNNEL_CLIENT}/32
ip -n far addr add {INNER["wireguard"]}/24 dev wg1
ip -n far link set wg1 up
ip -n far route add {a.KERNEL_TUNNEL_CLIENT}/32 dev wg1
systemd-run --quiet --unit=far ip netns exec far python3 /opt/far.py
"""
TUNNEL = "tun9"  # of the client's OpenVPN, which is started by hand
_OPENVPN = f"""
systemd-run --quiet --unit=far-openvpn ip netns exec far openvpn --dev vpn1 --dev-type tun --disable-dco --verb 3 \\
    --port {a.SERVER_PORT} --proto udp4 --topology subnet --server 10.99.2.0 255.255.255.0 --dh none --ping 10 \\
    --ca {_KEYS}/ca.crt --cert {_KEYS}/server.crt --key {_KEYS}/server.key
"""
_CLIENT = f"""
systemd-run --quiet --collect --unit=vpn openvpn --client --dev {TUNNEL} --dev-type tun --nobind --verb 3 \\
    --remote {SERVER} {a.SERVER_PORT} udp4 --remote-cert-tls server --redirect-gateway def1 local \\
    --ca {_KEYS}/ca.crt --cert {_KEYS}/client.crt --key {_KEYS}/client.key
"""
_LISTEN = f"""
import socket
heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
heard.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
with open("{_HEARD_FILE}", "wb", buffering=0) as file:
    while True:
        frame, (link, kind, direction, *_) = heard.recvfrom(65535)
        if direction != 4 and not link.startswith(("vpn", "wg")):  # PACKET_OUTGOING; what comes out of tunnels
            file.write(frame + b"\\n")
"""
_HEARD = f"""
import sys
data = open("{_HEARD_FILE}", "rb").read()[int(sys.argv[1]):]
print(*[word for word in sys.argv[2:] if word.encode() in data])
"""
_ASK = """
import socket, sys
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(15)
asker.connect((sys.argv[1], 9))
asker.send(b"x")
try:
    asker.recv(9)
except ConnectionRefusedError:
    print("there")
except OSError as error:
    print(error)
"""


def start(machine: "Machine") -> None:
    """With WireGuard's server; the links are the test's."""
    machine.run("rm", "-f", _HEARD_FILE)
    machine.write("/opt/far.py", _LISTEN)
    machine.sh(_START, timeout=180)
    wait_until(lambda: machine.run("test", "-e", _HEARD_FILE, check=False).returncode == 0, "the far end to listen", 60)


def start_openvpn(machine: "Machine") -> None:
    for file in ("ca.crt", "server.crt", "server.key", "client.crt", "client.key"):
        machine.write(f"{_KEYS}/{file}", (keys.FOLDER / file).read_text(), "600")
    machine.sh(_OPENVPN)
    wait_until(lambda: "Initialization Sequence Completed" in machine.journal("far-openvpn"), "the far end's OpenVPN", 60)


def connect(machine: "Machine") -> bool:
    """By OpenVPN. Whether there is an answer through the tunnel."""
    machine.sh(_CLIENT)
    asked = ("ip", "route", "get", INNER["openvpn"])
    try:
        wait_until(lambda: TUNNEL in machine.run(*asked, check=False).stdout.split(), "the tunnel", 60)
    except WaitedTooLong:
        return False
    return answers(machine, "openvpn")


def disconnect(machine: "Machine") -> None:
    machine.run("systemctl", "stop", "vpn", check=False)


def stop(machine: "Machine") -> None:
    for unit in ("far", "far-openvpn"):
        machine.run("systemctl", "stop", unit, check=False)
    machine.run("ip", "netns", "del", "far", check=False)


def mark(machine: "Machine") -> int:
    """How much was heard by now."""
    return int(machine.sh(f"stat -c %s {_HEARD_FILE}"))


def heard(machine: "Machine", since: int, canaries: list[str]) -> list[str]:
    return machine.python(_HEARD, str(since), *canaries).stdout.split()


def answers(machine: "Machine", vpn: str) -> bool:
    """To a person, through the tunnel."""
    return "there" in machine.python(_ASK, INNER[vpn], uid=setting.PERSON, check=False).stdout
