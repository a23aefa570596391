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
