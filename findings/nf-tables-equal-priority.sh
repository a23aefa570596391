#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux 6.18 (it prints yours), nftables 1.1.3 (Debian 13).
#
# Of two base chains with the same hook and the same priority, the one that was registered last runs first.
# So with two programs that mark packets at `priority 0`, the one that started earlier has the last word. One
# would guess the order in which they came.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft trixie 1.1.3-1 1.2.9-1
fi
in_own_network "$0"

nft=(run trixie "$scratch/trixie/usr/sbin/nft")
uname -r
"${nft[@]}" --version
ip link set lo up

last_word() { # TABLE FAMILY... in the order in which they are made; each chain sets its number as the mark
    local number=0 family

    "${nft[@]}" flush ruleset
    "${nft[@]}" -f - <<'RULES'
table ip seen {
    counter first { }
    counter second { }
    chain c {
        type filter hook output priority 10
        meta mark 1 counter name "first"
        meta mark 2 counter name "second"
    }
}
RULES
    for family in "$@"; do
        number=$((number + 1))
        "${nft[@]}" "add table $family t$number; add chain $family t$number c { type filter hook output priority 0; }
            add rule $family t$number c meta mark set $number"
    done
    ping -c 1 -W 1 127.0.0.1 >/dev/null
    "${nft[@]}" list counters table ip seen | awk '/counter/ { name = $2 } /packets/ && $2 > 0 { print name }'
}

expect 'two inet tables: the first one has the last word' first "$(last_word inet inet)"
expect 'inet, then ip: the same' first "$(last_word inet ip)"
expect 'ip, then inet: the same' first "$(last_word ip inet)"
