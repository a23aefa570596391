# SPDX-License-Identifier: GPL-2.0-or-later
"""What the machine is before the tests: its profiles, its own VPN server, the product; and the
attempts to get out of it."""

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from world import addresses as a
from world import keys, profiles
from world.frames import Frame
from world.profiles import uuid_of
from world.waiting import wait_until

if TYPE_CHECKING:
    from vm.machine import Machine

PERSON = 1000
_OPENVPN_KEYS = "/etc/openvpn/tests"
WIREGUARD = "wg0"
PROFILE = "wireguard"
NAME = f"vpn.{a.ONLY_KNOWN_NAMES}"  # of the server, which has no IPv6 address

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

# The machine's own VPN server, in a namespace of it: there again after each boot.
_SERVER = f"""#!/bin/sh
set -eu
cd /etc/wireguard
ip netns add server
ip link set server0 netns server
ip -n server link set lo up
ip -n server addr add {a.KERNEL_SERVER}/28 dev server0
ip -n server link set server0 up
ip -n server route add default via {a.KERNEL_SERVER_ROUTER}
ip netns exec server sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \\
    net.ipv4.conf.server0.send_redirects=0
ip -n server link add {WIREGUARD} type wireguard
ip netns exec server wg set {WIREGUARD} listen-port {a.WIREGUARD_PORT} private-key server.key \\
    peer "$(cat client.pub)" allowed-ips {a.KERNEL_TUNNEL_CLIENT}/32
ip -n server addr add {a.KERNEL_TUNNEL_SERVER}/28 dev {WIREGUARD}
ip -n server link set {WIREGUARD} up
"""
_SERVER_UNIT = """[Unit]
Description=the VPN server of the tests
DefaultDependencies=no
Wants=sys-subsystem-net-devices-server0.device
After=sys-subsystem-net-devices-server0.device local-fs.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/opt/server
[Install]
WantedBy=sysinit.target
"""


def wireguard(machine: "Machine", name: str, endpoint: str) -> str:
    """A profile of NetworkManager's."""
    client, server = machine.sh("cat /etc/wireguard/client.key /etc/wireguard/server.pub").split()
    return f"""[connection]
id={name}
uuid={uuid_of(name)}
type=wireguard
interface-name={WIREGUARD}
autoconnect=false
[wireguard]
private-key={client}
[wireguard-peer.{server}]
endpoint={endpoint}:{a.WIREGUARD_PORT}
allowed-ips=0.0.0.0/0;::/0;
[ipv4]
method=manual
address1={a.KERNEL_TUNNEL_CLIENT}/28
[ipv6]
method=manual
address1=fd34::2/64
"""


def add_profile(machine: "Machine", name: str, text: str) -> None:
    machine.write(f"/etc/NetworkManager/system-connections/{name}.nmconnection", text, "600")
    machine.run("nmcli", "connection", "reload")


def add_openvpn(
    machine: "Machine", name: str, host: str, patience: int = 60, port: int = a.SERVER_PORT, tcp: bool = False
) -> None:
    """A profile of NetworkManager's, and the client's keys."""
    for file in ("ca.crt", "client.crt", "client.key"):
        machine.write(f"{_OPENVPN_KEYS}/{file}", (keys.FOLDER / file).read_text(), "600")
    text = profiles.vpn(name, profiles.tls(f"{host}:{port}:{'tcp4' if tcp else 'udp'}")).replace(str(keys.FOLDER), _OPENVPN_KEYS)
    add_profile(machine, name, text.replace("[vpn]\n", f"[vpn]\ntimeout={patience}\n"))


def prepare(machine: "Machine") -> None:
    machine.sh(_KEYS)
    machine.write("/opt/server", _SERVER, "755")
    machine.write("/etc/systemd/system/tests-server.service", _SERVER_UNIT)
    machine.sh("systemctl daemon-reload; systemctl --quiet enable --now tests-server.service", timeout=120)
    machine.write("/etc/NetworkManager/system-connections/uplink.nmconnection", _UPLINK, "600")
    add_profile(machine, PROFILE, wireguard(machine, PROFILE, a.KERNEL_SERVER))
    machine.wait_uplink()
    machine.install()
    # the first lock loads a dozen modules: longer, here, than a caller waits
    wait_until(lambda: machine.ctl("lock", check=False).returncode == 0, "the first lock", 60)


def _active_vpns(machine: "Machine") -> list[str]:
    active = machine.run("nmcli", "-g", "NAME,TYPE", "connection", "show", "--active").stdout.splitlines()
    return [name for name, kind in (line.rsplit(":", 1) for line in active) if kind in ("wireguard", "vpn")]


def disconnect(machine: "Machine", *names: str) -> None:
    """Until NetworkManager has done so: the next test must not meet what is left of it."""
    said = [machine.run("nmcli", "connection", "down", name, check=False).stdout.strip() for name in names]
    wait_until(lambda: not set(names) & set(_active_vpns(machine)), f"{', '.join(names)} to be disconnected ({said})", 60)


def open_up(machine: "Machine") -> None:
    """Unlocked and without a VPN, as every test begins and ends."""
    disconnect(machine, *_active_vpns(machine))
    machine.ctl("auto", "on")
    machine.ctl("unlock")
    machine.wait_state("unlocked")


# -- attempts to get out

SEND = """
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
ASK = """
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
    said = machine.python(ASK, a.WEB[4], str(a.HTTP_PORT), uid=uid, check=False).stdout
    return said.strip().splitlines()[-1]


def must_tunnel(machine: "Machine", address: str) -> None:
    """As root and as a person: data packets carry the inner sender's user id."""
    for uid in (0, PERSON):
        wait_until(lambda: my_address(machine, uid) == address, f"uid {uid} to be seen as {address}", 30)


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
        machine.python(SEND, uid=uid, given=json.dumps(sent))
        canaries += [canary.encode() for canary, *_ in sent]
    return canaries


def seen(machine: "Machine", canaries: list[bytes], since: int) -> list[bytes]:
    data = [frame.data for frame in machine.capture.since(since)]
    return [canary for canary in canaries if any(canary in each for each in data)]


def must_leak(machine: "Machine") -> None:
    """The control: unlocked, every attempt is seen outside."""
    since = machine.capture.mark()
    canaries = attempts(machine)
    wait_until(lambda: len(seen(machine, canaries, since)) == len(canaries), "every attempt to be seen outside")


def asks_for_server(frame: Frame) -> bool:
    packet = frame.packet
    label = b"".join(bytes([len(part)]) + part.encode() for part in NAME.split(".")) + b"\0"
    return packet is not None and packet.destination_port == a.DNS_PORT and label in packet.payload.lower()


Judge = Callable[[Frame], bool]


def no_plain_frames(machine: "Machine", since: int, until: int | None = None, fine: Judge = asks_for_server) -> None:
    """None since the mark that is not upkeep, VPN or fine: the question for the server's own name."""
    plain = [frame for frame in machine.capture.plain(since, until) if not fine(frame)]
    assert [frame.purpose for frame in plain] == []


def must_hold(machine: "Machine", since: int | None = None, fine: Judge = asks_for_server) -> None:
    """No attempt is seen outside, now or since the mark, nor any other frame that may not leave."""
    if since is None:
        since = machine.capture.mark()
    canaries = attempts(machine)
    machine.capture.fence()
    assert seen(machine, canaries, since) == []
    no_plain_frames(machine, since, fine=fine)
