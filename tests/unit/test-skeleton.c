/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The skeleton as data: what every rule, chain and set of the lock's table has to be. */
#include "model/dns-name.h"
#include "rules/egress-table.h"
#include "rules/expression.h"
#include "rules/lock-table.h"

/* before the kernel's headers, which then leave out what libc has defined */
#include <netinet/in.h>

#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#define REGISTER_BYTES 64u

/* The constant ones, and behind them those of names of each length. */
static const GPtrArray *all_rules(void)
{
    static GPtrArray *rules;
    const KsNumberedRules *numbered = ks_lock_table.numbered;

    if (rules)
        return rules;
    rules = g_ptr_array_new();
    for (unsigned i = 0; i < ks_skeleton_rules(&ks_lock_table); i++)
        g_ptr_array_add(rules, (void *) ks_skeleton_rule(&ks_lock_table, i));
    for (unsigned length = KS_DNS_COMPARED_MIN; length <= KS_DNS_COMPARED_MAX; length++)
        for (unsigned form = 0; form < numbered->forms; form++)
            g_ptr_array_add(rules, (void *) numbered->rule(length, form));
    return rules;
}

static unsigned rules_count(void)
{
    return all_rules()->len;
}

static const KsRule *rule_at(unsigned n)
{
    return g_ptr_array_index(all_rules(), n);
}

static unsigned count_steps(const KsRule *rule)
{
    unsigned count = 0;

    while (count < KS_RULE_STEPS_MAX && rule->steps[count].kind != KS_STEP_END)
        count++;
    g_assert_cmpuint(count, >, 0);
    g_assert_cmpuint(count, <, KS_RULE_STEPS_MAX); /* the last one is KS_STEP_END */
    return count;
}

static bool has_condition(const KsRule *rule)
{
    for (unsigned i = 0; i < count_steps(rule); i++)
        if (rule->steps[i].kind == KS_STEP_COMPARE || rule->steps[i].kind == KS_STEP_LOOKUP ||
            rule->steps[i].kind == KS_STEP_VMAP)
            return true;
    return false;
}

static const KsStep *last_step(const KsRule *rule)
{
    return &rule->steps[count_steps(rule) - 1];
}

static bool ends_everything(const KsRule *rule)
{
    const KsStep *step = last_step(rule);

    return !has_condition(rule) && (step->kind == KS_STEP_REJECT ||
                                    (step->kind == KS_STEP_VERDICT && step->key == NF_DROP));
}

/* A drop policy comes into force only after the transaction that brings its chain: the last rule of
 * each chain that hooks must decide, and nothing before it may decide for everybody. */
static void test_last_rules(void)
{
    for (unsigned chain = 0; chain < KS_CHAIN_MAX; chain++) {
        const KsRule *last = NULL;

        for (unsigned i = 0; i < rules_count(); i++) {
            if (rule_at(i)->chain != chain)
                continue;
            if (last && ends_everything(last))
                g_error("nothing comes behind: %s", last->text);
            last = rule_at(i);
            if (ks_lock_table.chains[chain].base && last_step(last)->kind == KS_STEP_VERDICT &&
                last_step(last)->key == NF_ACCEPT)
                g_assert_true(has_condition(last));
        }
        g_assert_nonnull(last);
        if (ks_lock_table.chains[chain].base)
            g_assert_cmpint(ends_everything(last), ==,
                            ks_lock_table.chains[chain].policy == NF_DROP);
    }
}

static unsigned register_offset(uint32_t reg)
{
    if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
        return (reg - NFT_REG_1) * NFT_REG_SIZE;
    g_assert_cmpuint(reg, >=, NFT_REG32_00);
    g_assert_cmpuint(reg, <=, NFT_REG32_15);
    return (reg - NFT_REG32_00) * NFT_REG32_SIZE;
}

static unsigned meta_length(int32_t key)
{
    return key == NFT_META_NFPROTO || key == NFT_META_L4PROTO || key == NFT_META_SECPATH ? 1 : 4;
}

/* What stands in the registers while a rule runs. */
typedef struct {
    bool loaded[REGISTER_BYTES];
    unsigned exact[REGISTER_BYTES]; /* bytes of what was loaded from here on */
} Registers;

static void load(Registers *registers, uint32_t reg, unsigned length, bool again)
{
    unsigned first = register_offset(reg);
    unsigned whole = (length + NFT_REG32_SIZE - 1) / NFT_REG32_SIZE * NFT_REG32_SIZE;

    if (again && first == 0)
        memset(registers, 0, sizeof(*registers));
    g_assert_cmpuint(first + whole, <=, REGISTER_BYTES);
    memset(registers->loaded + first, true, whole);
    registers->exact[first] = length;
}

/* What a lookup or a comparison reads was loaded before, all of it. */
static void check_registers(const KsRule *rule)
{
    Registers registers = { { false }, { 0 } };

    for (unsigned i = 0; i < count_steps(rule); i++) {
        const KsStep *step = &rule->steps[i];

        switch (step->kind) {
        case KS_STEP_META:
            load(&registers, step->reg, meta_length(step->key), true);
            break;
        case KS_STEP_ROUTE:
            load(&registers, step->reg, step->key == NFT_RT_XFRM ? 1 : 4, true);
            break;
        case KS_STEP_TRACKED:
            load(&registers, step->reg, step->key == NFT_CT_DIRECTION ? 1 : 4, true);
            break;
        case KS_STEP_LINK:
        case KS_STEP_NETWORK:
        case KS_STEP_TRANSPORT:
        case KS_STEP_IMMEDIATE:
        case KS_STEP_EXTENSION:
        case KS_STEP_PRESENCE:
            load(&registers, step->reg, step->length, true);
            break;
        case KS_STEP_WRITE:
            g_assert_cmpuint(registers.exact[register_offset(step->reg)], ==, step->length);
            break;
        case KS_STEP_MARK:
        case KS_STEP_SWAP:
            g_assert_cmpuint(registers.exact[register_offset(step->reg)], ==, sizeof(uint32_t));
            break;
        case KS_STEP_MASK:
        case KS_STEP_SET_BITS:
        case KS_STEP_FLIP_BITS:
        case KS_STEP_COMPARE:
            if (registers.exact[register_offset(step->reg)] != step->length)
                g_error("%u bytes of %u: %s", step->length,
                        registers.exact[register_offset(step->reg)], rule->text);
            g_assert_cmpuint(step->length, <=, sizeof(step->data));
            break;
        case KS_STEP_REMEMBER:
        case KS_STEP_LOOKUP:
        case KS_STEP_VMAP:
            for (unsigned j = 0; j < ks_lock_table.sets[step->key].key_length; j++)
                if (!registers.loaded[register_offset(step->reg) + j])
                    g_error("byte %u of the key was not loaded: %s", j, rule->text);
            g_assert_cmpint(ks_lock_table.sets[step->key].data, ==,
                            step->kind == KS_STEP_VMAP ? KS_DATA_VERDICT : KS_DATA_NONE);
            break;
        case KS_STEP_TRACE:
            g_assert_cmpuint(registers.exact[register_offset(step->reg)], ==, 1);
            break;
        case KS_STEP_LIMIT:
        case KS_STEP_LOG:
        case KS_STEP_COUNT:
        case KS_STEP_VERDICT:
        case KS_STEP_JUMP:
        case KS_STEP_GOTO:
        case KS_STEP_REJECT:
        case KS_STEP_END:
            break;
        }
    }
}

static void test_rows(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < rules_count(); i++) {
        const KsRule *rule = rule_at(i);
        struct nftnl_rule *built = ks_rule_build(&ks_lock_table, rule);
        g_autofree char *bytecode = NULL;
        bool last_rule_of_many = last_step(rule)->kind == KS_STEP_REJECT;

        g_assert_nonnull(built);
        g_assert_nonnull(rule->text);
        g_assert_cmpuint(rule->chain, <, KS_CHAIN_MAX);
        check_registers(rule);
        bytecode = ks_rule_bytecode(built);
        g_assert_cmpuint(strlen(bytecode), >, 0);
        nftnl_rule_free(built);

        /* the same rule twice in a chain is a slip of the pen */
        if (!last_rule_of_many)
            g_assert_true(
                g_hash_table_add(seen, g_strdup_printf("%u %s", rule->chain, rule->text)));
    }
}

/* A rule's first comparison says whose it is, and no other's of its form. */
static void test_numbers(void)
{
    const KsNumberedRules *numbered = ks_lock_table.numbered;

    for (unsigned length = KS_DNS_COMPARED_MIN; length <= KS_DNS_COMPARED_MAX; length++) {
        for (unsigned form = 0; form < numbered->forms; form++) {
            const KsRule *rule = numbered->rule(length, form);
            const KsStep *step = rule->steps;

            while (step->kind != KS_STEP_COMPARE)
                step++;
            g_assert_cmpuint(rule->chain, ==, numbered->chains[form]);
            g_assert_cmpuint(numbered->number(form, step->data, step->length), ==, length);
            g_assert_true(rule == numbered->rule(length, form));
        }
    }
    for (unsigned form = 0; form < numbered->forms; form++) {
        static const uint8_t others[][2] = { { 0, 0 }, { 0, 20 }, { 1, 0 }, { 0xff, 0xff } };

        for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
            g_assert_cmpuint(numbered->number(form, others[i], 2), ==, 0);
        g_assert_cmpuint(numbered->number(form, others[0], 1), ==, 0);
    }
}

static void test_names(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (KsChainId chain = 0; chain < KS_CHAIN_MAX; chain++)
        g_assert_true(g_hash_table_add(names, (void *) ks_lock_table.chains[chain].name));
    for (KsNftSet set = 0; set < KS_NFT_SET_MAX; set++)
        g_assert_true(g_hash_table_add(names, (void *) ks_lock_table.sets[set].name));
    for (KsCounterId counter = 0; counter < KS_COUNTER_MAX; counter++)
        g_assert_true(g_hash_table_add(names, (void *) ks_lock_table.counters[counter]));
}

/* Chains without a hook are reached from chains before them: no packet goes round in circles. */
static void test_jumps(void)
{
    bool reached[KS_CHAIN_MAX] = { false };

    for (unsigned i = 0; i < rules_count(); i++) {
        const KsStep *step = last_step(rule_at(i));
        KsVerdict jump = { NFT_JUMP, step->key };
        const KsVerdict *verdicts = &jump;
        unsigned count = step->kind == KS_STEP_JUMP || step->kind == KS_STEP_GOTO;

        if (step->kind == KS_STEP_VMAP) {
            verdicts = ks_lock_table.sets[step->key].verdicts;
            count = ks_lock_table.sets[step->key].verdicts_count;
        }
        for (unsigned j = 0; j < count; j++) {
            if (verdicts[j].code != NFT_JUMP && verdicts[j].code != NFT_GOTO)
                continue;
            g_assert_cmpint(verdicts[j].chain, >, rule_at(i)->chain);
            g_assert_false(ks_lock_table.chains[verdicts[j].chain].base);
            reached[verdicts[j].chain] = true;
        }
    }
    for (KsChainId chain = 0; chain < KS_CHAIN_MAX; chain++)
        g_assert_cmpint(reached[chain], !=, ks_lock_table.chains[chain].base);
}

static void test_set_definitions(void)
{
    for (KsNftSet set = 0; set < KS_NFT_SET_MAX; set++) {
        const KsSetDefinition *definition = &ks_lock_table.sets[set];
        bool constant = definition->flags & NFT_SET_CONSTANT;
        bool in_range = false;

        g_assert_nonnull(definition->nft_type);
        g_assert_cmpint(constant, ==, definition->constants_count > 0);
        g_assert_cmpint(constant, ==, definition->holds == KS_SET_HOLDS_CONSTANTS);
        g_assert_cmpint(constant, ==, definition->constants_text != NULL);
        g_assert_cmpint(definition->data != KS_DATA_NONE, ==,
                        (definition->flags & NFT_SET_MAP) != 0);
        g_assert_cmpint(definition->data == KS_DATA_VERDICT, ==, definition->verdicts_count > 0);
        g_assert_cmpint(definition->holds == KS_SET_HOLDS_KEYS, ==,
                        (unsigned) set < KS_SETS_OF_ELEMENTS);
        if ((unsigned) set < KS_SETS_OF_ELEMENTS) {
            bool range = ks_set_is_range((KsSetId) set) || ks_set_is_box((KsSetId) set);

            g_assert_cmpint(definition->keys, ==, set);
            g_assert_false(range && definition->data != KS_DATA_NONE);
            g_assert_cmpint(range, ==, (definition->flags & NFT_SET_INTERVAL) != 0);
            g_assert_cmpuint(definition->key_length * (range ? 2 : 1), ==,
                             ks_key_size((KsSetId) set));
        }
        /* ranges: beginning and end by turns, in order; an end before the first one */
        for (unsigned i = 0;
             definition->flags & NFT_SET_INTERVAL && i < definition->constants_count; i++) {
            bool end = definition->constants[i].flags & NFT_SET_ELEM_INTERVAL_END;

            if (i > 0)
                g_assert_cmpint(memcmp(definition->constants[i - 1].key,
                                       definition->constants[i].key, definition->key_length),
                                <, 0);
            g_assert_cmpint(end, ==, in_range || i == 0);
            in_range = !end;
        }
    }
}
/* As nft(8) takes it in a file, and short enough for every kernel. */
static void assert_comment(const char *comment, bool needed)
{
    if (needed)
        g_assert_nonnull(comment);
    if (!comment)
        return;
    g_assert_cmpuint(strlen(comment), >, 0);
    g_assert_cmpuint(strlen(comment), <=, KS_COMMENT_MAX);
    for (const char *c = comment; *c; c++)
        g_assert_true(g_ascii_isprint(*c) && *c != '"' && *c != '\\');
}

static void assert_comments(const KsSkeleton *skeleton)
{
    assert_comment(skeleton->comment, true);
    for (unsigned chain = 0; chain < skeleton->chains_count; chain++)
        assert_comment(skeleton->chains[chain].comment, true);
    for (unsigned set = 0; set < skeleton->sets_count; set++)
        assert_comment(skeleton->sets[set].comment, true);
    for (unsigned i = 0; i < ks_skeleton_rules(skeleton); i++)
        assert_comment(ks_skeleton_rule(skeleton, i)->comment, false);
}

static void test_comments(void)
{
    g_autoptr(GArray) uplinks = g_array_new(FALSE, FALSE, sizeof(KsUplink));
    g_autoptr(KsEgressTable) egress = NULL;

    for (int form = KS_UPLINK_ETHERNET; form <= KS_UPLINK_OTHER; form++) {
        KsUplink uplink = { .index = (uint32_t) form + 1,
                            .name = "x",
                            .form = (KsUplinkForm) form };

        g_array_append_val(uplinks, uplink);
    }
    egress = ks_egress_table_new(uplinks, true);
    assert_comments(&ks_lock_table);
    assert_comments(ks_egress_table_skeleton(egress));
    for (unsigned i = 0; i < rules_count(); i++)
        assert_comment(rule_at(i)->comment, false);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/skeleton/last-rules", test_last_rules);
    g_test_add_func("/skeleton/rows", test_rows);
    g_test_add_func("/skeleton/numbers", test_numbers);
    g_test_add_func("/skeleton/names", test_names);
    g_test_add_func("/skeleton/jumps", test_jumps);
    g_test_add_func("/skeleton/set-definitions", test_set_definitions);
    g_test_add_func("/skeleton/comments", test_comments);
    return g_test_run();
}
