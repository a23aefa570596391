/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever another program does to our table is seen, told and mended in place. */
#include "test-netfilter.h"

#include "intruder.h"
#include "model/names.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define OTHER_PRIORITY 100

/* ---- damage ---- */

static const char *chain_name(KsChainId chain)
{
    return ks_lock_table.chains[chain].name;
}

/* All rules of a chain anew, but for what the caller does with the n-th. */
static void rewrite_chain(KsBatch *batch, KsChainId chain, unsigned without, bool replace)
{
    unsigned n = 0;

    intruder_flush_chain(batch, chain_name(chain));
    for (unsigned i = 0; i < ks_skeleton_rules(&ks_lock_table); i++) {
        const KsRule *rule = ks_skeleton_rule(&ks_lock_table, i);

        if (rule->chain != chain)
            continue;
        if (n != without)
            ks_batch_add_rule(batch, &ks_lock_table, rule);
        else if (replace)
            intruder_add_rule(batch, chain_name(chain), false);
        n++;
    }
}

static void delete_last_rule(KsBatch *batch)
{
    for (KsChainId chain = 0; chain < KS_CHAIN_MAX; chain++)
        rewrite_chain(batch, chain, ks_skeleton_chain_rules(&ks_lock_table, chain) - 1, false);
}

static void delete_first_rule(KsBatch *batch)
{
    rewrite_chain(batch, KS_CHAIN_INPUT, 0, false);
}

static void replace_rule(KsBatch *batch)
{
    rewrite_chain(batch, KS_CHAIN_OUTPUT, 3, true);
}

static void delete_all_rules(KsBatch *batch)
{
    ks_batch_flush_rules(batch, &ks_lock_table);
}

static void append_rule(KsBatch *batch)
{
    intruder_add_rule(batch, chain_name(KS_CHAIN_OUTPUT), false);
}

void damage_by_rule(KsBatch *batch)
{
    intruder_add_rule(batch, chain_name(KS_CHAIN_FORWARD), true);
}

static void swap_rules(KsBatch *batch)
{
    intruder_flush_chain(batch, chain_name(KS_CHAIN_LAN_IN));
    for (unsigned i = ks_skeleton_rules(&ks_lock_table); i-- > 0;)
        if (ks_skeleton_rule(&ks_lock_table, i)->chain == KS_CHAIN_LAN_IN)
            ks_batch_add_rule(batch, &ks_lock_table, ks_skeleton_rule(&ks_lock_table, i));
}

static void duplicate_rule(KsBatch *batch)
{
    const KsRule *last = NULL;

    for (unsigned i = 0; i < ks_skeleton_rules(&ks_lock_table); i++)
        if (ks_skeleton_rule(&ks_lock_table, i)->chain == KS_CHAIN_LAN_IN)
            last = ks_skeleton_rule(&ks_lock_table, i);
    ks_batch_add_rule(batch, &ks_lock_table, last);
}

static void open_policy(KsBatch *batch)
{
    intruder_change_chain(batch, KS_CHAIN_OUTPUT, KS_PRIORITY_FILTER, NF_ACCEPT);
}

static void make_dormant(KsBatch *batch)
{
    ks_batch_add_table(batch, NFPROTO_INET, KS_TABLE, NFT_TABLE_F_DORMANT);
}

static void move_chain(KsBatch *batch)
{
    ks_batch_flush_rules(batch, &ks_lock_table);
    ks_batch_delete_chain(batch, &ks_lock_table, chain_name(KS_CHAIN_OUTPUT));
    intruder_change_chain(batch, KS_CHAIN_OUTPUT, OTHER_PRIORITY, NF_DROP);
}

static void delete_base_chain(KsBatch *batch)
{
    ks_batch_flush_rules(batch, &ks_lock_table);
    ks_batch_delete_chain(batch, &ks_lock_table, chain_name(KS_CHAIN_INPUT));
}

static void delete_chain(KsBatch *batch)
{
    ks_batch_flush_rules(batch, &ks_lock_table);
    ks_batch_delete_chain(batch, &ks_lock_table, chain_name(KS_CHAIN_LAN_OUT));
}

static void add_foreign_base_chain(KsBatch *batch)
{
    intruder_add_chain(batch, true);
    intruder_add_rule(batch, INTRUDER_CHAIN, false);
}

/* The kernel takes any bytes for a name; people and the bus do not. */
static void add_odd_chain(KsBatch *batch)
{
    intruder_add_named_chain(batch, "\xff\xfe\n\x1b[2J%s%n");
}

static void add_foreign_set(KsBatch *batch)
{
    intruder_add_set(batch, INTRUDER_SET, 4, 0);
    intruder_add_set_rule(batch, chain_name(KS_CHAIN_OUTPUT));
}

static void add_foreign_map(KsBatch *batch)
{
    intruder_add_chain(batch, false);
    intruder_add_rule(batch, INTRUDER_CHAIN, false);
    intruder_add_verdict_map(batch);
}

static void replace_set(KsBatch *batch)
{
    ks_batch_flush_rules(batch, &ks_lock_table);
    ks_batch_delete_set(batch, &ks_lock_table, ks_lock_table.sets[KS_SET_SERVERS4].name);
    intruder_add_set(batch, ks_lock_table.sets[KS_SET_SERVERS4].name, 4, 0);
}

static void delete_set(KsBatch *batch)
{
    ks_batch_flush_rules(batch, &ks_lock_table);
    ks_batch_delete_set(batch, &ks_lock_table, ks_lock_table.sets[KS_SET_LAN_INTERFACES].name);
}

static void change_constants(KsBatch *batch)
{
    static const uint8_t everything[] = { 0, 0, 0, 0 };
    const KsSetDefinition *set = &ks_lock_table.sets[KS_NFT_SET_LAN4];

    ks_batch_flush_rules(batch, &ks_lock_table);
    ks_batch_delete_set(batch, &ks_lock_table, set->name);
    ks_batch_add_set(batch, &ks_lock_table, KS_NFT_SET_LAN4);
    intruder_add_element(batch, set->name, everything, sizeof(everything), 0);
}

static void lose_constants(KsBatch *batch)
{
    ks_batch_flush_rules(batch, &ks_lock_table);
    ks_batch_delete_set(batch, &ks_lock_table, ks_lock_table.sets[KS_NFT_SET_RESOLVER_PORTS].name);
    ks_batch_add_set(batch, &ks_lock_table, KS_NFT_SET_RESOLVER_PORTS);
}

static void delete_counters(KsBatch *batch)
{
    ks_batch_flush_rules(batch, &ks_lock_table);
    intruder_delete_counter(batch, ks_lock_table.counters[KS_COUNTER_BLOCKED_OUT]);
}

static void pause_for_ever(KsBatch *batch)
{
    static const uint8_t family[] = { NFPROTO_IPV4 };

    intruder_add_element(batch, ks_lock_table.sets[KS_NFT_SET_PAUSE].name, family, sizeof(family),
                         0);
}

static void add_catchall(KsBatch *batch)
{
    intruder_add_element(batch, ks_lock_table.sets[KS_SET_OPEN_INTERFACES].name, NULL, 0, 0);
}

static void add_catchall_server(KsBatch *batch)
{
    intruder_add_map_element(batch, ks_lock_table.sets[KS_SET_SERVERS6].name, NULL, 0, NF_ACCEPT);
}

#ifdef KS_TEST_KERNEL
static void add_anonymous_set(KsBatch *batch)
{
    intruder_add_anonymous_set_rule(batch, chain_name(KS_CHAIN_OUTPUT));
}
#endif

typedef struct {
    const char *name;
    void (*damage)(KsBatch *batch);
    const char *problem; /* the first one is like this */
    bool moves_chain;    /* a chain that hooks elsewhere can only be put away */
} Damage;

static const Damage damages[] = {
    { "last-rule-deleted", delete_last_rule, "rules of the chain output are missing", false },
    { "first-rule-deleted", delete_first_rule, "rule 1 of the chain input *", false },
    { "rule-replaced", replace_rule, "rule 4 of the chain output *", false },
    { "all-rules-deleted", delete_all_rules, "rules of the chain output are missing", false },
    { "rule-appended", append_rule, "rule * of the chain output *", false },
    { "rule-inserted", damage_by_rule, "rule 1 of the chain forward *", false },
    { "rules-swapped", swap_rules, "rule 1 of the chain lan_in *", false },
    { "rule-duplicated", duplicate_rule, "rule * of the chain lan_in *", false },
    { "policy-accept", open_policy, "the chain output *", false },
    { "dormant", make_dormant, "the table is dormant*", false },
    { "chain-moved", move_chain, "the chain output *", true },
    { "base-chain-deleted", delete_base_chain, "*", false },
    { "chain-deleted", delete_chain, "*", false },
    { "foreign-base-chain", add_foreign_base_chain, "*chain that is not ours: " INTRUDER_CHAIN,
      false },
    { "foreign-chain-of-odd-name", add_odd_chain, "*chain that is not ours: *", false },
    { "foreign-set", add_foreign_set, "*", false },
    { "foreign-verdict-map", add_foreign_map, "*chain that is not ours: " INTRUDER_CHAIN, false },
    { "set-of-another-type", replace_set, "the set servers4 *", false },
    { "set-deleted", delete_set, "*", false },
    { "constants-changed", change_constants, "the set lan4 *", false },
    { "constants-lost", lose_constants, "*", false },
    { "counter-deleted", delete_counters, "*", false },
    { "pause-without-end", pause_for_ever, "the pause has no end", false },
    { "element-that-matches-all-interfaces", add_catchall, "*open_interfaces*", false },
    { "element-that-matches-all-servers", add_catchall_server, "*servers6*", false },
#ifdef KS_TEST_KERNEL
    { "foreign-anonymous-set", add_anonymous_set, "*", false },
#endif
};

static void test_damage(Fixture *f, const void *data)
{
    const Damage *damage = data;

    apply(f, 0);
    (void) drain(f);

    ks_batch_begin(&f->batch);
    damage->damage(&f->batch);
    g_assert_cmpint(commit_as_other(f), ==, 0);
    g_assert_true(drain(f));
    read_held(f);
    g_assert_false(ks_readback_is_intact(f->held));
    g_assert_cmpuint(f->held->problems->len, >, 0);
    for (unsigned i = 0; i < f->held->problems->len; i++) {
        const char *problem = g_ptr_array_index(f->held->problems, i);

        for (const char *c = problem; *c; c++)
            g_assert_true(g_ascii_isprint(*c));
    }
    g_test_message("%s", (const char *) g_ptr_array_index(f->held->problems, 0));
    g_assert_true(g_pattern_match_simple(damage->problem, g_ptr_array_index(f->held->problems, 0)));

    g_assert_cmpint(ks_plan_lock(&f->batch, f->held, f->want, 0), ==, 0);
    g_assert_cmpuint(count_messages(&f->batch, NFT_MSG_DELTABLE), ==, 0);
    g_assert_cmpuint(count_messages(&f->batch, NFT_MSG_DELCHAIN), ==, damage->moves_chain);
    apply(f, 0);
    g_assert_false(drain(f)); /* that was us */
}

/* Keys of every set, each as another program adds and removes it. */
static void test_foreign_keys(Fixture *f, const void *data)
{
    g_autoptr(KsLock) empty = ks_lock_new();

    (void) data;
    ks_lock_seal(empty);
    apply(f, 0);
    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        KsLock *want = f->want;

        if (want->sets[set]->len == 0) { /* the second layer's alone */
            g_assert_cmpuint(set, >=, KS_SET_TUNNEL_SENDERS4);
            continue;
        }
        (void) drain(f);
        ks_batch_begin(&f->batch);
        ks_batch_delete_keys(&f->batch, &ks_lock_table, set, want->sets[set]);
        g_assert_cmpint(commit_as_other(f), ==, 0);
        g_assert_true(drain(f));
        read_held(f);
        /* but not what is wanted; rules that go with their keys are too many without them */
        g_assert_cmpint(ks_readback_is_intact(f->held), ==,
                        set != KS_SET_GUEST_INTERFACES && set != KS_SET_HOTSPOT_INTERFACES);
        g_assert_cmpuint(f->held->lock->sets[set]->len, ==, 0);
        apply(f, 0);

        /* the same keys are too many for somebody who wants none */
        f->want = empty;
        apply(f, 0);
        f->want = want;
        apply(f, 0);
    }
}

void (*const damages_of_each_kind[])(KsBatch *batch) = {
    append_rule,     delete_all_rules, add_foreign_base_chain, open_policy,
    add_foreign_set, add_catchall,     pause_for_ever,         NULL,
};

void add_damage_tests(void)
{
    CASE("foreign-keys", test_foreign_keys, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(damages); i++) {
        g_autofree char *name = g_strdup_printf("/netfilter/damage/%s", damages[i].name);

        g_test_add(name, Fixture, &damages[i], set_up, test_damage, tear_down);
    }
}
