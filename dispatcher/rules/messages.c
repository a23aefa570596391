/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/messages.h"

#include "model/names.h"
#include "rules/expression.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Keys of one message: two elements of 64 bytes each at most leave KS_BATCH_MESSAGE_MAX and the 16
 * bits of the nested attribute's length far away. */
#define KEYS_PER_MESSAGE 256u

#define BYTEORDER_HOST 1u /* nftables, include/datatype.h, enum byteorder */
#define USERDATA_SIZE  32u

static struct nlmsghdr *begin(KsBatch *batch, uint16_t type, uint16_t flags)
{
    return ks_batch_message(batch, type, NFPROTO_INET, flags);
}

static struct nftnl_table *table_new(KsBatch *batch, const char *name)
{
    struct nftnl_table *table = nftnl_table_alloc();

    if (table && nftnl_table_set_str(table, NFTNL_TABLE_NAME, name) == 0) {
        nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, NFPROTO_INET);
        return table;
    }
    if (table)
        nftnl_table_free(table);
    ks_batch_fail(batch, -ENOMEM);
    return NULL;
}

static void put_table(KsBatch *batch, struct nftnl_table *table, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *message = begin(batch, type, flags);

    if (message) {
        nftnl_table_nlmsg_build_payload(message, table);
        ks_batch_commit_message(batch, message);
    }
    nftnl_table_free(table);
}

static struct nftnl_chain *chain_new(KsBatch *batch, const char *name)
{
    struct nftnl_chain *chain = nftnl_chain_alloc();

    if (chain && nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, KS_TABLE) == 0 &&
        nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name) == 0)
        return chain;
    if (chain)
        nftnl_chain_free(chain);
    ks_batch_fail(batch, -ENOMEM);
    return NULL;
}

static void put_chain(KsBatch *batch, struct nftnl_chain *chain, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *message = begin(batch, type, flags);

    if (message) {
        nftnl_chain_nlmsg_build_payload(message, chain);
        ks_batch_commit_message(batch, message);
    }
    nftnl_chain_free(chain);
}

static struct nftnl_set *set_new(KsBatch *batch, const char *name)
{
    struct nftnl_set *set = nftnl_set_alloc();

    if (set && nftnl_set_set_str(set, NFTNL_SET_TABLE, KS_TABLE) == 0 &&
        nftnl_set_set_str(set, NFTNL_SET_NAME, name) == 0) {
        nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
        return set;
    }
    if (set)
        nftnl_set_free(set);
    ks_batch_fail(batch, -ENOMEM);
    return NULL;
}

static bool add_element(KsBatch *batch, struct nftnl_set *set, const void *key, uint32_t length,
                        uint32_t flags)
{
    struct nftnl_set_elem *element = nftnl_set_elem_alloc();

    if (!element || nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, length) < 0) {
        if (element)
            nftnl_set_elem_free(element);
        ks_batch_fail(batch, -ENOMEM);
        return false;
    }
    if (flags)
        nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, flags);
    nftnl_set_elem_add(set, element);
    return true;
}

static void put_elements(KsBatch *batch, struct nftnl_set *set, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *message = begin(batch, type, flags);

    if (message) {
        nftnl_set_elems_nlmsg_build_payload(message, set);
        ks_batch_commit_message(batch, message);
    }
    nftnl_set_free(set);
}

static bool add_key(KsBatch *batch, struct nftnl_set *set, KsSetId id, const KsKey *key)
{
    static const uint8_t the_very_end[KS_KEY_SIZE_MAX];
    uint32_t length = ks_set_definitions[id].key_length;

    if (!add_element(batch, set, key->bytes, length, 0))
        return false;
    if (!ks_set_is_range(id) || memcmp(key->bytes + length, the_very_end, length) == 0)
        return true;
    return add_element(batch, set, key->bytes + length, length, NFT_SET_ELEM_INTERVAL_END);
}

static void change_keys(KsBatch *batch, KsSetId id, const GArray *keys, uint16_t type,
                        uint16_t flags)
{
    const KsSetDefinition *definition = &ks_set_definitions[id];

    for (unsigned first = 0; first < keys->len; first += KEYS_PER_MESSAGE) {
        unsigned end = MIN(first + KEYS_PER_MESSAGE, keys->len);
        struct nftnl_set *set = set_new(batch, definition->name);

        for (unsigned i = first; set && i < end; i++)
            if (!add_key(batch, set, id, &g_array_index(keys, KsKey, i)))
                break;
        if (!set)
            return;
        put_elements(batch, set, type, flags);
    }
}

void ks_batch_add_table(KsBatch *batch, const char *name, uint32_t flags)
{
    struct nftnl_table *table = table_new(batch, name);

    if (!table)
        return;
    nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, flags);
    put_table(batch, table, NFT_MSG_NEWTABLE, NLM_F_CREATE);
}

void ks_batch_delete_table(KsBatch *batch, const char *name)
{
    struct nftnl_table *table = table_new(batch, name);

    if (table)
        put_table(batch, table, NFT_MSG_DELTABLE, 0);
}

void ks_batch_add_chain(KsBatch *batch, KsChainId id)
{
    const KsChain *definition = &ks_chains[id];
    struct nftnl_chain *chain = chain_new(batch, definition->name);

    if (!chain)
        return;
    if (definition->base) {
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, definition->hook);
        nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, definition->priority);
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_DROP);
        if (nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter") < 0)
            ks_batch_fail(batch, -ENOMEM);
    }
    put_chain(batch, chain, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
}

void ks_batch_delete_chain(KsBatch *batch, const char *name)
{
    struct nftnl_chain *chain = chain_new(batch, name);

    if (chain)
        put_chain(batch, chain, NFT_MSG_DELCHAIN, 0);
}

void ks_batch_flush_rules(KsBatch *batch)
{
    struct nftnl_rule *rule = nftnl_rule_alloc();
    struct nlmsghdr *message;

    if (!rule || nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, KS_TABLE) < 0)
        ks_batch_fail(batch, -ENOMEM);
    message = begin(batch, NFT_MSG_DELRULE, 0);
    if (message) {
        nftnl_rule_nlmsg_build_payload(message, rule);
        ks_batch_commit_message(batch, message);
    }
    if (rule)
        nftnl_rule_free(rule);
}

void ks_batch_add_rule(KsBatch *batch, const KsRule *rule)
{
    struct nftnl_rule *built = ks_rule_build(rule);
    struct nlmsghdr *message;

    if (!built) {
        ks_batch_fail(batch, -ENOMEM);
        return;
    }
    message = begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    if (message) {
        nftnl_rule_nlmsg_build_payload(message, built);
        ks_batch_commit_message(batch, message);
    }
    nftnl_rule_free(built);
}

void ks_batch_add_set(KsBatch *batch, KsNftSet id)
{
    const KsSetDefinition *definition = &ks_set_definitions[id];
    struct nftnl_set *set = set_new(batch, definition->name);
    struct nftnl_udata_buf *userdata;
    struct nlmsghdr *message;

    if (!set)
        return;
    nftnl_set_set_u32(set, NFTNL_SET_ID, (uint32_t) id);
    nftnl_set_set_u32(set, NFTNL_SET_FLAGS, definition->flags);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, definition->key_type);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, definition->key_length);
    if (definition->size)
        nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, definition->size);

    /* without it nft(8) prints host-order keys in the wrong byte order */
    if (definition->host_order) {
        userdata = nftnl_udata_buf_alloc(USERDATA_SIZE);
        if (!userdata ||
            !nftnl_udata_put_u32(userdata, NFTNL_UDATA_SET_KEYBYTEORDER, BYTEORDER_HOST) ||
            nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(userdata),
                               nftnl_udata_buf_len(userdata)) < 0)
            ks_batch_fail(batch, -ENOMEM);
        if (userdata)
            nftnl_udata_buf_free(userdata);
    }

    message = begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
    if (message) {
        nftnl_set_nlmsg_build_payload(message, set);
        ks_batch_commit_message(batch, message);
    }
    nftnl_set_free(set);
}

void ks_batch_delete_set(KsBatch *batch, const char *name)
{
    struct nftnl_set *set = set_new(batch, name);
    struct nlmsghdr *message;

    if (!set)
        return;
    message = begin(batch, NFT_MSG_DELSET, 0);
    if (message) {
        nftnl_set_nlmsg_build_payload(message, set);
        ks_batch_commit_message(batch, message);
    }
    nftnl_set_free(set);
}

void ks_batch_add_constants(KsBatch *batch, KsNftSet id)
{
    const KsSetDefinition *definition = &ks_set_definitions[id];
    struct nftnl_set *set;

    if (definition->constants_count == 0)
        return;
    set = set_new(batch, definition->name);
    if (!set)
        return;
    nftnl_set_set_u32(set, NFTNL_SET_ID, (uint32_t) id);
    for (unsigned i = 0; i < definition->constants_count; i++)
        if (!add_element(batch, set, definition->constants[i].key, definition->key_length,
                         definition->constants[i].flags))
            break;
    put_elements(batch, set, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
}

void ks_batch_add_counter(KsBatch *batch, KsCounterId id)
{
    struct nftnl_obj *object = nftnl_obj_alloc();
    struct nlmsghdr *message;

    if (!object) {
        ks_batch_fail(batch, -ENOMEM);
        return;
    }
    nftnl_obj_set_str(object, NFTNL_OBJ_TABLE, KS_TABLE);
    nftnl_obj_set_str(object, NFTNL_OBJ_NAME, ks_counter_names[id]);
    nftnl_obj_set_u32(object, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
    nftnl_obj_set_u64(object, NFTNL_OBJ_CTR_PKTS, 0);
    nftnl_obj_set_u64(object, NFTNL_OBJ_CTR_BYTES, 0);
    message = begin(batch, NFT_MSG_NEWOBJ, NLM_F_CREATE);
    if (message) {
        nftnl_obj_nlmsg_build_payload(message, object);
        ks_batch_commit_message(batch, message);
    }
    nftnl_obj_free(object);
}

static struct nftnl_set *pause_new(KsBatch *batch, uint64_t milliseconds)
{
    static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
    struct nftnl_set *set = set_new(batch, ks_set_definitions[KS_NFT_SET_PAUSE].name);

    for (unsigned i = 0; set && i < sizeof(families); i++) {
        struct nftnl_set_elem *element = nftnl_set_elem_alloc();

        if (!element || nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, &families[i], 1) < 0) {
            if (element)
                nftnl_set_elem_free(element);
            ks_batch_fail(batch, -ENOMEM);
            break;
        }
        if (milliseconds > 0)
            nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT, milliseconds);
        nftnl_set_elem_add(set, element);
    }
    return set;
}

void ks_batch_add_pause(KsBatch *batch, uint64_t milliseconds)
{
    struct nftnl_set *set;

    if (milliseconds == 0) { /* an element without a timeout would never go */
        ks_batch_fail(batch, -EINVAL);
        return;
    }
    set = pause_new(batch, milliseconds);
    if (set)
        put_elements(batch, set, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
}

void ks_batch_delete_pause(KsBatch *batch)
{
    struct nftnl_set *set = pause_new(batch, 0);

    if (set)
        put_elements(batch, set, NFT_MSG_DELSETELEM, 0);
}

void ks_batch_add_keys(KsBatch *batch, KsSetId set, const GArray *keys)
{
    change_keys(batch, set, keys, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
}

void ks_batch_delete_keys(KsBatch *batch, KsSetId set, const GArray *keys)
{
    change_keys(batch, set, keys, NFT_MSG_DELSETELEM, 0);
}
