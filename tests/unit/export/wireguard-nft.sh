#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A VPN kill switch for one VPN, by nftables. Made on 2026-11-28 by nm-killswitch export, version 0.
#
#   VPN:         Büro
#   interface:   wg0
#   servers:
#     203.0.113.50, udp port 51820 (vpn.example)
#     2001:db8:100::1, udp port 51820 (vpn.example)
#     NOT other.example: its address was not known
#   LAN access:  on
#
# While it is enabled, packets leave this machine only through that interface, to those servers by
# their own protocol and port, and to keep the link alive: DHCP, neighbour discovery and its MLD
# (ARP is none of its business). Nothing else leaves, over IPv4 or IPv6: no DNS to the router, no
# connection that was there before, nothing that containers or guests send past the VPN.
#
# BEFORE YOU ENABLE IT: connections from outside are refused, SSH too, unless they come through the
# VPN or from private addresses. Have a console at hand.
#
#     sh FILE enable       close it; again: replace the rules, without a gap
#     sh FILE disable      open it
#     sh FILE status       whether the kernel holds these rules; exit status 0 if it does
#     sh FILE persist      also close it at every boot, before there is a network
#     sh FILE unpersist    not any more
#
# - Names are not asked for: DNS is closed. Give the VPN's program an address, or write the name and
#   its address into /etc/hosts.
# - The addresses of names are those that were known when this was made. If they change, make it again.
# - Only daemons may send to the servers, and no program of a person's (user ids 1000 to 60513 and
#   from 65536): start the VPN as root, as systemd and wg-quick do.
# - WireGuard's own packets are known by their mark, which wg-quick sets if the VPN carries all
#   traffic. Without one (wg show wg0 fwmark: off) people's programs do not get through it.
# - It is one table, inet vpn_killswitch. Other tables are not touched, and what they refuse
#   stays refused. "nft flush ruleset" by somebody opens it; after "persist", what
#   nftables.service flushes is put back at once.

set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

interface=wg0
program=/usr/local/sbin/vpn-killswitch
unit=vpn-killswitch.service
units=/etc/systemd/system
drop_in=$units/nftables.service.d/vpn-killswitch.conf

die() {
    echo "vpn-killswitch: $*" >&2
    exit 1
}

# ---- nftables: a table of its own ----

check_tools() {
    command -v nft >/dev/null || die 'nft is not installed (package nftables).'
}

# One transaction. Each chain ends by a rule that drops or rejects: where a table is replaced, a
# policy alone lets single packets through.
rules() {
    cat <<'END'
# What programs join is told to the network by the kernel. Let out is what neighbour discovery needs:
# the groups of solicited nodes; and routers', SSDP's, bridges', mDNS's, DHCP's and LLMNR's, which stand
# in the same packets.
define link_groups = {
    0xff020000000000000000000000000002,
    0xff02000000000000000000000000000c,
    0xff02000000000000000000000000006a,
    0xff0200000000000000000000000000fb,
    0xff020000000000000000000000010002-0xff020000000000000000000000010003,
    0xff0200000000000000000001ff000000-0xff0200000000000000000001ffffffff,
    0xff050000000000000000000000000002,
    0xff05000000000000000000000000000c,
}

table inet vpn_killswitch
delete table inet vpn_killswitch
table inet vpn_killswitch {
    chain output {
        type filter hook output priority 0; policy drop;
        oifname { "lo", "wg0" } accept
        jump leaving
        # programs are told at once
        counter
        meta l4proto tcp reject with tcp reset
        reject with icmpx type admin-prohibited
    }

    chain forward {
        type filter hook forward priority 0; policy drop;
        oifname "wg0" accept
        counter
        meta l4proto tcp reject with tcp reset
        reject with icmpx type admin-prohibited
    }

    chain input {
        type filter hook input priority 0; policy drop;
        iifname { "lo", "wg0" } accept
        # the servers
        ip saddr 203.0.113.50 udp sport 51820 accept
        ip6 saddr 2001:db8:100::1 udp sport 51820 accept
        # errors, which carry the path MTU; nothing is ever answered to them
        icmp type destination-unreachable accept
        icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
        # DHCP, DHCPv6
        meta nfproto ipv4 udp sport 67 udp dport 68 accept
        ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
        # neighbour discovery: with 255 hops it comes from a neighbour (RFC 4861)
        ip6 saddr fe80::/10 ip6 hoplimit 255 icmpv6 type { nd-router-advert, nd-redirect } accept
        ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
        # MLD and IGMP: who listens to which multicast group
        ip6 saddr fe80::/10 ip6 hoplimit 1 icmpv6 type mld-listener-query accept
        ip ttl 1 ip protocol igmp accept
        # the local network
        ip saddr { 10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 } accept
        ip6 saddr { fc00::/7, fe80::/10 } accept
        counter drop
    }

    chain leaving {
        # the servers
        ip daddr 203.0.113.50 udp dport 51820 jump wireguard
        ip6 daddr 2001:db8:100::1 udp dport 51820 jump wireguard
        # DHCP, to everybody: which server the lease is from is not known here
        meta nfproto ipv4 udp sport 68 udp dport 67 jump daemons
        # DHCPv6
        ip6 saddr fe80::/10 ip6 daddr ff02::1:2 udp sport 546 udp dport 547 accept
        # neighbour discovery
        ip6 daddr ff02::2 ip6 hoplimit 255 icmpv6 type nd-router-solicit accept
        ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
        # MLD, so that switches pass on neighbour discovery: reports of two versions and the end of
        # them, with as many groups as there is room for, and no sources
        ip6 hoplimit 1 icmpv6 type { 131, 132 } ip6 length 32 @th,64,128 $link_groups limit rate 2/second burst 20 packets accept
        ip6 daddr ff02::16 ip6 hoplimit 1 icmpv6 type 143 ip6 length . @th,48,16 { 36 . 1, 56 . 2, 76 . 3, 96 . 4, 116 . 5, 136 . 6, 156 . 7, 176 . 8, 196 . 9, 216 . 10, 236 . 11, 256 . 12, 276 . 13 } jump reports
        jump lan
    }

    chain reports {
        @th,96,128 != $link_groups return
        @th,256,128 != $link_groups return
        @th,416,128 != $link_groups return
        @th,576,128 != $link_groups return
        @th,736,128 != $link_groups return
        @th,896,128 != $link_groups return
        @th,1056,128 != $link_groups return
        @th,1216,128 != $link_groups return
        @th,1376,128 != $link_groups return
        @th,1536,128 != $link_groups return
        @th,1696,128 != $link_groups return
        @th,1856,128 != $link_groups return
        @th,2016,128 != $link_groups return
        limit rate 2/second burst 20 packets accept
    }

    # daemons: who has a user id, and it is no person's. The kernel makes sockets for programs too,
    # which have none; the end of a closed connection has none either, and says nothing.
    chain daemons {
        meta skuid { 1000-60513, 65536-4294967294 } return
        meta skuid 0-4294967294 accept
        tcp flags & syn == 0x0 meta length <= 100 accept
    }

    # WireGuard's data has the user id of the one who sends through the tunnel. It is known by a mark,
    # which no program sets without privileges, and by how its messages begin.
    chain wireguard {
        meta mark != 0 @th,64,32 { 0x01000000, 0x02000000, 0x03000000, 0x04000000 } accept
        jump daemons
    }

    # fixed ranges, never what the interface says is local; no DNS, plain or encrypted
    chain lan {
        meta l4proto { tcp, udp } th dport { 53, 853 } return
        ip daddr { 10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 } accept
        ip daddr { 224.0.0.0/24, 239.0.0.0/8, 255.255.255.255 } accept
        ip6 daddr { fc00::/7, fe80::/10, ff02::/16, ff05::/16 } accept
    }
}
END
}

load() {
    rules | nft -f -
}

unload() {
    printf 'table inet vpn_killswitch\ndelete table inet vpn_killswitch\n' | nft -f -
}

held() {
    nft -s list table inet vpn_killswitch 2>/dev/null
}

wanted() {
    rules | unshare -n sh -c 'nft -f - && nft -s list table inet vpn_killswitch'
}

# ---- the same for both tools ----

do_enable() {
    check_tools
    # by its name alone a network card would be let out whole
    [ ! -e "/sys/class/net/$interface/device" ] ||
        die "$interface is a network card here, and no VPN. Nothing was changed."
    load || die 'The rules could not be loaded. Do not rely on it: see status.'
    echo "Enabled: traffic leaves only through $interface."
}

do_disable() {
    check_tools
    unload || die 'The rules could not be removed.'
    echo 'Disabled: traffic leaves freely.'
    [ ! -e "$units/$unit" ] || echo "It is enabled again at the next boot; if that is not wanted: unpersist"
}

# What the kernel holds is compared with what it makes of these rules in a network namespace that is
# thrown away.
do_status() {
    check_tools
    held=$(held)
    if [ -z "$held" ]; then
        echo 'Not enabled: traffic leaves freely.'
        exit 1
    fi
    wanted=$(wanted) || die 'It cannot be told: the rules cannot be loaded into a network namespace.'
    if [ "$held" != "$wanted" ]; then
        echo 'Changed: the kernel does not hold these rules. Put them back: enable'
        exit 1
    fi
    echo "Enabled: traffic leaves only through $interface."
}

print_unit() {
    cat <<END
[Unit]
Description=VPN kill switch (closed before there is a network)
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
After=local-fs.target
# they begin by removing all rules
After=nftables.service iptables.service ip6tables.service netfilter-persistent.service ufw.service
After=firewalld.service shorewall.service shorewall6.service
IgnoreOnIsolate=yes

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$program enable
TimeoutStartSec=60
StandardOutput=journal+console
StandardError=journal+console
# Nothing opens it when it stops. Do not stop it: the network would stop along.

[Install]
WantedBy=sysinit.target
# if it cannot be closed, there is no network
RequiredBy=systemd-networkd.service networking.service NetworkManager.service
END
}

# The start, reload and stop of nftables.service remove all rules, also those of others.
print_drop_in() {
    cat <<END
[Service]
ExecStartPost=$program enable
ExecReload=$program enable
ExecStopPost=$program enable
END
}

do_persist() {
    [ -d /run/systemd/system ] || die 'systemd does not run here. Run "enable" before the network starts.'
    check_tools
    grep -q '^# A VPN kill switch for one VPN' "$0" 2>/dev/null || die 'This must be run from a file.'
    {
        cp -- "$0" "$program.new" && chmod 0700 "$program.new" && mv -f -- "$program.new" "$program"
    } || die "$program could not be written."
    {
        mkdir -p "${drop_in%/*}" && print_unit >"$units/$unit" && print_drop_in >"$drop_in"
    } || die "The units could not be written to $units."
    systemctl daemon-reload || die 'systemd did not take the units.'
    systemctl enable "$unit" || die "systemd did not enable $unit."
    echo "Persistent: $program enables it at every boot. Whether it is enabled now did not change."
}

do_unpersist() {
    if [ -e "$units/$unit" ]; then
        # not stopped: what requires it would be stopped along
        systemctl disable "$unit" || die "systemd did not disable $unit."
    fi
    rm -f -- "$units/$unit" "$drop_in" "$program" || die 'Not all files could be removed.'
    rmdir -- "${drop_in%/*}" 2>/dev/null
    systemctl daemon-reload
    echo 'It is not enabled at boot any more. Whether it is enabled now did not change.'
}

case ${1-} in
enable | disable | status | persist | unpersist) [ $# -eq 1 ] || set -- wrong ;;
*) set -- wrong ;;
esac
if [ "$1" = wrong ]; then
    echo "Usage: $0 enable | disable | status | persist | unpersist" >&2
    exit 2
fi
[ "$(id -u)" -eq 0 ] || die 'This needs root.'
"do_$1"
