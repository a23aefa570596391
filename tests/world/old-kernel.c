/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For LD_PRELOAD: nf_tables as before Linux 6.9, where a table cannot outlive its owner, and no
 * chain goes by what devices' names begin with (6.17). A program that asks for either has the
 * kernel asked for a flag or an attribute that no kernel knows instead, so that the kernel itself
 * refuses, with the errno of an old one. */
#include <dlfcn.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_F_PERSIST 0x4u
#define TABLE_F_UNKNOWN 0x80000000u
#define NEWTABLE        (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE)
#define NEWCHAIN        (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN)
#define DEVICE_PREFIX   2
#define DEVICE_UNKNOWN  100

static void ask_for_unknown_flag(struct nlmsghdr *message)
{
    struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg)) {
        uint32_t flags;

        if (mnl_attr_get_type(attribute) != NFTA_TABLE_FLAGS)
            continue;
        memcpy(&flags, mnl_attr_get_payload(attribute), sizeof(flags));
        if (flags & __builtin_bswap32(TABLE_F_PERSIST))
            flags |= __builtin_bswap32(TABLE_F_UNKNOWN);
        memcpy(mnl_attr_get_payload(attribute), &flags, sizeof(flags));
    }
}

static void ask_for_unknown_device(struct nlmsghdr *message)
{
    struct nlattr *hook;
    struct nlattr *list;
    struct nlattr *device;

    mnl_attr_for_each(hook, message, sizeof(struct nfgenmsg)) {
        if (mnl_attr_get_type(hook) != NFTA_CHAIN_HOOK)
            continue;
        mnl_attr_for_each_nested(list, hook) {
            if (mnl_attr_get_type(list) != NFTA_HOOK_DEVS)
                continue;
            mnl_attr_for_each_nested(device, list)
                if (mnl_attr_get_type(device) == DEVICE_PREFIX)
                    device->nla_type = DEVICE_UNKNOWN;
        }
    }
}

ssize_t mnl_socket_sendto(const struct mnl_socket *socket, const void *data, size_t size)
{
    /* a void pointer where dlsym() gives one: ISO C has no cast from it to a function */
    static union {
        void *found;
        ssize_t (*call)(const struct mnl_socket *, const void *, size_t);
    } real;
    int left = (int) size;
    struct nlmsghdr *message;
    void *copy = malloc(size);
    ssize_t sent;

    if (!copy)
        return -1;
    if (!real.found)
        real.found = dlsym(RTLD_NEXT, "mnl_socket_sendto");
    memcpy(copy, data, size);
    for (message = copy; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
        if (message->nlmsg_type == NEWTABLE)
            ask_for_unknown_flag(message);
        else if (message->nlmsg_type == NEWCHAIN)
            ask_for_unknown_device(message);
    }
    sent = real.call(socket, copy, size);
    free(copy);
    return sent;
}
