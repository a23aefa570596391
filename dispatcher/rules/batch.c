/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

/* What a change of some keys takes: a message more is always reserved, and the buffer doubles. */
#define KEPT_MAX (4 * KS_BATCH_MESSAGE_MAX)

static bool reserve(KsBatch *batch)
{
    size_t needed = batch->length + KS_BATCH_MESSAGE_MAX;
    uint8_t *data;

    if (batch->error)
        return false;
    if (needed <= batch->capacity)
        return true;
    needed += batch->capacity;
    data = realloc(batch->data, needed);
    if (!data) {
        ks_batch_fail(batch, -ENOMEM);
        return false;
    }
    batch->data = data;
    batch->capacity = needed;
    return true;
}

static struct nlmsghdr *put_header(KsBatch *batch, uint16_t type, uint8_t family, uint16_t flags,
                                   uint16_t resource)
{
    struct nlmsghdr *message;
    struct nfgenmsg *generic;

    if (!reserve(batch))
        return NULL;
    message = mnl_nlmsg_put_header(batch->data + batch->length);
    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    message->nlmsg_seq = ++batch->sequence;
    generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
    generic->nfgen_family = family;
    generic->version = NFNETLINK_V0;
    generic->res_id = htons(resource);
    return message;
}

static void take(KsBatch *batch, const struct nlmsghdr *message)
{
    batch->length += MNL_ALIGN(message->nlmsg_len);
}

void ks_batch_begin(KsBatch *batch)
{
    struct nlmsghdr *message;

    batch->length = 0;
    batch->messages = 0;
    batch->error = 0;
    message = put_header(batch, NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
    if (message)
        take(batch, message);
}

struct nlmsghdr *ks_batch_message(KsBatch *batch, uint16_t type, uint8_t family, uint16_t flags)
{
    return put_header(batch, NFNL_SUBSYS_NFTABLES << 8 | type, family, NLM_F_ACK | flags, 0);
}

void ks_batch_commit_message(KsBatch *batch, struct nlmsghdr *message)
{
    if (batch->error)
        return;
    if (message->nlmsg_len > KS_BATCH_MESSAGE_MAX) {
        ks_batch_fail(batch, -EMSGSIZE);
        return;
    }
    take(batch, message);
    batch->messages++;
}

void ks_batch_fail(KsBatch *batch, int error)
{
    if (!batch->error)
        batch->error = error;
}

int ks_batch_end(KsBatch *batch)
{
    struct nlmsghdr *message =
        put_header(batch, NFNL_MSG_BATCH_END, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);

    if (message)
        take(batch, message);
    return batch->error;
}

void ks_batch_shrink(KsBatch *batch)
{
    if (batch->capacity <= KEPT_MAX)
        return;
    free(batch->data);
    batch->data = NULL;
    batch->length = 0;
    batch->capacity = 0;
}

void ks_batch_clear(KsBatch *batch)
{
    free(batch->data);
    memset(batch, 0, sizeof(*batch));
}
