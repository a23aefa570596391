#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux 6.18 (it prints yours), nftables 1.1.3 (Debian 13).
#
# A packet whose next hop's hardware address is not known yet waits in the neighbour table, some hundred small ones for
# each next hop. It has passed the output and postrouting hooks by then. Rules that are loaded while it waits do
# not see it any more, and it leaves when the address is learned, a second later perhaps: a firewall that drops
# everything in output and postrouting still lets out what was sent before. One would guess that postrouting is
# the last word. The netdev egress hook is: it sees the packet when it really leaves.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft trixie 1.1.3-1 1.2.9-1
fi
in_own_network "$0"

nft=(run trixie "$scratch/trixie/usr/sbin/nft")
uname -r
"${nft[@]}" --version
ip link add card type veth peer name other
ip link set card up
ip link set other up
ip address add 192.0.2.1/24 dev card

send() { # HOW MANY
    local number

    for number in $(seq "$1"); do
        echo "$number" >/dev/udp/192.0.2.2/9 || true
    done
} 2>/dev/null

counted() { # FAMILY TABLE COUNTER
    "${nft[@]}" list counter "$1" "$2" "$3" | awk '/packets/ { print $2 }'
}

"${nft[@]}" -f - <<'RULES'
table netdev seen {
    counter leaving { }
    chain c {
        type filter hook egress device "card" priority 0
        meta protocol ip udp dport 9 counter name "leaving"
    }
}
RULES
send 5
expect 'they wait: none has reached the card' 0 "$(counted netdev seen leaving)"
"${nft[@]}" -f - <<'RULES'
table inet lock {
    counter dropped { }
    chain output { type filter hook output priority 0; udp dport 9 counter name "dropped" drop; }
    chain postrouting { type filter hook postrouting priority 300; udp dport 9 counter name "dropped" drop; }
}
RULES
ip neighbour replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev card
expect 'learned behind the drop rules: all five leave' 5 "$(counted netdev seen leaving)"
expect 'and no drop rule has seen them' 0 "$(counted inet lock dropped)"
send 1
expect 'a sixth one, sent after the rules came, is dropped' '5 1' \
    "$(counted netdev seen leaving) $(counted inet lock dropped)"
