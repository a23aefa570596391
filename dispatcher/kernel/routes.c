/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/routes.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#define ROUTES_MAX      16384u
#define GATEWAYS_MAX    64u
#define STEERINGS_MAX   256u
#define HOST_ROUTES_MAX 256u

/* As wide as 2000::/3, which is all of IPv6 that is assigned, and as halves of everything. */
#define WAY_OUT_PREFIX_MAX 3
#define HALF_PREFIX        1
#define IPV4_BITS          32u

struct KsRoutes {
    GArray *ways_out;    /* WayOut */
    GArray *private;     /* KsLinkRoute, into private ranges */
    GArray *gateways;    /* KsLinkAddress, of IPv4's wide routes */
    GArray *steerings;   /* KsSteering */
    GArray *host_routes; /* KsLinkAddress */
};

typedef struct {
    uint32_t index; /* of the link */
    uint8_t family; /* of who is reached; AF_UNSPEC: IPv4 by way of IPv6, as a translator's is */
} WayOut;

/* What one message says. */
typedef struct {
    KsAddress destination;
    uint8_t prefix;
    bool gateway;
    KsAddress via; /* the gateway, if it is an IPv4 address */
    bool by_other; /* the gateway's family is another one */
    bool gone;
    uint8_t protocol; /* who made it, RTPROT_* */
    uint32_t index;
    const struct nlattr *multipath;
} Route;

KsRoutes *ks_routes_new(void)
{
    KsRoutes *routes = g_new0(KsRoutes, 1);

    routes->ways_out = g_array_new(FALSE, FALSE, sizeof(WayOut));
    routes->private = g_array_new(FALSE, FALSE, sizeof(KsLinkRoute));
    routes->gateways = g_array_new(FALSE, FALSE, sizeof(KsLinkAddress));
    routes->steerings = g_array_new(FALSE, FALSE, sizeof(KsSteering));
    routes->host_routes = g_array_new(FALSE, FALSE, sizeof(KsLinkAddress));
    return routes;
}

void ks_routes_free(KsRoutes *routes)
{
    if (!routes)
        return;
    g_array_unref(routes->ways_out);
    g_array_unref(routes->private);
    g_array_unref(routes->gateways);
    g_array_unref(routes->steerings);
    g_array_unref(routes->host_routes);
    g_free(routes);
}

void ks_routes_clear(KsRoutes *routes)
{
    g_array_set_size(routes->ways_out, 0);
    g_array_set_size(routes->private, 0);
    g_array_set_size(routes->gateways, 0);
    g_array_set_size(routes->steerings, 0);
    g_array_set_size(routes->host_routes, 0);
}

static void note_way_out(KsRoutes *routes, const Route *route, uint32_t index)
{
    WayOut new = {
        .index = index,
        .family = route->by_other ? AF_UNSPEC : route->destination.family,
    };

    for (unsigned i = 0; i < routes->ways_out->len; i++) {
        const WayOut *known = &g_array_index(routes->ways_out, WayOut, i);

        if (known->index == new.index && known->family == new.family)
            return;
    }
    if (index > 0 && routes->ways_out->len < ROUTES_MAX)
        g_array_append_val(routes->ways_out, new);
}

/* `field`: where an element has its link's index. */
static void forget(GArray *elements, size_t field, uint32_t index)
{
    size_t size = g_array_get_element_size(elements);

    for (unsigned i = 0; i < elements->len; i++)
        if (*(const uint32_t *) (elements->data + i * size + field) == index)
            g_array_remove_index_fast(elements, i--);
}

void ks_routes_forget_link(KsRoutes *routes, uint32_t index)
{
    forget(routes->ways_out, offsetof(WayOut, index), index);
    forget(routes->private, offsetof(KsLinkRoute, index), index);
    forget(routes->gateways, offsetof(KsLinkAddress, index), index);
    forget(routes->steerings, offsetof(KsSteering, index), index);
    forget(routes->host_routes, offsetof(KsLinkAddress, index), index);
}

static void note_address(GArray *addresses, unsigned max, uint32_t index, const KsAddress *address)
{
    KsLinkAddress new = { .index = index, .address = *address };

    for (unsigned i = 0; i < addresses->len; i++) {
        const KsLinkAddress *known = &g_array_index(addresses, KsLinkAddress, i);

        if (known->index == index && ks_address_compare(&known->address, address) == 0)
            return;
    }
    if (addresses->len < max)
        g_array_append_val(addresses, new);
}

static void note_gateway(KsRoutes *routes, const Route *route)
{
    if (route->via.family == AF_INET && route->prefix <= HALF_PREFIX)
        note_address(routes->gateways, GATEWAYS_MAX, route->index, &route->via);
}

/* Whether a route and a private range have an address in common. */
static bool overlaps_private(const Route *route)
{
    static const struct {
        KsAddress base;
        uint8_t prefix;
    } ranges[] = {
        { { AF_INET, { 10 } }, 8 },        { { AF_INET, { 172, 16 } }, 12 },
        { { AF_INET, { 192, 168 } }, 16 }, { { AF_INET, { 169, 254 } }, 16 },
        { { AF_INET, { 100, 64 } }, 10 },  { { AF_INET6, { 0xfc } }, 7 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ranges); i++)
        if (ks_address_is_in(&route->destination, &ranges[i].base,
                             MIN(route->prefix, ranges[i].prefix)))
            return true;
    return false;
}

/* No address of it is on the internet. */
static bool is_never_public(const Route *route, bool or_documentation)
{
    static const struct {
        KsAddress base;
        uint8_t prefix;
        bool documentation;
    } ranges[] = {
        { { AF_INET, { 10 } }, 8 },
        { { AF_INET, { 172, 16 } }, 12 },
        { { AF_INET, { 192, 168 } }, 16 },
        { { AF_INET, { 169, 254 } }, 16 },
        { { AF_INET, { 100, 64 } }, 10 },
        { { AF_INET, { 127 } }, 8 },
        { { AF_INET, { 224 } }, 3 },
        { { AF_INET, { 192, 0, 2 } }, 24, true },
        { { AF_INET, { 198, 51, 100 } }, 24, true },
        { { AF_INET, { 203, 0, 113 } }, 24, true },
        { { AF_INET6, { 0xfc } }, 7 },
        { { AF_INET6, { 0xfe, 0x80 } }, 9 },
        { { AF_INET6, { 0xff } }, 8 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ranges); i++)
        if ((or_documentation || !ranges[i].documentation) && route->prefix >= ranges[i].prefix &&
            ks_address_is_in(&route->destination, &ranges[i].base, ranges[i].prefix))
            return true;
    return false;
}

/* A default route is a network's business, and so is IPv6's own prefix, which is public. */
static bool steers(const Route *route, bool gateway, KsSteered *ret_how)
{
    bool local = !gateway && route->destination.family == AF_INET && route->prefix < IPV4_BITS &&
                 (route->protocol == RTPROT_KERNEL || route->protocol == RTPROT_DHCP);

    if (route->prefix == 0 || is_never_public(route, local))
        return false;
    if (local)
        *ret_how = KS_STEERED_LOCAL;
    else if (gateway && route->protocol == RTPROT_DHCP)
        *ret_how = KS_STEERED_BY_DHCP;
    else if (gateway && route->protocol == RTPROT_RA)
        *ret_how = KS_STEERED_BY_ROUTER;
    else
        return false;
    return true;
}

static void note_steering(KsRoutes *routes, const Route *route, uint32_t index, KsSteered how)
{
    KsSteering steering = {
        .index = index,
        .destination = route->destination,
        .prefix = route->prefix,
        .how = how,
    };

    for (unsigned i = 0; i < routes->steerings->len; i++) {
        const KsSteering *known = &g_array_index(routes->steerings, KsSteering, i);

        if (known->index == index && known->how == how && known->prefix == route->prefix &&
            ks_address_compare(&known->destination, &route->destination) == 0)
            return;
    }
    if (routes->steerings->len < STEERINGS_MAX)
        g_array_append_val(routes->steerings, steering);
}

/* No network made it: NetworkManager's routes to VPN servers are so, and those of profiles. */
static bool is_host_route(const Route *route, bool gateway)
{
    return gateway && route->protocol == RTPROT_STATIC &&
           route->prefix == ks_address_size(&route->destination) * 8;
}

/* Of a bridge, and of what stands on another link, each gateway counts: they may be the guests',
 * who have none. Of others only the wide routes do, or each VPN server's route would. */
static bool gateways_count(const GArray *links, uint32_t index)
{
    for (unsigned i = 0; i < links->len; i++) {
        const KsLink *link = &g_array_index(links, KsLink, i);

        if (link->index == index)
            return strcmp(link->kind, "bridge") == 0 || (link->lower && !link->lower_elsewhere);
    }
    return false;
}

static bool is_way_out(const Route *route, uint32_t index, bool gateway, const GArray *links)
{
    return route->prefix <= WAY_OUT_PREFIX_MAX || (gateway && gateways_count(links, index));
}

static bool read_route(const struct nlmsghdr *message, Route *route)
{
    const struct rtmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    size_t size;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->rtm_type != RTN_UNICAST)
        return false;
    route->destination.family = info->rtm_family;
    route->prefix = info->rtm_dst_len;
    route->protocol = info->rtm_protocol;
    size = ks_address_size(&route->destination);
    if (size == 0 || route->prefix > size * 8)
        return false;
    mnl_attr_for_each(attribute, message, sizeof(*info)) {
        switch (mnl_attr_get_type(attribute)) {
        case RTA_DST:
            if (mnl_attr_get_payload_len(attribute) == size)
                memcpy(route->destination.bytes, mnl_attr_get_payload(attribute), size);
            break;
        case RTA_GATEWAY:
            if (info->rtm_family == AF_INET && mnl_attr_get_payload_len(attribute) == size) {
                route->via.family = AF_INET;
                memcpy(route->via.bytes, mnl_attr_get_payload(attribute), size);
            }
            route->gateway = true;
            break;
        case RTA_VIA:
            route->gateway = true;
            route->by_other = true;
            break;
        case RTA_OIF:
            if (mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
                route->index = mnl_attr_get_u32(attribute);
            break;
        case RTA_MULTIPATH:
            route->multipath = attribute;
            break;
        default:
            break;
        }
    }
    /* the route that another one replaces is not told of either */
    route->gone = message->nlmsg_type == RTM_DELROUTE || message->nlmsg_flags & NLM_F_REPLACE;
    return true;
}

static bool take_hop(KsRoutes *routes, const Route *route, uint32_t index, bool gateway,
                     const GArray *links)
{
    KsLinkRoute private = {
        .index = index,
        .destination = route->destination,
        .prefix = route->prefix,
    };
    KsSteered how;

    if (index == 0)
        return true;
    if (steers(route, gateway, &how)) {
        if (route->gone)
            return false;
        note_steering(routes, route, index, how);
    }
    if (is_host_route(route, gateway)) {
        if (route->gone)
            return false;
        note_address(routes->host_routes, HOST_ROUTES_MAX, index, &route->destination);
    }
    if (is_way_out(route, index, gateway, links)) {
        if (route->gone)
            return false;
        note_way_out(routes, route, index);
        note_gateway(routes, route);
    }
    /* a default route takes private addresses only where nothing else does */
    if (route->prefix <= HALF_PREFIX || !overlaps_private(route))
        return true;
    if (!route->gone && routes->private->len < ROUTES_MAX)
        g_array_append_val(routes->private, private);
    return !route->gone;
}

bool ks_routes_take(KsRoutes *routes, const struct nlmsghdr *message, const GArray *links)
{
    const struct rtnexthop *hop;
    Route route = { 0 };
    bool known = true;
    int left;

    if (!read_route(message, &route))
        return true;
    if (!route.multipath)
        return take_hop(routes, &route, route.index, route.gateway, links);
    hop = mnl_attr_get_payload(route.multipath);
    left = mnl_attr_get_payload_len(route.multipath);
    for (; RTNH_OK(hop, left); left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
        if (hop->rtnh_ifindex > 0)
            known &= take_hop(routes, &route, (uint32_t) hop->rtnh_ifindex,
                              hop->rtnh_len > RTNH_LENGTH(0), links);
    return known;
}

void ks_routes_describe(const KsRoutes *routes, KsWorld *world)
{
    g_array_set_size(world->link_routes, 0);
    g_array_set_size(world->gateways, 0);
    g_array_append_vals(world->gateways, routes->gateways->data, routes->gateways->len);
    for (unsigned i = 0; i < world->links->len; i++) {
        KsLink *link = &g_array_index(world->links, KsLink, i);

        for (unsigned j = 0; j < routes->ways_out->len; j++) {
            const WayOut *way = &g_array_index(routes->ways_out, WayOut, j);

            if (way->index != link->index)
                continue;
            link->leads_out = true;
            link->way_out[KS_IPV4] |= way->family == AF_INET;
            link->way_out[KS_IPV6] |= way->family == AF_INET6;
        }
    }
    g_array_set_size(world->steerings, 0);
    for (unsigned i = 0; i < routes->steerings->len; i++) {
        const KsSteering *steering = &g_array_index(routes->steerings, KsSteering, i);
        const KsLink *link = ks_world_link_by_index(world, steering->index);

        if (link && !link->tunnel_kind && !link->loopback)
            g_array_append_val(world->steerings, *steering);
    }
    g_array_set_size(world->host_routes, 0);
    for (unsigned i = 0; i < routes->host_routes->len; i++) {
        const KsLinkAddress *reached = &g_array_index(routes->host_routes, KsLinkAddress, i);
        const KsLink *link = ks_world_link_by_index(world, reached->index);

        if (link && !link->tunnel_kind && !link->loopback)
            g_array_append_val(world->host_routes, *reached);
    }
    for (unsigned i = 0; i < routes->private->len; i++) {
        const KsLinkRoute *route = &g_array_index(routes->private, KsLinkRoute, i);
        const KsLink *link = ks_world_link_by_index(world, route->index);

        if (link && link->tunnel_kind)
            g_array_append_val(world->link_routes, *route);
    }
}
