/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/uplink.h"
#include "rules/skeleton.h"

/* The second layer: a table of family netdev that judges every frame where it leaves the
 * machine, no matter who made it (Linux 5.16 and later). One base chain an uplink, because
 * kernels differ in what else they take (6.1 knows no second device later, 6.18 no renamed one);
 * all of them jump to the same rules, in egress-rules.c. So the table changes with the uplinks,
 * and with nothing else but its sets' elements.
 *
 * By name, one base chain is on all that is called like a card (uplink.h), also on those that come
 * later, and judges them as Ethernet cards; such cards have no chain of their own (ADR 28). */

/* Not in the kernel headers of libnftnl's users (linux/netfilter.h, enum nf_dev_hooks). */
#define KS_EGRESS_HOOK 1

typedef enum {
    KS_EGRESS_ETHERNET, /* by the type that the frame itself names */
    KS_EGRESS_BARE,     /* by the kernel's word, where frames name none */
    KS_EGRESS_IPV4,
    KS_EGRESS_IPV6,
    KS_EGRESS_REPORTS,
    KS_EGRESS_PPPOE,
    KS_EGRESS_WRAPPED,  /* what a link above has judged (ADR 33) */
    KS_EGRESS_UNCOMMON, /* which other types were dropped */
    KS_EGRESS_RELAYED,  /* what the kernel sends for a ring or a mesh */
    KS_EGRESS_LAN4,
    KS_EGRESS_LAN6,
    KS_EGRESS_TO_HOTSPOT,
    KS_EGRESS_REFUSED,
    KS_EGRESS_TELLING,
    KS_EGRESS_CHAINS, /* behind these, the uplinks' own */
} KsEgressChain;

typedef enum {
    KS_EGRESS_SET_SERVERS4,
    KS_EGRESS_SET_SERVERS6,
    KS_EGRESS_SET_PROTOCOLS4,
    KS_EGRESS_SET_PROTOCOLS6,
    KS_EGRESS_SET_FRAGMENTS4,
    KS_EGRESS_SET_FRAGMENTS6,
    KS_EGRESS_SET_DHCP_SERVERS,
    KS_EGRESS_SET_LAN_UPLINKS,
    KS_EGRESS_SET_TUNNEL_SENDERS4,
    KS_EGRESS_SET_TUNNEL_TARGETS6,
    KS_EGRESS_SET_TUNNEL_ROUTES4,
    KS_EGRESS_SET_TUNNEL_ROUTES6,
    KS_EGRESS_SET_PPPOE_PEERS,
    KS_EGRESS_SET_WRAPPING_UPLINKS,
    KS_EGRESS_SET_RELAYING_UPLINKS,
    KS_EGRESS_SET_TELLING,
    KS_EGRESS_SET_PAUSE,
    KS_EGRESS_SET_LAN4,
    KS_EGRESS_SET_LAN6,
    KS_EGRESS_SET_RESOLVER_PORTS,
    KS_EGRESS_SET_LINK_GROUPS,
    KS_EGRESS_SET_REPORT_LENGTHS,
    KS_EGRESS_SET_EXCEPTIONS4,
    KS_EGRESS_SET_EXCEPTIONS6,
    KS_EGRESS_SET_SERVICES4,
    KS_EGRESS_SET_SERVICES6,
    KS_EGRESS_SET_BLOCKED_TYPES,
    KS_EGRESS_SET_TOLD_FRAMES,
    KS_EGRESS_SET_TOLD_FROM,
    KS_EGRESS_SET_OPEN, /* by name only: the last one */
    KS_EGRESS_SET_MAX,
} KsEgressSet;

typedef enum {
    KS_EGRESS_BLOCKED,
    KS_EGRESS_COUNTERS,
} KsEgressCounter;

/* How long a type of frames that was dropped is told of. */
#define KS_FRAME_TYPE_MS 60000u

extern const KsRuleSegment ks_egress_rules;

/* The table for these uplinks (element-type KsUplink). `by_name`: as the kernel can do it
 * (kernel/netfilter.h). */
typedef struct KsEgressTable KsEgressTable;

KsEgressTable *ks_egress_table_new(const GArray *uplinks, bool by_name);
void ks_egress_table_free(KsEgressTable *table);
const KsSkeleton *ks_egress_table_skeleton(const KsEgressTable *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsEgressTable, ks_egress_table_free)
