#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftables 1.1.3 (Debian 13), Linux 6.9 or later.
#
# Debian's and Arch's pages say how to keep one's rules: `nft list ruleset >/etc/nftables.conf`, below a line
# `flush ruleset`. When some program owns a table (firewalld does by default in new versions), the listing
# holds that table too. Loading the file then fails at it with "Operation not permitted", although `flush
# ruleset` alone had passed the owned table by without a word; and since nft loads all of a file or
# nothing, the other tables are not restored either. One would guess that a flush which succeeds leaves
# nothing in the way.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_network:-}" ]; then
    fetch_nft trixie 1.1.3-1 1.2.9-1
fi
in_own_network "$0"

nft=(run trixie "$scratch/trixie/usr/sbin/nft")
"${nft[@]}" --version
saved=$scratch/saved
mkfifo "$scratch/owner"
# an nft that stays: the table is its own while it lives
"${nft[@]}" -i <"$scratch/owner" >/dev/null &
exec 7>"$scratch/owner"
echo 'add table inet owned { flags owner, persist; }' >&7
echo 'add table inet mine; add chain inet mine c' >&7
for ((i = 0; i < 100; i++)); do
    "${nft[@]}" list tables | grep -q 'inet mine' && break
    sleep 0.1
done

{ echo 'flush ruleset' && "${nft[@]}" list ruleset; } >"$saved"
"${nft[@]}" flush ruleset && status=0 || status=$?
expect 'flush ruleset says that it worked' 0 "$status"
expect 'it left the owned table, and took the other' 'table inet owned' "$("${nft[@]}" list tables)"
said=$("${nft[@]}" -f "$saved" 2>&1) && status=0 || status=$?
expect 'loading the saved file fails' 1 "$status"
expect 'because of the owned table' 'Operation not permitted' "$(grep -o 'Operation not permitted' <<<"$said" | head -n 1)"
expect 'and the other table is not back' 'table inet owned' "$("${nft[@]}" list tables)"
exec 7>&-
wait
