#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftables 1.1.3 (Debian 13) and 1.1.7 (Debian's next release).
#
# A rule that looks at raw bytes of the link layer behind a VLAN match is listed with its offset 112 bits
# too small: nft takes the Ethernet header off, which only a payload inside the VLAN header would want.
# What it lists loads without an error, as a rule that compares other bytes. One would guess that what
# `nft list` prints is the rule that stands in the kernel.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft trixie 1.1.3-1 1.2.9-1
    fetch_nft forky 1.1.7-3 1.3.2-1
fi
in_own_network "$0"

# where the kernel's rule reads its bytes, as nft's netlink debugging tells
offsets() {
    "$@" --debug=netlink list table netdev t | grep -o 'link header + [0-9]*' | tail -n 1
}

for suite in trixie forky; do
    nft=(run "$suite" "$scratch/$suite/usr/sbin/nft")
    "${nft[@]}" --version
    "${nft[@]}" flush ruleset
    "${nft[@]}" -f - <<'RULES'
table netdev t {
    chain c {
        type filter hook ingress device "lo" priority filter; policy accept;
        ether type vlan @ll,144,48 0x000108000604 accept
    }
}
RULES
    expect 'the rule reads from byte 18' 'link header + 18' "$(offsets "${nft[@]}")"
    listing=$("${nft[@]}" list table netdev t)
    expect 'it is listed as byte 4 (bit 32)' 'ether type 8021q @ll,32,48 0x108000604 accept' \
        "$(grep -o 'ether.*' <<<"$listing")"
    "${nft[@]}" flush ruleset
    "${nft[@]}" -f - <<<"$listing"
    expect 'the listing loads, and reads from byte 4' 'link header + 4' "$(offsets "${nft[@]}")"
done
