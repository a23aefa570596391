/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The constant part of the lock: table, chains, counters, set definitions and rules, as tables of
 * data. Whoever wants to know what passes reads skeleton.c from top to bottom; each row stands
 * there in nft(8)'s own words beside the steps that the kernel runs.
 *
 * Every base chain ends with an explicit verdict: a drop policy alone takes effect only after the
 * transaction that brought its chain (kernel: net/netfilter/nf_tables_api.c,
 * nft_chain_commit_drop_policy). */

typedef enum {
    KS_CHAIN_OUTPUT,
    KS_CHAIN_FORWARD,
    KS_CHAIN_INPUT,
    KS_CHAIN_POSTROUTING,
    KS_CHAIN_LEAVING,
    KS_CHAIN_LAN_OUT,
    KS_CHAIN_LAN_IN,
    KS_CHAIN_MAX,
} KsChainId;

typedef struct {
    const char *name;
    bool base;
    uint32_t hook;    /* enum nf_inet_hooks; base chains only */
    int32_t priority; /* base chains only */
} KsChain;

/* What leaves is judged twice. In output and forward, where whoever sent it can be told; and in
 * postrouting behind everything else, because a mark or a translation of another table's may have
 * sent the packet another way since (kernel: net/netfilter/nf_tables_core.c judges the interface
 * that the hook was called with). */
#define KS_PRIORITY_FILTER 0
#define KS_PRIORITY_LAST   300 /* behind source translation */

/* Sets of the kernel: first the variable ones, with the model's numbers, then those that only the
 * rules know. */
typedef enum {
    KS_NFT_SET_PAUSE = KS_SET_MAX, /* IPv4 and IPv6 as elements with a timeout, while paused */
    KS_NFT_SET_LAN4,
    KS_NFT_SET_LAN6,
    KS_NFT_SET_RESOLVER_PORTS,
    KS_NFT_SET_MAX,
} KsNftSet;

/* One element of a constant set, as the kernel stores it. */
typedef struct {
    uint8_t key[16];
    uint32_t flags; /* NFT_SET_ELEM_INTERVAL_END closes a range */
} KsConstantElement;

typedef struct {
    const char *name;
    const char *nft_type; /* in nft's words */
    uint32_t key_type;    /* nft's number for them, only so that nft prints the set well */
    uint32_t key_length;  /* bytes */
    uint32_t flags;       /* NFT_SET_* */
    uint32_t size;        /* most elements, 0: any number. A bound makes lookups cheaper */
    bool host_order;      /* the key is a number in host byte order */
    const KsConstantElement *constants;
    unsigned constants_count;
} KsSetDefinition;

typedef enum {
    KS_COUNTER_BLOCKED_OUT,
    KS_COUNTER_BLOCKED_FORWARD,
    KS_COUNTER_BLOCKED_IN,
    KS_COUNTER_MAX,
} KsCounterId;

/* One step of a rule: an nf_tables expression with its operands. */
typedef enum {
    KS_STEP_END,
    KS_STEP_META,      /* load meta `key` into `reg` */
    KS_STEP_NETWORK,   /* load `length` bytes at `offset` of the network header */
    KS_STEP_TRANSPORT, /* the same of the transport header */
    KS_STEP_MASK,      /* reg &= data */
    KS_STEP_COMPARE,   /* go on only if reg `key` (NFT_CMP_*) data */
    KS_STEP_LOOKUP,    /* go on only if the set `key` holds what stands from reg on */
    KS_STEP_COUNT,     /* add to the counter `key` */
    KS_STEP_VERDICT,   /* NF_ACCEPT, NF_DROP, NFT_RETURN */
    KS_STEP_JUMP,      /* to the chain `key` */
    KS_STEP_REJECT,    /* tell the sender in the way of `key` (NFT_REJECT_*) and drop */
} KsStepKind;

typedef struct {
    KsStepKind kind;
    uint32_t reg;
    int32_t key;
    uint32_t offset;
    uint32_t length;
    uint8_t data[16];
} KsStep;

#define KS_RULE_STEPS_MAX 16

typedef struct {
    KsChainId chain;
    const char *text; /* the rule as nft(8) writes it */
    KsStep steps[KS_RULE_STEPS_MAX];
} KsRule;

extern const KsChain ks_chains[KS_CHAIN_MAX];
extern const KsSetDefinition ks_set_definitions[KS_NFT_SET_MAX];
extern const char *const ks_counter_names[KS_COUNTER_MAX];
extern const KsRule ks_rules[];
extern const unsigned ks_rules_count;
