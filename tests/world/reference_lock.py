# SPDX-License-Identifier: GPL-2.0-or-later
"""Locks written by hand with nft, to test the tests: one that holds and some that leak.

None of them is the product and the product has nothing from them. Each leak below is one that
people's own kill switches have; a capture that does not see it could not be trusted.
"""

from . import addresses as a
from .network import Namespace

_TABLE = "inet test_lock"

_GOOD = f"""
oifname {{ "lo", "{a.TUNNEL}" }} accept
ip daddr {a.SERVER[4]} udp dport {{ {a.SERVER_PORT}, {a.SECOND_SERVER_PORT} }} accept
ip daddr {a.DEAD_SERVER} udp dport {a.SERVER_PORT} accept
udp sport 68 udp dport 67 ip daddr {{ 255.255.255.255, {a.ROUTER[4]} }} accept
udp sport 546 udp dport 547 ip6 daddr {{ fe80::/10, ff02::/16 }} accept
icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report }} accept
ip protocol igmp accept
"""

# what is put in front of the good rules to break them
LEAKS = {
    "IPv6 is not looked at": "meta nfproto ipv6 accept",
    "DNS is let through": "udp dport 53 accept",
    "the router is let through": f"ip daddr {a.LAN_NET[4]} accept",
    "root is let through": "meta skuid 0 accept",
    "ping is let through": "meta l4proto icmp accept",
}


def lock(client: Namespace, leak: str = "") -> None:
    client.run(
        ["nft", "-f", "-"],
        input=f"""
table {_TABLE} {{ }}
delete table {_TABLE}
table {_TABLE} {{
    chain output {{
        type filter hook output priority 0; policy drop;
        {LEAKS.get(leak, "")}
        {_GOOD}
        reject with icmpx admin-prohibited
    }}
}}
""",
    )


def unlock(client: Namespace) -> None:
    client.run(["nft", "delete", "table", *_TABLE.split()])
