#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftables 1.1.3 (Debian 13) and 1.1.7 (Debian testing) on Linux 6.17 and later; it prints yours.
#
# From Linux 6.17 on a netdev chain may name its devices by a wildcard. nft has taken such names for longer, and
# libnftnl before 1.3 sends them as a name like any other. The kernel takes that too, as a device that may come
# some day. So nft 1.1.3 loads the chain without a word, lists it just as nft 1.1.7 lists its own, and the chain
# sees no frame. One would guess an error, or a listing that differs.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft trixie 1.1.3-1 1.2.9-1
    fetch_nft forky 1.1.7-3 1.3.2-1
fi
in_own_network "$0"

older=(run trixie "$scratch/trixie/usr/sbin/nft")
newer=(run forky "$scratch/forky/usr/sbin/nft")
uname -r
"${older[@]}" --version
"${newer[@]}" --version

# what a card that is made after the chain sends by itself and for one ping
frames_seen_by() { # NFT...
    "$@" flush ruleset
    "$@" 'add table netdev t; add counter netdev t seen;
        add chain netdev t c { type filter hook egress devices = { "card*" } priority 0; }
        add rule netdev t c counter name "seen"' || { echo "refused: $?"; return; }
    ip link add card0 type veth peer name other0
    ip addr add 192.0.2.1/24 dev card0
    ip link set other0 up
    ip link set card0 up
    ping -c 1 -W 1 192.0.2.2 >/dev/null || true
    "$@" list ruleset | grep hook >&2
    "$@" list counters table netdev t | awk '/packets/ { print ($2 > 0) ? "some" : "no frame" }'
    ip link del card0
}

listing=$scratch/listing
seen=$(frames_seen_by "${newer[@]}" 2>"$listing")
by_newer=$(cat "$listing")
printf '1.1.7 lists %s: %s\n' "$by_newer" "$seen"
expect 'nft 1.1.7 binds the card that comes' some "$seen"
seen=$(frames_seen_by "${older[@]}" 2>"$listing")
by_older=$(cat "$listing")
printf '1.1.3 lists %s: %s\n' "$by_older" "$seen"
expect 'nft 1.1.3 loads the same chain, which sees nothing' 'no frame' "$seen"
expect 'and lists it in the same words' "$by_newer" "$by_older"
