/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever another program does to our table is seen, told and mended in place. */
#include "test-netfilter.h"

#include "intruder.h"
#include "model/dns-name.h"
#include "model/names.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define OTHER_PRIORITY 100

/* Bytes of the fixture's names. */
#define SHORT_NAME 13u
#define LONG_NAME  75u

/* ---- damage ---- */

static const char *chain_name(KsChainId chain)
{
    return ks_lock_table.chains[chain].name;
}

/* All rules of a chain again, but for what the caller does with the n-th. */
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

/* The rules for names of these lengths, in this order, instead of ours. */
static void write_lengths(KsBatch *batch, KsChainId chain, const unsigned *lengths, unsigned count)
{
    const KsNumberedRules *numbered = ks_lock_table.numbered;

    rewrite_chain(batch, chain, UINT_MAX, false);
    for (unsigned i = 0; i < count; i++)
        for (unsigned form = 0; form < numbered->forms; form++)
            if (numbered->chains[form] == chain)
                ks_batch_add_rule(batch, &ks_lock_table, numbered->rule(lengths[i], form));
}

static void delete_rules_of_length(KsBatch *batch)
{
    write_lengths(batch, KS_CHAIN_NAMES_EDNS_OUT, (const unsigned[]){ SHORT_NAME }, 1);
}

static void swap_lengths(KsBatch *batch)
{
    write_lengths(batch, KS_CHAIN_NAMES_OUT, (const unsigned[]){ LONG_NAME, SHORT_NAME }, 2);
}

static void duplicate_length(KsBatch *batch)
{
    write_lengths(batch, KS_CHAIN_NAMES_OUT, (const unsigned[]){ SHORT_NAME, LONG_NAME, LONG_NAME },
                  3);
}

static void move_length(KsBatch *batch)
{
    KsRule rule = *ks_lock_table.numbered->rule(SHORT_NAME, 0);

    rule.chain = KS_CHAIN_NAMES_EDNS_OUT;
    ks_batch_add_rule(batch, &ks_lock_table, &rule);
}

static void open_policy(KsBatch *batch)
{
    intruder_change_chain(batch, KS_CHAIN_OUTPUT, KS_PRIORITY_FILTER, NF_ACCEPT);
}

static void make_dormant(KsBatch *batch)
{
    ks_batch_add_table(batch, NFPROTO_INET, KS_TABLE, NFT_TABLE_F_DORMANT, NULL);
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

/* It opens nothing: what rules look for is another number. */
static void add_index(KsBatch *batch)
{
    static const uint32_t index = 9;

    intruder_add_element(batch, ks_lock_table.sets[KS_SET_OPEN_INTERFACES].name, &index,
                         sizeof(index), 0);
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
    { "length-deleted-in-part", delete_rules_of_length,
      "rules of the chain names_edns_out are missing", false },
    { "lengths-swapped", swap_lengths, "rule 5 of the chain names_out *", false },
    { "length-duplicated", duplicate_length, "rule 6 of the chain names_out *", false },
    { "length-in-another-chain", move_length, "rule 5 of the chain names_edns_out *", false },
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
    { "index-as-it-is", add_index, "*open_interfaces*", false },
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
    for (KsSetId set = 0; set < KS_SETS_OF_ELEMENTS; set++) {
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
                        set != KS_SET_GUEST_INTERFACES && set != KS_SET_HOTSPOT_INTERFACES &&
                            set != KS_SET_TELLING);
        g_assert_cmpuint(f->held->lock->sets[set]->len, ==, 0);
        apply(f, 0);

        /* the same keys are too many for somebody who wants none */
        f->want = empty;
        apply(f, 0);
        f->want = want;
        apply(f, 0);
    }
}

/* Whole rules, but for names of other lengths than those that may be asked for. */
static void test_foreign_lengths(Fixture *f, const void *data)
{
    static const unsigned others[][3] = { { 0 }, { SHORT_NAME }, { SHORT_NAME, 40, LONG_NAME } };

    (void) data;
    apply(f, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        unsigned count = 0;

        while (count < G_N_ELEMENTS(others[i]) && others[i][count] > 0)
            count++;
        (void) drain(f);
        ks_batch_begin(&f->batch);
        write_lengths(&f->batch, KS_CHAIN_NAMES_OUT, others[i], count);
        write_lengths(&f->batch, KS_CHAIN_NAMES_EDNS_OUT, others[i], count);
        g_assert_cmpint(commit_as_other(f), ==, 0);
        g_assert_true(drain(f));
        read_held(f);
        g_assert_true(ks_readback_is_intact(f->held));
        g_assert_false(ks_lock_equal(f->held->lock, f->want));
        g_assert_cmpuint(f->held->lock->sets[KS_SET_NAME_LENGTHS]->len, ==, count);
        apply(f, 0);
    }
}

/* The table of a version that had a rule for names of each length, whatever the names are: the
 * lengths of packets were constant, too. */
static const KsSkeleton *older_table(void)
{
    static const KsNumberedRules *numbered;
    static KsSetDefinition sets[KS_NFT_SET_MAX];
    static KsRule rules[3 * KS_DNS_COMPARED_MAX];
    static KsRuleSegment of_lengths = { rules, 0 };
    static const KsRuleSegment *segments[8];
    static const KsConstantElement lengths[] = { { { NFPROTO_IPV4, [4] = 57, [9] = 37 }, 0, 0 } };
    static KsSkeleton older;

    if (numbered)
        return &older;
    older = ks_lock_table;
    numbered = older.numbered;
    for (unsigned form = 0; form < numbered->forms; form++)
        for (unsigned length = KS_DNS_COMPARED_MIN; length <= KS_DNS_COMPARED_MAX; length++)
            rules[of_lengths.count++] = *numbered->rule(length, form);
    memcpy(sets, older.sets, sizeof(sets));
    sets[KS_SET_OPEN_INTERFACES].holds_indices = false; /* but as they are */
    sets[KS_SET_QUESTION_LENGTHS].holds = KS_SET_HOLDS_CONSTANTS;
    sets[KS_SET_QUESTION_LENGTHS].flags = NFT_SET_CONSTANT;
    sets[KS_SET_QUESTION_LENGTHS].constants = lengths;
    sets[KS_SET_QUESTION_LENGTHS].constants_count = G_N_ELEMENTS(lengths);
    g_assert_cmpuint(older.segments_count, <, G_N_ELEMENTS(segments));
    for (unsigned i = 0; i < older.segments_count; i++)
        segments[i] = older.segments[i];
    segments[older.segments_count++] = &of_lengths;
    older.segments = segments;
    older.sets = sets;
    older.numbered = NULL;
    return &older;
}

static void hold(Fixture *f, KsReadback *held, const KsLock *want)
{
    g_assert_cmpint(ks_netfilter_read(f->guard, held), ==, 0);
    g_assert_cmpint(ks_plan_lock(&f->batch, held, want, 0), ==, 0);
    g_assert_cmpuint(count_messages(&f->batch, NFT_MSG_DELTABLE), ==, 0);
    g_assert_cmpuint(count_messages(&f->batch, NFT_MSG_DELCHAIN), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(f->guard, held), ==, 0);
    for (unsigned i = 0; i < held->problems->len; i++)
        g_test_message("%s", (const char *) g_ptr_array_index(held->problems, i));
    g_assert_true(ks_readback_is_intact(held));
}

/* An upgrade while it is locked, and a downgrade. Until somebody tells the names again, names of
 * any length may be asked for that the older table does not tell. */
static void test_other_version(Fixture *f, const void *data)
{
    g_autoptr(KsReadback) older = ks_readback_new(older_table());
    g_autoptr(KsLock) taken = ks_lock_new();

    (void) data;
    hold(f, older, f->want);
    read_held(f);
    g_assert_false(ks_readback_is_intact(f->held));
    ks_lock_copy(f->held->lock, taken);
    ks_lock_seal(taken);
    g_assert_true(ks_lock_set_is_equal(taken, f->want, KS_SET_OPEN_INTERFACES));
    for (KsSetId set = KS_SET_NAMES; set <= KS_SET_NAME_TAILS; set++)
        g_assert_true(ks_lock_set_is_equal(taken, f->want, set));
    g_assert_cmpuint(taken->sets[KS_SET_NAME_LENGTHS]->len, ==, 1 + KS_DNS_PIECE);
    hold(f, f->held, taken);
    g_assert_true(ks_lock_equal(f->held->lock, taken));
    apply(f, 0);
    g_assert_cmpuint(f->held->lock->sets[KS_SET_NAME_LENGTHS]->len, ==, 2);
    hold(f, older, f->want);
}

/* The table of a version that had no comments: they are for people, and their lack is no damage. */
static const KsSkeleton *uncommented_table(void)
{
    static KsChain chains[KS_CHAIN_MAX];
    static KsSetDefinition sets[KS_NFT_SET_MAX];
    static KsRuleSegment all;
    static const KsRuleSegment *const segments[] = { &all };
    static KsSkeleton bare;
    KsRule *rules = g_new(KsRule, ks_skeleton_rules(&ks_lock_table));

    bare = ks_lock_table;
    memcpy(chains, bare.chains, sizeof(chains));
    memcpy(sets, bare.sets, sizeof(sets));
    for (unsigned i = 0; i < KS_CHAIN_MAX; i++)
        chains[i].comment = NULL;
    for (unsigned i = 0; i < KS_NFT_SET_MAX; i++)
        sets[i].comment = NULL;
    all = (KsRuleSegment){ rules, ks_skeleton_rules(&ks_lock_table) };
    for (unsigned i = 0; i < all.count; i++) {
        rules[i] = *ks_skeleton_rule(&ks_lock_table, i);
        rules[i].comment = NULL;
    }
    bare.comment = NULL;
    bare.chains = chains;
    bare.sets = sets;
    bare.segments = segments;
    bare.segments_count = G_N_ELEMENTS(segments);
    return &bare;
}

static void test_without_comments(Fixture *f, const void *data)
{
    const KsSkeleton *bare = uncommented_table();
    g_autoptr(KsReadback) older = ks_readback_new(bare);

    (void) data;
    g_assert_cmpint(ks_netfilter_read(f->guard, older), ==, 0);
    g_assert_cmpint(ks_plan_replace(&f->batch, older, f->want, 0), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->guard, &f->batch), ==, 0);
    read_held(f);
    g_assert_true(ks_readback_is_intact(f->held));
    g_assert_true(ks_lock_equal(f->held->lock, f->want));
    g_free((KsRule *) bare->segments[0]->rules);
}

void (*const damages_of_each_kind[])(KsBatch *batch) = {
    append_rule,     delete_all_rules, add_foreign_base_chain, open_policy,
    add_foreign_set, add_catchall,     pause_for_ever,         NULL,
};

void add_damage_tests(void)
{
    CASE("foreign-keys", test_foreign_keys, NULL);
    CASE("foreign-lengths", test_foreign_lengths, NULL);
    CASE("other-version", test_other_version, NULL);
    CASE("without-comments", test_without_comments, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(damages); i++) {
        g_autofree char *name = g_strdup_printf("/netfilter/damage/%s", damages[i].name);

        g_test_add(name, Fixture, &damages[i], set_up, test_damage, tear_down);
    }
}
