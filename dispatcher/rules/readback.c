/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/readback.h"

#include "model/names.h"
#include "rules/expression.h"
#include "rules/plan.h"

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
     NFT_SET_CONCAT)

static void problem(KsReadback *readback, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void problem(KsReadback *readback, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(readback->problems, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* Names that others gave may hold anything; what people read holds none of it. */
static void foreign(KsReadback *readback, const char *what, const char *name)
{
    g_autofree char *escaped = g_strescape(name, NULL);

    problem(readback, "there is a %s that is not ours: %s", what, escaped);
}

static bool is_ours(const char *table)
{
    return table && strcmp(table, KS_TABLE) == 0;
}

static int chain_by_name(const char *name)
{
    for (int i = 0; i < KS_CHAIN_MAX; i++)
        if (name && strcmp(ks_chains[i].name, name) == 0)
            return i;
    return -1;
}

static int set_by_name(const char *name)
{
    for (int i = 0; i < KS_NFT_SET_MAX; i++)
        if (name && strcmp(ks_set_definitions[i].name, name) == 0)
            return i;
    return -1;
}

static int counter_by_name(const char *name)
{
    for (int i = 0; i < KS_COUNTER_MAX; i++)
        if (name && strcmp(ks_counter_names[i], name) == 0)
            return i;
    return -1;
}

/* The bytecode of the n-th rule of a chain, as it should be; made once and kept. */
static const char *expected_bytecode(KsChainId chain, unsigned n)
{
    static char **expected;

    if (g_once_init_enter(&expected)) {
        char **all = g_new0(char *, ks_rules_count + 1);

        for (unsigned i = 0; i < ks_rules_count; i++) {
            struct nftnl_rule *rule = ks_rule_build(&ks_rules[i]);

            if (rule) {
                all[i] = ks_rule_bytecode(rule);
                nftnl_rule_free(rule);
            }
        }
        g_once_init_leave(&expected, all);
    }

    for (unsigned i = 0; i < ks_rules_count; i++)
        if (ks_rules[i].chain == chain && n-- == 0)
            return expected[i];
    return NULL;
}

static unsigned rules_of(KsChainId chain)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ks_rules_count; i++)
        count += ks_rules[i].chain == chain;
    return count;
}

static int take_table(KsReadback *readback, const struct nlmsghdr *message)
{
    struct nftnl_table *table = nftnl_table_alloc();
    int result = -ENOMEM;

    if (table)
        result = nftnl_table_nlmsg_parse(message, table) < 0 ? -EBADMSG : 0;
    if (result == 0 && is_ours(nftnl_table_get_str(table, NFTNL_TABLE_NAME))) {
        readback->present = true;
        readback->flags = nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS);
        readback->owner = nftnl_table_is_set(table, NFTNL_TABLE_OWNER)
                              ? nftnl_table_get_u32(table, NFTNL_TABLE_OWNER)
                              : 0;
        if (readback->flags & NFT_TABLE_F_DORMANT)
            problem(readback, "the table is dormant: its rules are not applied");
    }
    if (table)
        nftnl_table_free(table);
    return result;
}

static void judge_chain(KsReadback *readback, const struct nftnl_chain *chain)
{
    const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
    int id = chain_by_name(name);
    const char *type = nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE);

    if (id < 0) {
        g_ptr_array_add(readback->foreign_chains, g_strdup(name));
        foreign(readback, "chain", name);
        return;
    }
    readback->chains_present[id] = true;
    if (ks_chains[id].base != nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) ||
        (ks_chains[id].base &&
         (nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) != ks_chains[id].hook ||
          nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO) != ks_chains[id].priority || !type ||
          strcmp(type, "filter") != 0))) {
        readback->chains_wrong[id] = true;
        problem(readback, "the chain %s does not stand where it should", name);
    } else if (ks_chains[id].base && nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) != NF_DROP) {
        problem(readback, "the chain %s lets through what no rule decides", name);
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
    if (result == 0 && is_ours(nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE)))
        judge_chain(readback, chain);
    if (chain)
        nftnl_chain_free(chain);
    return result;
}

static void judge_rule(KsReadback *readback, const struct nftnl_rule *rule)
{
    int chain = chain_by_name(nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));
    const char *expected;
    g_autofree char *bytecode = NULL;

    if (chain < 0) /* the chain itself is reported */
        return;
    expected = expected_bytecode(chain, readback->rules_seen[chain]);
    bytecode = ks_rule_bytecode(rule);
    if (!expected || strcmp(expected, bytecode) != 0)
        problem(readback, "rule %u of the chain %s is not ours", readback->rules_seen[chain] + 1,
                ks_chains[chain].name);
    readback->rules_seen[chain]++;
}

static int take_rule(KsReadback *readback, const struct nlmsghdr *message)
{
    struct nftnl_rule *rule = nftnl_rule_alloc();
    int result = -ENOMEM;

    if (rule)
        result = nftnl_rule_nlmsg_parse(message, rule) < 0 ? -EBADMSG : 0;
    if (result == 0 && is_ours(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE)))
        judge_rule(readback, rule);
    if (rule)
        nftnl_rule_free(rule);
    return result;
}

static void judge_set(KsReadback *readback, const struct nftnl_set *set)
{
    const char *name = nftnl_set_get_str(set, NFTNL_SET_NAME);
    int id = set_by_name(name);

    if (id < 0) {
        if (!(nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS))
            g_ptr_array_add(readback->foreign_sets, g_strdup(name));
        foreign(readback, "set", name);
        return;
    }
    readback->sets_present[id] = true;
    if (nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN) != ks_set_definitions[id].key_length ||
        (nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & SET_FLAGS_COMPARED) !=
            ks_set_definitions[id].flags) {
        readback->sets_wrong[id] = true;
        problem(readback, "the set %s is of another kind than ours", name);
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
    if (result == 0 && is_ours(nftnl_set_get_str(set, NFTNL_SET_TABLE)))
        judge_set(readback, set);
    if (set)
        nftnl_set_free(set);
    return result;
}

static bool is_constant_of(const KsSetDefinition *definition, const void *key, uint32_t flags)
{
    for (unsigned i = 0; i < definition->constants_count; i++)
        if (memcmp(definition->constants[i].key, key, definition->key_length) == 0 &&
            definition->constants[i].flags == flags)
            return true;
    return false;
}

/* One end of a range: its first address, or the first behind it. */
typedef struct {
    uint8_t address[16];
    bool end;
} Boundary;

static int compare_boundaries(const void *a, const void *b)
{
    const Boundary *first = a;
    const Boundary *second = b;
    int order = memcmp(first->address, second->address, sizeof(first->address));

    return order ? order : (int) second->end - (int) first->end; /* an end before a beginning */
}

/* The kernel tells the two ends of a range apart, in any order. */
static void join_boundaries(KsReadback *readback, KsSetId set)
{
    GArray *boundaries = readback->boundaries[set];
    size_t size = ks_key_size(set) / 2;
    KsKey key = { 0 };
    bool open = false;

    g_array_sort(boundaries, compare_boundaries);
    for (unsigned i = 0; i < boundaries->len; i++) {
        const Boundary *boundary = &g_array_index(boundaries, Boundary, i);

        if (boundary->end && !open) {
            continue; /* closes what lies before the first range, as nft(8) writes it */
        } else if (boundary->end) {
            memcpy(key.bytes + size, boundary->address, size);
            ks_lock_add_key(readback->lock, set, &key);
        } else {
            memset(&key, 0, sizeof(key));
            memcpy(key.bytes, boundary->address, size);
        }
        open = !boundary->end;
    }
    if (open)
        ks_lock_add_key(readback->lock, set, &key);
}

static void judge_foreign_element(KsReadback *readback, KsNftSet id)
{
    readback->sets_wrong[id] = true;
    problem(readback, "the set %s has an element that is not ours", ks_set_definitions[id].name);
}

static void judge_element(KsReadback *readback, KsNftSet id, const struct nftnl_set_elem *element)
{
    const KsSetDefinition *definition = &ks_set_definitions[id];
    uint32_t flags = 0;
    uint32_t length = 0;
    const void *key =
        nftnl_set_elem_get((struct nftnl_set_elem *) element, NFTNL_SET_ELEM_KEY, &length);
    KsKey variable = { 0 };

    if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_FLAGS))
        flags = nftnl_set_elem_get_u32((struct nftnl_set_elem *) element, NFTNL_SET_ELEM_FLAGS);
    if (!key || length < definition->key_length) { /* "*", which is everything, has no key */
        judge_foreign_element(readback, id);
        return;
    }

    if ((unsigned) id < KS_SET_MAX && ks_set_is_range((KsSetId) id)) {
        Boundary boundary = { .end = flags & NFT_SET_ELEM_INTERVAL_END };

        memcpy(boundary.address, key, definition->key_length);
        g_array_append_val(readback->boundaries[id], boundary);
    } else if ((unsigned) id < KS_SET_MAX) {
        memcpy(variable.bytes, key, definition->key_length);
        if (!ks_lock_add_key(readback->lock, (KsSetId) id, &variable))
            judge_foreign_element(readback, id); /* more than we ever put in */
    } else if (id == KS_NFT_SET_PAUSE) {
        bool ends = nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION);
        uint64_t left = ends ? nftnl_set_elem_get_u64((struct nftnl_set_elem *) element,
                                                      NFTNL_SET_ELEM_EXPIRATION)
                             : 0;

        if (!ends) /* nothing of ours opens for ever */
            problem(readback, "the pause has no end");
        readback->sets_wrong[id] |= !ends;
        readback->pause_ms = MAX(readback->pause_ms, left);
    } else if (is_constant_of(definition, key, flags)) {
        readback->constants_seen[id]++;
    } else {
        judge_foreign_element(readback, id);
    }
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
    if (result == 0 && is_ours(nftnl_set_get_str(set, NFTNL_SET_TABLE)))
        id = set_by_name(nftnl_set_get_str(set, NFTNL_SET_NAME));
    if (id >= 0)
        iterator = nftnl_set_elems_iter_create(set);
    if (iterator) {
        while ((element = nftnl_set_elems_iter_next(iterator)))
            judge_element(readback, id, element);
        nftnl_set_elems_iter_destroy(iterator);
    }
    if (set)
        nftnl_set_free(set);
    return result;
}

static void judge_object(KsReadback *readback, struct nftnl_obj *object)
{
    const char *name = nftnl_obj_get_str(object, NFTNL_OBJ_NAME);
    int id = nftnl_obj_get_u32(object, NFTNL_OBJ_TYPE) == NFT_OBJECT_COUNTER ? counter_by_name(name)
                                                                             : -1;

    if (id < 0) /* an object does nothing by itself; the rule that would use it is reported */
        return;
    readback->counters_present[id] = true;
    readback->packets[id] = nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_PKTS);
    readback->bytes[id] = nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_BYTES);
}

static int take_object(KsReadback *readback, const struct nlmsghdr *message)
{
    struct nftnl_obj *object = nftnl_obj_alloc();
    int result = -ENOMEM;

    if (object)
        result = nftnl_obj_nlmsg_parse(message, object) < 0 ? -EBADMSG : 0;
    if (result == 0 && is_ours(nftnl_obj_get_str(object, NFTNL_OBJ_TABLE)))
        judge_object(readback, object);
    if (object)
        nftnl_obj_free(object);
    return result;
}

KsReadback *ks_readback_new(void)
{
    KsReadback *readback = g_new0(KsReadback, 1);

    readback->foreign_chains = g_ptr_array_new_with_free_func(g_free);
    readback->foreign_sets = g_ptr_array_new_with_free_func(g_free);
    readback->problems = g_ptr_array_new_with_free_func(g_free);
    readback->lock = ks_lock_new();
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        if (ks_set_is_range(set))
            readback->boundaries[set] = g_array_new(FALSE, FALSE, sizeof(Boundary));
    ks_readback_clear(readback);
    return readback;
}

void ks_readback_free(KsReadback *readback)
{
    if (!readback)
        return;
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
    KsReadback kept = *readback;

    *readback = (KsReadback){
        .foreign_chains = kept.foreign_chains,
        .foreign_sets = kept.foreign_sets,
        .problems = kept.problems,
        .lock = kept.lock,
    };
    g_ptr_array_set_size(readback->foreign_chains, 0);
    g_ptr_array_set_size(readback->foreign_sets, 0);
    g_ptr_array_set_size(readback->problems, 0);
    memcpy(readback->boundaries, kept.boundaries, sizeof(readback->boundaries));
    memset(readback->lock->full, 0, sizeof(readback->lock->full));
    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        g_array_set_size(readback->lock->sets[set], 0);
        if (readback->boundaries[set])
            g_array_set_size(readback->boundaries[set], 0);
    }
}

int ks_readback_take(KsReadback *readback, const struct nlmsghdr *message)
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

void ks_readback_finish(KsReadback *readback)
{
    unsigned told[KS_SET_MAX];

    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        if (ks_set_is_range(set))
            join_boundaries(readback, set);
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        told[set] = readback->lock->sets[set]->len;
    ks_lock_seal(readback->lock);
    /* a hash table that grows while it is dumped changes its order, and the kernel does not say so
     * (net/netfilter/nft_set_hash.c, nft_rhash_walk()) */
    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        readback->torn |= !ks_set_is_range(set) && readback->lock->sets[set]->len != told[set];
    if (!readback->present)
        return;
    for (int i = 0; i < KS_CHAIN_MAX; i++) {
        if (!readback->chains_present[i])
            problem(readback, "the chain %s is missing", ks_chains[i].name);
        else if (readback->rules_seen[i] < rules_of(i))
            problem(readback, "rules of the chain %s are missing", ks_chains[i].name);
    }
    for (int i = 0; i < KS_NFT_SET_MAX; i++) {
        if (!readback->sets_present[i]) {
            problem(readback, "the set %s is missing", ks_set_definitions[i].name);
        } else if (!readback->sets_wrong[i] &&
                   readback->constants_seen[i] != ks_set_definitions[i].constants_count) {
            readback->sets_wrong[i] = true;
            problem(readback, "elements of the set %s are missing", ks_set_definitions[i].name);
        }
    }
    for (int i = 0; i < KS_COUNTER_MAX; i++)
        if (!readback->counters_present[i])
            problem(readback, "the counter %s is missing", ks_counter_names[i]);
}

bool ks_readback_is_intact(const KsReadback *readback)
{
    return readback->present && readback->problems->len == 0;
}

bool ks_readback_is_owned(const KsReadback *readback)
{
    return readback->present && readback->owner != 0 &&
           (readback->flags & KS_TABLE_F_OWNED) == KS_TABLE_F_OWNED;
}
