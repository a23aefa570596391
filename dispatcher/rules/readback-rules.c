/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/readback-rules.h"

#include "rules/expression.h"
#include "rules/readback-elements.h"

#include <stdio.h> /* which libnftnl's headers take for granted */

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* Which of a skeleton's numbered rules; number 0: none of them. */
typedef struct {
    unsigned number;
    unsigned form;
} Numbered;

typedef struct {
    GBytes *steps;
    Numbered numbered;
} RightRule;

static void free_right_rule(void *data)
{
    RightRule *right = data;

    if (!right)
        return;
    g_bytes_unref(right->steps);
    g_free(right);
}

GPtrArray *ks_readback_right_rules_new(void)
{
    return g_ptr_array_new_with_free_func(free_right_rule);
}

/* A rule's steps, as the kernel tells them. */
static const struct nlattr *steps_of(const struct nlmsghdr *message)
{
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(attribute) == NFTA_RULE_EXPRESSIONS)
            return attribute;
    return NULL;
}

/* Numbered rules come in their order, each once. */
static bool take_numbered(KsReadback *readback, unsigned chain, Numbered numbered)
{
    unsigned place = numbered.number * readback->skeleton->numbered->forms + numbered.form;

    if (place <= readback->chains[chain].last)
        return false;
    readback->chains[chain].last = place;
    readback->numbered[numbered.number] |= (uint8_t) (1u << numbered.form);
    return true;
}

/* Putting a rule in words takes far longer than to see that it has not changed. */
bool ks_readback_was_right(KsReadback *readback, unsigned chain, const struct nlmsghdr *message)
{
    const GPtrArray *rules = readback->seen_right[chain];
    const struct nlattr *steps = steps_of(message);
    unsigned n = readback->chains[chain].rules_seen;
    const RightRule *right = n < rules->len ? g_ptr_array_index(rules, n) : NULL;

    if (!right || !steps || g_bytes_get_size(right->steps) != mnl_attr_get_payload_len(steps) ||
        memcmp(g_bytes_get_data(right->steps, NULL), mnl_attr_get_payload(steps),
               mnl_attr_get_payload_len(steps)) != 0)
        return false;
    if (right->numbered.number != 0 && !take_numbered(readback, chain, right->numbered))
        return false;
    readback->chains[chain].rules_seen++;
    return true;
}

static void remember_right(KsReadback *readback, unsigned chain, unsigned n,
                           const struct nlmsghdr *message, Numbered numbered)
{
    GPtrArray *rules = readback->seen_right[chain];
    const struct nlattr *steps = steps_of(message);
    RightRule *right;

    if (n > rules->len || !steps)
        return;
    right = g_new(RightRule, 1);
    right->steps = g_bytes_new(mnl_attr_get_payload(steps), mnl_attr_get_payload_len(steps));
    right->numbered = numbered;
    if (n == rules->len)
        g_ptr_array_add(rules, NULL);
    free_right_rule(g_ptr_array_index(rules, n));
    g_ptr_array_index(rules, n) = right;
}

/* A chain's n-th constant rule, or NULL. */
static const KsRule *constant_rule(const KsSkeleton *skeleton, unsigned chain, unsigned n)
{
    unsigned rules = ks_skeleton_rules(skeleton);

    for (unsigned i = 0; i < rules; i++)
        if (ks_skeleton_rule(skeleton, i)->chain == chain && n-- == 0)
            return ks_skeleton_rule(skeleton, i);
    return NULL;
}

static bool says(const KsSkeleton *skeleton, const KsRule *ours, const char *bytecode)
{
    struct nftnl_rule *built = ks_rule_build(skeleton, ours);
    g_autofree char *expected = built ? ks_rule_bytecode(built) : NULL;

    if (built)
        nftnl_rule_free(built);
    return g_strcmp0(expected, bytecode) == 0;
}

typedef struct {
    const void *bytes; /* NULL: there is none */
    uint32_t size;
} Compared;

static int find_comparison(struct nftnl_expr *expr, void *data)
{
    Compared *compared = data;

    if (!compared->bytes && strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "cmp") == 0)
        compared->bytes = nftnl_expr_get(expr, NFTNL_EXPR_CMP_DATA, &compared->size);
    return 0;
}

/* Which numbered rule of this chain this is. */
static Numbered find_numbered(const KsSkeleton *skeleton, unsigned chain,
                              const struct nftnl_rule *rule, const char *bytecode)
{
    const KsNumberedRules *numbered = skeleton->numbered;
    Compared compared = { NULL, 0 };

    nftnl_expr_foreach((struct nftnl_rule *) rule, find_comparison, &compared);
    for (unsigned form = 0; numbered && compared.bytes && form < numbered->forms; form++) {
        unsigned number = numbered->chains[form] == chain
                              ? numbered->number(form, compared.bytes, compared.size)
                              : 0;

        if (number != 0 && says(skeleton, numbered->rule(number, form), bytecode))
            return (Numbered){ number, form };
    }
    return (Numbered){ 0, 0 };
}

void ks_readback_judge_rule(KsReadback *readback, unsigned chain, const struct nlmsghdr *message,
                            const struct nftnl_rule *rule)
{
    const KsSkeleton *skeleton = readback->skeleton;
    unsigned n = readback->chains[chain].rules_seen++;
    const KsRule *constant = constant_rule(skeleton, chain, n);
    g_autofree char *bytecode = ks_rule_bytecode(rule);
    Numbered numbered = { 0, 0 };
    bool right;

    if (constant) {
        right = says(skeleton, constant, bytecode);
    } else {
        numbered = find_numbered(skeleton, chain, rule, bytecode);
        right = numbered.number != 0 && take_numbered(readback, chain, numbered);
    }
    if (right)
        remember_right(readback, chain, n, message, numbered);
    else
        ks_readback_problem(readback, "rule %u of the chain %s is not ours", n + 1,
                            skeleton->chains[chain].name);
}

/* Of each number all forms were seen or none. */
static bool numbers_are_whole(const KsReadback *readback)
{
    uint8_t all = (uint8_t) ((1u << readback->skeleton->numbered->forms) - 1);

    for (unsigned number = 0; number < KS_NUMBERS_MAX; number++)
        if (readback->numbered[number] != 0 && readback->numbered[number] != all)
            return false;
    return true;
}

void ks_readback_add_numbers(KsReadback *readback)
{
    const KsNumberedRules *numbered = readback->skeleton->numbered;

    if (!numbered || !numbers_are_whole(readback))
        return;
    for (unsigned number = 1; number < KS_NUMBERS_MAX; number++) {
        KsKey key = { .bytes = { (uint8_t) number } };

        if (readback->numbered[number] != 0)
            (void) ks_lock_add_key(readback->lock, numbered->numbers, &key);
    }
}

bool ks_readback_has_all_rules(const KsReadback *readback, unsigned chain)
{
    const KsNumberedRules *numbered = readback->skeleton->numbered;

    for (unsigned form = 0; numbered && form < numbered->forms; form++)
        for (unsigned number = 0; numbered->chains[form] == chain && number < KS_NUMBERS_MAX;
             number++)
            if (readback->numbered[number] != 0 && !(readback->numbered[number] & 1u << form))
                return false;
    return readback->chains[chain].rules_seen >= ks_skeleton_chain_rules(readback->skeleton, chain);
}
