#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# c-ares 1.18.1 (Debian 12) and 1.34.9 (Debian 13).
#
# ares_save_options() used to tell what the channel had read from resolv.conf: its search list and `ndots`. In
# 1.34 it tells what the program itself had asked for, and nothing of the file, although the channel uses the
# file as before. The call succeeds in both; a program that wants to know the search list finds it empty.

here=$(dirname "$0")
. "$here/fetch.sh"
fetch bookworm libc-ares2=1.18.1-3 libc6
fetch trixie libcares2=1.34.9-1~deb13u1 libc-ares-dev=1.34.9-1~deb13u1 libc6

cat >"$scratch/ask.c" <<'C'
#include <ares.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **words)
{
    struct ares_options wanted, told;
    ares_channel channel;
    int mask = 0;

    (void) count;
    memset(&wanted, 0, sizeof(wanted));
    memset(&told, 0, sizeof(told));
    wanted.resolvconf_path = words[1];
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        ares_init_options(&channel, &wanted, ARES_OPT_RESOLVCONF) != ARES_SUCCESS ||
        ares_save_options(channel, &told, &mask) != ARES_SUCCESS)
        return 1;
    printf("ndots %s %d, %d domains\n", (mask & ARES_OPT_NDOTS) ? "told" : "not told",
           (mask & ARES_OPT_NDOTS) ? told.ndots : 0, (mask & ARES_OPT_DOMAINS) ? told.ndomains : 0);
    return 0;
}
C
printf 'nameserver 192.0.2.1\nsearch office.example home.example\noptions ndots:3\n' >"$scratch/resolv.conf"
# one program for both: the functions and the structure's fields are the same
cc -w -I"$scratch/trixie/usr/include" -I"$scratch/trixie/usr/include/x86_64-linux-gnu" -o "$scratch/ask" \
    "$scratch/ask.c" "$scratch/trixie/usr/lib/x86_64-linux-gnu/libcares.so.2" -Wl,--allow-shlib-undefined

expect 'c-ares 1.18.1 tells what the file says' 'ndots told 3, 2 domains' \
    "$(run bookworm "$scratch/ask" "$scratch/resolv.conf")"
expect 'c-ares 1.34.9 does not' 'ndots not told 0, 0 domains' "$(run trixie "$scratch/ask" "$scratch/resolv.conf")"
