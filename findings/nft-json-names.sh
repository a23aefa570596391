#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftables 1.0.6 (Debian 12), 1.1.3 (Debian 13) and 1.1.7 (Debian's next release).
#
# A program that speaks JSON to nft (firewalld does, for one) may call a set "log", "limit" or "size". The
# kernel and `nft -j` take such a name. `nft list ruleset` then prints a file that nft refuses as a whole,
# because these are words of its grammar and a name cannot be quoted; the same rule set as JSON loads. One
# would guess that what the list command prints can be loaded again.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft trixie 1.1.3-1 1.2.9-1
    fetch_nft forky 1.1.7-3 1.3.2-1
fi
in_own_network "$0"

try() { # NAME, with the program in nft
    local saved=$scratch/saved

    "${nft[@]}" flush ruleset
    printf '{"nftables": [{"add": {"table": {"family": "inet", "name": "t"}}}, {"add": {"set":
        {"family": "inet", "table": "t", "name": "%s", "type": "ipv4_addr"}}}]}' "$1" | "${nft[@]}" -j -f -
    "${nft[@]}" list ruleset >"$saved"
    "${nft[@]}" -j list ruleset >"$saved.json"
    "${nft[@]}" flush ruleset
    "${nft[@]}" -f "$saved" 2>/dev/null && echo "$1: text loads" || echo "$1: text does not load"
    "${nft[@]}" flush ruleset
    "${nft[@]}" -j -f "$saved.json" && echo "$1: JSON loads"
}

for suite in trixie forky; do
    nft=(run "$suite" "$scratch/$suite/usr/sbin/nft")
    "${nft[@]}" --version
    for name in log limit size counter timeout; do
        expect "a set called $name" "$name: text does not load
$name: JSON loads" "$(try "$name")"
    done
    expect 'control, a set called printers' 'printers: text loads
printers: JSON loads' "$(try printers)"
done
