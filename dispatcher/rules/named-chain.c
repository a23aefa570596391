/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/named-chain.h"

#include "rules/comment.h"

#include <arpa/inet.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* Not in the kernel headers of Debian 12 (linux/netfilter/nf_tables.h, since Linux 6.17). */
#define DEVICE_PREFIX 2

#define MESSAGE_SIZE 512

void ks_named_chain_put(struct nlmsghdr *message, const KsSkeleton *skeleton, const KsChain *chain)
{
    struct nlattr *hook;
    struct nlattr *devices;

    mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, skeleton->name);
    mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain->name);
    hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
    mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(chain->hook));
    mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl((uint32_t) chain->priority));
    devices = mnl_attr_nest_start(message, NFTA_HOOK_DEVS);
    for (unsigned i = 0; chain->beginnings[i]; i++)
        mnl_attr_put_strz(message, DEVICE_PREFIX, chain->beginnings[i]);
    mnl_attr_nest_end(message, devices);
    mnl_attr_nest_end(message, hook);
    mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, htonl(chain->policy));
    mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
    ks_comment_put(message, NFTA_CHAIN_USERDATA, chain->comment);
}

bool ks_named_chain_is_understood(void)
{
    static const char *const beginnings[] = { "a", "b", NULL };
    static const KsChain chain = { .name = "a", .base = true, .beginnings = beginnings };
    static const KsSkeleton skeleton = { .family = NFPROTO_NETDEV, .name = "a" };
    uint8_t buffer[MESSAGE_SIZE] = { 0 };
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
    struct nftnl_chain *parsed = nftnl_chain_alloc();
    bool understood;

    if (!parsed)
        return false;
    message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN;
    generic->nfgen_family = skeleton.family;
    ks_named_chain_put(message, &skeleton, &chain);
    understood = nftnl_chain_nlmsg_parse(message, parsed) == 0;
    nftnl_chain_free(parsed);
    return understood;
}

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, nest)
        if (mnl_attr_get_type(attribute) == type)
            return attribute;
    return NULL;
}

static bool has_beginning(const KsChain *chain, const struct nlattr *device)
{
    return mnl_attr_get_type(device) == DEVICE_PREFIX &&
           mnl_attr_validate(device, MNL_TYPE_NUL_STRING) == 0 &&
           g_strv_contains(chain->beginnings, mnl_attr_get_str(device));
}

bool ks_named_chain_hangs_right(const struct nlmsghdr *message, const KsChain *chain)
{
    const struct nlattr *devices = NULL;
    const struct nlattr *attribute;
    unsigned seen = 0;

    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(attribute) == NFTA_CHAIN_HOOK)
            devices = find(attribute, NFTA_HOOK_DEVS);
    if (!devices)
        return false;
    mnl_attr_for_each_nested(attribute, devices) {
        if (!has_beginning(chain, attribute))
            return false;
        seen++;
    }
    /* the kernel refuses the same one twice */
    return seen == g_strv_length((char **) chain->beginnings);
}
