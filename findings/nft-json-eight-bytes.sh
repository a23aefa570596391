#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftables 1.1.3 (Debian 13) and 1.1.7 (Debian's next release).
#
# `nft -j list ruleset` writes a number of eight bytes as a JSON integer with a sign: half of an IPv6 address that
# begins with fd01 is -215891307137073152. `nft -j -f` takes that back without an error, as 0x2ff000000000000: the
# rule set that was saved and loaded again compares with another number. Numbers of nine bytes and more are
# strings, and come back right. One would guess that a program reads the numbers that it writes.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft trixie 1.1.3-1 1.2.9-1
    fetch_nft forky 1.1.7-3 1.3.2-1
fi
in_own_network "$0"

for suite in trixie forky; do
    nft=(run "$suite" "$scratch/$suite/usr/sbin/nft")
    saved=$scratch/saved.json
    "${nft[@]}" --version
    "${nft[@]}" flush ruleset
    "${nft[@]}" -f - <<'RULES'
table inet t {
    chain c {
        @nh,192,64 0xfd01000000000000 accept
        @nh,192,72 0xfd0100000000000000 drop
    }
}
RULES
    "${nft[@]}" -j list ruleset >"$saved"
    expect 'eight bytes as JSON' '"right": -215891307137073152' "$(grep -o '"right": -[0-9]*' "$saved")"
    "${nft[@]}" flush ruleset
    "${nft[@]}" -j -f "$saved"
    expect 'what is loaded again' '@nh,192,64 0x2ff000000000000 accept
@nh,192,72 0xfd0100000000000000 drop' "$("${nft[@]}" list ruleset | grep -o '@nh.*')"
done
