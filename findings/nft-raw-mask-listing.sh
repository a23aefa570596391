#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftables 1.1.3 (Debian 13) and 1.1.7 (Debian's next release).
#
# A raw payload that is compared under a mask of several runs of ones (here: five bits, a gap, then two bytes) is
# listed without its mask, at another offset and of another length: the ones are counted, as if they were one
# run. The rule in the kernel is right; what is listed means something else, or does not load. nft 1.0.6 (Debian
# 12) lists the mask. One would guess that newer versions say at least as much.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft bookworm 1.0.6-2+deb12u2 1.2.4-2
    fetch_nft trixie 1.1.3-1 1.2.9-1
    fetch_nft forky 1.1.7-3 1.3.2-1
fi
in_own_network "$0"

# the rule as this version lists it, and its mask as the kernel has it
listed() {
    "${nft[@]}" flush ruleset
    "${nft[@]}" -f - <<'RULES'
table inet t {
    chain c {
        @th,80,32 & 0xf800ffff == 0x80000001 accept
    }
}
RULES
    "${nft[@]}" list table inet t | grep -o '@th.*'
    "${nft[@]}" --debug=netlink list table inet t | grep -o 'bitwise.*'
}

for suite in bookworm trixie forky; do
    nft=(run "$suite" "$scratch/$suite/usr/sbin/nft")
    "${nft[@]}" --version
    case $suite in
    bookworm) words='@th,80,32 & 0xf800ffff == 0x80000001 accept' ;;
    *) words='@th,96,21 0x80000001 accept' ;;
    esac
    seen=$(listed)
    printf '%s\n' "$seen"
    expect 'the listing' "$words" "$(head -n 1 <<<"$seen")"
    expect "the kernel's mask is whole" 1 "$(grep -c '0xffff00f8\|0xf800ffff' <<<"$seen" | sed 's/2/1/')"
done
