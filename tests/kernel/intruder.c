/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "intruder.h"

#include "model/names.h"

#include <stdio.h>

/* before the kernel's headers, which then leave out what libc has defined */
#include <netinet/in.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define IPV4_DESTINATION 16u
#define ANONYMOUS_SET_ID 77u
#define TYPE_VERDICT     0xffffff00u /* NFT_DATA_VERDICT, as the kernel wants it for maps */
#define PRIORITY_BEFORE  (-10)

/* Not in the kernel headers of Debian 12's userland for every release (since Linux 5.13). */
#define ELEMENT_CATCHALL 0x2u

static struct nlmsghdr *begin(KsBatch *batch, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *message = ks_batch_message(batch, type, NFPROTO_INET, flags);

    g_assert_nonnull(message);
    return message;
}

static struct nftnl_rule *rule_new(const char *chain)
{
    struct nftnl_rule *rule = nftnl_rule_alloc();

    nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
    nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, KS_TABLE);
    if (chain)
        nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
    return rule;
}

static void add_verdict(struct nftnl_rule *rule, uint32_t verdict)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("immediate");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, verdict);
    nftnl_rule_add_expr(rule, expr);
}

static void add_destination(struct nftnl_rule *rule)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("payload");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, IPV4_DESTINATION);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, sizeof(struct in_addr));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
    nftnl_rule_add_expr(rule, expr);
}

static void add_lookup(struct nftnl_rule *rule, const char *set, uint32_t id)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("lookup");

    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
    nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, set);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SET_ID, id);
    nftnl_rule_add_expr(rule, expr);
}

static void put_rule(KsBatch *batch, struct nftnl_rule *rule, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *message = begin(batch, type, flags);

    nftnl_rule_nlmsg_build_payload(message, rule);
    ks_batch_commit_message(batch, message);
    nftnl_rule_free(rule);
}

static struct nftnl_set *set_new(const char *name, uint32_t key_length, uint32_t flags)
{
    struct nftnl_set *set = nftnl_set_alloc();

    nftnl_set_set_str(set, NFTNL_SET_TABLE, KS_TABLE);
    nftnl_set_set_str(set, NFTNL_SET_NAME, name);
    nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, key_length);
    nftnl_set_set_u32(set, NFTNL_SET_FLAGS, flags);
    nftnl_set_set_u32(set, NFTNL_SET_ID, ANONYMOUS_SET_ID);
    return set;
}

static void put_set(KsBatch *batch, struct nftnl_set *set)
{
    struct nlmsghdr *message = begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE);

    nftnl_set_nlmsg_build_payload(message, set);
    ks_batch_commit_message(batch, message);
}

static void put_elements(KsBatch *batch, struct nftnl_set *set)
{
    struct nlmsghdr *message = begin(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);

    nftnl_set_elems_nlmsg_build_payload(message, set);
    ks_batch_commit_message(batch, message);
}

static struct nftnl_set_elem *add_element(struct nftnl_set *set, const void *key, uint32_t length)
{
    struct nftnl_set_elem *element = nftnl_set_elem_alloc();

    nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, length);
    nftnl_set_elem_add(set, element);
    return element;
}

void intruder_add_rule(KsBatch *batch, const char *chain, bool first)
{
    struct nftnl_rule *rule = rule_new(chain);

    add_verdict(rule, NF_ACCEPT);
    put_rule(batch, rule, NFT_MSG_NEWRULE, NLM_F_CREATE | (first ? 0 : NLM_F_APPEND));
}

void intruder_add_anonymous_set_rule(KsBatch *batch, const char *chain)
{
    static const uint8_t addresses[2][4] = { { 192, 0, 2, 1 }, { 192, 0, 2, 2 } };
    struct nftnl_set *set =
        set_new("__set%d", sizeof(addresses[0]), NFT_SET_ANONYMOUS | NFT_SET_CONSTANT);
    struct nftnl_rule *rule = rule_new(chain);

    put_set(batch, set);
    for (unsigned i = 0; i < G_N_ELEMENTS(addresses); i++)
        add_element(set, addresses[i], sizeof(addresses[i]));
    put_elements(batch, set);
    nftnl_set_free(set);
    add_destination(rule);
    add_lookup(rule, "__set%d", ANONYMOUS_SET_ID);
    add_verdict(rule, NF_ACCEPT);
    put_rule(batch, rule, NFT_MSG_NEWRULE, NLM_F_CREATE);
}

void intruder_add_set_rule(KsBatch *batch, const char *chain)
{
    struct nftnl_rule *rule = rule_new(chain);

    add_destination(rule);
    add_lookup(rule, INTRUDER_SET, 0);
    add_verdict(rule, NF_ACCEPT);
    put_rule(batch, rule, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
}

static void put_chain(KsBatch *batch, const char *name, bool base, uint32_t hook, int32_t priority,
                      uint32_t policy)
{
    struct nlmsghdr *message = begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    struct nftnl_chain *chain = nftnl_chain_alloc();

    nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, KS_TABLE);
    nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
    if (base) {
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
        nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, priority);
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, policy);
        nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
    }
    nftnl_chain_nlmsg_build_payload(message, chain);
    ks_batch_commit_message(batch, message);
    nftnl_chain_free(chain);
}

void intruder_add_chain(KsBatch *batch, bool base)
{
    put_chain(batch, INTRUDER_CHAIN, base, NF_INET_LOCAL_OUT, PRIORITY_BEFORE, NF_ACCEPT);
}

void intruder_add_named_chain(KsBatch *batch, const char *name)
{
    put_chain(batch, name, false, 0, 0, 0);
}

void intruder_change_chain(KsBatch *batch, KsChainId chain, int32_t priority, uint32_t policy)
{
    put_chain(batch, ks_lock_table.chains[chain].name, true, ks_lock_table.chains[chain].hook,
              priority, policy);
}

void intruder_flush_chain(KsBatch *batch, const char *chain)
{
    put_rule(batch, rule_new(chain), NFT_MSG_DELRULE, 0);
}

void intruder_delete_counter(KsBatch *batch, const char *name)
{
    struct nlmsghdr *message = begin(batch, NFT_MSG_DELOBJ, 0);
    struct nftnl_obj *object = nftnl_obj_alloc();

    nftnl_obj_set_str(object, NFTNL_OBJ_TABLE, KS_TABLE);
    nftnl_obj_set_str(object, NFTNL_OBJ_NAME, name);
    nftnl_obj_set_u32(object, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
    nftnl_obj_nlmsg_build_payload(message, object);
    ks_batch_commit_message(batch, message);
    nftnl_obj_free(object);
}

void intruder_add_set(KsBatch *batch, const char *name, uint32_t key_length, uint32_t flags)
{
    struct nftnl_set *set = set_new(name, key_length, flags);

    put_set(batch, set);
    nftnl_set_free(set);
}

void intruder_add_verdict_map(KsBatch *batch)
{
    static const uint8_t tcp = IPPROTO_TCP;
    struct nftnl_set *set = set_new(INTRUDER_SET, sizeof(tcp), NFT_SET_MAP);
    struct nftnl_set_elem *element;

    nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, TYPE_VERDICT);
    put_set(batch, set);
    element = add_element(set, &tcp, sizeof(tcp));
    nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_VERDICT, (uint32_t) NFT_JUMP);
    nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_CHAIN, INTRUDER_CHAIN);
    put_elements(batch, set);
    nftnl_set_free(set);
}

static struct nftnl_set_elem *element_new(const void *key, uint32_t length, uint32_t flags)
{
    struct nftnl_set_elem *element = nftnl_set_elem_alloc();

    if (key)
        nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, length);
    else
        flags |= ELEMENT_CATCHALL;
    if (flags)
        nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, flags);
    return element;
}

void intruder_add_element(KsBatch *batch, const char *name, const void *key, uint32_t length,
                          uint32_t flags)
{
    struct nftnl_set *set = set_new(name, length, 0);

    nftnl_set_elem_add(set, element_new(key, length, flags));
    put_elements(batch, set);
    nftnl_set_free(set);
}

void intruder_add_map_element(KsBatch *batch, const char *map, const void *key, uint32_t length,
                              uint32_t verdict)
{
    struct nftnl_set *set = set_new(map, length, NFT_SET_MAP);
    struct nftnl_set_elem *element = element_new(key, length, 0);

    nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_VERDICT, verdict);
    nftnl_set_elem_add(set, element);
    put_elements(batch, set);
    nftnl_set_free(set);
}
