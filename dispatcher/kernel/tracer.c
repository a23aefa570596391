/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/tracer.h"

#include "kernel/netfilter.h"
#include "rules/trace-table.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#define RECEIVE_SIZE 16384

/* What is lost beyond it are some of many packets. */
#define QUEUE_SIZE (1024 * 1024)

/* Messages at a time: the lock itself is not to wait for them. */
#define MESSAGES_MAX 512u

struct KsTracer {
    KsNetfilter *netfilter; /* owns the table */
    struct mnl_socket *socket;
    _Alignas(struct nlmsghdr) uint8_t receive[RECEIVE_SIZE];
};

static int listen_to_traces(KsTracer *tracer)
{
    int group = NFNLGRP_NFTRACE;
    int size = QUEUE_SIZE;

    tracer->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!tracer->socket || mnl_socket_bind(tracer->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_setsockopt(tracer->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        return -errno;
    (void) setsockopt(mnl_socket_get_fd(tracer->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size,
                      sizeof(size));
    return 0;
}

static int make_table(KsTracer *tracer, const GArray *traced)
{
    g_autoptr(KsTraceTable) table = ks_trace_table_new(traced);
    KsBatch batch = { 0 };
    int result;

    ks_trace_table_plan(table, &batch);
    result = ks_netfilter_commit(tracer->netfilter, &batch);
    ks_batch_clear(&batch);
    return result;
}

int ks_tracer_open(const GArray *traced, KsTracer **ret_tracer)
{
    KsTracer *tracer = calloc(1, sizeof(*tracer));
    int result;

    if (!tracer)
        return -ENOMEM;
    result = listen_to_traces(tracer);
    if (result == 0)
        result = ks_netfilter_open(&tracer->netfilter);
    if (result == 0)
        result = make_table(tracer, traced);
    if (result < 0) {
        ks_tracer_close(tracer);
        return result;
    }
    *ret_tracer = tracer;
    return 0;
}

void ks_tracer_close(KsTracer *tracer)
{
    if (!tracer)
        return;
    ks_netfilter_close(tracer->netfilter);
    if (tracer->socket)
        mnl_socket_close(tracer->socket);
    free(tracer);
}

int ks_tracer_fd(const KsTracer *tracer)
{
    return mnl_socket_get_fd(tracer->socket);
}

static int take_message(const struct nlmsghdr *message, void *data)
{
    ks_trace_take(data, message);
    return MNL_CB_OK;
}

void ks_tracer_drain(KsTracer *tracer, KsTrace *trace)
{
    for (unsigned i = 0; i < MESSAGES_MAX; i++) {
        ssize_t size =
            mnl_socket_recvfrom(tracer->socket, tracer->receive, sizeof(tracer->receive));

        if (size > 0)
            (void) mnl_cb_run(tracer->receive, (size_t) size, 0, 0, take_message, trace);
        else if (size < 0 && (errno == EINTR || errno == ENOBUFS || errno == ENOSPC))
            continue;
        else
            return;
    }
}
