#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftables 1.1.3 (Debian 13) and 1.1.7 (Debian's next release).
#
# A set or a map may take its type from an expression ("typeof ip length"), which nft keeps beside it for
# listing. Both survive saving and loading as text, and a set does as JSON. A map that was loaded from nft's own
# JSON has lost it: it works, but is listed as "type 0", so that the next `nft list ruleset` is a file that nft
# refuses as a whole. One would guess that a rule set restored from JSON can be saved as text.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft trixie 1.1.3-1 1.2.9-1
    fetch_nft forky 1.1.7-3 1.3.2-1
fi
in_own_network "$0"

again() { # OPTION... how it is saved, and loaded again; then whether what is listed after that loads
    "${nft[@]}" "$@" list ruleset >"$scratch/first"
    "${nft[@]}" flush ruleset
    "${nft[@]}" "$@" -f "$scratch/first"
    "${nft[@]}" list ruleset >"$scratch/second"
    grep -o 'type.*' "$scratch/second"
    "${nft[@]}" flush ruleset
    "${nft[@]}" -f "$scratch/second" 2>/dev/null && echo loads || echo 'does not load'
}

try() { # WHAT [OPTION...]
    "${nft[@]}" flush ruleset
    printf 'table inet t {\n%s\n}\n' "$1" | "${nft[@]}" -f -
    again "${@:2}"
}

map=$'map m {\ntypeof ip length : verdict\nelements = { 40 : accept }\n}'
set=$'set s {\ntypeof ip length\nelements = { 40 }\n}'
for suite in trixie forky; do
    nft=(run "$suite" "$scratch/$suite/usr/sbin/nft")
    "${nft[@]}" --version
    expect 'a map, by JSON' $'type 0 : verdict\ndoes not load' "$(try "$map" -j)"
    expect 'control, a map by text' $'typeof ip length : verdict\nloads' "$(try "$map")"
    expect 'control, a set by JSON' $'typeof ip length\nloads' "$(try "$set" -j)"
done
