/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/links.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
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

/* A VPN may send everything through itself by one route, or by two halves that win over the
 * uplink's default route (OpenVPN's redirect-gateway def1). */
typedef enum {
    ROUTE_IPV4_ALL = 1 << 0,
    ROUTE_IPV4_LOW = 1 << 1,
    ROUTE_IPV4_HIGH = 1 << 2,
    ROUTE_IPV6_ALL = 1 << 3,
    ROUTE_IPV6_LOW = 1 << 4,
    ROUTE_IPV6_HIGH = 1 << 5,
    ROUTE_IPV6_GLOBAL = 1 << 6, /* 2000::/3: all that is assigned */
} RouteParts;

typedef struct {
    uint32_t index;
    unsigned parts;
} DefaultRoute;

struct KsLinks {
    struct mnl_socket *requests;
    struct mnl_socket *notifications;
    uint32_t sequence;
    bool known;        /* what stands below is the kernel's state but for waiting notifications */
    GArray *links;     /* KsLink */
    GArray *addresses; /* KsLinkAddress, of all links */
    GArray *routes;    /* DefaultRoute, one a link */
    GArray *private_routes; /* KsLinkRoute, into private ranges */
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

static void read_kind(const struct nlattr *linkinfo, char *kind, size_t size)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, linkinfo)
        if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND &&
            mnl_attr_validate(attribute, MNL_TYPE_STRING) == 0)
            g_strlcpy(kind, mnl_attr_get_str(attribute),
                      MIN(size, (size_t) mnl_attr_get_payload_len(attribute) + 1));
}

static void forget_link(KsLinks *links, uint32_t index)
{
    for (unsigned i = 0; i < links->links->len; i++)
        if (g_array_index(links->links, KsLink, i).index == index)
            g_array_remove_index_fast(links->links, i--);
    for (unsigned i = 0; i < links->addresses->len; i++)
        if (g_array_index(links->addresses, KsLinkAddress, i).index == index)
            g_array_remove_index_fast(links->addresses, i--);
    for (unsigned i = 0; i < links->routes->len; i++)
        if (g_array_index(links->routes, DefaultRoute, i).index == index)
            g_array_remove_index_fast(links->routes, i--);
    for (unsigned i = 0; i < links->private_routes->len; i++)
        if (g_array_index(links->private_routes, KsLinkRoute, i).index == index)
            g_array_remove_index_fast(links->private_routes, i--);
}

static void take_link(KsLinks *links, const struct nlmsghdr *message, bool gone)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
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
    link.hardware = info->ifi_type;
    link.up = info->ifi_flags & IFF_UP;
    link.loopback = info->ifi_flags & IFF_LOOPBACK;
    mnl_attr_for_each(attribute, message, sizeof(*info)) {
        if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
            g_strlcpy(link.name, mnl_attr_get_str(attribute), sizeof(link.name));
        else if (mnl_attr_get_type(attribute) == IFLA_LINKINFO &&
                 mnl_attr_validate(attribute, MNL_TYPE_NESTED) == 0)
            read_kind(attribute, link.kind, sizeof(link.kind));
        else if (mnl_attr_get_type(attribute) == IFLA_MASTER &&
                 mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            link.master = mnl_attr_get_u32(attribute);
        else if (mnl_attr_get_type(attribute) == IFLA_LINK &&
                 mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            link.lower = mnl_attr_get_u32(attribute);
        else if (mnl_attr_get_type(attribute) == IFLA_LINK_NETNSID)
            link.lower_elsewhere = true;
    }
    link.tunnel_kind = ks_link_kind_is_tunnel(link.kind);
    link.wireguard = strcmp(link.kind, "wireguard") == 0;
    link.kernel_openvpn = g_str_has_prefix(link.kind, "ovpn");

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
    size_t size;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info))
        return;
    on_link.index = info->ifa_index;
    on_link.prefix = info->ifa_prefixlen;
    on_link.address.family = info->ifa_family;
    size = ks_address_size(&on_link.address);
    if (size == 0)
        return;
    mnl_attr_for_each(attribute, message, sizeof(*info)) {
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

static unsigned route_part(uint8_t family, uint8_t prefix, const uint8_t *destination)
{
    uint8_t first = destination ? destination[0] : 0;

    if (family == AF_INET && prefix == 0)
        return ROUTE_IPV4_ALL;
    if (family == AF_INET && prefix == 1)
        return first & 0x80 ? ROUTE_IPV4_HIGH : ROUTE_IPV4_LOW;
    if (family == AF_INET6 && prefix == 0)
        return ROUTE_IPV6_ALL;
    if (family == AF_INET6 && prefix == 1)
        return first & 0x80 ? ROUTE_IPV6_HIGH : ROUTE_IPV6_LOW;
    if (family == AF_INET6 && prefix == 3 && first == 0x20)
        return ROUTE_IPV6_GLOBAL;
    return 0;
}

static void note_route(KsLinks *links, uint32_t index, unsigned part)
{
    DefaultRoute route = { .index = index, .parts = part };

    for (unsigned i = 0; i < links->routes->len; i++) {
        DefaultRoute *known = &g_array_index(links->routes, DefaultRoute, i);

        if (known->index != index)
            continue;
        known->parts |= part;
        return;
    }
    if (links->routes->len < LINKS_MAX)
        g_array_append_val(links->routes, route);
}

/* Whether a route and a private range have an address in common. */
static bool overlaps_private(const KsAddress *destination, uint8_t prefix)
{
    static const struct {
        KsAddress base;
        uint8_t prefix;
    } ranges[] = {
        { { AF_INET, { 10 } }, 8 },        { { AF_INET, { 172, 16 } }, 12 },
        { { AF_INET, { 192, 168 } }, 16 }, { { AF_INET, { 169, 254 } }, 16 },
        { { AF_INET6, { 0xfc } }, 7 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ranges); i++)
        if (ks_address_is_in(destination, &ranges[i].base, MIN(prefix, ranges[i].prefix)))
            return true;
    return false;
}

/* A route that is no default route counts if it takes private addresses somewhere. */
static void take_other_route(KsLinks *links, uint32_t index, uint8_t family, uint8_t prefix,
                             const uint8_t *destination, bool gone)
{
    KsLinkRoute route = { .index = index, .destination.family = family, .prefix = prefix };
    size_t size = ks_address_size(&route.destination);

    if (size == 0 || index == 0 || !destination || prefix > size * 8)
        return;
    memcpy(route.destination.bytes, destination, size);
    if (!overlaps_private(&route.destination, prefix))
        return;
    if (gone)
        links->known = false; /* another table may have it still: look anew */
    else if (links->private_routes->len < LINKS_MAX)
        g_array_append_val(links->private_routes, route);
}

static void take_route(KsLinks *links, const struct nlmsghdr *message, bool gone)
{
    const struct rtmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    const uint8_t *destination = NULL;
    const struct nlattr *multipath = NULL;
    uint32_t index = 0;
    unsigned part;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->rtm_type != RTN_UNICAST)
        return;
    mnl_attr_for_each(attribute, message, sizeof(*info)) {
        if (mnl_attr_get_type(attribute) == RTA_DST &&
            mnl_attr_get_payload_len(attribute) == (info->rtm_family == AF_INET ? 4 : 16))
            destination = mnl_attr_get_payload(attribute);
        else if (mnl_attr_get_type(attribute) == RTA_OIF &&
                 mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            index = mnl_attr_get_u32(attribute);
        else if (mnl_attr_get_type(attribute) == RTA_MULTIPATH)
            multipath = attribute;
    }
    /* the route that another one replaces is not told of either */
    gone |= (message->nlmsg_flags & NLM_F_REPLACE) != 0;
    part = route_part(info->rtm_family, info->rtm_dst_len, destination);
    if (part == 0) {
        take_other_route(links, index, info->rtm_family, info->rtm_dst_len, destination, gone);
        return;
    }
    if (gone) {
        /* the same part may be routed through this link by another table still: look anew */
        links->known = false;
        return;
    }
    if (index > 0)
        note_route(links, index, part);
    if (multipath) {
        const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
        int left = mnl_attr_get_payload_len(multipath);

        for (; RTNH_OK(hop, left); left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
            if (hop->rtnh_ifindex > 0)
                note_route(links, (uint32_t) hop->rtnh_ifindex, part);
    }
}

static int take_message(const struct nlmsghdr *message, void *data)
{
    KsLinks *links = data;

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
        take_route(links, message, message->nlmsg_type == RTM_DELROUTE);
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
    uint32_t port = mnl_socket_get_portid(links->requests);

    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = ++links->sequence;
    mnl_nlmsg_put_extra_header(message, sizeof(struct rtgenmsg));
    if (mnl_socket_sendto(links->requests, message, message->nlmsg_len) < 0)
        return -errno;
    for (;;) {
        ssize_t size = mnl_socket_recvfrom(links->requests, links->receive, sizeof(links->receive));
        int result;

        if (size < 0)
            return -errno;
        result =
            mnl_cb_run(links->receive, (size_t) size, links->sequence, port, take_message, links);
        if (result == MNL_CB_STOP)
            return 0;
        if (result < 0)
            return -errno;
    }
}

static int look_anew(KsLinks *links)
{
    static const uint16_t dumps[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE };
    int result = -EINTR;

    for (unsigned attempt = 0; result == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
        g_array_set_size(links->links, 0);
        g_array_set_size(links->addresses, 0);
        g_array_set_size(links->routes, 0);
        g_array_set_size(links->private_routes, 0);
        result = 0;
        for (unsigned i = 0; result == 0 && i < G_N_ELEMENTS(dumps); i++)
            result = dump(links, dumps[i]);
        if (result < 0)
            while (recv(mnl_socket_get_fd(links->requests), links->receive, sizeof(links->receive),
                        MSG_DONTWAIT) > 0)
                ; /* the rest of the dump that failed */
    }
    links->known = result == 0;
    return result;
}

static void drain_notifications(KsLinks *links)
{
    for (;;) {
        ssize_t size =
            mnl_socket_recvfrom(links->notifications, links->receive, sizeof(links->receive));

        if (size > 0)
            (void) mnl_cb_run(links->receive, (size_t) size, 0, 0, take_message, links);
        else if (size < 0 && errno == EINTR)
            continue;
        else if (size < 0 && (errno == ENOBUFS || errno == ENOSPC))
            links->known = false; /* some were lost */
        else
            return;
    }
}

static bool routes_everything(const KsLinks *links, uint32_t index)
{
    unsigned parts = 0;

    for (unsigned i = 0; i < links->routes->len; i++)
        if (g_array_index(links->routes, DefaultRoute, i).index == index)
            parts = g_array_index(links->routes, DefaultRoute, i).parts;
    return parts & (ROUTE_IPV4_ALL | ROUTE_IPV6_ALL | ROUTE_IPV6_GLOBAL) ||
           (parts & ROUTE_IPV4_LOW && parts & ROUTE_IPV4_HIGH) ||
           (parts & ROUTE_IPV6_LOW && parts & ROUTE_IPV6_HIGH);
}

int ks_links_open(KsLinks **ret_links)
{
    static const int groups[] = {
        RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
        RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
    };
    KsLinks *links = calloc(1, sizeof(*links));
    int error = 0;

    if (!links)
        return -ENOMEM;
    links->links = g_array_new(FALSE, FALSE, sizeof(KsLink));
    links->addresses = g_array_new(FALSE, FALSE, sizeof(KsLinkAddress));
    links->routes = g_array_new(FALSE, FALSE, sizeof(DefaultRoute));
    links->private_routes = g_array_new(FALSE, FALSE, sizeof(KsLinkRoute));
    links->requests = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    links->notifications = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!links->requests || !links->notifications ||
        mnl_socket_bind(links->requests, 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_bind(links->notifications, 0, MNL_SOCKET_AUTOPID) < 0)
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
    g_array_unref(links->routes);
    g_array_unref(links->private_routes);
    free(links);
}

int ks_links_fd(const KsLinks *links)
{
    return mnl_socket_get_fd(links->notifications);
}

const GArray *ks_links_addresses(const KsLinks *links)
{
    return links->addresses;
}

int ks_links_describe(KsLinks *links, KsWorld *world)
{
    drain_notifications(links);
    if (!links->known) {
        int result = look_anew(links);

        if (result < 0)
            return result;
    }

    g_array_set_size(world->links, 0);
    g_array_set_size(world->link_addresses, 0);
    g_array_set_size(world->link_routes, 0);
    for (unsigned i = 0; i < links->links->len; i++) {
        KsLink link = g_array_index(links->links, KsLink, i);

        link.default_route = routes_everything(links, link.index);
        g_array_append_val(world->links, link);
    }
    for (unsigned i = 0; i < links->addresses->len; i++) {
        const KsLinkAddress *on_link = &g_array_index(links->addresses, KsLinkAddress, i);
        const KsLink *link = find_link(links, on_link->index);

        if (link && link->tunnel_kind)
            g_array_append_val(world->link_addresses, *on_link);
    }
    for (unsigned i = 0; i < links->private_routes->len; i++) {
        const KsLinkRoute *route = &g_array_index(links->private_routes, KsLinkRoute, i);
        const KsLink *link = find_link(links, route->index);

        if (link && link->tunnel_kind)
            g_array_append_val(world->link_routes, *route);
    }
    return 0;
}
