# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lock costs one small UDP packet: nanoseconds above no lock at all, on the uplink to the
server and in the tunnel. All shapes in turns, in one process, over veth; the far end drops at ingress."""

import subprocess

from world.network import Namespace, wire
from world.world import World

from . import guide
from .figures import Row, Sample, at_most
from .helpers import helper

_SERVER, _PORT = "198.51.100.1", 1194
_INSIDE = "10.8.0.9"
_PACKETS = 6400
_PATHS = {"on the uplink to the server": (_SERVER, _PORT), "in the tunnel": (_INSIDE, 9)}

_FLOOR = "table inet bench { chain output { type filter hook output priority filter; accept; }; }"

def two_sets(tunnel: str, server: str, port: int) -> str:
    return f"""table inet bench {{
    set tunnels {{ type ifname; elements = {{ "lo", "{tunnel}" }}; }}
    set servers {{ type ipv4_addr . inet_proto . inet_service; elements = {{ {server} . udp . {port} }}; }}
    chain output {{
        type filter hook output priority filter; policy drop
        oifname @tunnels accept
        ip daddr . meta l4proto . th dport @servers accept
        counter drop
    }}
}}
"""


# the shape of a provider's client, connected, without LAN access: written from a description of its rules
_DHCP_OUT = """
        ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept
        ip6 saddr fe80::/10 ip6 daddr ff02::1:2 udp sport 546 udp dport 547 accept
        ip6 saddr fe80::/10 ip6 daddr ff05::1:3 udp sport 546 udp dport 547 accept
        ip6 daddr ff02::2 icmpv6 type nd-router-solicit icmpv6 code 0 accept
        ip6 daddr ff02::1:ff00:0/104 icmpv6 type nd-neighbor-solicit icmpv6 code 0 accept
        ip6 daddr fe80::/10 icmpv6 type nd-neighbor-solicit icmpv6 code 0 accept
        ip6 daddr fe80::/10 icmpv6 type nd-neighbor-advert icmpv6 code 0 accept
"""
_PEER = f"""table inet bench {{
    chain prerouting {{
        type filter hook prerouting priority -199; policy accept
        iif != "in0" ct mark 0xf41 meta mark set 0x6d6f6c65
        ip saddr {_SERVER} udp sport {_PORT} meta mark set 0x6d6f6c65
    }}
    chain output {{
        type filter hook output priority filter; policy drop
        oif "lo" accept
        ct mark 0xf41 accept
        {_DHCP_OUT}
        ip daddr {_SERVER} udp dport {_PORT} meta mark 0x6d6f6c65 accept
        oif "in0" ip daddr 10.8.0.1 udp dport 53 accept
        oif "in0" ip daddr 10.8.0.1 tcp dport 53 accept
        udp dport 53 reject
        tcp dport 53 reject with tcp reset
        oif "in0" accept
        reject
    }}
    chain input {{
        type filter hook input priority filter; policy drop
        iif "lo" accept
        ct mark 0xf41 accept
        udp sport 67 udp dport 68 accept
        ip saddr {_SERVER} udp sport {_PORT} ct state established accept
        iif "in0" accept
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop
        ct mark 0xf41 accept
        oif "in0" accept
        iif "in0" ct state established accept
        reject
    }}
    chain mangle {{
        type route hook output priority mangle; policy accept
        oif "in0" udp dport 53 ip daddr 10.8.0.1 accept
        oif "in0" tcp dport 53 ip daddr 10.8.0.1 accept
        meta cgroup 0xf41 ct mark set 0xf41 meta mark set 0x6d6f6c65
    }}
    chain nat {{
        type nat hook postrouting priority srcnat; policy accept
        oif "in0" ct mark 0xf41 drop
        oif != "lo" ct mark 0xf41 masquerade
    }}
}}
"""

# another provider's, by mark and not by address: written from a description of its rules. The mark is the one that
# packet-times sends with.
_MARK = "0x6d6f6c65"
_DNS_TO_LAN = "\n".join(f"        ip daddr @lan {protocol} dport 53 drop" for protocol in ("tcp", "udp"))
_BY_MARK = f"""table inet bench {{
    set lan {{
        type ipv4_addr; flags constant, interval
        elements = {{ 10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 }}
    }}
    chain input {{
        type filter hook input priority filter; policy drop
        iifname "lo" accept
        ct mark {_MARK} accept
        iifname "in0" accept
    }}
    chain output {{
        type route hook output priority mangle; policy drop
        oifname "lo" accept
        ct mark {_MARK} accept
        meta mark {_MARK} ct mark set meta mark accept
{_DNS_TO_LAN}
        oifname "in0" ip saddr != 10.8.0.2 drop
        oifname "in0" accept
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop
        oifname "in0" accept
        iifname "in0" ct state established,related accept
{_DNS_TO_LAN}
    }}
}}
"""

_OURS = {"first layer": "first", "both layers": "both", "both layers by name": "names"}
# what loads each, and the text that it reads
_NFT = ("nft", "-f", "-")
_GUIDES = ("in0", "eth0", _SERVER, _PORT)
_FOREIGN = {
    "one accept rule": (_NFT, _FLOOR),
    "two sets": (_NFT, two_sets("in0", _SERVER, _PORT)),
    "a provider's client": (_NFT, _PEER),
    "another provider's client, by mark": (_NFT, _BY_MARK),
    "the guide's iptables rules": (("bash", "-e"), guide.iptables(*_GUIDES)),
    "the guide's nftables rules": (_NFT, guide.nftables(*_GUIDES)),
}
_BESIDE = ("two sets", *list(_FOREIGN)[2:])  # shown, without a goal of their own
_NONE = "no lock"


class _Helper:
    def __init__(self, namespace: Namespace):
        self._program = namespace.popen([helper("packet-times")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line: str) -> str:
        self._program.stdin.write(f"{line}\n")
        self._program.stdin.flush()
        answer = self._program.stdout.readline()
        if not answer:
            raise RuntimeError(f"packet-times ended at: {line}")
        return answer.strip()

    def close(self) -> None:
        self._program.stdin.close()
        self._program.wait(10)


def _build() -> tuple[Namespace, Namespace]:
    here, there = Namespace("packets"), Namespace("sink")
    for near, far, address in (("eth0", "up1", "192.0.2.10/24"), ("in0", "in1", "10.8.0.2/24")):
        wire(here, near, there, far)
        there.ip(f"link set {far} up")
        here.ip(f"addr add {address} dev {near}", f"link set {near} up")
        drop = f'table netdev {far} {{ chain c {{ type filter hook ingress device "{far}" priority 0; drop; }}; }}'
        there.run(["nft", "-f", "-"], input=drop)
    here.ip(
        "route add default via 192.0.2.1 dev eth0",
        "neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent",
        f"neigh replace {_INSIDE} lladdr 02:00:00:00:00:02 dev in0 nud permanent",
    )
    return here, there


def measure(_: World, quick: bool) -> list[Row]:
    rounds = 15 if quick else 60
    here, there = _build()
    program = _Helper(here)
    ours = [shape for shape in _OURS if _OURS[shape] != "names" or program.ask("names") == "yes"]
    shapes = [_NONE, *_FOREIGN, *ours]
    times: dict[tuple[str, str], list[float]] = {(shape, path): [] for shape in shapes for path in _PATHS}
    for turn in range(rounds):
        for shape in shapes[turn % len(shapes) :] + shapes[: turn % len(shapes)]:
            if shape in _OURS:
                program.ask(f"lock eth0 in0 {_OURS[shape]}")
            elif shape in _FOREIGN:
                loader, text = _FOREIGN[shape]
                here.run([*loader], input=text)
            for path, (address, port) in _PATHS.items():
                times[shape, path].append(float(program.ask(f"send {address} {port} {_PACKETS}")))
            if shape in _OURS:
                program.ask("unlock")
            elif shape in _FOREIGN:
                here.run(["nft", "flush", "ruleset"])
    program.close()
    here.close()
    there.close()
    rows = []
    for path in _PATHS:
        bare = times[_NONE, path]
        # of the same turn: a processor's speed drifts
        cost = {
            shape: Sample([t - b for t, b in zip(times[shape, path], bare, strict=True)], "ns") for shape in shapes
        }
        floor, peer = cost["one accept rule"], cost["a provider's client"]
        most = 2.2 if path == "in the tunnel" else 3
        rows.append(Row(f"a packet without a lock, {path}", Sample(bare, "ns")))
        rows += [Row(f"{shape}, {path}", cost[shape]) for shape in _BESIDE]
        rows.append(at_most(f"first layer, {path}", cost["first layer"], "one accept rule", floor, most))
        for shape in ("both layers", "both layers by name"):
            if shape in shapes:
                rows.append(at_most(f"{shape}, {path}", cost[shape], "a provider's client", peer, 0.5))
    return rows
