/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/plan.h"

#include "model/names.h"
#include "rules/messages.h"

#include <linux/netfilter/nf_tables.h>

static void add_rules(KsBatch *batch)
{
    for (unsigned i = 0; i < ks_rules_count; i++)
        ks_batch_add_rule(batch, &ks_rules[i]);
}

static void install(KsBatch *batch, const KsLock *want, uint32_t table_flags)
{
    ks_batch_add_table(batch, KS_TABLE, table_flags);
    for (KsChainId chain = 0; chain < KS_CHAIN_MAX; chain++)
        ks_batch_add_chain(batch, chain);
    for (KsCounterId counter = 0; counter < KS_COUNTER_MAX; counter++)
        ks_batch_add_counter(batch, counter);
    for (KsNftSet set = 0; set < KS_NFT_SET_MAX; set++) {
        ks_batch_add_set(batch, set);
        ks_batch_add_constants(batch, set);
        if ((unsigned) set < KS_SET_MAX)
            ks_batch_add_keys(batch, (KsSetId) set, want->sets[set]);
    }
    add_rules(batch);
}

/* Rules are replaced where they stand: between the old ones and the new ones there is no moment,
 * and the base chains stay hooked. */
static void repair(KsBatch *batch, const KsReadback *have)
{
    uint32_t flags = have->flags & ~(uint32_t) NFT_TABLE_F_DORMANT;

    if (flags & KS_TABLE_F_PERSIST) /* an orphan is adopted as well */
        flags |= KS_TABLE_F_OWNED;
    ks_batch_add_table(batch, KS_TABLE, flags);
    ks_batch_flush_rules(batch);
    /* sets first: a map may lead to a chain */
    for (unsigned i = 0; i < have->foreign_sets->len; i++)
        ks_batch_delete_set(batch, g_ptr_array_index(have->foreign_sets, i));
    for (unsigned i = 0; i < have->foreign_chains->len; i++)
        ks_batch_delete_chain(batch, g_ptr_array_index(have->foreign_chains, i));
    for (KsChainId chain = 0; chain < KS_CHAIN_MAX; chain++) {
        if (have->chains_wrong[chain])
            ks_batch_delete_chain(batch, ks_chains[chain].name);
        ks_batch_add_chain(batch, chain); /* if it stands, this sets its policy */
    }
    for (KsCounterId counter = 0; counter < KS_COUNTER_MAX; counter++)
        if (!have->counters_present[counter])
            ks_batch_add_counter(batch, counter);
    for (KsNftSet set = 0; set < KS_NFT_SET_MAX; set++) {
        if (have->sets_present[set] && !have->sets_wrong[set])
            continue; /* with what it holds: a pause goes on and ends when it should */
        if (have->sets_present[set])
            ks_batch_delete_set(batch, ks_set_definitions[set].name);
        ks_batch_add_set(batch, set);
        ks_batch_add_constants(batch, set);
    }
    add_rules(batch);
}

/* Only what differs: flushing a set and filling it again would lose allowed packets between. Keys
 * go before others come, so that a range can be replaced by another that overlaps it; both happen
 * at the same moment for every packet. */
static void change_keys(KsBatch *batch, const KsReadback *have, const KsLock *want)
{
    KsKeyChange change = {
        .come = g_array_new(FALSE, FALSE, sizeof(KsKey)),
        .go = g_array_new(FALSE, FALSE, sizeof(KsKey)),
    };

    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        if (!have->sets_present[set] || have->sets_wrong[set]) { /* created anew, empty */
            ks_batch_add_keys(batch, set, want->sets[set]);
            continue;
        }
        if (ks_lock_set_is_equal(have->lock, want, set))
            continue; /* most of a swap: no need to compare key by key */
        ks_lock_compare_set(have->lock, want, set, &change);
        ks_batch_delete_keys(batch, set, change.go);
        ks_batch_add_keys(batch, set, change.come);
    }
    g_array_unref(change.come);
    g_array_unref(change.go);
}

int ks_plan_lock(KsBatch *batch, const KsReadback *have, const KsLock *want, uint32_t table_flags)
{
    ks_batch_begin(batch);
    if (!have->present) {
        install(batch, want, table_flags);
    } else {
        if (!ks_readback_is_intact(have))
            repair(batch, have);
        change_keys(batch, have, want);
    }
    return ks_batch_end(batch);
}

int ks_plan_replace(KsBatch *batch, const KsReadback *have, const KsLock *want,
                    uint32_t table_flags)
{
    ks_batch_begin(batch);
    if (have->present)
        ks_batch_delete_table(batch, KS_TABLE);
    install(batch, want, table_flags);
    return ks_batch_end(batch);
}

int ks_plan_pause(KsBatch *batch, const KsReadback *have, uint64_t milliseconds)
{
    if (!have->present)
        return -ENOENT;
    ks_batch_begin(batch);
    if (have->pause_ms > 0)
        ks_batch_delete_pause(batch);
    if (milliseconds > 0)
        ks_batch_add_pause(batch, milliseconds);
    return ks_batch_end(batch);
}

int ks_plan_unlock(KsBatch *batch, const KsReadback *have)
{
    ks_batch_begin(batch);
    if (have->present)
        ks_batch_delete_table(batch, KS_TABLE);
    return ks_batch_end(batch);
}

int ks_plan_adopt(KsBatch *batch, const KsReadback *have)
{
    ks_batch_begin(batch);
    /* an owner that ends takes its flag along: what is left is a table that persists */
    if (have->present && (have->flags & KS_TABLE_F_OWNED) == KS_TABLE_F_PERSIST)
        ks_batch_add_table(batch, KS_TABLE, KS_TABLE_F_OWNED);
    return ks_batch_end(batch);
}
