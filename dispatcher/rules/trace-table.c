/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/trace-table.h"

#include "rules/messages.h"
#include "rules/steps.h"

#include <string.h>

/* Rules that choose one KsTraced's packets. */
#define CHOOSING_MAX 3u

/* With the end. */
#define STEPS_MAX 11u

/* Of each, a second: enough to tell what becomes of them, and few to tell of. */
#define MARKED_PER_SECOND 4
#define MARKED_AT_ONCE    4

struct KsTraceTable {
    KsSkeleton skeleton;
    KsChain *chains;
    char **names;
    KsRule *rules;
    KsStep (*steps)[STEPS_MAX]; /* the rules' */
    KsRuleSegment segment;
    const KsRuleSegment *segments[1];
};

const char *const ks_trace_chains[KS_TRACE_CHAINS] = {
    [KS_TRACE_OUT] = "out",
    [KS_TRACE_IN] = "in",
    [KS_TRACE_SENT] = "sent",
    [KS_TRACE_RECEIVED] = "received",
};

static const struct {
    uint32_t hook;
    int32_t priority;
} places[KS_TRACE_CHAINS] = {
    [KS_TRACE_OUT] = { NF_INET_LOCAL_OUT, INT32_MIN },
    [KS_TRACE_IN] = { NF_INET_PRE_ROUTING, INT32_MIN },
    [KS_TRACE_SENT] = { NF_INET_POST_ROUTING, INT32_MAX },
    [KS_TRACE_RECEIVED] = { NF_INET_LOCAL_IN, INT32_MAX },
};

/* clang-format off: tables, to be read as such */
/* How a conversation begins, and how it is answered; behind the link, which comes first. */
#define SYN_BITS 0xed /* all but these two: */
/* No link's number has this bit: of one that a link has, nft would list the name (ADR 27). */
#define LINK_BIT 0x40000000u
#define LINK_IS(what)                                  \
    META(what, R1), SET_BITS(4, HOST_ORDER(LINK_BIT)), \
        STEP(COMPARE, .reg = R1, .key = NFT_CMP_EQ, .length = 4)
#define LINK_STEP 2 /* where it stands */

static const KsStep to_tunnel[CHOOSING_MAX][STEPS_MAX] = {
    { LINK_IS(OIF), IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), SET_BITS(1, SYN_BITS),
      COMPARE(EQ, 1, SYN_BITS | TCP_SYN) },
    { LINK_IS(OIF), IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(DESTINATION_PORT, 2, R1),
      COMPARE(EQ, 2, 0, 53) },
    { LINK_IS(OIF), ICMP_IS(8) },
};
static const KsStep from_tunnel[CHOOSING_MAX][STEPS_MAX] = {
    { LINK_IS(IIF), IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), SET_BITS(1, SYN_BITS),
      COMPARE(EQ, 1, SYN_BITS | TCP_SYN | TCP_ACK) },
    { LINK_IS(IIF), IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 2, R1),
      COMPARE(EQ, 2, 0, 53) },
    { LINK_IS(IIF), ICMP_IS(0) },
};

static const KsStep marking[STEPS_MAX] = {
    LIMIT(MARKED_PER_SECOND, MARKED_AT_ONCE),
    IMMEDIATE(R1, 1, 1),
    SET_TRACE,
};
/* clang-format on */

/* Returns its steps, a copy. */
static KsStep *add_rule(KsTraceTable *table, unsigned chain, const KsStep *steps)
{
    KsStep *own = table->steps[table->segment.count];

    memcpy(own, steps, sizeof(*table->steps));
    table->rules[table->segment.count++] = (KsRule){ .chain = chain, .steps = own };
    return own;
}

static void end_rule(KsStep *steps, unsigned own_chain)
{
    while (steps->kind != KS_STEP_END)
        steps++;
    *steps = (KsStep) JUMP((int32_t) own_chain);
}

static void choose_server(KsTraceTable *table, unsigned chain, const KsTraced *one,
                          unsigned own_chain)
{
    bool out = ks_traced_leaves(one);
    uint32_t size = (uint32_t) ks_address_size(&one->address);
    uint32_t source = size == 4 ? IPV4_SOURCE : IPV6_SOURCE;
    KsStep steps[STEPS_MAX] = {
        META(NFPROTO, R1),
        COMPARE(EQ, 1, size == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6),
        NETWORK(out ? source + size : source, size, R1),
        COMPARE(EQ, size, 0),
        META(L4PROTO, R1),
        COMPARE(EQ, 1, one->protocol),
    };

    memcpy(steps[3].data, one->address.bytes, size);
    if (one->port) {
        steps[6] = (KsStep) TRANSPORT(out ? DESTINATION_PORT : SOURCE_PORT, 2, R1);
        steps[7] = (KsStep) COMPARE(EQ, 2, one->port >> 8, one->port & 0xff);
    }
    end_rule(add_rule(table, chain, steps), own_chain);
}

static void choose_tunnel(KsTraceTable *table, unsigned chain, const KsTraced *one,
                          unsigned own_chain)
{
    uint32_t link = one->index | LINK_BIT;

    for (unsigned i = 0; i < CHOOSING_MAX; i++) {
        KsStep *steps =
            add_rule(table, chain, ks_traced_leaves(one) ? to_tunnel[i] : from_tunnel[i]);

        memcpy(steps[LINK_STEP].data, &link, sizeof(link));
        end_rule(steps, own_chain);
    }
}

static void add_traced(KsTraceTable *table, unsigned i, const KsTraced *one)
{
    unsigned own_chain = KS_TRACE_CHAINS + i;
    unsigned chain = ks_traced_leaves(one) ? KS_TRACE_OUT : KS_TRACE_IN;

    table->names[i] = g_strdup_printf(KS_TRACE_OWN_CHAIN "%u", i);
    table->chains[own_chain] = (KsChain){ .name = table->names[i] };
    if (one->kind == KS_TRACED_TO_SERVER || one->kind == KS_TRACED_FROM_SERVER)
        choose_server(table, chain, one, own_chain);
    else
        choose_tunnel(table, chain, one, own_chain);
    (void) add_rule(table, own_chain, marking);
}

KsTraceTable *ks_trace_table_new(const GArray *traced)
{
    KsTraceTable *table = g_new0(KsTraceTable, 1);

    table->chains = g_new0(KsChain, KS_TRACE_CHAINS + traced->len);
    table->names = g_new0(char *, traced->len + 1);
    table->rules = g_new0(KsRule, (CHOOSING_MAX + 1) * traced->len + 1);
    table->steps = g_malloc0_n((CHOOSING_MAX + 1) * traced->len + 1, sizeof(*table->steps));
    for (unsigned i = 0; i < KS_TRACE_CHAINS; i++)
        table->chains[i] = (KsChain){
            .name = ks_trace_chains[i],
            .base = true,
            .hook = places[i].hook,
            .priority = places[i].priority,
            .policy = NF_ACCEPT,
        };
    for (unsigned i = 0; i < traced->len; i++)
        add_traced(table, i, &g_array_index(traced, KsTraced, i));
    table->segment.rules = table->rules;
    table->segments[0] = &table->segment;
    table->skeleton = (KsSkeleton){
        .family = NFPROTO_INET,
        .name = KS_TRACE_TABLE,
        .comment = "nm-killswitch looks who else refuses packets; seconds only",
        .chains = table->chains,
        .chains_count = KS_TRACE_CHAINS + traced->len,
        .segments = table->segments,
        .segments_count = G_N_ELEMENTS(table->segments),
    };
    return table;
}

void ks_trace_table_free(KsTraceTable *table)
{
    if (!table)
        return;
    g_strfreev(table->names);
    g_free(table->chains);
    g_free(table->rules);
    g_free(table->steps);
    g_free(table);
}

const KsSkeleton *ks_trace_table_skeleton(const KsTraceTable *table)
{
    return &table->skeleton;
}

void ks_trace_table_plan(const KsTraceTable *table, KsBatch *batch)
{
    ks_batch_begin(batch);
    ks_batch_add_table(batch, table->skeleton.family, table->skeleton.name, KS_TRACE_TABLE_FLAGS,
                       table->skeleton.comment);
    for (unsigned i = 0; i < table->skeleton.chains_count; i++)
        ks_batch_add_chain(batch, &table->skeleton, i);
    for (unsigned i = 0; i < table->segment.count; i++)
        ks_batch_add_rule(batch, &table->skeleton, &table->rules[i]);
    (void) ks_batch_end(batch);
}
