/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/connection.h"

/* The connections that the kernel tracks in our network namespace, by ctnetlink
 * (linux/netfilter/nfnetlink_conntrack.h): a look at each, and the end of those that a judge does
 * not want. Piece by piece, because there may be hundreds of thousands of them: a piece is some
 * hundred connections, and what comes in between may be anything, also changes of that table.
 *
 * Nothing here makes the kernel track connections. nf_conntrack is never loaded by us: whether it
 * is there is asked of /proc, before a netlink message would load it. Where it tracks something
 * already, nf_conntrack_netlink may be loaded, which only tells of it. */

typedef struct KsConnections KsConnections;

/* Begins to look. Returns 0 or a negative errno; -ENOENT: nothing is tracked, which is usual. */
int ks_connections_open(KsConnections **ret_connections);
void ks_connections_close(KsConnections *connections);

/* Looks at the next piece. Returns 1 while there is more, 0 at the end, or a negative errno. */
int ks_connections_go_on(KsConnections *connections,
                         bool (*may_stay)(const KsConnection *connection, const void *data),
                         const void *data);

/* How many were looked at, and ended, so far. */
unsigned ks_connections_seen(const KsConnections *connections);
unsigned ks_connections_ended(const KsConnections *connections);
