/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/skeleton.h"

/* before the kernel's headers, which then leave out what libc has defined */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

unsigned ks_skeleton_rules(const KsSkeleton *skeleton)
{
    unsigned count = 0;

    for (unsigned i = 0; i < skeleton->segments_count; i++)
        count += skeleton->segments[i]->count;
    return count;
}

const KsRule *ks_skeleton_rule(const KsSkeleton *skeleton, unsigned n)
{
    for (unsigned i = 0; i < skeleton->segments_count; i++) {
        if (n < skeleton->segments[i]->count)
            return &skeleton->segments[i]->rules[n];
        n -= skeleton->segments[i]->count;
    }
    return NULL;
}

bool ks_skeleton_chain_has_rules(const KsSkeleton *skeleton, unsigned chain, const KsLock *lock)
{
    const KsChain *definition = &skeleton->chains[chain];

    return !definition->conditional || lock->sets[definition->with]->len > 0;
}

unsigned ks_skeleton_chain_rules(const KsSkeleton *skeleton, unsigned chain)
{
    unsigned rules = ks_skeleton_rules(skeleton);
    unsigned count = 0;

    for (unsigned i = 0; i < rules; i++)
        count += ks_skeleton_rule(skeleton, i)->chain == chain;
    return count;
}

static bool has_numbered(const KsSkeleton *skeleton, unsigned chain)
{
    for (unsigned form = 0; skeleton->numbered && form < skeleton->numbered->forms; form++)
        if (skeleton->numbered->chains[form] == chain)
            return true;
    return false;
}

static void add_numbered(const KsNumberedRules *numbered, unsigned chain, const KsLock *lock,
                         GPtrArray *rules)
{
    const GArray *numbers = lock->sets[numbered->numbers];

    for (unsigned i = 0; i < numbers->len; i++)
        for (unsigned form = 0; form < numbered->forms; form++)
            if (numbered->chains[form] == chain)
                g_ptr_array_add(rules, (void *) numbered->rule(
                                           g_array_index(numbers, KsKey, i).bytes[0], form));
}

GPtrArray *ks_skeleton_rules_of(const KsSkeleton *skeleton, unsigned chain, const KsLock *lock)
{
    unsigned count =
        ks_skeleton_chain_has_rules(skeleton, chain, lock) ? ks_skeleton_rules(skeleton) : 0;
    GPtrArray *rules = g_ptr_array_new();

    for (unsigned i = 0; i < count; i++)
        if (ks_skeleton_rule(skeleton, i)->chain == chain)
            g_ptr_array_add(rules, (void *) ks_skeleton_rule(skeleton, i));
    if (skeleton->numbered)
        add_numbered(skeleton->numbered, chain, lock, rules);
    return rules;
}

bool ks_skeleton_rules_are_equal(const KsSkeleton *skeleton, unsigned chain, const KsLock *a,
                                 const KsLock *b)
{
    return ks_skeleton_chain_has_rules(skeleton, chain, a) ==
               ks_skeleton_chain_has_rules(skeleton, chain, b) &&
           (!has_numbered(skeleton, chain) ||
            ks_lock_set_is_equal(a, b, skeleton->numbered->numbers));
}

void ks_set_flip_index(const KsSetDefinition *definition, KsKey *key)
{
    uint32_t index = ks_key_number(key) ^ KS_INDEX_FLIP;

    if (definition->holds_indices)
        memcpy(key->bytes, &index, sizeof(index));
}

unsigned ks_set_fields(const KsSetDefinition *definition)
{
    unsigned count = 0;

    while (count < KS_FIELDS_MAX && definition->fields[count].kind != KS_FIELD_NONE)
        count++;
    return count;
}

const char *ks_skeleton_family_name(const KsSkeleton *skeleton)
{
    return skeleton->family == NFPROTO_NETDEV ? "netdev" : "inet";
}
