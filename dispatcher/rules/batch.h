/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

/* One nf_tables transaction being written: all of it takes effect at once or none of it
 * (nfnetlink batches, linux/netfilter/nfnetlink.h). The buffer grows, is never sent in parts, and
 * is kept for the next transaction. The first error sticks: a batch that failed anywhere cannot be
 * sent, so a weaker lock can never come of a message that was lost on the way. */

typedef struct {
    uint8_t *data;
    size_t length;
    size_t capacity;
    uint32_t sequence; /* of the last message */
    uint32_t messages; /* that change something, without begin and end */
    int error;         /* 0, or the first negative errno */
    int64_t now;       /* microseconds since the boot, sleep included, by the one who plans: what
                        * ends by itself has so long still */
} KsBatch;

/* Most bytes one message may have; chunks of set elements are made to fit. */
#define KS_BATCH_MESSAGE_MAX 65536u

/* A new transaction in the same buffer, numbered on from the last one. */
void ks_batch_begin(KsBatch *batch);

/* Starts a message of ours (NFT_MSG_*, family, NLM_F_* on top of NLM_F_REQUEST | NLM_F_ACK); room
 * for KS_BATCH_MESSAGE_MAX bytes stands ready behind the header. NULL once the batch has failed.
 * The payload builders of libnftnl then grow nlmsg_len. */
struct nlmsghdr *ks_batch_message(KsBatch *batch, uint16_t type, uint8_t family, uint16_t flags);

/* Takes the message into the batch. */
void ks_batch_commit_message(KsBatch *batch, struct nlmsghdr *message);

void ks_batch_fail(KsBatch *batch, int error);

/* Closes the transaction. Returns 0 or the error that stuck. */
int ks_batch_end(KsBatch *batch);

/* Lets the buffer go that a whole lock with many servers took; what was written in it is gone. */
void ks_batch_shrink(KsBatch *batch);

void ks_batch_clear(KsBatch *batch);
