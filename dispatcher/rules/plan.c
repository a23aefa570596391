/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/plan.h"

#include "rules/messages.h"

#include <linux/netfilter/nf_tables.h>

static void add_chain_rules(KsBatch *batch, const KsSkeleton *skeleton, unsigned chain,
                            const KsLock *want)
{
    g_autoptr(GPtrArray) rules = ks_skeleton_rules_of(skeleton, chain, want);

    for (unsigned i = 0; i < rules->len; i++)
        ks_batch_add_rule(batch, skeleton, g_ptr_array_index(rules, i));
}

static void add_rules(KsBatch *batch, const KsSkeleton *skeleton, const KsLock *want)
{
    for (unsigned chain = 0; chain < skeleton->chains_count; chain++)
        add_chain_rules(batch, skeleton, chain, want);
}

/* Rules come and go with the keys that they are there for, in the same transaction. A chain of
 * which some go gets all again: every packet sees either the old ones or the new ones. */
static void change_rules(KsBatch *batch, const KsReadback *have, const KsLock *want)
{
    const KsSkeleton *skeleton = have->skeleton;

    for (unsigned chain = 0; chain < skeleton->chains_count; chain++) {
        g_autoptr(GPtrArray) old = NULL;

        if (ks_skeleton_rules_are_equal(skeleton, chain, have->lock, want))
            continue;
        old = ks_skeleton_rules_of(skeleton, chain, have->lock);
        if (old->len > 0)
            ks_batch_flush_chain(batch, skeleton, chain);
        add_chain_rules(batch, skeleton, chain, want);
    }
}

static void install(KsBatch *batch, const KsSkeleton *skeleton, const KsLock *want,
                    uint32_t table_flags)
{
    ks_batch_add_table(batch, skeleton->family, skeleton->name, table_flags, skeleton->comment);
    for (unsigned chain = 0; chain < skeleton->chains_count; chain++)
        ks_batch_add_chain(batch, skeleton, chain);
    for (unsigned counter = 0; counter < skeleton->counters_count; counter++)
        ks_batch_add_counter(batch, skeleton, counter);
    for (unsigned set = 0; set < skeleton->sets_count; set++) {
        ks_batch_add_set(batch, skeleton, set);
        ks_batch_add_constants(batch, skeleton, set);
        if (skeleton->sets[set].holds == KS_SET_HOLDS_KEYS)
            ks_batch_add_keys(batch, skeleton, set, want->sets[skeleton->sets[set].keys]);
    }
    add_rules(batch, skeleton, want);
}

/* Rules are replaced where they stand: between the old ones and the new ones there is no moment,
 * and the base chains stay hooked. */
static void repair(KsBatch *batch, const KsReadback *have, const KsLock *want)
{
    const KsSkeleton *skeleton = have->skeleton;
    uint32_t flags = have->flags & ~(uint32_t) NFT_TABLE_F_DORMANT;

    if (flags & KS_TABLE_F_PERSIST) /* an orphan is adopted as well */
        flags |= KS_TABLE_F_OWNED;
    ks_batch_add_table(batch, skeleton->family, skeleton->name, flags, skeleton->comment);
    ks_batch_flush_rules(batch, skeleton);
    /* sets first: a map may lead to a chain */
    for (unsigned i = 0; i < have->foreign_sets->len; i++)
        ks_batch_delete_set(batch, skeleton, g_ptr_array_index(have->foreign_sets, i));
    for (unsigned set = 0; set < skeleton->sets_count; set++)
        if (have->sets[set].present && have->sets[set].wrong)
            ks_batch_delete_set(batch, skeleton, skeleton->sets[set].name);
    for (unsigned i = 0; i < have->foreign_chains->len; i++)
        ks_batch_delete_chain(batch, skeleton, g_ptr_array_index(have->foreign_chains, i));
    for (unsigned chain = 0; chain < skeleton->chains_count; chain++) {
        if (have->chains[chain].wrong)
            ks_batch_delete_chain(batch, skeleton, skeleton->chains[chain].name);
        ks_batch_add_chain(batch, skeleton, chain); /* if it stands, this sets its policy */
    }
    for (unsigned counter = 0; counter < skeleton->counters_count; counter++)
        if (!have->counters[counter].present)
            ks_batch_add_counter(batch, skeleton, counter);
    for (unsigned set = 0; set < skeleton->sets_count; set++) {
        if (have->sets[set].present && !have->sets[set].wrong)
            continue; /* with what it holds: a pause goes on and ends when it should */
        ks_batch_add_set(batch, skeleton, set);
        ks_batch_add_constants(batch, skeleton, set);
    }
    add_rules(batch, skeleton, want);
}

/* Only what differs: flushing a set and filling it again would lose allowed packets between. Keys
 * go before others come, so that a range can be replaced by another that overlaps it, and what
 * stands beside a key by something else; both happen at the same moment for every packet. */
static void change_keys(KsBatch *batch, const KsReadback *have, const KsLock *want)
{
    const KsSkeleton *skeleton = have->skeleton;
    KsKeyChange change = {
        .come = g_array_new(FALSE, FALSE, sizeof(KsKey)),
        .go = g_array_new(FALSE, FALSE, sizeof(KsKey)),
    };

    for (unsigned set = 0; set < skeleton->sets_count; set++) {
        KsSetId keys = skeleton->sets[set].keys;

        if (skeleton->sets[set].holds != KS_SET_HOLDS_KEYS)
            continue;
        if (!have->sets[set].present || have->sets[set].wrong) { /* created again, empty */
            ks_batch_add_keys(batch, skeleton, set, want->sets[keys]);
            continue;
        }
        if (ks_lock_set_is_equal(have->lock, want, keys))
            continue; /* most of a swap: no need to compare key by key */
        ks_lock_compare_set(have->lock, want, keys, &change);
        ks_batch_delete_keys(batch, skeleton, set, change.go);
        ks_batch_add_keys(batch, skeleton, set, change.come);
    }
    g_array_unref(change.come);
    g_array_unref(change.go);
}

/* The set that holds the pause, or sets_count. */
static unsigned pause_set(const KsSkeleton *skeleton)
{
    unsigned set = 0;

    while (set < skeleton->sets_count && skeleton->sets[set].holds != KS_SET_HOLDS_PAUSE)
        set++;
    return set;
}

static void delete_table(KsBatch *batch, const KsReadback *have)
{
    if (have->present)
        ks_batch_delete_table(batch, have->skeleton->family, have->skeleton->name);
}

int ks_plan_lock(KsBatch *batch, const KsReadback *have, const KsLock *want, uint32_t table_flags)
{
    ks_batch_begin(batch);
    if (!have->present || have->unreadable) {
        delete_table(batch, have);
        install(batch, have->skeleton, want, table_flags);
    } else {
        if (ks_readback_is_intact(have))
            change_rules(batch, have, want);
        else
            repair(batch, have, want);
        change_keys(batch, have, want);
    }
    return ks_batch_end(batch);
}

int ks_plan_replace(KsBatch *batch, const KsReadback *have, const KsLock *want,
                    uint32_t table_flags)
{
    ks_batch_begin(batch);
    delete_table(batch, have);
    install(batch, have->skeleton, want, table_flags);
    return ks_batch_end(batch);
}

int ks_plan_pause(KsBatch *batch, const KsReadback *have, uint64_t milliseconds)
{
    unsigned set = pause_set(have->skeleton);

    if (!have->present || set == have->skeleton->sets_count)
        return -ENOENT;
    ks_batch_begin(batch);
    if (have->pause_ms > 0)
        ks_batch_delete_pause(batch, have->skeleton, set);
    if (milliseconds > 0)
        ks_batch_add_pause(batch, have->skeleton, set, milliseconds);
    return ks_batch_end(batch);
}

int ks_plan_unhook(KsBatch *batch, const KsReadback *have)
{
    const KsSkeleton *skeleton = have->skeleton;

    ks_batch_begin(batch);
    for (unsigned chain = 0; chain < skeleton->chains_count; chain++)
        if (skeleton->chains[chain].base && have->chains[chain].present)
            ks_batch_delete_chain(batch, skeleton, skeleton->chains[chain].name);
    return ks_batch_end(batch);
}

int ks_plan_unlock(KsBatch *batch, const KsReadback *have)
{
    ks_batch_begin(batch);
    delete_table(batch, have);
    return ks_batch_end(batch);
}

int ks_plan_adopt(KsBatch *batch, const KsReadback *have)
{
    ks_batch_begin(batch);
    /* an owner that ends takes its flag along: what is left is a table that persists */
    if (have->present && (have->flags & KS_TABLE_F_OWNED) == KS_TABLE_F_PERSIST)
        ks_batch_add_table(batch, have->skeleton->family, have->skeleton->name, KS_TABLE_F_OWNED,
                           NULL);
    return ks_batch_end(batch);
}
