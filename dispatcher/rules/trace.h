/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refusal.h"

#include <glib.h>

struct nlmsghdr;

/* Who refused the packets that a KsTraceTable marks, from what the kernel tells of each chain that
 * they pass. Others' names, and whatever order of messages, are taken for what they are: bounded,
 * and no reason to fail. */

typedef struct KsTrace KsTrace;

/* `traced`: element-type KsTraced, copied; in the table's order. */
KsTrace *ks_trace_new(const GArray *traced);
void ks_trace_free(KsTrace *trace);

/* One message of the group NFNLGRP_NFTRACE, of whichever type. */
void ks_trace_take(KsTrace *trace, const struct nlmsghdr *message);

/* Fills `refusals` (element-type KsRefusal) with who refused all of a KsTraced's packets that were
 * seen until now. `ended`: none are on their way any more. `has_unseen_tables`: the machine has
 * tables of which nf_tables does not know (iptables-legacy). */
void ks_trace_judge(const KsTrace *trace, bool ended, bool has_unseen_tables, GArray *refusals);

/* Packets of this KsTraced were seen at all. */
bool ks_trace_has_seen(const KsTrace *trace, const KsTraced *traced);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsTrace, ks_trace_free)
