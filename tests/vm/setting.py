# SPDX-License-Identifier: GPL-2.0-or-later
"""What the machine is before the tests: its profiles, its own VPN server, the product; and the
attempts to get out of it."""

import json
import os
from typing import TYPE_CHECKING

from world import addresses as a
from world.profiles import uuid_of
from world.waiting import wait_until

if TYPE_CHECKING:
    from vm.machine import Machine

PERSON = 1000
WIREGUARD = "wg0"
PROFILE = "wireguard"

_UPLINK = f"""[connection]
id=uplink
uuid={uuid_of("uplink")}
type=ethernet
interface-name={a.UPLINK}
[ipv4]
method=auto
may-fail=false
[ipv6]
method=auto
addr-gen-mode=eui64
ip6-privacy=0
"""

_KEYS = """
cd /etc/wireguard
umask 077
for name in server client; do wg genkey >$name.key; wg pubkey <$name.key >$name.pub; done
"""

RAISE_SERVER = f"""
cd /etc/wireguard
ip netns add server
ip link set server0 netns server
ip -n server link set lo up
ip -n server addr add {a.KERNEL_SERVER}/28 dev server0
ip -n server link set server0 up
ip -n server route add default via {a.KERNEL_SERVER_ROUTER}
ip netns exec server sysctl -qw net.ipv4.ip_forward=1
ip -n server link add {WIREGUARD} type wireguard
ip netns exec server wg set {WIREGUARD} listen-port {a.WIREGUARD_PORT} private-key server.key \\
    peer "$(cat client.pub)" allowed-ips {a.KERNEL_TUNNEL_CLIENT}/32
ip -n server addr add {a.KERNEL_TUNNEL_SERVER}/28 dev {WIREGUARD}
ip -n server link set {WIREGUARD} up
"""


def _wireguard(machine: "Machine") -> str:
    client, server = machine.sh("cat /etc/wireguard/client.key /etc/wireguard/server.pub").split()
    return f"""[connection]
id={PROFILE}
uuid={uuid_of(PROFILE)}
type=wireguard
interface-name={WIREGUARD}
autoconnect=false
[wireguard]
private-key={client}
[wireguard-peer.{server}]
endpoint={a.KERNEL_SERVER}:{a.WIREGUARD_PORT}
allowed-ips=0.0.0.0/0;::/0;
[ipv4]
method=manual
address1={a.KERNEL_TUNNEL_CLIENT}/28
[ipv6]
method=manual
address1=fd34::2/64
"""


def prepare(machine: "Machine") -> None:
    folder = "/etc/NetworkManager/system-connections"
    machine.sh(_KEYS)
    machine.sh(RAISE_SERVER)
    machine.write(f"{folder}/uplink.nmconnection", _UPLINK, "600")
    machine.write(f"{folder}/{PROFILE}.nmconnection", _wireguard(machine), "600")
    machine.run("nmcli", "connection", "reload")
    machine.wait_uplink()
    machine.install()


# -- attempts to get out

_SEND = """
import json, socket, sys
for canary, address, port, link in json.load(sys.stdin):
    talker = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    if link:
        talker.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    try:
        talker.sendto(canary.encode(), (address, port))
    except OSError as error:
        print(address, port, link, error.strerror)
"""
_ASK = """
import socket, sys
web = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
web.sendall(b"GET / HTTP/1.1\\r\\nHost: web.example\\r\\n\\r\\n")
answer = b""
while data := web.recv(4096):
    answer += data
print(answer.partition(b"\\r\\n\\r\\n")[2].decode().strip())
"""


def my_address(machine: "Machine", uid: int) -> str:
    """The address under which the web server sees the machine; a reason in words if it does not."""
    said = machine.run("python3", "-c", _ASK, a.WEB[4], str(a.HTTP_PORT), uid=uid, check=False).stdout
    return said.strip().splitlines()[-1]


def attempts(machine: "Machine") -> list[bytes]:
    """To the internet, to the router's DNS, to the VPN's server itself: as root and as a person,
    bound to the card or not. The server's own port is tried by a person only: root is the VPN."""
    canaries = []
    for uid in (0, PERSON):
        wanted = [(a.WEB[6], a.ECHO_PORT, a.UPLINK)]
        for link in ("", a.UPLINK):
            wanted += [(a.WEB[4], a.ECHO_PORT, link), (a.ROUTER[4], a.DNS_PORT, link), (a.KERNEL_SERVER, 9, link)]
            if uid == PERSON:
                wanted.append((a.KERNEL_SERVER, a.WIREGUARD_PORT, link))
        sent = [(f"canary{os.urandom(8).hex()}", *each) for each in wanted]
        machine.run("python3", "-c", _SEND, uid=uid, given=json.dumps(sent).encode())
        canaries += [canary.encode() for canary, *_ in sent]
    return canaries


def _seen(machine: "Machine", canaries: list[bytes], since: int) -> list[bytes]:
    data = [frame.data for frame in machine.capture.since(since)]
    return [canary for canary in canaries if any(canary in each for each in data)]


def must_leak(machine: "Machine") -> None:
    """The control: unlocked, every attempt is seen outside."""
    since = machine.capture.mark()
    canaries = attempts(machine)
    wait_until(lambda: len(_seen(machine, canaries, since)) == len(canaries), "every attempt to be seen outside")


def must_hold(machine: "Machine", since: int | None = None) -> None:
    """No attempt is seen outside, now or since the mark, nor any frame that is not upkeep or VPN."""
    if since is None:
        since = machine.capture.mark()
    canaries = attempts(machine)
    machine.capture.fence()
    assert _seen(machine, canaries, since) == []
    assert [frame.purpose for frame in machine.capture.plain(since)] == []
