/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"

/* A connection as the kernel tracks it, for others who have it do so (a NAT, a firewall): we never
 * do (ADR 5). The lock needs none of this to hold. But what was connected before it closed should
 * be gone for good, not wait in a table until it opens or a tunnel comes. */

typedef struct {
    KsAddress address;
    uint16_t port; /* host byte order; 0 where the protocol has none */
} KsConnectionEnd;

typedef struct {
    uint8_t protocol;
    KsConnectionEnd from; /* who began it */
    KsConnectionEnd to;   /* and with whom it wanted to speak */
    KsConnectionEnd
        answers_from; /* with whom it does: another one where addresses are translated */
    KsConnectionEnd answers_to;
} KsConnection;

/* Whether it may go on behind this lock: it stays on this machine and among its guests, or it is a
 * tunnel's or a VPN server's, or the local network's while LAN access is open. `own`: the machine's
 * addresses, element-type KsLinkAddress. The lock is sealed. */
bool ks_connection_may_stay(const KsConnection *connection, const KsLock *lock, const GArray *own);
