# SPDX-License-Identifier: GPL-2.0-or-later
"""A hotspot of NetworkManager's on a simulated radio (mac80211_hwsim), and one who uses it by another, in
a namespace of the machine: with a lease, a password and a way to the internet. Only with KS_FULL=1: the
kernel with Wi-Fi in it is ten times as large."""

import base64
import json
import os

import pytest

from world import addresses as a
from world import raw_probes
from world.profiles import uuid_of
from world.waiting import wait_until

from . import setting

HOTSPOT = "hotspot"
GATE = "10.42.0.1"  # NetworkManager's own choice for what is shared
_PASSWORD = "not a secret"
_VPN = "with names"

_PROFILE = f"""[connection]
id={HOTSPOT}
uuid={uuid_of(HOTSPOT)}
type=wifi
interface-name=wlan0
autoconnect=false
[wifi]
mode=ap
ssid={HOTSPOT}
band=bg
channel=6
[wifi-security]
key-mgmt=wpa-psk
psk={_PASSWORD}
[ipv4]
method=shared
address1={GATE}/24
[ipv6]
method=link-local
"""
_STATION = f"""ctrl_interface=/run/station
network={{
    ssid="{HOTSPOT}"
    psk="{_PASSWORD}"
    key_mgmt=WPA-PSK
    scan_freq=2437
}}
"""
_LEASE = """#!/bin/sh
case $1 in
deconfig) ip addr flush dev $interface scope global; ip link set $interface up ;;
bound | renew)
    ip addr replace $ip/$mask dev $interface
    ip route replace default via $router
    echo $ip $dns >/run/station.lease
    ;;
esac
"""
_RADIOS = """
modprobe mac80211_hwsim radios=2
udevadm settle
ls /sys/class/ieee80211
ip netns add station
iw phy phy1 set netns name station
ip -n station link set lo up
"""

# Its modules are loaded then: without hardware's help that takes longer than NetworkManager waits.
_LIKE_NETWORKMANAGER = """
nft 'table ip like { chain nat { type nat hook postrouting priority 100; ip saddr 10.42.0.0/24 masquerade; }
chain forward { type filter hook forward priority 0; ct state established accept; iifname x reject; }; }'
nft delete table ip like
"""

_RESOLVE = """
import socket, struct, sys
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(5)
asker.sendto(struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"\\3web\\7example\\0" + struct.pack("!2H", 1, 1), (sys.argv[1], 53))
answer = asker.recv(512)
print(".".join(str(byte) for byte in answer[-4:]) if answer[3] & 15 == 0 and answer[7] else "none")
"""
_SEND = """
import json, socket, sys
for canary, address, port in json.load(sys.stdin):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(canary.encode(), (address, port))
    except OSError as error:
        print(address, port, error.strerror)
"""
_SEND_FRAME = """
import base64, socket, sys
try:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).sendto(base64.b64decode(sys.argv[2]), (sys.argv[1], 0x0800))
except OSError as error:
    print(error.strerror)
"""
# Keeps what comes through the air.
_LISTEN = """
import socket
heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
heard.bind(("wlan1", 3))
with open("/run/station.heard", "wb", buffering=0) as file:
    while True:
        file.write(heard.recv(65535) + b"\\n")
"""


# Sends what may be sent to a hotspot's users, and says when that ends once the card is no hotspot.
_CHANGE = """
import socket, struct, subprocess, sys, time
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wlan0")
answer = struct.pack("!10H", 53, 5000, 20, 0, 1, 0x8180, 1, 0, 0, 0)
raw.sendto(answer, (sys.argv[1], 0))
started = time.monotonic()
changing = subprocess.Popen(["iw", "dev", "wlan0", "set", "type", "managed"])
refused = ended = None
while (refused is None or ended is None) and time.monotonic() < started + 30:
    if refused is None:
        try:
            raw.sendto(answer, (sys.argv[1], 0))
        except PermissionError:
            refused = time.monotonic()
    if ended is None and changing.poll() is not None:
        ended = time.monotonic()
print(f"{(refused - ended) * 1000:.0f}")
"""


class Station:
    """Who uses the hotspot."""

    def __init__(self, machine):
        self._machine = machine

    def run(self, *words: str, check: bool = True, **options):
        return self._machine.run("ip", "netns", "exec", "station", *words, check=check, **options)

    def python(self, program: str, *arguments: str, **options) -> str:
        said = self.run("python3", "-c", program, *arguments, check=False, **options).stdout.strip()
        return said.splitlines()[-1] if said else ""

    def connect(self) -> None:
        wait_until(lambda: "Connected" in self.run("iw", "dev", "wlan1", "link").stdout, "the station to be connected", 90)
        self.lease()

    def lease(self) -> str:
        """Asks again for one. Returns the address."""
        self._machine.run("rm", "-f", "/run/station.lease")
        self.run("busybox", "udhcpc", "-i", "wlan1", "-n", "-q", "-t", "10", "-T", "3", "-s", "/opt/lease", timeout=90)
        address, resolver = self._machine.run("cat", "/run/station.lease").stdout.split()
        assert address.startswith("10.42.0.") and resolver == GATE
        return address

    def seen_as(self) -> str:
        """The address under which the web server sees it; a reason in words if it does not."""
        return self.python(setting.ASK, a.WEB[4], str(a.HTTP_PORT))

    def resolves(self) -> str:
        return self.python(_RESOLVE, GATE)

    def pings(self, address: str) -> bool:
        return self.run("busybox", "ping", "-c", "1", "-W", "5", address, check=False).returncode == 0

    def attempts(self) -> list[bytes]:
        """To the internet, the router, its DNS, and the VPN's server."""
        wanted = [
            (a.WEB[4], a.ECHO_PORT), (a.ROUTER[4], a.DNS_PORT), (a.ROUTER[4], 9),
            (a.KERNEL_SERVER, 9), (a.KERNEL_SERVER, a.WIREGUARD_PORT),
        ]
        sent = [(f"canary{os.urandom(8).hex()}", *each) for each in wanted]
        self.python(_SEND, given=json.dumps(sent).encode())
        return [canary.encode() for canary, *_ in sent]

    def heard(self, canaries: list[bytes]) -> list[bytes]:
        data = base64.b64decode(self._machine.run("base64", "/run/station.heard").stdout)
        return [canary for canary in canaries if canary in data]


def _is_shared(machine) -> bool:
    """NetworkManager gives nft two seconds, and goes on without addresses being translated."""
    machine.run("nmcli", "--wait", "90", "connection", "up", HOTSPOT, timeout=120)
    return machine.run("nft", "list", "table", "ip", "nm-shared-wlan0", check=False).returncode == 0


@pytest.fixture(scope="module")
def station(machine):
    """The hotspot is up and one has joined it, while unlocked."""
    machine.sh(_RADIOS, timeout=120)
    text = setting.wireguard(machine, _VPN, a.KERNEL_SERVER)
    names = f"method=manual\ndns={a.PUBLIC_DNS[4]};\ndns-search=~.\naddress1={a.KERNEL_TUNNEL_CLIENT}"
    text = text.replace(f"method=manual\naddress1={a.KERNEL_TUNNEL_CLIENT}", names)
    assert names in text
    setting.add_profile(machine, "names", text)
    setting.add_profile(machine, HOTSPOT, _PROFILE)
    machine.write("/run/station.conf", _STATION)
    machine.write("/opt/lease", _LEASE, "755")
    setting.open_up(machine)
    machine.sh(_LIKE_NETWORKMANAGER)
    wait_until(lambda: _is_shared(machine), "NetworkManager to share the connection", 120)
    joined = Station(machine)
    joined.run("wpa_supplicant", "-B", "-D", "nl80211", "-i", "wlan1", "-c", "/run/station.conf")
    joined.connect()
    machine.write("/opt/listen.py", _LISTEN)
    machine.run("systemd-run", "--quiet", "--unit=listen", "ip", "netns", "exec", "station", "python3", "/opt/listen.py")
    wait_until(lambda: machine.run("test", "-e", "/run/station.heard", check=False).returncode == 0, "the listener")
    yield joined
    machine.run("systemctl", "stop", "listen")
    machine.run("nmcli", "connection", "down", HOTSPOT, check=False)


def _outside(machine, canaries: list[bytes], since: int) -> list[bytes]:
    data = [frame.data for frame in machine.capture.since(since)]
    return [canary for canary in canaries if any(canary in each for each in data)]


def _from_here(machine, address: str) -> list[bytes]:
    """What this machine sends to the station: as a person, as root from a resolver's port, as a frame
    that looks forwarded."""
    canaries = [f"canary{os.urandom(8).hex()}" for _ in range(3)]
    machine.python(_SEND, uid=setting.PERSON, given=json.dumps([(canaries[0], address, 9)]))
    machine.python(_SEND, given=json.dumps([(canaries[1], address, 53)]))
    frame = raw_probes.ether(
        bytes.fromhex(machine.run("ip", "netns", "exec", "station", "cat", "/sys/class/net/wlan1/address")
                      .stdout.strip().replace(":", "")),
        raw_probes.mac_of(machine, "wlan0"), 0x0800, raw_probes.udp(a.WEB[4], address, canaries[2].encode()),
    )
    machine.python(_SEND_FRAME, "wlan0", base64.b64encode(frame).decode())
    return [canary.encode() for canary in canaries]


def _wait_hotspot(machine, wanted: bool) -> None:
    """In both layers."""

    def look() -> bool:
        rules = machine.run("nm-killswitch", "rules").stdout
        known = "elements" in rules.partition("set hotspot_interfaces")[2].partition("}")[0]
        return wanted == known == ("jump to_hotspot" in rules.partition("table netdev")[2])

    wait_until(look, f"wlan0 {'' if wanted else 'not '}to be a hotspot in the rules", 30)


def _connect(machine) -> None:
    machine.run("nmcli", "--wait", "60", "connection", "up", _VPN, timeout=90)
    assert machine.wait_state("protected")["verified"]


def test_the_control_unlocked(unlocked, station):
    since = unlocked.capture.mark()
    canaries = station.attempts()
    wait_until(lambda: _outside(unlocked, canaries, since) == canaries, "every attempt to be seen outside")
    wait_until(lambda: station.seen_as() == unlocked.uplink_address(), "the station to reach the web", 60)
    address = station.lease()
    sent = _from_here(unlocked, address)
    wait_until(lambda: station.heard(sent) == sent, "the station to hear this machine")


def test_through_the_tunnel_and_never_outside(unlocked, station):
    _connect(unlocked)
    _wait_hotspot(unlocked, True)
    wait_until(lambda: station.seen_as() == a.KERNEL_TUNNEL_CLIENT, "the station to be seen through the tunnel", 60)
    address = station.lease()  # while locked
    assert station.resolves() == a.WEB[4]
    assert station.pings(GATE)
    since = unlocked.capture.fence()
    canaries = station.attempts()
    sent = _from_here(unlocked, address)
    setting.must_hold(unlocked, since)
    assert _outside(unlocked, canaries, since) == []

    unlocked.run("nmcli", "connection", "down", _VPN)
    assert unlocked.wait_state("blocked")["verified"]
    assert station.seen_as() not in (a.KERNEL_TUNNEL_CLIENT, unlocked.uplink_address())
    canaries = station.attempts()
    sent += _from_here(unlocked, address)
    station.lease()
    assert station.pings(GATE)
    setting.must_hold(unlocked, since)
    assert _outside(unlocked, canaries, since) == []
    assert station.heard(sent) == []

    _connect(unlocked)
    wait_until(lambda: station.seen_as() == a.KERNEL_TUNNEL_CLIENT, "the station to be back in the tunnel", 60)


def test_no_access_point_any_more(unlocked, station, report):
    """The card changes under NetworkManager's feet; and comes back."""
    unlocked.ctl("lock")
    unlocked.wait_state("blocked")
    _wait_hotspot(unlocked, True)
    unlocked.run("systemctl", "restart", "nm-killswitch")  # a guard that finds it all there
    _wait_hotspot(unlocked, True)
    assert station.pings(GATE)
    after = int(unlocked.python(_CHANGE, station.lease()).stdout)
    report.line(f"a card that was a hotspot refuses even answers {after} ms after the program that made it none ended")
    assert "type managed" in unlocked.run("iw", "dev", "wlan0", "info").stdout
    _wait_hotspot(unlocked, False)
    assert unlocked.status()["layers"]["egress"]
    unlocked.run("nmcli", "connection", "down", HOTSPOT, check=False)
    unlocked.run("nmcli", "--wait", "90", "connection", "up", HOTSPOT, timeout=120)
    _wait_hotspot(unlocked, True)
    station.connect()
    assert station.pings(GATE)
