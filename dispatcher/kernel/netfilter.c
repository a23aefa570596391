/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netfilter.h"

#include "kernel/exchange.h"

#include "kernel/clock.h"
#include "model/names.h"
#include "rules/egress-table.h"
#include "rules/messages.h"
#include "rules/named-chain.h"
#include "rules/plan.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A dump is read in pieces of this size; the kernel fills at most 32 KiB at once. */
#define RECEIVE_SIZE 65536

#define PROBE_TABLE KS_TABLE "_probe"

/* How often a dump is begun again when the tables change under it (NLM_F_DUMP_INTR). */
#define DUMP_ATTEMPTS 16

struct KsNetfilter {
    struct mnl_socket *socket;
    uint32_t port;
    uint32_t sequence; /* of requests that are no batches */
    uint8_t receive[RECEIVE_SIZE];
};

/* What a dump asks for: a message type and the attributes that narrow it. */
typedef struct {
    uint16_t type;
    uint16_t table_attribute; /* 0: the kernel cannot narrow this one by table */
    uint16_t set_attribute;
    const char *set;
} Dump;

typedef struct {
    KsReadback *readback;
    int error;
} DumpReader;

static int take_message(const struct nlmsghdr *message, void *data)
{
    DumpReader *reader = data;
    int result = ks_readback_take(reader->readback, message);

    if (result < 0 && reader->error == 0)
        reader->error = result;
    return MNL_CB_OK;
}

static int dump_once(KsNetfilter *netfilter, const Dump *dump, KsReadback *readback)
{
    uint8_t request[MNL_ALIGN(512)] = { 0 };
    struct nlmsghdr *message = mnl_nlmsg_put_header(request);
    DumpReader reader = { .readback = readback };
    struct nfgenmsg *generic;
    int result;

    message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | dump->type;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = ++netfilter->sequence;
    generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
    generic->nfgen_family = readback->skeleton->family;
    if (dump->table_attribute)
        mnl_attr_put_strz(message, dump->table_attribute, readback->skeleton->name);
    if (dump->set)
        mnl_attr_put_strz(message, dump->set_attribute, dump->set);
    result = ks_exchange(netfilter->socket, message, netfilter->receive, sizeof(netfilter->receive),
                         take_message, &reader);
    return result < 0 ? result : reader.error;
}

static int read_once(KsNetfilter *netfilter, KsReadback *readback)
{
    static const Dump dumps[] = {
        { .type = NFT_MSG_GETTABLE },
        { .type = NFT_MSG_GETCHAIN },
        { .type = NFT_MSG_GETRULE, .table_attribute = NFTA_RULE_TABLE },
        { .type = NFT_MSG_GETSET, .table_attribute = NFTA_SET_TABLE },
        { .type = NFT_MSG_GETOBJ, .table_attribute = NFTA_OBJ_TABLE },
    };
    Dump elements = {
        .type = NFT_MSG_GETSETELEM,
        .table_attribute = NFTA_SET_ELEM_LIST_TABLE,
        .set_attribute = NFTA_SET_ELEM_LIST_SET,
    };
    int result = 0;

    ks_readback_clear(readback);
    for (unsigned i = 0; result == 0 && i < G_N_ELEMENTS(dumps); i++) {
        if (i > 0 && !readback->present)
            return 0;
        result = dump_once(netfilter, &dumps[i], readback);
    }
    for (unsigned set = 0; result == 0 && set < readback->skeleton->sets_count; set++) {
        if (!readback->sets[set].present ||
            readback->skeleton->sets[set].holds == KS_SET_HOLDS_CLIENTS)
            continue;
        elements.set = readback->skeleton->sets[set].name;
        result = dump_once(netfilter, &elements, readback);
    }
    ks_readback_finish(readback);
    return result;
}

static int collect_acks(KsNetfilter *netfilter, uint32_t first, uint32_t last)
{
    uint32_t expected = last - first + 1;
    int first_error = 0;

    /* the kernel answers while it is being called: all acknowledgements wait already, and none
     * beyond the first error is sure to come */
    while (expected > 0) {
        ssize_t received = recv(mnl_socket_get_fd(netfilter->socket), netfilter->receive,
                                sizeof(netfilter->receive), MSG_DONTWAIT);
        const struct nlmsghdr *message = (const struct nlmsghdr *) netfilter->receive;
        int left = (int) received;

        if (received < 0) {
            if (errno == EINTR)
                continue;
            return first_error ? first_error : -errno;
        }
        for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
            const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);

            if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_seq < first ||
                message->nlmsg_seq > last)
                continue;
            if (answer->error && first_error == 0)
                first_error = answer->error;
            expected--;
        }
    }
    return first_error;
}

static int make_room(KsNetfilter *netfilter, size_t send_size)
{
    int fd = mnl_socket_get_fd(netfilter->socket);
    int current = 0;
    socklen_t length = sizeof(current);
    int wanted = (int) send_size;

    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &current, &length) < 0)
        return -errno;
    if ((size_t) current > 2 * send_size)
        return 0;
    /* root of a user namespace gets what everybody gets; if that is too little, sending says so */
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof(wanted)) < 0)
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
    return 0;
}

int ks_netfilter_open(KsNetfilter **ret_netfilter)
{
    KsNetfilter *netfilter = calloc(1, sizeof(*netfilter));
    int one = 1;
    int size = RECEIVE_SIZE * 16;

    if (!netfilter)
        return -ENOMEM;
    netfilter->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!netfilter->socket || mnl_socket_bind(netfilter->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        int error = -errno;

        ks_netfilter_close(netfilter);
        return error;
    }
    netfilter->port = mnl_socket_get_portid(netfilter->socket);
    /* errors without a copy of the message that failed: a large batch's answers stay small */
    (void) mnl_socket_setsockopt(netfilter->socket, NETLINK_CAP_ACK, &one, sizeof(one));
    (void) setsockopt(mnl_socket_get_fd(netfilter->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size,
                      sizeof(size));
    *ret_netfilter = netfilter;
    return 0;
}

void ks_netfilter_close(KsNetfilter *netfilter)
{
    if (!netfilter)
        return;
    if (netfilter->socket)
        mnl_socket_close(netfilter->socket);
    free(netfilter);
}

uint32_t ks_netfilter_port(const KsNetfilter *netfilter)
{
    return netfilter->port;
}

int ks_netfilter_commit(KsNetfilter *netfilter, const KsBatch *batch)
{
    uint32_t last = batch->sequence - 1; /* the end message is the last one and has no answer */
    uint32_t first = last - batch->messages + 1;
    int result;

    if (batch->error)
        return batch->error;
    if (batch->messages == 0)
        return 0;
    result = make_room(netfilter, batch->length);
    if (result < 0)
        return result;
    if (mnl_socket_sendto(netfilter->socket, batch->data, batch->length) < 0)
        return -errno;
    result = collect_acks(netfilter, first, last);
    if (result < 0)
        ks_exchange_discard(netfilter->socket, netfilter->receive, sizeof(netfilter->receive));
    return result;
}

int ks_netfilter_read(KsNetfilter *netfilter, KsReadback *readback)
{
    int result = -EINTR;

    readback->read_at = ks_clock_now();
    for (unsigned attempt = 1; result == -EINTR && attempt <= DUMP_ATTEMPTS; attempt++) {
        result = read_once(netfilter, readback);
        if (result == 0 && readback->torn && attempt < DUMP_ATTEMPTS)
            result = -EINTR;
    }
    return result;
}

/* Tried with a table that comes and goes in one transaction, and never exists for anybody. */
static bool takes(KsNetfilter *netfilter, const KsSkeleton *probe, uint32_t flags)
{
    KsBatch batch = { 0 };
    bool taken;

    ks_batch_begin(&batch);
    ks_batch_add_table(&batch, probe->family, probe->name, flags, NULL);
    for (unsigned i = 0; i < probe->chains_count; i++)
        ks_batch_add_chain(&batch, probe, i);
    ks_batch_delete_table(&batch, probe->family, probe->name);
    taken = ks_batch_end(&batch) == 0 && ks_netfilter_commit(netfilter, &batch) == 0;
    ks_batch_clear(&batch);
    return taken;
}

uint32_t ks_netfilter_table_flags(KsNetfilter *netfilter)
{
    static const KsSkeleton probe = { .family = NFPROTO_INET, .name = PROBE_TABLE };

    return takes(netfilter, &probe, KS_TABLE_F_OWNED) ? KS_TABLE_F_OWNED : 0;
}

bool ks_netfilter_takes_names(KsNetfilter *netfilter)
{
    static const char *const nobodys[] = { KS_TABLE, NULL }; /* if it were: nothing is stopped */
    static const KsChain chain = {
        .name = "probe",
        .base = true,
        .hook = KS_EGRESS_HOOK,
        .policy = NF_ACCEPT,
        .beginnings = nobodys,
    };
    static const KsSkeleton probe = {
        .family = NFPROTO_NETDEV, .name = PROBE_TABLE, .chains = &chain, .chains_count = 1
    };

    return ks_named_chain_is_understood() && takes(netfilter, &probe, 0);
}
