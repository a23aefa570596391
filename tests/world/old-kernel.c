/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For LD_PRELOAD: nf_tables as before Linux 6.9, where a table cannot outlive its owner, and no
 * chain goes by what devices' names begin with (6.17). A program that asks for either has the
 * kernel asked for a flag or an attribute that no kernel knows instead, so that the kernel itself
 * refuses, with the errno of an old one. */
#include "changed-messages.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdint.h>
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

void change_messages(void *data, size_t size)
{
    int left = (int) size;

    for (struct nlmsghdr *message = data; mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
        if (message->nlmsg_type == NEWTABLE)
            ask_for_unknown_flag(message);
        else if (message->nlmsg_type == NEWCHAIN)
            ask_for_unknown_device(message);
    }
}
