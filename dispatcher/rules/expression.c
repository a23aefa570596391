/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/expression.h"

#include "rules/steps.h"

#include <stdio.h> /* which libnftnl's headers take for granted */

#include <glib.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Longest text of one expression; more is cut, on both sides of a comparison alike. */
#define BYTECODE_SIZE 512

/* As nft(8) writes it: a field that it has no name for changes no checksum. */
static struct nftnl_expr *build_write(const KsStep *step)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("payload");
    bool is_checksum = step->offset == UDP_CHECKSUM;

    if (!expr)
        return NULL;
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, step->offset);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, step->length);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_SREG, step->reg);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_CSUM_TYPE,
                       is_checksum ? NFT_PAYLOAD_CSUM_INET : NFT_PAYLOAD_CSUM_NONE);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, is_checksum ? UDP_CHECKSUM : 0);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_FLAGS, 0);
    return expr;
}

static struct nftnl_expr *build_payload(const KsStep *step, uint32_t base)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("payload");

    if (!expr)
        return NULL;
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, step->offset);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, step->length);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, step->reg);
    return expr;
}

/* The kernel computes (register & mask) ^ flip. */
static struct nftnl_expr *build_bitwise(const KsStep *step, const uint8_t *mask,
                                        const uint8_t *flip)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("bitwise");

    if (!expr)
        return NULL;
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, step->reg);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, step->reg);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, step->length);
    if (nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask, step->length) < 0 ||
        nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, flip, step->length) < 0)
        g_clear_pointer(&expr, nftnl_expr_free);
    return expr;
}

static struct nftnl_expr *build_mask(const KsStep *step)
{
    static const uint8_t zero[sizeof(step->data)];

    return build_bitwise(step, step->data, zero);
}

static struct nftnl_expr *build_set_bits(const KsStep *step)
{
    uint8_t others[sizeof(step->data)];

    for (unsigned i = 0; i < sizeof(others); i++)
        others[i] = (uint8_t) ~step->data[i];
    return build_bitwise(step, others, step->data);
}

static struct nftnl_expr *build_flip_bits(const KsStep *step)
{
    uint8_t all[sizeof(step->data)];

    memset(all, 0xff, sizeof(all));
    return build_bitwise(step, all, step->data);
}

static struct nftnl_expr *build_verdict(int32_t verdict, const char *chain)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("immediate");

    if (!expr)
        return NULL;
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t) verdict);
    if (chain && nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, chain) < 0)
        g_clear_pointer(&expr, nftnl_expr_free);
    return expr;
}

static struct nftnl_expr *build_lookup(const KsSkeleton *skeleton, const KsStep *step)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("lookup");

    if (!expr)
        return NULL;
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, step->reg);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SET_ID, (uint32_t) step->key);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, step->length); /* told also when 0 */
    if (step->kind == KS_STEP_VMAP)
        nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
    if (nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, skeleton->sets[step->key].name) < 0)
        g_clear_pointer(&expr, nftnl_expr_free);
    return expr;
}

static struct nftnl_expr *build_remember(const KsSkeleton *skeleton, const KsStep *step)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("dynset");

    if (!expr)
        return NULL;
    nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, step->reg);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
    nftnl_expr_set_u64(expr, NFTNL_EXPR_DYNSET_TIMEOUT, step->length);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SET_ID, (uint32_t) step->key);
    if (nftnl_expr_set_str(expr, NFTNL_EXPR_DYNSET_SET_NAME, skeleton->sets[step->key].name) < 0)
        g_clear_pointer(&expr, nftnl_expr_free);
    return expr;
}

static struct nftnl_expr *build_extension(const KsStep *step)
{
    struct nftnl_expr *expr = nftnl_expr_alloc("exthdr");
    bool presence = step->kind != KS_STEP_EXTENSION;

    if (!expr)
        return NULL;
    nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_DREG, step->reg);
    nftnl_expr_set_u8(expr, NFTNL_EXPR_EXTHDR_TYPE, (uint8_t) step->key);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_OFFSET, step->offset);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_LEN, step->length);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_IPV6);
    if (presence)
        nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_FLAGS, NFT_EXTHDR_F_PRESENT);
    return expr;
}

static struct nftnl_expr *build_step(const KsSkeleton *skeleton, const KsStep *step)
{
    struct nftnl_expr *expr;

    switch (step->kind) {
    case KS_STEP_META:
        expr = nftnl_expr_alloc("meta");
        if (expr) {
            nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, (uint32_t) step->key);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, step->reg);
        }
        return expr;
    case KS_STEP_MARK:
    case KS_STEP_TRACE:
        expr = nftnl_expr_alloc("meta");
        if (expr) {
            nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY,
                               step->kind == KS_STEP_MARK ? NFT_META_MARK : NFT_META_NFTRACE);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, step->reg);
        }
        return expr;
    case KS_STEP_ROUTE:
        expr = nftnl_expr_alloc("rt");
        if (expr) {
            nftnl_expr_set_u32(expr, NFTNL_EXPR_RT_KEY, (uint32_t) step->key);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_RT_DREG, step->reg);
        }
        return expr;
    case KS_STEP_TRACKED:
        expr = nftnl_expr_alloc("ct");
        if (expr) {
            nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, (uint32_t) step->key);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, step->reg);
        }
        return expr;
    case KS_STEP_LINK:
        return build_payload(step, NFT_PAYLOAD_LL_HEADER);
    case KS_STEP_NETWORK:
        return build_payload(step, NFT_PAYLOAD_NETWORK_HEADER);
    case KS_STEP_TRANSPORT:
        return build_payload(step, NFT_PAYLOAD_TRANSPORT_HEADER);
    case KS_STEP_WRITE:
        return build_write(step);
    case KS_STEP_IMMEDIATE:
        expr = nftnl_expr_alloc("immediate");
        if (expr) {
            nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, step->reg);
            if (nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, step->data, step->length) < 0)
                g_clear_pointer(&expr, nftnl_expr_free);
        }
        return expr;
    case KS_STEP_EXTENSION:
    case KS_STEP_PRESENCE:
        return build_extension(step);
    case KS_STEP_SWAP:
        expr = nftnl_expr_alloc("byteorder");
        if (expr) {
            nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_SREG, step->reg);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_DREG, step->reg);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_LEN, sizeof(uint32_t));
            nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_SIZE, sizeof(uint32_t));
        }
        return expr;
    case KS_STEP_MASK:
        return build_mask(step);
    case KS_STEP_SET_BITS:
        return build_set_bits(step);
    case KS_STEP_FLIP_BITS:
        return build_flip_bits(step);
    case KS_STEP_COMPARE:
        expr = nftnl_expr_alloc("cmp");
        if (expr) {
            nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, step->reg);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, (uint32_t) step->key);
            if (nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, step->data, step->length) < 0)
                g_clear_pointer(&expr, nftnl_expr_free);
        }
        return expr;
    case KS_STEP_LOOKUP:
    case KS_STEP_VMAP:
        return build_lookup(skeleton, step);
    case KS_STEP_REMEMBER:
        return build_remember(skeleton, step);
    case KS_STEP_LIMIT:
        expr = nftnl_expr_alloc("limit");
        if (expr) {
            nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, (uint64_t) step->key);
            nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, 1); /* of one second */
            nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, step->length);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_FLAGS, 0);
        }
        return expr;
    case KS_STEP_LOG:
        expr = nftnl_expr_alloc("log");
        if (expr) {
            nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_GROUP, (uint16_t) step->key);
            nftnl_expr_set_u32(expr, NFTNL_EXPR_LOG_SNAPLEN, step->length);
            nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_QTHRESHOLD, 1); /* at once */
            if (step->offset != 0 &&
                nftnl_expr_set_str(expr, NFTNL_EXPR_LOG_PREFIX, KS_LOG_UNTOLD) < 0)
                g_clear_pointer(&expr, nftnl_expr_free);
        }
        return expr;
    case KS_STEP_COUNT:
        expr = nftnl_expr_alloc("objref");
        if (expr) {
            nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
            if (nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME,
                                   skeleton->counters[step->key]) < 0)
                g_clear_pointer(&expr, nftnl_expr_free);
        }
        return expr;
    case KS_STEP_VERDICT:
        return build_verdict(step->key, NULL);
    case KS_STEP_JUMP:
        return build_verdict(NFT_JUMP, skeleton->chains[step->key].name);
    case KS_STEP_GOTO:
        return build_verdict(NFT_GOTO, skeleton->chains[step->key].name);
    case KS_STEP_REJECT:
        expr = nftnl_expr_alloc("reject");
        if (expr) {
            nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE, (uint32_t) step->key);
            if (step->key == NFT_REJECT_ICMPX_UNREACH)
                nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
        }
        return expr;
    case KS_STEP_END:
        break;
    }
    return NULL;
}

struct nftnl_rule *ks_rule_build(const KsSkeleton *skeleton, const KsRule *rule)
{
    struct nftnl_rule *built = nftnl_rule_alloc();

    if (!built)
        return NULL;
    nftnl_rule_set_u32(built, NFTNL_RULE_FAMILY, skeleton->family);
    if (nftnl_rule_set_str(built, NFTNL_RULE_TABLE, skeleton->name) < 0 ||
        nftnl_rule_set_str(built, NFTNL_RULE_CHAIN, skeleton->chains[rule->chain].name) < 0)
        g_clear_pointer(&built, nftnl_rule_free);

    for (unsigned i = 0; built && rule->steps[i].kind != KS_STEP_END; i++) {
        struct nftnl_expr *expr = build_step(skeleton, &rule->steps[i]);

        if (expr)
            nftnl_rule_add_expr(built, expr);
        else
            g_clear_pointer(&built, nftnl_rule_free);
    }
    return built;
}

static int append_expression(struct nftnl_expr *expr, void *data)
{
    char text[BYTECODE_SIZE];

    nftnl_expr_snprintf(text, sizeof(text), expr, NFTNL_OUTPUT_DEFAULT, 0);
    g_string_append_printf(data, "%s %s\n", nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), text);
    return 0;
}

char *ks_rule_bytecode(const struct nftnl_rule *rule)
{
    GString *text = g_string_new(NULL);

    nftnl_expr_foreach((struct nftnl_rule *) rule, append_expression, text);
    return g_string_free(text, FALSE);
}
