#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftables 1.0.6 (Debian 12) on Linux 6.9 and later.
#
# A table that outlives its owner (the flag `persist`, which newer programs set) is listed by nft 1.0.6 with the
# word `flags` and nothing behind it. nft 1.0.6 refuses that line, and with it the whole file: what
# `nft list ruleset` saves on such a machine, another program's tables and all, does not load. One would guess
# that a flag that a program does not know is left out, or written as a number.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft bookworm 1.0.6-2+deb12u2 1.2.4-2
    fetch_nft trixie 1.1.3-1 1.2.9-1
fi
in_own_network "$0"

older=(run bookworm "$scratch/bookworm/usr/sbin/nft")
newer=(run trixie "$scratch/trixie/usr/sbin/nft")
saved=$scratch/saved

uname -r
"${older[@]}" --version
"${newer[@]}" add table inet t '{ flags owner,persist; }' # its owner ends here
"${newer[@]}" list ruleset
expect 'the newer listing' 'flags persist' "$("${newer[@]}" list ruleset | grep -o 'flags.*')"
"${older[@]}" list ruleset >"$saved"
expect 'the older listing' 'flags ' "$(grep -o 'flags.*' "$saved")"
status=0
seen=$("${older[@]}" -f "$saved" 2>&1) || status=$?
printf '%s\n' "$seen"
expect 'the copy is refused' '1 syntax error' "$status $(grep -o 'syntax error' <<<"$seen")"
