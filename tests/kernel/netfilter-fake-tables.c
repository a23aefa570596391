/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfilter-fake-tables.h"

#include "rules/plan.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <string.h>

#define ELEMENT_CATCHALL 0x2u /* since Linux 5.13 */

static void clear_object(void *data)
{
    FakeObject *object = data;

    g_free(object->name);
    g_free(object->jump);
    g_bytes_unref(object->data);
}

static void release_object(void *data)
{
    g_rc_box_release_full(data, clear_object);
}

static void *acquire_object(const void *data, void *unused)
{
    (void) unused;
    return g_rc_box_acquire((void *) data);
}

static FakeObject *object_new(FakeKind kind, const char *name, const void *data, size_t size)
{
    FakeObject *object = g_rc_box_new0(FakeObject);

    object->kind = kind;
    object->name = g_strdup(name);
    object->data = g_bytes_new(data, size);
    return object;
}

void fake_free_table(void *data)
{
    FakeTable *table = data;

    g_free(table->name);
    g_ptr_array_unref(table->objects);
    g_free(table);
}

void *fake_copy_table(const void *data, void *unused)
{
    const FakeTable *table = data;
    FakeTable *copy = g_new0(FakeTable, 1);

    (void) unused;
    *copy = *table;
    copy->name = g_strdup(table->name);
    copy->objects = g_ptr_array_copy(table->objects, acquire_object, NULL);
    g_ptr_array_set_free_func(copy->objects, release_object);
    return copy;
}

FakeTable *fake_find_table(GPtrArray *tables, uint8_t family, const char *name)
{
    for (unsigned i = 0; name && i < tables->len; i++) {
        FakeTable *table = g_ptr_array_index(tables, i);

        if (table->family == family && strcmp(table->name, name) == 0)
            return table;
    }
    return NULL;
}

static FakeObject *find_object(const FakeTable *table, FakeKind kind, const char *name)
{
    for (unsigned i = 0; name && i < table->objects->len; i++) {
        FakeObject *object = g_ptr_array_index(table->objects, i);

        if (object->kind == kind && strcmp(object->name, name) == 0)
            return object;
    }
    return NULL;
}

static void remove_objects(FakeTable *table, FakeKind kind,
                           const char *name) /* NULL: of any name */
{
    for (unsigned i = table->objects->len; i-- > 0;) {
        const FakeObject *object = g_ptr_array_index(table->objects, i);

        if (object->kind == kind && (!name || strcmp(object->name, name) == 0))
            g_ptr_array_remove_index(table->objects, i);
    }
}

const struct nlmsghdr *fake_message_of(const FakeObject *object)
{
    return g_bytes_get_data(object->data, NULL);
}

/* ---- what rules refer to ---- */

typedef struct {
    const FakeTable *table;
    FakeKind kind; /* looks for a reference to this object ... */
    const char *name;
    bool found;
    bool missing; /* ... and for references to what is not there */
} References;

static int note_reference(struct nftnl_expr *expr, void *data)
{
    References *references = data;
    const char *expression = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
    const char *name = NULL;
    FakeKind kind = FAKE_SET;

    if (strcmp(expression, "lookup") == 0) {
        name = nftnl_expr_get_str(expr, NFTNL_EXPR_LOOKUP_SET);
    } else if (strcmp(expression, "immediate") == 0 &&
               nftnl_expr_is_set(expr, NFTNL_EXPR_IMM_CHAIN)) {
        kind = FAKE_CHAIN;
        name = nftnl_expr_get_str(expr, NFTNL_EXPR_IMM_CHAIN);
    } else if (strcmp(expression, "objref") == 0) {
        kind = FAKE_COUNTER;
        name = nftnl_expr_get_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME);
    }
    if (!name)
        return 0;
    references->found |=
        references->name && kind == references->kind && strcmp(name, references->name) == 0;
    references->missing |= !find_object(references->table, kind, name);
    return 0;
}

static int read_references(const struct nlmsghdr *message, References *references)
{
    struct nftnl_rule *rule = nftnl_rule_alloc();
    int result = nftnl_rule_nlmsg_parse(message, rule) < 0 ? -EINVAL : 0;

    if (result == 0)
        nftnl_expr_foreach(rule, note_reference, references);
    nftnl_rule_free(rule);
    return result;
}

static bool is_referred_to(const FakeTable *table, FakeKind kind, const char *name)
{
    References references = { .table = table, .kind = kind, .name = name };

    for (unsigned i = 0; i < table->objects->len; i++) {
        const FakeObject *object = g_ptr_array_index(table->objects, i);

        if (object->kind == FAKE_RULE)
            (void) read_references(fake_message_of(object), &references);
        references.found |= object->jump && kind == FAKE_CHAIN && strcmp(object->jump, name) == 0;
    }
    return references.found;
}

/* ---- one message of a batch ---- */

static uint8_t family_of(const struct nlmsghdr *message)
{
    return ((const struct nfgenmsg *) mnl_nlmsg_get_payload(message))->nfgen_family;
}

/* The table that a message is about, if its sender may change it. */
static int table_for(const FakeTransaction *transaction, const struct nlmsghdr *message,
                     const char *name, FakeTable **ret_table)
{
    *ret_table = fake_find_table(transaction->tables, family_of(message), name);
    if (!*ret_table)
        return -ENOENT;
    return (*ret_table)->owner && (*ret_table)->owner != transaction->port ? -EPERM : 0;
}

/* As nf_tables_updtable() of Linux 6.18: a table's owner is there from the beginning, or adopts
 * what an owner has left that let it persist. */
static int update_table(const FakeTransaction *transaction, FakeTable *table, uint32_t flags)
{
    bool orphan = (table->flags & KS_TABLE_F_OWNED) == KS_TABLE_F_PERSIST;

    if (table->owner && table->owner != transaction->port)
        return -EPERM;
    if (flags == table->flags)
        return 0;
    if ((table->owner && !(flags & NFT_TABLE_F_OWNER)) ||
        (!table->owner && flags & NFT_TABLE_F_OWNER && !orphan) ||
        (flags ^ table->flags) & KS_TABLE_F_PERSIST)
        return -EOPNOTSUPP;
    if (flags & NFT_TABLE_F_OWNER)
        table->owner = transaction->port;
    table->flags = flags;
    return 0;
}

static int apply_table(const FakeTransaction *transaction, const struct nlmsghdr *message, bool add)
{
    struct nftnl_table *parsed = nftnl_table_alloc();
    int result = nftnl_table_nlmsg_parse(message, parsed) < 0 ? -EINVAL : 0;
    const char *name = nftnl_table_get_str(parsed, NFTNL_TABLE_NAME);
    uint32_t flags = nftnl_table_get_u32(parsed, NFTNL_TABLE_FLAGS);
    FakeTable *table = fake_find_table(transaction->tables, family_of(message), name);

    if (result == 0 && add && table) {
        result =
            message->nlmsg_flags & NLM_F_EXCL ? -EEXIST : update_table(transaction, table, flags);
    } else if (result == 0 && add) {
        table = g_new0(FakeTable, 1);
        table->family = family_of(message);
        table->name = g_strdup(name);
        table->flags = flags;
        table->owner = flags & NFT_TABLE_F_OWNER ? transaction->port : 0;
        table->objects = g_ptr_array_new_with_free_func(release_object);
        g_ptr_array_add(transaction->tables, table);
    } else if (result == 0) {
        result = table_for(transaction, message, name, &table);
        if (result == 0)
            g_ptr_array_remove(transaction->tables, table);
    }
    nftnl_table_free(parsed);
    return result;
}

static bool same_hook(struct nftnl_chain *a, struct nftnl_chain *b)
{
    return nftnl_chain_is_set(a, NFTNL_CHAIN_HOOKNUM) ==
               nftnl_chain_is_set(b, NFTNL_CHAIN_HOOKNUM) &&
           nftnl_chain_get_u32(a, NFTNL_CHAIN_HOOKNUM) ==
               nftnl_chain_get_u32(b, NFTNL_CHAIN_HOOKNUM) &&
           nftnl_chain_get_s32(a, NFTNL_CHAIN_PRIO) == nftnl_chain_get_s32(b, NFTNL_CHAIN_PRIO);
}

static int add_chain(FakeTable *table, const struct nlmsghdr *message, struct nftnl_chain *chain)
{
    const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
    FakeObject *object = find_object(table, FAKE_CHAIN, name);
    struct nftnl_chain *before;
    bool same;

    if (!object) {
        g_ptr_array_add(table->objects, object_new(FAKE_CHAIN, name, message, message->nlmsg_len));
        return 0;
    }
    before = nftnl_chain_alloc();
    same =
        nftnl_chain_nlmsg_parse(fake_message_of(object), before) == 0 && same_hook(before, chain);
    nftnl_chain_free(before);
    if (!same)
        return -EEXIST;
    remove_objects(table, FAKE_CHAIN, name); /* all that can change is its policy */
    g_ptr_array_insert(table->objects, 0,
                       object_new(FAKE_CHAIN, name, message, message->nlmsg_len));
    return 0;
}

static int apply_chain(const FakeTransaction *transaction, const struct nlmsghdr *message, bool add)
{
    struct nftnl_chain *chain = nftnl_chain_alloc();
    const char *name;
    FakeTable *table;
    int result = nftnl_chain_nlmsg_parse(message, chain) < 0 ? -EINVAL : 0;

    name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
    if (result == 0)
        result =
            table_for(transaction, message, nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE), &table);
    if (result == 0 && add)
        result = add_chain(table, message, chain);
    else if (result == 0 && !find_object(table, FAKE_CHAIN, name))
        result = -ENOENT;
    else if (result == 0 && is_referred_to(table, FAKE_CHAIN, name))
        result = -EBUSY;
    else if (result == 0) {
        remove_objects(table, FAKE_RULE, name);
        remove_objects(table, FAKE_CHAIN, name);
    }
    nftnl_chain_free(chain);
    return result;
}

static int add_rule(FakeTable *table, const struct nlmsghdr *message, const char *chain)
{
    References references = { .table = table };
    FakeObject *rule;
    int result = read_references(message, &references);
    unsigned position = 0;

    if (result < 0)
        return result;
    if (!find_object(table, FAKE_CHAIN, chain) || references.missing)
        return -ENOENT;
    if (message->nlmsg_flags & NLM_F_APPEND)
        position = table->objects->len;
    rule = object_new(FAKE_RULE, chain, message, message->nlmsg_len);
    g_ptr_array_insert(table->objects, (int) position, rule);
    return 0;
}

static int apply_rule(const FakeTransaction *transaction, const struct nlmsghdr *message, bool add)
{
    struct nftnl_rule *rule = nftnl_rule_alloc();
    const char *chain;
    FakeTable *table;
    int result = nftnl_rule_nlmsg_parse(message, rule) < 0 ? -EINVAL : 0;

    chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
    if (result == 0)
        result =
            table_for(transaction, message, nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), &table);
    if (result == 0 && add)
        result = add_rule(table, message, chain);
    else if (result == 0 && chain && !find_object(table, FAKE_CHAIN, chain))
        result = -ENOENT;
    else if (result == 0)
        remove_objects(table, FAKE_RULE, chain);
    nftnl_rule_free(rule);
    return result;
}

static bool same_kind_of_set(const FakeObject *object, struct nftnl_set *set)
{
    struct nftnl_set *before = nftnl_set_alloc();
    bool same =
        nftnl_set_nlmsg_parse(fake_message_of(object), before) == 0 &&
        nftnl_set_get_u32(before, NFTNL_SET_FLAGS) == nftnl_set_get_u32(set, NFTNL_SET_FLAGS) &&
        nftnl_set_get_u32(before, NFTNL_SET_KEY_LEN) == nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN);

    nftnl_set_free(before);
    return same;
}

static int apply_set(const FakeTransaction *transaction, const struct nlmsghdr *message, bool add)
{
    struct nftnl_set *set = nftnl_set_alloc();
    const char *name;
    FakeTable *table;
    int result = nftnl_set_nlmsg_parse(message, set) < 0 ? -EINVAL : 0;
    const FakeObject *object = NULL;

    name = nftnl_set_get_str(set, NFTNL_SET_NAME);
    if (result == 0)
        result = table_for(transaction, message, nftnl_set_get_str(set, NFTNL_SET_TABLE), &table);
    if (result == 0)
        object = find_object(table, FAKE_SET, name);
    if (result == 0 && nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS)
        result = -EOPNOTSUPP;
    else if (result == 0 && add && object)
        result = same_kind_of_set(object, set) ? 0 : -EEXIST;
    else if (result == 0 && add)
        g_ptr_array_add(table->objects, object_new(FAKE_SET, name, message, message->nlmsg_len));
    else if (result == 0 && !object)
        result = -ENOENT;
    else if (result == 0 && is_referred_to(table, FAKE_SET, name))
        result = -EBUSY;
    else if (result == 0) {
        remove_objects(table, FAKE_ELEMENT, name);
        remove_objects(table, FAKE_SET, name);
    }
    nftnl_set_free(set);
    return result;
}

/* What a map has beside the key; false: not what such a map takes. */
static bool read_data(FakeObject *created, bool map, struct nftnl_set_elem *element)
{
    uint32_t length = 0;
    const void *data;

    if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_VERDICT)) {
        created->has_data = created->is_verdict = true;
        created->verdict = (int32_t) nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_VERDICT);
        created->jump = g_strdup(nftnl_set_elem_get_str(element, NFTNL_SET_ELEM_CHAIN));
    } else if ((data = nftnl_set_elem_get(element, NFTNL_SET_ELEM_DATA, &length))) {
        if (length != sizeof(created->value))
            return false;
        created->has_data = true;
        memcpy(&created->value, data, sizeof(created->value));
    }
    return map == created->has_data;
}

static FakeObject *element_new(const char *set, struct nftnl_set *kind, bool add,
                               struct nftnl_set_elem *element)
{
    uint32_t key_length = nftnl_set_get_u32(kind, NFTNL_SET_KEY_LEN);
    bool map = nftnl_set_get_u32(kind, NFTNL_SET_FLAGS) & NFT_SET_MAP;
    uint32_t length = 0;
    const void *key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &length);
    uint32_t flags = nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_FLAGS)
                         ? nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_FLAGS)
                         : 0;
    FakeObject *created;

    if (flags & ELEMENT_CATCHALL ? key != NULL : !key || length != key_length)
        return NULL;
    created = object_new(FAKE_ELEMENT, set, key, length);
    created->flags = flags;
    if (!read_data(created, map, element) && add) {
        release_object(created);
        return NULL;
    }
    if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_TIMEOUT))
        created->ends = g_get_monotonic_time() +
                        (gint64) nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_TIMEOUT) * 1000;
    return created;
}

static bool same_element(const FakeObject *a, const FakeObject *b)
{
    return a->kind == b->kind && a->flags == b->flags && g_bytes_equal(a->data, b->data) &&
           strcmp(a->name, b->name) == 0;
}

static bool same_data(const FakeObject *a, const FakeObject *b)
{
    return a->has_data == b->has_data && a->is_verdict == b->is_verdict && a->value == b->value &&
           a->verdict == b->verdict && g_strcmp0(a->jump, b->jump) == 0;
}

static int apply_element(FakeTable *table, const char *set, struct nftnl_set *kind, bool add,
                         struct nftnl_set_elem *parsed)
{
    FakeObject *element = element_new(set, kind, add, parsed);
    const FakeObject *known = NULL;
    int result;

    if (!element)
        return -EINVAL;
    for (unsigned i = 0; !known && i < table->objects->len; i++)
        if (same_element(g_ptr_array_index(table->objects, i), element))
            known = g_ptr_array_index(table->objects, i);
    if (add && !known) {
        g_ptr_array_add(table->objects, element);
        return 0;
    }
    result = !known ? -ENOENT : add && !same_data(known, element) ? -EBUSY : 0;
    release_object(element);
    if (!add && known)
        g_ptr_array_remove(table->objects, (void *) known);
    return result;
}

/* libnftnl numbers the elements that it writes and reads only what the kernel writes. */
static int parse_elements(const struct nlmsghdr *message, struct nftnl_set *set)
{
    struct nlmsghdr *copy = g_malloc(message->nlmsg_len);
    struct nlattr *attribute;
    struct nlattr *element;
    int result;

    memcpy(copy, message, message->nlmsg_len);
    mnl_attr_for_each(attribute, copy, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(attribute) == NFTA_SET_ELEM_LIST_ELEMENTS)
            mnl_attr_for_each_nested(element, attribute)
                element->nla_type = NFTA_LIST_ELEM | NLA_F_NESTED;
    result = nftnl_set_elems_nlmsg_parse(copy, set) < 0 ? -EINVAL : 0;
    g_free(copy);
    return result;
}

static int apply_elements(const FakeTransaction *transaction, const struct nlmsghdr *message,
                          bool add)
{
    struct nftnl_set *set = nftnl_set_alloc();
    struct nftnl_set *kind = nftnl_set_alloc();
    struct nftnl_set_elems_iter *iterator = NULL;
    struct nftnl_set_elem *element;
    const FakeObject *object = NULL;
    const char *name;
    FakeTable *table;
    int result = parse_elements(message, set);

    name = nftnl_set_get_str(set, NFTNL_SET_NAME);
    if (result == 0)
        result = table_for(transaction, message, nftnl_set_get_str(set, NFTNL_SET_TABLE), &table);
    if (result == 0) {
        object = find_object(table, FAKE_SET, name);
        result = object ? nftnl_set_nlmsg_parse(fake_message_of(object), kind) : -ENOENT;
    }
    if (result == 0 && nftnl_set_get_u32(kind, NFTNL_SET_FLAGS) & NFT_SET_CONSTANT &&
        is_referred_to(table, FAKE_SET, name))
        result = -EBUSY;
    if (result == 0)
        iterator = nftnl_set_elems_iter_create(set);
    while (iterator && result == 0 && (element = nftnl_set_elems_iter_next(iterator)))
        result = apply_element(table, name, kind, add, element);
    if (iterator)
        nftnl_set_elems_iter_destroy(iterator);
    nftnl_set_free(set);
    nftnl_set_free(kind);
    return result;
}

static int apply_counter(const FakeTransaction *transaction, const struct nlmsghdr *message,
                         bool add)
{
    struct nftnl_obj *counter = nftnl_obj_alloc();
    const char *name;
    FakeTable *table;
    int result = nftnl_obj_nlmsg_parse(message, counter) < 0 ? -EINVAL : 0;

    name = nftnl_obj_get_str(counter, NFTNL_OBJ_NAME);
    if (result == 0)
        result =
            table_for(transaction, message, nftnl_obj_get_str(counter, NFTNL_OBJ_TABLE), &table);
    if (result == 0 && add && !find_object(table, FAKE_COUNTER, name))
        g_ptr_array_add(table->objects,
                        object_new(FAKE_COUNTER, name, message, message->nlmsg_len));
    else if (result == 0 && !add && !find_object(table, FAKE_COUNTER, name))
        result = -ENOENT;
    else if (result == 0 && !add && is_referred_to(table, FAKE_COUNTER, name))
        result = -EBUSY;
    else if (result == 0 && !add)
        remove_objects(table, FAKE_COUNTER, name);
    nftnl_obj_free(counter);
    return result;
}

int fake_apply(const FakeTransaction *transaction, const struct nlmsghdr *message)
{
    switch (NFNL_MSG_TYPE(message->nlmsg_type)) {
    case NFT_MSG_NEWTABLE:
        return apply_table(transaction, message, true);
    case NFT_MSG_DELTABLE:
        return apply_table(transaction, message, false);
    case NFT_MSG_NEWCHAIN:
        return apply_chain(transaction, message, true);
    case NFT_MSG_DELCHAIN:
        return apply_chain(transaction, message, false);
    case NFT_MSG_NEWRULE:
        return apply_rule(transaction, message, true);
    case NFT_MSG_DELRULE:
        return apply_rule(transaction, message, false);
    case NFT_MSG_NEWSET:
        return apply_set(transaction, message, true);
    case NFT_MSG_DELSET:
        return apply_set(transaction, message, false);
    case NFT_MSG_NEWSETELEM:
        return apply_elements(transaction, message, true);
    case NFT_MSG_DELSETELEM:
        return apply_elements(transaction, message, false);
    case NFT_MSG_NEWOBJ:
        return apply_counter(transaction, message, true);
    case NFT_MSG_DELOBJ:
        return apply_counter(transaction, message, false);
    default:
        return -EINVAL;
    }
}
