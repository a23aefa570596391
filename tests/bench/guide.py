# SPDX-License-Identifier: GPL-2.0-or-later
"""The three methods of a widely read guide to kill switches on Linux, as yardsticks: their commands and rules as it
gives them, with the world's names and addresses. None of them is the product, and the product has nothing from them."""

from world import addresses as a

# Method 1: a script of iptables commands. Nothing of IPv6.
_NETWORK = "192.168.0.0/16"


def iptables(tunnel: str = a.TUNNEL, uplink: str = a.UPLINK, server: str = a.SERVER[4], port: int = a.SERVER_PORT) -> str:
    return f"""#!/bin/bash
iptables -F
iptables -X
iptables -P INPUT DROP
iptables -P OUTPUT DROP
iptables -P FORWARD DROP
iptables -A INPUT -i lo -j ACCEPT
iptables -A OUTPUT -o lo -j ACCEPT
iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A OUTPUT -o {uplink} -d {server} -p udp --dport {port} -j ACCEPT
iptables -A INPUT -i {tunnel} -j ACCEPT
iptables -A OUTPUT -o {tunnel} -j ACCEPT
iptables -A INPUT -i {uplink} -s {_NETWORK} -j ACCEPT
iptables -A OUTPUT -o {uplink} -d {_NETWORK} -j ACCEPT
iptables -A INPUT -i {uplink} -p udp --sport 67 --dport 68 -j ACCEPT
iptables -A OUTPUT -o {uplink} -p udp --sport 68 --dport 67 -j ACCEPT
"""


IPTABLES_OFF = """#!/bin/bash
iptables -F
iptables -X
iptables -P INPUT ACCEPT
iptables -P OUTPUT ACCEPT
iptables -P FORWARD ACCEPT
"""


# Method 2: a file for nft. As it is printed it does not load: its last rule lacks the second "udp".
def nftables(tunnel: str = a.TUNNEL, uplink: str = a.UPLINK, server: str = a.SERVER[4], port: int = a.SERVER_PORT) -> str:
    return f"""flush ruleset
table inet filter {{
    chain input {{
        type filter hook input priority 0; policy drop;
        iif "lo" accept
        ct state established,related accept
        iifname {tunnel} accept
        iifname {uplink} udp dport 68 accept
        iifname {uplink} ip saddr {_NETWORK} accept
    }}
    chain output {{
        type filter hook output priority 0; policy drop;
        oif "lo" accept
        oifname {tunnel} accept
        oifname {uplink} ip daddr {server} udp dport {port} accept
        oifname {uplink} ip daddr {_NETWORK} accept
        oifname {uplink} udp sport 68 udp dport 67 accept
    }}
    chain forward {{
        type filter hook forward priority 0; policy drop;
    }}
}}
"""


# Method 3: a script in NetworkManager's dispatcher.d.
DISPATCHER = """#!/bin/bash
INTERFACE=$1
STATUS=$2

case "$STATUS" in
    vpn-down)
        iptables -I OUTPUT ! -o lo -j REJECT --reject-with icmp-port-unreachable
        ;;
    vpn-up)
        iptables -D OUTPUT ! -o lo -j REJECT --reject-with icmp-port-unreachable
        ;;
esac
"""
