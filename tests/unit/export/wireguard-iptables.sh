#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A VPN kill switch for one VPN, by iptables and ip6tables. Made on 2026-11-28 by nm-killswitch export, version 0.
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
# - It has chains of its own (KS-...) in the tables mangle and filter. The rules of others are
#   not touched, and what they refuse stays refused. Who flushes those tables opens it
#   (iptables -F, nft flush ruleset); after "persist", what nftables.service flushes is put
#   back at once.

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

# ---- iptables: chains of its own, in the tables mangle and filter ----
#
# They are reached first. What they let through goes on to the rules of others, and is not accepted
# for them. In filter they tell programs at once; in mangle they have the last word, also if somebody
# later puts a rule before the jump in filter, as Docker does.

# All of them in each table, so that the rules of another export go, too.
chains='KS-OUT KS-NO KS-DAEMONS KS-WIREGUARD KS-REPORTS KS-LAN KS-FORWARD KS-IN'

# Without IPv6 in the kernel there is nothing to lock.
tools() {
    echo iptables
    [ ! -e /proc/net/if_inet6 ] || echo ip6tables
}

check_tools() {
    for tool in $(tools); do
        for name in "$tool-restore" "$tool-save"; do
            command -v "$name" >/dev/null || die "$name is not installed (package iptables)."
        done
    done
}

# What leaves over IPv4, for both tables. Falling off the end of a chain that was gone to (-g) means
# let through, as RETURN does.
leaving_iptables() {
    cat <<'END'
-A KS-OUT -o lo -j RETURN
-A KS-OUT -o wg0 -j RETURN
-A KS-OUT -d 203.0.113.50 -p udp --dport 51820 -g KS-WIREGUARD
# DHCP, to everybody: which server the lease is from is not known here
-A KS-OUT -p udp --sport 68 --dport 67 -g KS-DAEMONS
# the local network: fixed ranges, never what the interface says is local
-A KS-OUT -d 10.0.0.0/8 -g KS-LAN
-A KS-OUT -d 169.254.0.0/16 -g KS-LAN
-A KS-OUT -d 172.16.0.0/12 -g KS-LAN
-A KS-OUT -d 192.168.0.0/16 -g KS-LAN
-A KS-OUT -d 224.0.0.0/24 -g KS-LAN
-A KS-OUT -d 239.0.0.0/8 -g KS-LAN
-A KS-OUT -d 255.255.255.255 -g KS-LAN
-A KS-OUT -g KS-NO
END
    leaving_both
}

leaving_ip6tables() {
    cat <<'END'
-A KS-OUT -o lo -j RETURN
-A KS-OUT -o wg0 -j RETURN
-A KS-OUT -d 2001:db8:100::1 -p udp --dport 51820 -g KS-WIREGUARD
# DHCPv6
-A KS-OUT -s fe80::/10 -d ff02::1:2 -p udp --sport 546 --dport 547 -j RETURN
# neighbour discovery (RFC 4861): router and neighbour solicitations, neighbour advertisements
-A KS-OUT -d ff02::2 -p icmpv6 --icmpv6-type 133 -m hl --hl-eq 255 -j RETURN
-A KS-OUT -p icmpv6 --icmpv6-type 135 -m hl --hl-eq 255 -j RETURN
-A KS-OUT -p icmpv6 --icmpv6-type 136 -m hl --hl-eq 255 -j RETURN
# the local network: fixed ranges, never what the interface says is local
-A KS-OUT -d fc00::/7 -g KS-LAN
-A KS-OUT -d fe80::/10 -g KS-LAN
-A KS-OUT -d ff02::/16 -g KS-LAN
-A KS-OUT -d ff05::/16 -g KS-LAN
# MLD, so that switches pass on neighbour discovery: reports of two versions and the end of them
-A KS-OUT -p icmpv6 --icmpv6-type 131 -m hl --hl-eq 1 -m length --length 72 -g KS-REPORTS
-A KS-OUT -p icmpv6 --icmpv6-type 132 -m hl --hl-eq 1 -m length --length 72 -g KS-REPORTS
-A KS-OUT -d ff02::16 -p icmpv6 --icmpv6-type 143 -m hl --hl-eq 1 -g KS-REPORTS
-A KS-OUT -g KS-NO
END
    leaving_reports
    leaving_both
}

# What programs join is told to the network by the kernel. Let out is what neighbour discovery needs:
# the groups of solicited nodes; and routers', SSDP's, bridges', mDNS's, DHCP's and LLMNR's, which stand
# in the same packets. Each record is looked at, and the length leaves no room for sources. What is
# not there to be looked at does not match.
leaving_reports() {
    once='-m limit --limit 2/second --limit-burst 20'
    of_upkeep 56
    echo "-A KS-REPORTS -m length --length 72 -m u32 --u32 \"$group\" $once -j RETURN"
    records=1
    while [ "$records" -le 13 ]; do
        of_upkeep $((40 + 20 * records))
        echo "-A KS-REPORTS -m u32 ! --u32 \"$group\" -g KS-NO"
        echo "-A KS-REPORTS -m length --length $((56 + 20 * records))" \
            "-m u32 --u32 \"52&0xFFFF=$records\" $once -j RETURN"
        records=$((records + 1))
    done
    echo '-A KS-REPORTS -g KS-NO'
}

# The group at this offset, in the words of iptables.
of_upkeep() {
    group="$1=0xff020000,0xff050000&&$(($1 + 4))=0&&$(($1 + 8))=0,1"
    group="$group&&$(($1 + 12))=0x2,0xc,0x6a,0xfb,0x10002:0x10003,0xff000000:0xffffffff"
}

leaving_both() {
    cat <<'END'
# daemons: who has a user id, and it is no person's. The kernel makes sockets for programs too, which
# have none; the end of a closed connection has none either, and says nothing.
-A KS-DAEMONS -m owner --uid-owner 1000-60513 -g KS-NO
-A KS-DAEMONS -m owner --uid-owner 65536-4294967294 -g KS-NO
-A KS-DAEMONS -m owner --uid-owner 0-4294967294 -j RETURN
-A KS-DAEMONS -p tcp ! --syn -m length --length 40:100 -j RETURN
-A KS-DAEMONS -g KS-NO
# WireGuard's data has the user id of the one who sends through the tunnel; it is known by a mark, which
# no program sets without privileges
-A KS-WIREGUARD -m mark ! --mark 0 -j RETURN
-A KS-WIREGUARD -g KS-DAEMONS
# no DNS, plain or encrypted
-A KS-LAN -p tcp -m multiport --dports 53,853 -g KS-NO
-A KS-LAN -p udp -m multiport --dports 53,853 -g KS-NO
END
}

# What comes in.
coming_iptables() {
    cat <<'END'
-A KS-IN -i lo -j RETURN
-A KS-IN -i wg0 -j RETURN
-A KS-IN -s 203.0.113.50 -p udp --sport 51820 -j RETURN
# errors, which carry the path MTU; nothing is ever answered to them
-A KS-IN -p icmp --icmp-type destination-unreachable -j RETURN
# DHCP, IGMP
-A KS-IN -p udp --sport 67 --dport 68 -j RETURN
-A KS-IN -p 2 -m ttl --ttl-eq 1 -j RETURN
# the local network
-A KS-IN -s 10.0.0.0/8 -j RETURN
-A KS-IN -s 169.254.0.0/16 -j RETURN
-A KS-IN -s 172.16.0.0/12 -j RETURN
-A KS-IN -s 192.168.0.0/16 -j RETURN
-A KS-IN -j DROP
END
}

coming_ip6tables() {
    cat <<'END'
-A KS-IN -i lo -j RETURN
-A KS-IN -i wg0 -j RETURN
-A KS-IN -s 2001:db8:100::1 -p udp --sport 51820 -j RETURN
# errors, which carry the path MTU; nothing is ever answered to them
-A KS-IN -p icmpv6 --icmpv6-type 1 -j RETURN
-A KS-IN -p icmpv6 --icmpv6-type 2 -j RETURN
-A KS-IN -p icmpv6 --icmpv6-type 3 -j RETURN
-A KS-IN -p icmpv6 --icmpv6-type 4 -j RETURN
# DHCPv6
-A KS-IN -s fe80::/10 -p udp --sport 547 --dport 546 -j RETURN
# neighbour discovery: router advertisements and redirects, neighbour solicitations and advertisements
-A KS-IN -s fe80::/10 -p icmpv6 --icmpv6-type 134 -m hl --hl-eq 255 -j RETURN
-A KS-IN -s fe80::/10 -p icmpv6 --icmpv6-type 137 -m hl --hl-eq 255 -j RETURN
-A KS-IN -p icmpv6 --icmpv6-type 135 -m hl --hl-eq 255 -j RETURN
-A KS-IN -p icmpv6 --icmpv6-type 136 -m hl --hl-eq 255 -j RETURN
# MLD: queries
-A KS-IN -s fe80::/10 -p icmpv6 --icmpv6-type 130 -m hl --hl-eq 1 -j RETURN
# the local network
-A KS-IN -s fc00::/7 -j RETURN
-A KS-IN -s fe80::/10 -j RETURN
-A KS-IN -j DROP
END
}

# The jumps that are there already, taken away: each is put back, and first, in the same transaction.
without_jumps() {
    "$1-save" -t "$2" | grep -xE -- '-A (INPUT|FORWARD|OUTPUT|POSTROUTING) -j KS-(IN|FORWARD|OUT)' |
        sed 's/^-A/-D/'
}

# All of it, in the words of iptables-restore: each table is one transaction. $2: onto what is there.
rules() {
    echo '*mangle'
    for chain in $chains; do echo ":$chain - [0:0]"; done
    [ -z "${2-}" ] || without_jumps "$1" mangle
    "leaving_$1"
    "coming_$1"
    cat <<'END'
-A KS-NO -j DROP
-A KS-FORWARD -o wg0 -j RETURN
-A KS-FORWARD -j DROP
-I POSTROUTING 1 -j KS-OUT
-I FORWARD 1 -j KS-FORWARD
-I INPUT 1 -j KS-IN
COMMIT
*filter
END
    for chain in $chains; do echo ":$chain - [0:0]"; done
    [ -z "${2-}" ] || without_jumps "$1" filter
    "leaving_$1"
    case $1 in
    iptables) why=icmp-admin-prohibited ;;
    ip6tables) why=icmp6-adm-prohibited ;;
    esac
    cat <<END
-A KS-NO -p tcp -j REJECT --reject-with tcp-reset
-A KS-NO -j REJECT --reject-with $why
-I OUTPUT 1 -j KS-OUT
COMMIT
END
}

load() {
    for tool in $(tools); do
        rules "$tool" again | "$tool-restore" -w --noflush --test || return 1
    done
    for tool in $(tools); do
        rules "$tool" again | "$tool-restore" -w --noflush || return 1
    done
}

unload() {
    for tool in $(tools); do
        for table in mangle filter; do
            {
                echo "*$table"
                for chain in $chains; do echo ":$chain - [0:0]"; done
                without_jumps "$tool" "$table"
                for chain in $chains; do echo "-X $chain"; done
                echo COMMIT
            } | "$tool-restore" -w --noflush || return 1
        done
    done
}

ours() {
    grep -E -- '^-A (KS-(OUT|NO|DAEMONS|WIREGUARD|REPORTS|LAN|FORWARD|IN) |.* -[jg] KS-)'
}

held() {
    for tool in $(tools); do "$tool-save" | ours; done
}

wanted() {
    for tool in $(tools); do
        rules "$tool" | unshare -n sh -c "$tool-restore -w && $tool-save" | ours || return 1
    done
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
