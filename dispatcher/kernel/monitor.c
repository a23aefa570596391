/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netfilter.h"

#include "model/names.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_SIZE 65536

/* Room for what others change while we are busy: beyond it we would have to look anew. */
#define QUEUE_SIZE (4 * 1024 * 1024)

struct KsMonitor {
    struct mnl_socket *socket;
    uint8_t receive[RECEIVE_SIZE];
};

/* What one drain has learned so far. Notifications of a transaction come before the message that
 * says which process it was (NFT_MSG_NEWGEN). */
typedef struct {
    uint32_t own_port;
    bool touched_now; /* by the transaction being read */
    bool touched;     /* by any transaction of others */
    char *process;
} Drain;

typedef struct {
    uint16_t message;
    uint16_t attribute; /* which names the table */
} TableAttribute;

static const TableAttribute table_attributes[] = {
    { NFT_MSG_NEWTABLE, NFTA_TABLE_NAME },
    { NFT_MSG_DELTABLE, NFTA_TABLE_NAME },
    { NFT_MSG_NEWCHAIN, NFTA_CHAIN_TABLE },
    { NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE },
    { NFT_MSG_NEWRULE, NFTA_RULE_TABLE },
    { NFT_MSG_DELRULE, NFTA_RULE_TABLE },
    { NFT_MSG_NEWSET, NFTA_SET_TABLE },
    { NFT_MSG_DELSET, NFTA_SET_TABLE },
    { NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_TABLE },
    { NFT_MSG_DELSETELEM, NFTA_SET_ELEM_LIST_TABLE },
    { NFT_MSG_NEWOBJ, NFTA_OBJ_TABLE },
    { NFT_MSG_DELOBJ, NFTA_OBJ_TABLE },
};

static bool names_our_table(const struct nlmsghdr *message)
{
    uint16_t wanted = 0;
    const struct nlattr *attribute;

    for (unsigned i = 0; i < G_N_ELEMENTS(table_attributes); i++)
        if (table_attributes[i].message == NFNL_MSG_TYPE(message->nlmsg_type))
            wanted = table_attributes[i].attribute;
    if (wanted == 0)
        return false;
    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(attribute) == wanted &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            return strcmp(mnl_attr_get_str(attribute), KS_TABLE) == 0;
    return false;
}

static void copy_process_name(const struct nlmsghdr *message, char process[16])
{
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(attribute) == NFTA_GEN_PROC_NAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            g_strlcpy(process, mnl_attr_get_str(attribute), 16);
}

static int take_notification(const struct nlmsghdr *message, void *data)
{
    Drain *drain = data;

    if (message->nlmsg_pid == drain->own_port)
        return MNL_CB_OK;
    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
        return MNL_CB_OK;
    if (NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN) {
        if (drain->touched_now)
            copy_process_name(message, drain->process);
        drain->touched_now = false;
    } else if (names_our_table(message)) {
        drain->touched_now = true;
        drain->touched = true;
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

bool ks_monitor_drain(KsMonitor *monitor, uint32_t own_port, char ret_process[16])
{
    Drain drain = { .own_port = own_port, .process = ret_process };

    ret_process[0] = '\0';
    for (;;) {
        ssize_t size =
            mnl_socket_recvfrom(monitor->socket, monitor->receive, sizeof(monitor->receive));

        if (size > 0)
            (void) mnl_cb_run(monitor->receive, (size_t) size, 0, 0, take_notification, &drain);
        else if (size < 0 && (errno == ENOBUFS || errno == ENOSPC))
            drain.touched = true; /* notifications were lost: only a look at the table can tell */
        else if (size < 0 && errno == EINTR)
            continue;
        else
            return drain.touched;
    }
}
