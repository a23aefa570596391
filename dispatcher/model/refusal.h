/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"

#include <stdbool.h>
#include <stdint.h>

/* Another program's firewall that refuses what the lock lets out: whose packets are followed
 * through the kernel, and who refused them. */

typedef enum {
    KS_TRACED_TO_SERVER,
    KS_TRACED_FROM_SERVER,
    KS_TRACED_TO_TUNNEL,   /* what begins a conversation: a connection, a question for a name, an
                            * echo request */
    KS_TRACED_FROM_TUNNEL, /* the answers to these */
} KsTracedKind;

typedef struct {
    KsTracedKind kind;
    KsAddress address; /* of a server */
    uint8_t protocol;
    uint16_t port;    /* 0: its protocol has none */
    uint32_t index;   /* of a tunnel's link */
    unsigned attempt; /* of the VPN to connect: the next one is followed again */
} KsTraced;

/* More are not followed at a time. */
#define KS_TRACED_MAX 40u

typedef enum {
    KS_REFUSAL_DROPS,  /* a chain drops or rejects it */
    KS_REFUSAL_QUEUES, /* a chain hands it to a program, which does not give it back */
    KS_REFUSAL_UNSEEN, /* it is gone, and no chain of nf_tables had it */
} KsRefusalHow;

/* Others' names are theirs to choose: what stands here is letters, digits, "_", "-", "." and "/",
 * and "?" for anything else. */
#define KS_REFUSAL_NAME_SIZE 64

typedef struct {
    KsTraced traced;
    KsRefusalHow how;
    char family[8]; /* as nft(8) has it: "inet", "ip", ... */
    char table[KS_REFUSAL_NAME_SIZE];
    char chain[KS_REFUSAL_NAME_SIZE];
} KsRefusal;

/* They leave this machine; the others come in. */
bool ks_traced_leaves(const KsTraced *traced);

/* The same packets, of whichever attempt. */
bool ks_traced_is_same(const KsTraced *a, const KsTraced *b);
bool ks_refusal_equal(const KsRefusal *a, const KsRefusal *b);
