/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/messages.h"

#include "rules/comment.h"
#include "rules/expression.h"
#include "rules/named-chain.h"

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

/* nftables, include/datatype.h, enum byteorder */
#define BYTEORDER_HOST    1u
#define BYTEORDER_NETWORK 2u

#define USERDATA_SIZE 256u /* the kernel's bound (NFT_USERDATA_MAXLEN) */

static struct nftnl_table *table_new(KsBatch *batch, uint8_t family, const char *name)
{
    struct nftnl_table *table = nftnl_table_alloc();

    if (table && nftnl_table_set_str(table, NFTNL_TABLE_NAME, name) == 0) {
        nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, family);
        return table;
    }
    if (table)
        nftnl_table_free(table);
    ks_batch_fail(batch, -ENOMEM);
    return NULL;
}

static void put_table(KsBatch *batch, struct nftnl_table *table, uint16_t type, uint16_t flags,
                      const char *comment)
{
    struct nlmsghdr *message = ks_batch_message(
        batch, type, (uint8_t) nftnl_table_get_u32(table, NFTNL_TABLE_FAMILY), flags);

    if (message) {
        nftnl_table_nlmsg_build_payload(message, table);
        ks_comment_put(message, NFTA_TABLE_USERDATA, comment);
        ks_batch_commit_message(batch, message);
    }
    nftnl_table_free(table);
}

static struct nftnl_chain *chain_new(KsBatch *batch, const KsSkeleton *skeleton, const char *name)
{
    struct nftnl_chain *chain = nftnl_chain_alloc();

    if (chain && nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, skeleton->name) == 0 &&
        nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name) == 0) {
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_FAMILY, skeleton->family);
        return chain;
    }
    if (chain)
        nftnl_chain_free(chain);
    ks_batch_fail(batch, -ENOMEM);
    return NULL;
}

static void put_chain(KsBatch *batch, struct nftnl_chain *chain, uint16_t type, uint16_t flags,
                      const char *comment)
{
    struct nlmsghdr *message = ks_batch_message(
        batch, type, (uint8_t) nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY), flags);

    if (message) {
        nftnl_chain_nlmsg_build_payload(message, chain);
        ks_comment_put(message, NFTA_CHAIN_USERDATA, comment);
        ks_batch_commit_message(batch, message);
    }
    nftnl_chain_free(chain);
}

static struct nftnl_set *set_new(KsBatch *batch, const KsSkeleton *skeleton, const char *name)
{
    struct nftnl_set *set = nftnl_set_alloc();

    if (set && nftnl_set_set_str(set, NFTNL_SET_TABLE, skeleton->name) == 0 &&
        nftnl_set_set_str(set, NFTNL_SET_NAME, name) == 0) {
        nftnl_set_set_u32(set, NFTNL_SET_FAMILY, skeleton->family);
        return set;
    }
    if (set)
        nftnl_set_free(set);
    ks_batch_fail(batch, -ENOMEM);
    return NULL;
}

typedef void SetBuilder(struct nlmsghdr *message, struct nftnl_set *set);

static void put_set_message(KsBatch *batch, struct nftnl_set *set, uint16_t type, uint16_t flags,
                            SetBuilder *build)
{
    struct nlmsghdr *message =
        ks_batch_message(batch, type, (uint8_t) nftnl_set_get_u32(set, NFTNL_SET_FAMILY), flags);

    if (message) {
        build(message, set);
        ks_batch_commit_message(batch, message);
    }
    nftnl_set_free(set);
}

static void put_set(KsBatch *batch, struct nftnl_set *set, uint16_t type, uint16_t flags)
{
    put_set_message(batch, set, type, flags, nftnl_set_nlmsg_build_payload);
}

static void put_elements(KsBatch *batch, struct nftnl_set *set, uint16_t type, uint16_t flags)
{
    put_set_message(batch, set, type, flags, nftnl_set_elems_nlmsg_build_payload);
}

static bool add_element(KsBatch *batch, struct nftnl_set *set, const void *key, uint32_t length,
                        uint32_t flags, struct nftnl_set_elem **ret_element)
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
    if (ret_element)
        *ret_element = element;
    return true;
}

/* What becomes of a packet with this key. */
static bool add_data(KsBatch *batch, const KsSkeleton *skeleton, const KsSetDefinition *definition,
                     struct nftnl_set_elem *element, uint32_t value)
{
    const KsVerdict *verdict;

    if (definition->data == KS_DATA_NONE)
        return true;
    if (value >= definition->verdicts_count) {
        ks_batch_fail(batch, -EINVAL);
        return false;
    }
    verdict = &definition->verdicts[value];
    nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_VERDICT, (uint32_t) verdict->code);
    if ((verdict->code == NFT_JUMP || verdict->code == NFT_GOTO) &&
        nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_CHAIN,
                               skeleton->chains[verdict->chain].name) < 0) {
        ks_batch_fail(batch, -ENOMEM);
        return false;
    }
    return true;
}

/* One message of keys. */
typedef struct {
    KsBatch *batch;
    const KsSkeleton *skeleton;
    const KsSetDefinition *definition;
    struct nftnl_set *set;
    bool with_data; /* what goes, goes by its key */
    unsigned added;
} Keys;

static int64_t time_left(const KsBatch *batch, const KsKey *key)
{
    return (int64_t) key->until * 1000000 - batch->now;
}

/* The kernel has taken it out already. */
static bool has_ended(const KsBatch *batch, const KsKey *key)
{
    return key->until > 0 && time_left(batch, key) < 1000;
}

/* Its other end, and when the kernel takes it out. */
static bool finish_box(const Keys *keys, const KsKey *key, struct nftnl_set_elem *element)
{
    uint32_t length = keys->definition->key_length;

    if (nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY_END, key->bytes + length, length) < 0) {
        ks_batch_fail(keys->batch, -ENOMEM);
        return false;
    }
    if (keys->with_data && key->until > 0)
        nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT,
                               (uint64_t) time_left(keys->batch, key) / 1000);
    return true;
}

static bool add_key(Keys *keys, const KsKey *key)
{
    static const uint8_t the_very_end[KS_KEY_SIZE_MAX];
    uint32_t length = keys->definition->key_length;
    struct nftnl_set_elem *element;
    KsKey held = *key;

    if (keys->with_data && has_ended(keys->batch, key))
        return true;
    ks_set_flip_index(keys->definition, &held);
    if (!add_element(keys->batch, keys->set, held.bytes, length, 0, &element))
        return false;
    keys->added++;
    if (keys->with_data &&
        !add_data(keys->batch, keys->skeleton, keys->definition, element, key->value))
        return false;
    if (ks_set_is_box(keys->definition->keys))
        return finish_box(keys, key, element);
    if (!ks_set_is_range(keys->definition->keys) ||
        memcmp(key->bytes + length, the_very_end, length) == 0)
        return true;
    return add_element(keys->batch, keys->set, key->bytes + length, length,
                       NFT_SET_ELEM_INTERVAL_END, NULL);
}

static void change_keys(KsBatch *batch, const KsSkeleton *skeleton, unsigned id,
                        const GArray *changed, bool add)
{
    Keys keys = { batch, skeleton, &skeleton->sets[id], .with_data = add };

    for (unsigned first = 0; first < changed->len; first += KEYS_PER_MESSAGE) {
        unsigned end = MIN(first + KEYS_PER_MESSAGE, changed->len);

        keys.added = 0;
        keys.set = set_new(batch, skeleton, keys.definition->name);
        for (unsigned i = first; keys.set && i < end; i++)
            if (!add_key(&keys, &g_array_index(changed, KsKey, i)))
                break;
        if (!keys.set)
            return;
        if (keys.added == 0 && !batch->error) { /* all have ended */
            nftnl_set_free(keys.set);
            continue;
        }
        put_elements(batch, keys.set, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
                     add ? NLM_F_CREATE : 0);
    }
}

void ks_batch_add_table(KsBatch *batch, uint8_t family, const char *name, uint32_t flags,
                        const char *comment)
{
    struct nftnl_table *table = table_new(batch, family, name);

    if (!table)
        return;
    nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, flags);
    put_table(batch, table, NFT_MSG_NEWTABLE, NLM_F_CREATE, comment);
}

void ks_batch_delete_table(KsBatch *batch, uint8_t family, const char *name)
{
    struct nftnl_table *table = table_new(batch, family, name);

    if (table)
        put_table(batch, table, NFT_MSG_DELTABLE, 0, NULL);
}

static void add_named_chain(KsBatch *batch, const KsSkeleton *skeleton, const KsChain *definition)
{
    struct nlmsghdr *message =
        ks_batch_message(batch, NFT_MSG_NEWCHAIN, skeleton->family, NLM_F_CREATE);

    if (!message)
        return;
    ks_named_chain_put(message, skeleton, definition);
    ks_batch_commit_message(batch, message);
}

void ks_batch_add_chain(KsBatch *batch, const KsSkeleton *skeleton, unsigned id)
{
    const KsChain *definition = &skeleton->chains[id];
    struct nftnl_chain *chain;

    if (definition->beginnings) {
        add_named_chain(batch, skeleton, definition);
        return;
    }
    chain = chain_new(batch, skeleton, definition->name);
    if (!chain)
        return;
    if (definition->base) {
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, definition->hook);
        nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, definition->priority);
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, definition->policy);
        if (nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter") < 0 ||
            (definition->device &&
             nftnl_chain_set_str(chain, NFTNL_CHAIN_DEV, definition->device) < 0))
            ks_batch_fail(batch, -ENOMEM);
    }
    put_chain(batch, chain, NFT_MSG_NEWCHAIN, NLM_F_CREATE, definition->comment);
}

void ks_batch_delete_chain(KsBatch *batch, const KsSkeleton *skeleton, const char *name)
{
    struct nftnl_chain *chain = chain_new(batch, skeleton, name);

    if (chain)
        put_chain(batch, chain, NFT_MSG_DELCHAIN, 0, NULL);
}

/* `chain`: NULL for all of them. */
static void flush_rules(KsBatch *batch, const KsSkeleton *skeleton, const char *chain)
{
    struct nftnl_rule *rule = nftnl_rule_alloc();
    struct nlmsghdr *message;

    if (!rule || nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, skeleton->name) < 0 ||
        (chain && nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain) < 0))
        ks_batch_fail(batch, -ENOMEM);
    message = ks_batch_message(batch, NFT_MSG_DELRULE, skeleton->family, 0);
    if (message) {
        nftnl_rule_nlmsg_build_payload(message, rule);
        ks_batch_commit_message(batch, message);
    }
    if (rule)
        nftnl_rule_free(rule);
}

void ks_batch_flush_rules(KsBatch *batch, const KsSkeleton *skeleton)
{
    flush_rules(batch, skeleton, NULL);
}

void ks_batch_flush_chain(KsBatch *batch, const KsSkeleton *skeleton, unsigned chain)
{
    flush_rules(batch, skeleton, skeleton->chains[chain].name);
}

void ks_batch_add_rule(KsBatch *batch, const KsSkeleton *skeleton, const KsRule *rule)
{
    struct nftnl_rule *built = ks_rule_build(skeleton, rule);
    struct nlmsghdr *message;

    if (!built) {
        ks_batch_fail(batch, -ENOMEM);
        return;
    }
    message =
        ks_batch_message(batch, NFT_MSG_NEWRULE, skeleton->family, NLM_F_CREATE | NLM_F_APPEND);
    if (message) {
        nftnl_rule_nlmsg_build_payload(message, built);
        ks_comment_put(message, NFTA_RULE_USERDATA, rule->comment);
        ks_batch_commit_message(batch, message);
    }
    nftnl_rule_free(built);
}

/* What nft(8) keeps beside a set of fields (nftables, src/mnl.c, mnl_nft_set_add();
 * include/expression.h, enum expr_types). */
enum {
    EXPR_PAYLOAD = 7,
    EXPR_META = 9,
    EXPR_CONCAT = 13,
};

enum {
    TYPEOF_EXPR,
    TYPEOF_DATA,
};

enum {
    PAYLOAD_PROTOCOL,
    PAYLOAD_FIELD,
    PAYLOAD_BASE,
    PAYLOAD_OFFSET,
    PAYLOAD_LENGTH,
};

enum {
    META_KEY,
};

static bool put_field(struct nftnl_udata_buf *userdata, const KsField *field)
{
    bool is_meta = field->kind == KS_FIELD_META;
    bool whole = nftnl_udata_put_u32(userdata, TYPEOF_EXPR, is_meta ? EXPR_META : EXPR_PAYLOAD);
    struct nftnl_udata *nest = nftnl_udata_nest_start(userdata, TYPEOF_DATA);

    if (is_meta) {
        whole &= nftnl_udata_put_u32(userdata, META_KEY, field->of);
    } else if (field->kind == KS_FIELD_HEADER) {
        whole &= nftnl_udata_put_u32(userdata, PAYLOAD_PROTOCOL, field->of) &&
                 nftnl_udata_put_u32(userdata, PAYLOAD_FIELD, field->field);
    } else {
        whole &= nftnl_udata_put_u32(userdata, PAYLOAD_PROTOCOL, 0) &&
                 nftnl_udata_put_u32(userdata, PAYLOAD_FIELD, 0) &&
                 nftnl_udata_put_u32(userdata, PAYLOAD_BASE, field->of) &&
                 nftnl_udata_put_u32(userdata, PAYLOAD_OFFSET, field->offset);
    }
    if (field->length > 0)
        whole &= nftnl_udata_put_u32(userdata, PAYLOAD_LENGTH, field->length);
    nftnl_udata_nest_end(userdata, nest);
    return whole;
}

static bool put_fields(struct nftnl_udata_buf *userdata, const KsField *fields, unsigned count)
{
    struct nftnl_udata *nest = nftnl_udata_nest_start(userdata, NFTNL_UDATA_SET_KEY_TYPEOF);
    bool whole = true;

    if (count == 1) {
        whole = put_field(userdata, &fields[0]);
    } else {
        struct nftnl_udata *all;

        whole = nftnl_udata_put_u32(userdata, TYPEOF_EXPR, EXPR_CONCAT);
        all = nftnl_udata_nest_start(userdata, TYPEOF_DATA);
        for (unsigned i = 0; i < count; i++) {
            struct nftnl_udata *one = nftnl_udata_nest_start(userdata, (uint8_t) i);

            whole &= put_field(userdata, &fields[i]);
            nftnl_udata_nest_end(userdata, one);
        }
        nftnl_udata_nest_end(userdata, all);
    }
    nftnl_udata_nest_end(userdata, nest);
    return whole;
}

/* In which order nft has to read the key's bytes; 0: it knows by the type. */
static uint32_t key_byte_order(const KsSetDefinition *definition)
{
    if (definition->host_order)
        return BYTEORDER_HOST;
    return ks_set_fields(definition) == 1 ? BYTEORDER_NETWORK : 0;
}

/* What only nft(8) reads, to print the set as it is. */
static int describe_to_nft(struct nftnl_set *set, const KsSetDefinition *definition)
{
    uint32_t key_order = key_byte_order(definition);
    unsigned fields = ks_set_fields(definition);
    struct nftnl_udata_buf *userdata;
    bool whole = true;
    int result = -ENOMEM;

    if (key_order == 0 && fields == 0 && !definition->comment)
        return 0;
    userdata = nftnl_udata_buf_alloc(USERDATA_SIZE);
    if (!userdata)
        return -ENOMEM;
    if (key_order != 0 || fields > 0)
        whole &= nftnl_udata_put_u32(userdata, NFTNL_UDATA_SET_KEYBYTEORDER, key_order);
    if (fields > 0)
        whole &= put_fields(userdata, definition->fields, fields);
    if (definition->comment)
        whole &= nftnl_udata_put_strz(userdata, NFTNL_UDATA_SET_COMMENT, definition->comment);
    if (whole && nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(userdata),
                                    nftnl_udata_buf_len(userdata)) == 0)
        result = 0;
    nftnl_udata_buf_free(userdata);
    return result;
}

void ks_batch_add_set(KsBatch *batch, const KsSkeleton *skeleton, unsigned id)
{
    const KsSetDefinition *definition = &skeleton->sets[id];
    struct nftnl_set *set = set_new(batch, skeleton, definition->name);

    if (!set)
        return;
    nftnl_set_set_u32(set, NFTNL_SET_ID, id);
    nftnl_set_set_u32(set, NFTNL_SET_FLAGS, definition->flags);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, definition->key_type);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, definition->key_length);
    if (definition->data != KS_DATA_NONE) {
        nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
        nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, sizeof(((KsKey *) NULL)->value));
    }
    if (definition->size)
        nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, definition->size);
    if (definition->field_sizes[0] > 0 &&
        nftnl_set_set_data(set, NFTNL_SET_DESC_CONCAT, definition->field_sizes,
                           (uint32_t) strlen((const char *) definition->field_sizes)) < 0)
        ks_batch_fail(batch, -ENOMEM);
    if (describe_to_nft(set, definition) < 0)
        ks_batch_fail(batch, -ENOMEM);
    put_set(batch, set, NFT_MSG_NEWSET, NLM_F_CREATE);
}

void ks_batch_delete_set(KsBatch *batch, const KsSkeleton *skeleton, const char *name)
{
    struct nftnl_set *set = set_new(batch, skeleton, name);

    if (set)
        put_set(batch, set, NFT_MSG_DELSET, 0);
}

void ks_batch_add_constants(KsBatch *batch, const KsSkeleton *skeleton, unsigned id)
{
    const KsSetDefinition *definition = &skeleton->sets[id];
    struct nftnl_set *set;

    if (definition->constants_count == 0)
        return;
    set = set_new(batch, skeleton, definition->name);
    if (!set)
        return;
    nftnl_set_set_u32(set, NFTNL_SET_ID, id);
    for (unsigned i = 0; i < definition->constants_count; i++) {
        const KsConstantElement *constant = &definition->constants[i];
        struct nftnl_set_elem *element;

        if (!add_element(batch, set, constant->key, definition->key_length, constant->flags,
                         &element) ||
            !add_data(batch, skeleton, definition, element, constant->value))
            break;
    }
    put_elements(batch, set, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
}

void ks_batch_add_counter(KsBatch *batch, const KsSkeleton *skeleton, unsigned id)
{
    struct nftnl_obj *object = nftnl_obj_alloc();
    struct nlmsghdr *message;

    if (!object) {
        ks_batch_fail(batch, -ENOMEM);
        return;
    }
    nftnl_obj_set_str(object, NFTNL_OBJ_TABLE, skeleton->name);
    nftnl_obj_set_str(object, NFTNL_OBJ_NAME, skeleton->counters[id]);
    nftnl_obj_set_u32(object, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
    nftnl_obj_set_u64(object, NFTNL_OBJ_CTR_PKTS, 0);
    nftnl_obj_set_u64(object, NFTNL_OBJ_CTR_BYTES, 0);
    message = ks_batch_message(batch, NFT_MSG_NEWOBJ, skeleton->family, NLM_F_CREATE);
    if (message) {
        nftnl_obj_nlmsg_build_payload(message, object);
        ks_batch_commit_message(batch, message);
    }
    nftnl_obj_free(object);
}

static struct nftnl_set *pause_new(KsBatch *batch, const KsSkeleton *skeleton, unsigned id,
                                   uint64_t milliseconds)
{
    const uint8_t *versions = skeleton->sets[id].versions;
    struct nftnl_set *set = set_new(batch, skeleton, skeleton->sets[id].name);

    for (unsigned i = 0; set && i < sizeof(skeleton->sets[id].versions); i++) {
        struct nftnl_set_elem *element;

        if (!add_element(batch, set, &versions[i], 1, 0, &element))
            break;
        if (milliseconds > 0)
            nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT, milliseconds);
    }
    return set;
}

void ks_batch_add_pause(KsBatch *batch, const KsSkeleton *skeleton, unsigned id,
                        uint64_t milliseconds)
{
    struct nftnl_set *set;

    if (milliseconds == 0) { /* an element without a timeout would never go */
        ks_batch_fail(batch, -EINVAL);
        return;
    }
    set = pause_new(batch, skeleton, id, milliseconds);
    if (set)
        put_elements(batch, set, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
}

void ks_batch_delete_pause(KsBatch *batch, const KsSkeleton *skeleton, unsigned id)
{
    struct nftnl_set *set = pause_new(batch, skeleton, id, 0);

    if (set)
        put_elements(batch, set, NFT_MSG_DELSETELEM, 0);
}

void ks_batch_add_keys(KsBatch *batch, const KsSkeleton *skeleton, unsigned set, const GArray *keys)
{
    change_keys(batch, skeleton, set, keys, true);
}

void ks_batch_delete_keys(KsBatch *batch, const KsSkeleton *skeleton, unsigned set,
                          const GArray *keys)
{
    change_keys(batch, skeleton, set, keys, false);
}
