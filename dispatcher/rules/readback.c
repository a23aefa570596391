/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/readback.h"

#include "rules/named-chain.h"
#include "rules/readback-elements.h"
#include "rules/readback-rules.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* Flags that describe how a set behaves; the kernel adds others that only describe its contents. */
#define SET_FLAGS_COMPARED                                                                     \
    (NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | NFT_SET_INTERVAL | NFT_SET_MAP | NFT_SET_TIMEOUT | \
     NFT_SET_CONCAT | NFT_SET_EVAL)

/* Names that others gave may hold anything; what people read holds none of it. */
static void foreign(KsReadback *readback, const char *what, const char *name)
{
    g_autofree char *escaped = g_strescape(name, NULL);

    ks_readback_problem(readback, "there is a %s that is not ours: %s", what, escaped);
}

/* Dumps are asked for by family; what comes of another one, others made. */
static bool is_ours(const KsReadback *readback, const char *table, uint32_t family)
{
    return table && strcmp(table, readback->skeleton->name) == 0 &&
           family == readback->skeleton->family;
}

/* In each kind of message the table's name is the attribute of this number. */
static bool names_our_table(const KsReadback *readback, const struct nlmsghdr *message)
{
    const struct nfgenmsg *generic = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*generic))
        return false;
    mnl_attr_for_each(attribute, message, sizeof(*generic))
        if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            return is_ours(readback, mnl_attr_get_str(attribute), generic->nfgen_family);
    return false;
}

static int chain_by_name(const KsSkeleton *skeleton, const char *name)
{
    for (unsigned i = 0; i < skeleton->chains_count; i++)
        if (name && strcmp(skeleton->chains[i].name, name) == 0)
            return (int) i;
    return -1;
}

static int set_by_name(const KsSkeleton *skeleton, const char *name)
{
    for (unsigned i = 0; i < skeleton->sets_count; i++)
        if (name && strcmp(skeleton->sets[i].name, name) == 0)
            return (int) i;
    return -1;
}

static int counter_by_name(const KsSkeleton *skeleton, const char *name)
{
    for (unsigned i = 0; i < skeleton->counters_count; i++)
        if (name && strcmp(skeleton->counters[i], name) == 0)
            return (int) i;
    return -1;
}

static int take_table(KsReadback *readback, const struct nlmsghdr *message)
{
    struct nftnl_table *table = nftnl_table_alloc();
    int result = -ENOMEM;

    if (table)
        result = nftnl_table_nlmsg_parse(message, table) < 0 ? -EBADMSG : 0;
    if (result == 0 && is_ours(readback, nftnl_table_get_str(table, NFTNL_TABLE_NAME),
                               nftnl_table_get_u32(table, NFTNL_TABLE_FAMILY))) {
        readback->present = true;
        readback->flags = nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS);
        readback->owner = nftnl_table_is_set(table, NFTNL_TABLE_OWNER)
                              ? nftnl_table_get_u32(table, NFTNL_TABLE_OWNER)
                              : 0;
        if (readback->flags & NFT_TABLE_F_DORMANT)
            ks_readback_problem(readback, "the table is dormant: its rules are not applied");
    }
    if (table)
        nftnl_table_free(table);
    return result;
}

/* Whether a chain hangs where it should. */
static bool stands_right(const KsChain *ours, const struct nftnl_chain *chain,
                         const struct nlmsghdr *message)
{
    const char *type = nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE);
    const char *device = nftnl_chain_get_str(chain, NFTNL_CHAIN_DEV);

    if (ours->base != nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM))
        return false;
    return !ours->base || (nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == ours->hook &&
                           nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO) == ours->priority &&
                           g_strcmp0(type, "filter") == 0 &&
                           (!ours->device || g_strcmp0(device, ours->device) == 0) &&
                           (!ours->beginnings || ks_named_chain_hangs_right(message, ours)));
}

static void judge_chain(KsReadback *readback, const struct nftnl_chain *chain,
                        const struct nlmsghdr *message)
{
    const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
    int id = chain_by_name(readback->skeleton, name);
    const KsChain *ours;

    if (id < 0) {
        g_ptr_array_add(readback->foreign_chains, g_strdup(name));
        foreign(readback, "chain", name);
        return;
    }
    ours = &readback->skeleton->chains[id];
    readback->chains[id].present = true;
    if (!stands_right(ours, chain, message)) {
        readback->chains[id].wrong = true;
        ks_readback_problem(readback, "the chain %s does not stand where it should", name);
    } else if (ours->base && nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) != ours->policy) {
        ks_readback_problem(readback,
                            ours->policy == NF_DROP
                                ? "the chain %s lets through what no rule decides"
                                : "the chain %s drops what no rule decides",
                            name);
    }
}

static int take_chain(KsReadback *readback, const struct nlmsghdr *message)
{
    struct nftnl_chain *chain = nftnl_chain_alloc();
    int result = -ENOMEM;

    if (chain)
        result = nftnl_chain_nlmsg_parse(message, chain) < 0 ? -EBADMSG : 0;
    if (result == 0 && !nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME))
        result = -EBADMSG;
    if (result == 0 && is_ours(readback, nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE),
                               nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY)))
        judge_chain(readback, chain, message);
    if (chain)
        nftnl_chain_free(chain);
    return result;
}

/* The chain of ours that a message about a rule names, or -1. */
static int chain_of_rule(const KsReadback *readback, const struct nlmsghdr *message)
{
    const struct nlattr *attribute;

    if (!names_our_table(readback, message))
        return -1;
    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(attribute) == NFTA_RULE_CHAIN &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            return chain_by_name(readback->skeleton, mnl_attr_get_str(attribute));
    return -1;
}

static int take_rule(KsReadback *readback, const struct nlmsghdr *message)
{
    int chain = chain_of_rule(readback, message);
    struct nftnl_rule *rule;
    int result = -ENOMEM;

    if (chain >= 0 && ks_readback_was_right(readback, (unsigned) chain, message))
        return 0;
    rule = nftnl_rule_alloc();
    if (rule)
        result = nftnl_rule_nlmsg_parse(message, rule) < 0 ? -EBADMSG : 0;
    if (result == 0 && chain >= 0) /* of another one, the chain itself is reported */
        ks_readback_judge_rule(readback, (unsigned) chain, message, rule);
    if (rule)
        nftnl_rule_free(rule);
    return result;
}

/* Where one field ends and another begins decides what a range of them means. */
static bool has_our_fields(const KsSetDefinition *ours, const struct nftnl_set *set)
{
    uint32_t size = 0;
    const void *fields = nftnl_set_get_data(set, NFTNL_SET_DESC_CONCAT, &size);

    return fields && size == strlen((const char *) ours->field_sizes) &&
           memcmp(fields, ours->field_sizes, size) == 0;
}

static void judge_set(KsReadback *readback, const struct nftnl_set *set)
{
    const char *name = nftnl_set_get_str(set, NFTNL_SET_NAME);
    int id = set_by_name(readback->skeleton, name);
    const KsSetDefinition *ours;

    if (id < 0) {
        if (!(nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS))
            g_ptr_array_add(readback->foreign_sets, g_strdup(name));
        foreign(readback, "set", name);
        return;
    }
    ours = &readback->skeleton->sets[id];
    readback->sets[id].present = true;
    if (nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN) != ours->key_length ||
        (ours->field_sizes[0] > 0 && !has_our_fields(ours, set)) ||
        (nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & SET_FLAGS_COMPARED) != ours->flags ||
        (ours->data == KS_DATA_VERDICT &&
         nftnl_set_get_u32(set, NFTNL_SET_DATA_TYPE) != NFT_DATA_VERDICT)) {
        readback->sets[id].wrong = true;
        ks_readback_problem(readback, "the set %s is of another kind than ours", name);
    }
}

static int take_set(KsReadback *readback, const struct nlmsghdr *message)
{
    struct nftnl_set *set = nftnl_set_alloc();
    int result = -ENOMEM;

    if (set)
        result = nftnl_set_nlmsg_parse(message, set) < 0 ? -EBADMSG : 0;
    if (result == 0 && !nftnl_set_get_str(set, NFTNL_SET_NAME))
        result = -EBADMSG;
    if (result == 0 && is_ours(readback, nftnl_set_get_str(set, NFTNL_SET_TABLE),
                               nftnl_set_get_u32(set, NFTNL_SET_FAMILY)))
        judge_set(readback, set);
    if (set)
        nftnl_set_free(set);
    return result;
}

static int take_elements(KsReadback *readback, const struct nlmsghdr *message)
{
    struct nftnl_set *set = nftnl_set_alloc();
    struct nftnl_set_elems_iter *iterator = NULL;
    struct nftnl_set_elem *element;
    int result = -ENOMEM;
    int id = -1;

    if (set)
        result = nftnl_set_elems_nlmsg_parse(message, set) < 0 ? -EBADMSG : 0;
    if (result == 0 && is_ours(readback, nftnl_set_get_str(set, NFTNL_SET_TABLE),
                               nftnl_set_get_u32(set, NFTNL_SET_FAMILY)))
        id = set_by_name(readback->skeleton, nftnl_set_get_str(set, NFTNL_SET_NAME));
    if (id >= 0)
        iterator = nftnl_set_elems_iter_create(set);
    if (iterator) {
        while ((element = nftnl_set_elems_iter_next(iterator)))
            ks_readback_judge_element(readback, (unsigned) id, element);
        nftnl_set_elems_iter_destroy(iterator);
    }
    if (set)
        nftnl_set_free(set);
    return result;
}

static void judge_object(KsReadback *readback, struct nftnl_obj *object)
{
    const char *name = nftnl_obj_get_str(object, NFTNL_OBJ_NAME);
    int id = -1;

    if (nftnl_obj_get_u32(object, NFTNL_OBJ_TYPE) == NFT_OBJECT_COUNTER)
        id = counter_by_name(readback->skeleton, name);
    if (id < 0) /* an object does nothing by itself; the rule that would use it is reported */
        return;
    readback->counters[id].present = true;
    readback->counters[id].packets = nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_PKTS);
    readback->counters[id].bytes = nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_BYTES);
}

static int take_object(KsReadback *readback, const struct nlmsghdr *message)
{
    struct nftnl_obj *object = nftnl_obj_alloc();
    int result = -ENOMEM;

    if (object)
        result = nftnl_obj_nlmsg_parse(message, object) < 0 ? -EBADMSG : 0;
    if (result == 0 && is_ours(readback, nftnl_obj_get_str(object, NFTNL_OBJ_TABLE),
                               nftnl_obj_get_u32(object, NFTNL_OBJ_FAMILY)))
        judge_object(readback, object);
    if (object)
        nftnl_obj_free(object);
    return result;
}

KsReadback *ks_readback_new(const KsSkeleton *skeleton)
{
    KsReadback *readback = g_new0(KsReadback, 1);

    readback->skeleton = skeleton;
    readback->chains = g_new0(KsChainSeen, skeleton->chains_count);
    readback->sets = g_new0(KsSetSeen, skeleton->sets_count);
    readback->counters = g_new0(KsCounterSeen, skeleton->counters_count);
    readback->foreign_chains = g_ptr_array_new_with_free_func(g_free);
    readback->foreign_sets = g_ptr_array_new_with_free_func(g_free);
    readback->problems = g_ptr_array_new_with_free_func(g_free);
    readback->seen_right = g_new0(GPtrArray *, skeleton->chains_count);
    for (unsigned i = 0; i < skeleton->chains_count; i++)
        readback->seen_right[i] = ks_readback_right_rules_new();
    readback->lock = ks_lock_new();
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        if (ks_set_is_range(set))
            readback->boundaries[set] = g_array_new(FALSE, FALSE, ks_readback_boundary_size);
    ks_readback_clear(readback);
    return readback;
}

void ks_readback_free(KsReadback *readback)
{
    if (!readback)
        return;
    for (unsigned i = 0; i < readback->skeleton->chains_count; i++)
        g_ptr_array_unref(readback->seen_right[i]);
    g_free(readback->seen_right);
    g_free(readback->chains);
    g_free(readback->sets);
    g_free(readback->counters);
    g_ptr_array_unref(readback->foreign_chains);
    g_ptr_array_unref(readback->foreign_sets);
    g_ptr_array_unref(readback->problems);
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        g_clear_pointer(&readback->boundaries[set], g_array_unref);
    ks_lock_free(readback->lock);
    g_free(readback);
}

void ks_readback_clear(KsReadback *readback)
{
    const KsSkeleton *skeleton = readback->skeleton;

    readback->present = false;
    readback->flags = 0;
    readback->owner = 0;
    readback->unreadable = false;
    readback->torn = false;
    readback->pause_ms = 0;
    readback->frame_types_count = 0;
    memset(readback->numbered, 0, sizeof(readback->numbered));
    memset(readback->chains, 0, skeleton->chains_count * sizeof(*readback->chains));
    memset(readback->sets, 0, skeleton->sets_count * sizeof(*readback->sets));
    memset(readback->counters, 0, skeleton->counters_count * sizeof(*readback->counters));
    g_ptr_array_set_size(readback->foreign_chains, 0);
    g_ptr_array_set_size(readback->foreign_sets, 0);
    g_ptr_array_set_size(readback->problems, 0);
    memset(readback->lock->full, 0, sizeof(readback->lock->full));
    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        g_array_set_size(readback->lock->sets[set], 0);
        if (readback->boundaries[set])
            g_array_set_size(readback->boundaries[set], 0);
    }
}

static int take(KsReadback *readback, const struct nlmsghdr *message)
{
    switch (NFNL_MSG_TYPE(message->nlmsg_type)) {
    case NFT_MSG_NEWTABLE:
        return take_table(readback, message);
    case NFT_MSG_NEWCHAIN:
        return take_chain(readback, message);
    case NFT_MSG_NEWRULE:
        return take_rule(readback, message);
    case NFT_MSG_NEWSET:
        return take_set(readback, message);
    case NFT_MSG_NEWSETELEM:
        return take_elements(readback, message);
    case NFT_MSG_NEWOBJ:
        return take_object(readback, message);
    default:
        return 0;
    }
}

int ks_readback_take(KsReadback *readback, const struct nlmsghdr *message)
{
    int result = take(readback, message);

    if (result != -EBADMSG)
        return result;
    if (names_our_table(readback, message)) {
        readback->present = true;
        readback->unreadable = true;
        ks_readback_problem(readback, "the kernel tells something of it that cannot be understood");
    }
    return 0;
}

void ks_readback_finish(KsReadback *readback)
{
    const KsSkeleton *skeleton = readback->skeleton;
    unsigned told[KS_SET_MAX];

    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        if (ks_set_is_range(set))
            ks_readback_join_ranges(readback, set);
    ks_readback_add_numbers(readback);
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        told[set] = readback->lock->sets[set]->len;
    ks_lock_sort(readback->lock);
    /* a hash table that grows while it is dumped changes its order, and the kernel does not say so
     * (net/netfilter/nft_set_hash.c, nft_rhash_walk()) */
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        readback->torn |= !ks_set_is_range(set) && readback->lock->sets[set]->len != told[set];
    if (!readback->present)
        return;
    for (unsigned i = 0; i < skeleton->chains_count; i++) {
        if (!readback->chains[i].present)
            ks_readback_problem(readback, "the chain %s is missing", skeleton->chains[i].name);
        else if (!ks_skeleton_chain_has_rules(skeleton, i, readback->lock)) {
            if (readback->chains[i].rules_seen > 0)
                ks_readback_problem(readback, "the chain %s has rules that nothing needs now",
                                    skeleton->chains[i].name);
        } else if (!ks_readback_has_all_rules(readback, i))
            ks_readback_problem(readback, "rules of the chain %s are missing",
                                skeleton->chains[i].name);
    }
    for (unsigned i = 0; i < skeleton->sets_count; i++) {
        if (!readback->sets[i].present) {
            ks_readback_problem(readback, "the set %s is missing", skeleton->sets[i].name);
        } else if (!readback->sets[i].wrong &&
                   readback->sets[i].constants_seen != skeleton->sets[i].constants_count) {
            readback->sets[i].wrong = true;
            ks_readback_problem(readback, "elements of the set %s are missing",
                                skeleton->sets[i].name);
        }
    }
    for (unsigned i = 0; i < skeleton->counters_count; i++)
        if (!readback->counters[i].present)
            ks_readback_problem(readback, "the counter %s is missing", skeleton->counters[i]);
}
