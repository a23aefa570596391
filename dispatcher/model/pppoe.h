/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* PPPoE sessions (RFC 2516) as the kernel lists them in /proc/net/pppoe: the session's number, the
 * Ethernet address at its other end, the interface. Any program can have one there. */

#define KS_LINK_KIND_PPP "ppp"

#define KS_PPPOE_ADDRESS_SIZE 6

typedef struct {
    uint8_t address[KS_PPPOE_ADDRESS_SIZE]; /* of one machine: no group's */
} KsPppoePeer;

/* More than any machine has. Those beyond are not let out: a program that fills them up keeps
 * others from connecting, and opens nothing. */
#define KS_PPPOE_PEERS_MAX 16u

/* More of the list is not looked at. */
#define KS_PPPOE_TEXT_MAX (64u * 1024u)

/* Appends those peers of the list that are not in `peers` (element-type KsPppoePeer) yet, while
 * there is room. `text` need not end with a NUL; a line that is not as it should be is passed
 * by. */
void ks_pppoe_read(const char *text, gsize size, GArray *peers);
