/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For LD_PRELOAD, or to be linked, whichever libnftnl there is. With KS_NEW as from 1.3 on, which
 * understands what the kernel tells of a chain on devices by what their names begin with: it is
 * shown whole names instead. Without, as before 1.3, which does not. */
#include <dlfcn.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_PREFIX 2

static bool show_names(struct nlattr *hook)
{
    bool any = false;
    struct nlattr *devices;
    struct nlattr *device;

    mnl_attr_for_each_nested(devices, hook) {
        if (mnl_attr_get_type(devices) != NFTA_HOOK_DEVS)
            continue;
        mnl_attr_for_each_nested(device, devices)
            if (mnl_attr_get_type(device) == DEVICE_PREFIX) {
                device->nla_type = NFTA_DEVICE_NAME;
                any = true;
            }
    }
    return any;
}

int nftnl_chain_nlmsg_parse(const struct nlmsghdr *message, struct nftnl_chain *chain)
{
    /* a void pointer where dlsym() gives one: ISO C has no cast from it to a function */
    static union {
        void *found;
        int (*call)(const struct nlmsghdr *, struct nftnl_chain *);
    } real;
    struct nlmsghdr *copy = malloc(message->nlmsg_len);
    struct nlattr *attribute;
    bool any = false;
    int result;

    if (!copy)
        return -1;
    if (!real.found)
        real.found = dlsym(RTLD_NEXT, "nftnl_chain_nlmsg_parse");
    memcpy(copy, message, message->nlmsg_len);
    mnl_attr_for_each(attribute, copy, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(attribute) == NFTA_CHAIN_HOOK)
            any |= show_names(attribute);
    result = any && !KS_NEW ? -1 : real.call(copy, chain);
    free(copy);
    return result;
}
