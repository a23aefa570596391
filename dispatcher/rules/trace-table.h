/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/names.h"
#include "model/refusal.h"
#include "rules/batch.h"
#include "rules/skeleton.h"

/* KS_TRACE_TABLE, which follows packets for some seconds: it marks a few of each KsTraced before
 * any other chain has them, and the kernel then tells of each chain that they pass, ours and
 * others' (nftrace). It judges nothing. It belongs to the socket that makes it, and goes with it.
 */

#define KS_TRACE_TABLE_FLAGS 0x2u /* NFT_TABLE_F_OWNER, Linux 5.12 */

typedef enum {
    KS_TRACE_OUT,      /* first of all that programs send */
    KS_TRACE_IN,       /* first of all that comes */
    KS_TRACE_SENT,     /* last of what leaves */
    KS_TRACE_RECEIVED, /* last of what is for this machine */
    KS_TRACE_CHAINS,   /* behind these, one for each KsTraced, in their order */
} KsTraceChain;

extern const char *const ks_trace_chains[KS_TRACE_CHAINS];

/* Before the number in the name of a KsTraced's own chain. */
#define KS_TRACE_OWN_CHAIN "traced_"

/* `traced`: element-type KsTraced, at most KS_TRACED_MAX. */
typedef struct KsTraceTable KsTraceTable;

KsTraceTable *ks_trace_table_new(const GArray *traced);
void ks_trace_table_free(KsTraceTable *table);
const KsSkeleton *ks_trace_table_skeleton(const KsTraceTable *table);

/* All of it, as a transaction. */
void ks_trace_table_plan(const KsTraceTable *table, KsBatch *batch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsTraceTable, ks_trace_table_free)
