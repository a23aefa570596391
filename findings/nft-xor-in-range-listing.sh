#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftables 1.1.3 (Debian 13) and 1.1.7 (Debian's next release).
#
# A host-order number that is XORed in a field of a concatenation, and looked up in a set of intervals, is listed with
# its bytes turned round: nft puts a byteorder expression behind it for the interval, and takes the constant before
# that expression for one behind it. The rule in the kernel is right; the listing, loaded again, means another number.
# In a set without intervals, and in nft 1.0.6 (Debian 12), the number is the one that was written. One would guess
# that what "nft list ruleset" saves is what was there.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft bookworm 1.0.6-2+deb12u2 1.2.4-2
    fetch_nft trixie 1.1.3-1 1.2.9-1
    fetch_nft forky 1.1.7-3 1.3.2-1
fi
in_own_network "$0"

# loads the rules, then what it lists of them; the numbers after each
numbers() {
    "${nft[@]}" flush ruleset
    "${nft[@]}" -f - <<'RULES'
table inet t {
    set ranges {
        type ipv4_addr . inet_service . iface_index
        flags interval
    }
    set single {
        type iface_index
    }
    chain c {
        ip daddr . th dport . oif ^ 0x12345678 @ranges accept
        oif ^ 0x12345678 @single accept
    }
}
RULES
    for _ in 1 2; do
        "${nft[@]}" list table inet t >"$scratch/listed"
        grep -o 'oif ^ [0-9]*' "$scratch/listed" | tr '\n' ' '
        "${nft[@]}" flush ruleset
        "${nft[@]}" -f "$scratch/listed"
    done
}

for suite in bookworm trixie forky; do
    nft=(run "$suite" "$scratch/$suite/usr/sbin/nft")
    "${nft[@]}" --version
    seen=$(numbers)
    echo "$seen"
    case $suite in
    bookworm) wanted='oif ^ 305419896 oif ^ 305419896 oif ^ 305419896 oif ^ 305419896 ' ;; # 0x12345678
    # 0x78563412; loaded, it is listed as the first again
    *) wanted='oif ^ 2018915346 oif ^ 305419896 oif ^ 305419896 oif ^ 305419896 ' ;;
    esac
    expect 'the numbers, and those of the listing' "$wanted" "$seen"
done
