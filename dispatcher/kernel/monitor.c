/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netfilter.h"

#include "model/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_SIZE 65536

/* Room for what others change while we are busy: beyond it we would have to look again. */
#define QUEUE_SIZE (4 * 1024 * 1024)

struct KsMonitor {
    struct mnl_socket *socket;
    _Alignas(struct nlmsghdr) uint8_t receive[RECEIVE_SIZE];
    bool touched_now; /* by the transaction being read */
    bool seen_others; /* changes of tables that are none of ours */
};

/* What one drain has learned so far. Notifications of a transaction come before the message that
 * says which process it was (NFT_MSG_NEWGEN), perhaps in a later drain. */
typedef struct {
    KsMonitor *monitor;
    uint32_t own_port;
    bool touched; /* by any transaction of others */
    KsAuthor *author;
} Drain;

/* In each kind of message the table's name is the attribute of this number, also in those that
 * kernels will have one day; NFT_MSG_NEWGEN has a number there. */
static const char *table_of(const struct nlmsghdr *message)
{
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            return mnl_attr_get_str(attribute);
    return "";
}

static void read_author(const struct nlmsghdr *message, KsAuthor *author)
{
    const struct nlattr *attribute;

    memset(author, 0, sizeof(*author));
    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg)) {
        if (mnl_attr_get_type(attribute) == NFTA_GEN_PROC_NAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            g_strlcpy(author->name, mnl_attr_get_str(attribute), sizeof(author->name));
        else if (mnl_attr_get_type(attribute) == NFTA_GEN_PROC_PID &&
                 mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            author->process = ntohl(mnl_attr_get_u32(attribute));
    }
}

static int take_notification(const struct nlmsghdr *message, void *data)
{
    Drain *drain = data;

    if (message->nlmsg_pid == drain->own_port)
        return MNL_CB_OK;
    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
        return MNL_CB_OK;
    if (NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN) {
        if (drain->monitor->touched_now)
            read_author(message, drain->author);
        drain->monitor->touched_now = false;
    } else if (strcmp(table_of(message), KS_TABLE) == 0) {
        drain->monitor->touched_now = true;
        drain->touched = true;
    } else if (!g_str_has_prefix(table_of(message), KS_TABLE "_")) {
        drain->monitor->seen_others = true;
    }
    return MNL_CB_OK;
}

int ks_monitor_open(KsMonitor **ret_monitor)
{
    KsMonitor *monitor = calloc(1, sizeof(*monitor));
    int group = NFNLGRP_NFTABLES;
    int size;

    if (!monitor)
        return -ENOMEM;
    monitor->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!monitor->socket || mnl_socket_bind(monitor->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_setsockopt(monitor->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
        int error = -errno;

        ks_monitor_close(monitor);
        return error;
    }
    size = QUEUE_SIZE;
    (void) setsockopt(mnl_socket_get_fd(monitor->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size,
                      sizeof(size));
    *ret_monitor = monitor;
    return 0;
}

void ks_monitor_close(KsMonitor *monitor)
{
    if (!monitor)
        return;
    if (monitor->socket)
        mnl_socket_close(monitor->socket);
    free(monitor);
}

int ks_monitor_fd(const KsMonitor *monitor)
{
    return mnl_socket_get_fd(monitor->socket);
}

/* One message of the queue. False: there is none. */
static bool take_next(KsMonitor *monitor, Drain *drain)
{
    for (;;) {
        ssize_t size =
            mnl_socket_recvfrom(monitor->socket, monitor->receive, sizeof(monitor->receive));

        if (size > 0)
            (void) mnl_cb_run(monitor->receive, (size_t) size, 0, 0, take_notification, drain);
        else if (size < 0 && (errno == ENOBUFS || errno == ENOSPC))
            drain->touched = true; /* notifications were lost: only a look at the table can tell */
        else if (size < 0 && errno == EINTR)
            continue;
        else
            return false;
        return true;
    }
}

bool ks_monitor_drain(KsMonitor *monitor, uint32_t own_port, KsAuthor *ret_author)
{
    Drain drain = { .monitor = monitor, .own_port = own_port, .author = ret_author };

    memset(ret_author, 0, sizeof(*ret_author));
    while (take_next(monitor, &drain))
        ;
    return drain.touched;
}

bool ks_monitor_has_seen_others(KsMonitor *monitor)
{
    bool seen = monitor->seen_others;

    monitor->seen_others = false;
    return seen;
}

void ks_monitor_read_author(KsMonitor *monitor, uint32_t own_port, KsAuthor *author)
{
    Drain drain = { .monitor = monitor, .own_port = own_port, .author = author };

    while (monitor->touched_now && take_next(monitor, &drain))
        ;
    monitor->touched_now = false; /* its end was lost */
}
