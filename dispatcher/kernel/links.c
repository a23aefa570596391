/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/links.h"

#include "kernel/exchange.h"

#include "kernel/look-ups.h"
#include "kernel/notifications.h"
#include "kernel/routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_SIZE  65536
#define DUMP_ATTEMPTS 16

/* More interfaces than any desktop has; what lies beyond is not known, so it stays shut. */
#define LINKS_MAX     16384u
#define ADDRESSES_MAX 65536u

/* Not in the kernel headers of Debian 12 (linux/if_link.h, IFLA_HSR_INTERLINK, Linux 6.10). */
#define HSR_INTERLINK 8

#define BROADCASTS_MAX       256u
#define BROADCAST_PREFIX_MAX 30 /* two machines have no use for it (RFC 3021) */

struct KsLinks {
    struct mnl_socket *requests;
    struct mnl_socket *notifications;
    uint32_t sequence;
    bool known;        /* what stands below is the kernel's state but for waiting notifications */
    GArray *links;     /* KsLink */
    GArray *addresses; /* KsLinkAddress, of all links */
    KsRoutes *routes;
    KsLookUps *look_ups;
    uint8_t receive[RECEIVE_SIZE];
};

bool ks_link_kind_is_tunnel(const char *kind)
{
    /* "ppp" is PPTP's, L2TP's, SSTP's and Fortinet's; also PPPoE's, which is never called a VPN */
    static const char *const kinds[] = {
        "tun",         "wireguard", "ppp",    "xfrm",   "vti",       "vti6", "ovpn",   "ovpn-dco",
        "ovpn-dco-v2", "gre",       "gretap", "ip6gre", "ip6gretap", "ipip", "ip6tnl", "sit",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return false;
}

static KsLink *find_link(KsLinks *links, uint32_t index)
{
    for (unsigned i = 0; i < links->links->len; i++)
        if (g_array_index(links->links, KsLink, i).index == index)
            return &g_array_index(links->links, KsLink, i);
    return NULL;
}

static void read_hsr(const struct nlattr *data, KsLink *link)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, data) {
        uint16_t type = mnl_attr_get_type(attribute);

        if (mnl_attr_validate(attribute, MNL_TYPE_U32) < 0)
            continue;
        if (type == IFLA_HSR_SLAVE1)
            link->lower = mnl_attr_get_u32(attribute);
        else if (type == IFLA_HSR_SLAVE2)
            link->other_lower = mnl_attr_get_u32(attribute);
        else if (type == HSR_INTERLINK)
            link->lets_others_in = mnl_attr_get_u32(attribute) != 0;
    }
}

static void read_vlan(const struct nlattr *data, KsLink *link)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, data)
        if (mnl_attr_get_type(attribute) == IFLA_VLAN_PROTOCOL &&
            mnl_attr_validate(attribute, MNL_TYPE_U16) == 0)
            link->service_tag = mnl_attr_get_u16(attribute) == htons(ETH_P_8021AD);
}

static void read_info(const struct nlattr *linkinfo, KsLink *link)
{
    const struct nlattr *attribute;
    const struct nlattr *data = NULL;

    mnl_attr_for_each_nested(attribute, linkinfo) {
        if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND &&
            mnl_attr_validate(attribute, MNL_TYPE_STRING) == 0)
            g_strlcpy(link->kind, mnl_attr_get_str(attribute),
                      MIN(sizeof(link->kind), (size_t) mnl_attr_get_payload_len(attribute) + 1));
        else if (mnl_attr_get_type(attribute) == IFLA_INFO_DATA &&
                 mnl_attr_validate(attribute, MNL_TYPE_NESTED) == 0)
            data = attribute;
    }
    if (data && strcmp(link->kind, "hsr") == 0)
        read_hsr(data, link);
    else if (data && strcmp(link->kind, "vlan") == 0)
        read_vlan(data, link);
}

static void forget_link(KsLinks *links, uint32_t index)
{
    for (unsigned i = 0; i < links->links->len; i++)
        if (g_array_index(links->links, KsLink, i).index == index)
            g_array_remove_index_fast(links->links, i--);
    for (unsigned i = 0; i < links->addresses->len; i++)
        if (g_array_index(links->addresses, KsLinkAddress, i).index == index)
            g_array_remove_index_fast(links->addresses, i--);
    ks_routes_forget_link(links->routes, index);
}

static void read_link(const struct nlmsghdr *message, const struct ifinfomsg *info, KsLink *link)
{
    const struct nlattr *attribute;

    link->hardware = info->ifi_type;
    link->up = info->ifi_flags & IFF_UP;
    link->loopback = info->ifi_flags & IFF_LOOPBACK;
    mnl_attr_for_each(attribute, message, sizeof(*info)) {
        if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            g_strlcpy(link->name, mnl_attr_get_str(attribute), sizeof(link->name));
        else if (mnl_attr_get_type(attribute) == IFLA_LINKINFO &&
                 mnl_attr_validate(attribute, MNL_TYPE_NESTED) == 0)
            read_info(attribute, link);
        else if (mnl_attr_get_type(attribute) == IFLA_MASTER &&
                 mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            link->master = mnl_attr_get_u32(attribute);
        else if (mnl_attr_get_type(attribute) == IFLA_LINK &&
                 mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            link->lower = mnl_attr_get_u32(attribute);
        else if (mnl_attr_get_type(attribute) == IFLA_CARRIER &&
                 mnl_attr_validate(attribute, MNL_TYPE_U8) == 0)
            link->no_carrier = link->up && mnl_attr_get_u8(attribute) == 0;
        else if (mnl_attr_get_type(attribute) == IFLA_LINK_NETNSID)
            link->lower_elsewhere = true;
    }
    link->tunnel_kind = ks_link_kind_is_tunnel(link->kind);
    link->wireguard = strcmp(link->kind, "wireguard") == 0;
    link->kernel_openvpn = g_str_has_prefix(link->kind, "ovpn");
}

static void take_link(KsLinks *links, const struct nlmsghdr *message, bool gone)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
    KsLink link = { 0 };
    KsLink *known;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_index <= 0)
        return;
    /* bridge ports and the like are told a second time, about another side of the same link */
    if (info->ifi_family != AF_UNSPEC)
        return;
    link.index = (uint32_t) info->ifi_index;
    if (gone) {
        forget_link(links, link.index);
        return;
    }
    read_link(message, info, &link);

    known = find_link(links, link.index);
    if (known && known->up && !link.up)
        links->known = false; /* its IPv4 routes go without a word (fib_sync_down_dev()) */
    if (known)
        *known = link;
    else if (links->links->len < LINKS_MAX)
        g_array_append_val(links->links, link);
}

static void take_address(KsLinks *links, const struct nlmsghdr *message, bool gone)
{
    const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    KsLinkAddress on_link = { 0 };
    const void *local = NULL;
    const void *address = NULL;
    uint32_t flags;
    size_t size;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info))
        return;
    flags = info->ifa_flags;
    on_link.index = info->ifa_index;
    on_link.prefix = info->ifa_prefixlen;
    on_link.address.family = info->ifa_family;
    size = ks_address_size(&on_link.address);
    if (size == 0)
        return;
    mnl_attr_for_each(attribute, message, sizeof(*info)) {
        if (mnl_attr_get_type(attribute) == IFA_FLAGS &&
            mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            flags = mnl_attr_get_u32(attribute);
        if (mnl_attr_get_payload_len(attribute) != size)
            continue;
        if (mnl_attr_get_type(attribute) == IFA_LOCAL)
            local = mnl_attr_get_payload(attribute);
        else if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
            address = mnl_attr_get_payload(attribute);
    }
    if (!local) /* there is one only where IFA_ADDRESS is the other end's (linux/if_addr.h) */
        local = address;
    if (!local)
        return;
    memcpy(on_link.address.bytes, local, size);
    on_link.lent = !(flags & IFA_F_PERMANENT);

    for (unsigned i = 0; i < links->addresses->len; i++) {
        const KsLinkAddress *known = &g_array_index(links->addresses, KsLinkAddress, i);

        if (known->index == on_link.index &&
            ks_address_compare(&known->address, &on_link.address) == 0)
            g_array_remove_index_fast(links->addresses, i--);
    }
    if (gone && info->ifa_family == AF_INET)
        links->known = false; /* so do routes from this address (fib_sync_down_addr()) */
    if (!gone && links->addresses->len < ADDRESSES_MAX)
        g_array_append_val(links->addresses, on_link);
}

static int take_message(const struct nlmsghdr *message, void *data)
{
    KsLinks *links = data;

    ks_look_ups_forget(links->look_ups);
    switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        take_link(links, message, message->nlmsg_type == RTM_DELLINK);
        break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
        take_address(links, message, message->nlmsg_type == RTM_DELADDR);
        break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        links->known &= ks_routes_take(links->routes, message, links->links);
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

static int dump(KsLinks *links, uint16_t type)
{
    uint8_t request[MNL_ALIGN(128)] = { 0 };
    struct nlmsghdr *message = mnl_nlmsg_put_header(request);

    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = ++links->sequence;
    mnl_nlmsg_put_extra_header(message, sizeof(struct rtgenmsg));
    return ks_exchange(links->requests, message, links->receive, sizeof(links->receive),
                       take_message, links);
}

static int look_anew(KsLinks *links)
{
    static const uint16_t dumps[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE };
    int result = -EINTR;

    for (unsigned attempt = 0; result == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
        g_array_set_size(links->links, 0);
        g_array_set_size(links->addresses, 0);
        ks_routes_clear(links->routes);
        result = 0;
        for (unsigned i = 0; result == 0 && i < G_N_ELEMENTS(dumps); i++)
            result = dump(links, dumps[i]);
    }
    links->known = result == 0;
    return result;
}

int ks_links_open(KsLinks **ret_links)
{
    static const int groups[] = {
        RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
        RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,   RTNLGRP_NEXTHOP,
    };
    KsLinks *links = calloc(1, sizeof(*links));
    int error;

    if (!links)
        return -ENOMEM;
    error = ks_look_ups_open(&links->look_ups);
    links->links = g_array_new(FALSE, FALSE, sizeof(KsLink));
    links->addresses = g_array_new(FALSE, FALSE, sizeof(KsLinkAddress));
    links->routes = ks_routes_new();
    links->requests = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    links->notifications = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (error == 0 && (!links->requests || !links->notifications ||
                       mnl_socket_bind(links->requests, 0, MNL_SOCKET_AUTOPID) < 0 ||
                       mnl_socket_bind(links->notifications, 0, MNL_SOCKET_AUTOPID) < 0))
        error = -errno;
    for (unsigned i = 0; error == 0 && i < G_N_ELEMENTS(groups); i++)
        if (mnl_socket_setsockopt(links->notifications, NETLINK_ADD_MEMBERSHIP, (void *) &groups[i],
                                  sizeof(groups[i])) < 0)
            error = -errno;
    if (error) {
        ks_links_close(links);
        return error;
    }
    *ret_links = links;
    return 0;
}

void ks_links_close(KsLinks *links)
{
    if (!links)
        return;
    if (links->requests)
        mnl_socket_close(links->requests);
    if (links->notifications)
        mnl_socket_close(links->notifications);
    g_array_unref(links->links);
    g_array_unref(links->addresses);
    ks_routes_free(links->routes);
    ks_look_ups_close(links->look_ups);
    free(links);
}

int ks_links_fd(const KsLinks *links)
{
    return mnl_socket_get_fd(links->notifications);
}

int ks_links_look(KsWorld *world)
{
    KsLinks *links = NULL;
    int error = ks_links_open(&links);

    if (!error)
        error = ks_links_describe(links, world);
    ks_links_close(links);
    return error;
}

const GArray *ks_links_addresses(const KsLinks *links)
{
    return links->addresses;
}

/* What lends an address to this machine stands outside: a DHCP server, a router's advertisement.
 * Someone who runs guests gives their bridge an address for good. */
static void mark_lent(const KsLinks *links, KsWorld *world)
{
    for (unsigned i = 0; i < links->addresses->len; i++) {
        const KsLinkAddress *on_link = &g_array_index(links->addresses, KsLinkAddress, i);

        for (unsigned j = 0; on_link->lent && j < world->links->len; j++) {
            KsLink *link = &g_array_index(world->links, KsLink, j);

            link->leads_out |= link->index == on_link->index;
        }
    }
}

/* What is sent to the last address of a network reaches everybody there, and by some machines'
 * reading to its first (RFC 1122, 3.3.6). */
static void add_broadcasts(GArray *broadcasts, const KsLinkAddress *on_link)
{
    uint32_t ends[2];
    uint32_t mask;

    if (on_link->address.family != AF_INET || on_link->prefix == 0 ||
        on_link->prefix > BROADCAST_PREFIX_MAX || broadcasts->len >= BROADCASTS_MAX)
        return;
    mask = htonl(UINT32_MAX << (32 - on_link->prefix));
    memcpy(&ends[0], on_link->address.bytes, sizeof(ends[0]));
    ends[0] &= mask;
    ends[1] = ends[0] | ~mask;
    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
        KsAddress address = { .family = AF_INET };

        memcpy(address.bytes, &ends[i], sizeof(ends[i]));
        g_array_append_val(broadcasts, address);
    }
}

int ks_links_describe(KsLinks *links, KsWorld *world)
{
    /* a loss, too, may be of what the look-ups go by: the dump forgets these */
    if (!ks_notifications_drain(links->notifications, links->receive, sizeof(links->receive),
                                take_message, links))
        links->known = false;
    if (!links->known) {
        int result = look_anew(links);

        if (result < 0)
            return result;
    }

    g_array_set_size(world->links, 0);
    g_array_set_size(world->link_addresses, 0);
    g_array_set_size(world->broadcasts, 0);
    g_array_append_vals(world->links, links->links->data, links->links->len);
    for (unsigned i = 0; i < links->addresses->len; i++) {
        const KsLinkAddress *on_link = &g_array_index(links->addresses, KsLinkAddress, i);
        const KsLink *link = find_link(links, on_link->index);

        if (link && link->tunnel_kind)
            g_array_append_val(world->link_addresses, *on_link);
        else if (link && !link->loopback)
            add_broadcasts(world->broadcasts, on_link);
    }
    mark_lent(links, world);
    ks_routes_describe(links->routes, world);
    ks_look_ups_describe(links->look_ups, world);
    return 0;
}
