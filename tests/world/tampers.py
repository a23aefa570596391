# SPDX-License-Identifier: GPL-2.0-or-later
"""What other programs and people do to firewalls, as the commands that do it.

`ours`: it asks for a change of our tables. Where they have an owner that must fail, and where they
have none the guard must notice. The others leave our tables alone, and must be left alone.
"""

from typing import NamedTuple

_BOTH = ("inet", "netdev")
_OWN = "nm_killswitch"


class Tamper(NamedTuple):
    name: str
    command: str  # for a shell
    ours: bool = True
    refused: bool = True  # the program is told so where the table has an owner; a flush passes it by


def _nft(text: str) -> str:
    return f"nft -f - <<'END'\n{text}\nEND"


def _both(line: str) -> str:
    """The same to both layers at once: one alone still holds."""
    return _nft("\n".join(line.format(f"{family} {_OWN}") for family in _BOTH))


_PAUSE = _nft(
    f"add element inet {_OWN} pause {{ ipv4 timeout 1h, ipv6 timeout 1h }}\n"
    f"add element netdev {_OWN} pause {{ 0x4f timeout 1h, 0x6f timeout 1h }}"
)

_OPEN_TABLES = """
table inet nm_killswitch { chain output { type filter hook output priority 0; policy accept; accept; }; }
table netdev nm_killswitch { chain ipv4 { accept; }; }
"""

# /etc/nftables.conf of Debian, Ubuntu and Arch: what `systemctl restart nftables` loads
_NFTABLES_CONF = """flush ruleset

table inet filter {
    chain input { type filter hook input priority filter; }
    chain forward { type filter hook forward priority filter; }
    chain output { type filter hook output priority filter; }
}"""

# firewalld loads a table of its own, and on reload deletes and makes it again in one transaction
_FIREWALLD = """table inet firewalld
delete table inet firewalld
table inet firewalld {
    chain mangle_PREROUTING { type filter hook prerouting priority mangle + 10; policy accept; }
    chain filter_INPUT { type filter hook input priority filter + 10; policy accept; ct state established,related accept; }
    chain filter_OUTPUT { type filter hook output priority filter + 10; policy accept; ct state established,related accept; oifname "lo" accept; }
    chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept; ct state { established, related } accept; }
    chain nat_POSTROUTING { type nat hook postrouting priority srcnat + 10; policy accept; }
}"""

# `ufw enable` and `ufw disable`: iptables-restore of both families, then policies
_UFW_ON = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-output - [0:0]
-A OUTPUT -j ufw-before-output
-A ufw-before-output -o lo -j ACCEPT
-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-output -j ACCEPT
-A INPUT -j ACCEPT
COMMIT
"""
_UFW_OFF = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"

_DOCKER = """
iptables -w -t nat -N DOCKER && iptables -w -N DOCKER && iptables -w -N DOCKER-USER
iptables -w -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -w -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
iptables -w -t nat -A POSTROUTING -s 198.51.100.240/28 ! -o docker0 -j MASQUERADE
iptables -w -P FORWARD DROP
iptables -w -I FORWARD -o docker0 -j DOCKER && iptables -w -I FORWARD -i docker0 ! -o docker0 -j ACCEPT
iptables -w -I FORWARD -j DOCKER-USER && iptables -w -A DOCKER-USER -j RETURN
iptables -w -t nat -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 198.51.100.242:80
"""
_LIBVIRT = """
for chain in LIBVIRT_INP LIBVIRT_OUT LIBVIRT_FWO LIBVIRT_FWI LIBVIRT_FWX; do iptables -w -N $chain; done
iptables -w -I INPUT -j LIBVIRT_INP && iptables -w -I OUTPUT -j LIBVIRT_OUT && iptables -w -I FORWARD -j LIBVIRT_FWO
iptables -w -A LIBVIRT_OUT -o virbr0 -p udp --dport 68 -j ACCEPT
iptables -w -A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
iptables -w -t nat -A POSTROUTING -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
iptables -w -t mangle -A POSTROUTING -o virbr0 -p udp --dport 68 -j CHECKSUM --checksum-fill
"""
_IPTABLES_FLUSH = """
for table in filter nat mangle; do iptables -w -t $table -F; iptables -w -t $table -X; done
for chain in INPUT FORWARD OUTPUT; do iptables -w -P $chain ACCEPT; ip6tables -w -P $chain ACCEPT; done
"""
_SYSCTLS = """
for name in nf_hooks_lwtunnel nf_conntrack_checksum nf_conntrack_tcp_be_liberal nf_conntrack_log_invalid; do
    file=/proc/sys/net/netfilter/$name; if [ -w $file ]; then echo 1 >$file; fi
done
echo 1 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
"""
_DELETE_LAST_RULE = """
handle=$(nft -a list chain inet nm_killswitch leaving | sed -n 's/.*# handle \\([0-9]*\\)$/\\1/p' | tail -1)
nft delete rule inet nm_killswitch leaving handle "$handle"
"""

OTHERS = [
    Tamper("firewalld starts", _nft(_FIREWALLD), ours=False),
    Tamper("firewalld reloads", _nft(_FIREWALLD) + "\n" + _nft(_FIREWALLD), ours=False),
    Tamper("firewalld stops", "nft delete table inet firewalld", ours=False),
    Tamper("docker starts", _DOCKER, ours=False),
    Tamper("libvirt starts", _LIBVIRT, ours=False),
    Tamper("iptables -F, -X, -P", _IPTABLES_FLUSH, ours=False),
    Tamper("ufw enable", f"iptables-restore <<'END'\n{_UFW_ON}END\nip6tables-restore <<'END'\n{_UFW_ON}END", ours=False),
    Tamper("ufw disable", f"iptables-restore <<'END'\n{_UFW_OFF}END\nip6tables-restore <<'END'\n{_UFW_OFF}END", ours=False),
    Tamper("sysctl net.netfilter", _SYSCTLS, ours=False),
]

OURS = [
    Tamper("nft flush ruleset", "nft flush ruleset", refused=False),
    Tamper("nftables.service restarts", _nft(_NFTABLES_CONF), refused=False),
    Tamper("both tables deleted", _both("delete table {}")),
    Tamper("table inet deleted", "nft delete table inet nm_killswitch"),
    Tamper("table netdev deleted", "nft delete table netdev nm_killswitch"),
    Tamper("tables flushed", _both("flush table {}")),
    Tamper("tables dormant", _both("add table {} {{ flags dormant; }}")),
    Tamper("tables replaced", _both("delete table {}").replace("\nEND", f"\n{_OPEN_TABLES}END")),
    Tamper("rule added before ours", _nft("insert rule inet nm_killswitch leaving accept\ninsert rule netdev nm_killswitch ipv4 accept")),
    Tamper("rule added behind ours", "nft add rule inet nm_killswitch output accept"),
    Tamper("last rule deleted", _DELETE_LAST_RULE),
    Tamper("chain flushed", "nft flush chain inet nm_killswitch leaving"),
    Tamper("base chain deleted", "nft delete chain inet nm_killswitch output"),
    Tamper("base chain renamed", "nft rename chain inet nm_killswitch output elsewhere"),
    Tamper("policy accept", "nft 'add chain inet nm_killswitch output { policy accept; }'"),
    Tamper("uplink among the tunnels", "nft add element inet nm_killswitch open_interfaces { $((2000000000 ^ $(cat /sys/class/net/uplink0/ifindex))) }"),
    Tamper("server added", "nft add element inet nm_killswitch servers4 '{ 203.0.113.77 . udp . 9 : accept }'"),
    Tamper("exception added", "nft add element inet nm_killswitch allowed_to4 '{ 203.0.113.77 . udp . 9 . 0-2147483647 }'"),
    Tamper("exception for one card added", "nft add element inet nm_killswitch allowed_to4 '{ 203.0.113.77 . udp . 9 . '$((2004318071 ^ $(cat /sys/class/net/uplink0/ifindex)))' }'"),
    Tamper("service added", "nft add element inet nm_killswitch allowed_from4 '{ 0.0.0.0-255.255.255.255 . udp . 9 . 0-2147483647 }'"),
    Tamper("server deleted", "nft flush map inet nm_killswitch servers4"),
    Tamper("pause by hand", _PAUSE),
    Tamper("set added", "nft 'add set inet nm_killswitch mine { type ipv4_addr; elements = { 203.0.113.77 timeout 1h }; flags timeout; }'"),
]
