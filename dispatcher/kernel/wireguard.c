/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/wireguard.h"

#include "kernel/generic.h"

#include <netinet/in.h>

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINTS_MAX 4096u
#define DUMP_ATTEMPTS 16

struct KsWireguard {
    KsGeneric generic;
    uint16_t family;
};

/* A socket address as the kernel writes it (drivers/net/wireguard/netlink.c, get_peer()). */
static void take_endpoint(const struct nlattr *attribute, uint32_t index, GArray *endpoints)
{
    KsWireguardEndpoint endpoint = { .index = index };
    size_t size = mnl_attr_get_payload_len(attribute);
    struct sockaddr_in6 address6;
    struct sockaddr_in address4;
    sa_family_t family;

    if (size < sizeof(family) || endpoints->len >= ENDPOINTS_MAX)
        return;
    memcpy(&family, mnl_attr_get_payload(attribute), sizeof(family));
    if (family == AF_INET && size >= sizeof(address4)) {
        memcpy(&address4, mnl_attr_get_payload(attribute), sizeof(address4));
        memcpy(endpoint.address.bytes, &address4.sin_addr, sizeof(address4.sin_addr));
        endpoint.port = ntohs(address4.sin_port);
    } else if (family == AF_INET6 && size >= sizeof(address6)) {
        memcpy(&address6, mnl_attr_get_payload(attribute), sizeof(address6));
        memcpy(endpoint.address.bytes, &address6.sin6_addr, sizeof(address6.sin6_addr));
        endpoint.port = ntohs(address6.sin6_port);
    } else {
        return;
    }
    endpoint.address.family = family;
    if (endpoint.port != 0 && ks_address_is_unicast(&endpoint.address))
        g_array_append_val(endpoints, endpoint);
}

/* 0 if it is shorter than it should be. */
static uint64_t read_number(const struct nlattr *attribute)
{
    return mnl_attr_validate(attribute, MNL_TYPE_U64) == 0 ? mnl_attr_get_u64(attribute) : 0;
}

static void take_keepalive(const struct nlattr *attribute, KsWireguardTraffic *traffic)
{
    uint16_t interval =
        mnl_attr_validate(attribute, MNL_TYPE_U16) == 0 ? mnl_attr_get_u16(attribute) : 0;

    if (interval == 0)
        return;
    traffic->keepers++;
    traffic->keepalives += KS_WIREGUARD_KEEPALIVE * 1000u / interval;
}

static void take_peer(const struct nlattr *peer, KsLink *link, GArray *endpoints)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, peer) {
        switch (mnl_attr_get_type(attribute)) {
        case WGPEER_A_ENDPOINT:
            take_endpoint(attribute, link->index, endpoints);
            break;
        case WGPEER_A_TX_BYTES: /* once for each peer: what goes on in the next message has none */
            link->traffic.peers++;
            link->traffic.sent += read_number(attribute);
            break;
        case WGPEER_A_RX_BYTES:
            link->traffic.received += read_number(attribute);
            break;
        case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
            take_keepalive(attribute, &link->traffic);
            break;
        default:
            break;
        }
    }
}

static void take_peers(const struct nlattr *peers, KsLink *link, GArray *endpoints)
{
    const struct nlattr *peer;

    mnl_attr_for_each_nested(peer, peers)
        if (mnl_attr_validate(peer, MNL_TYPE_NESTED) == 0)
            take_peer(peer, link, endpoints);
}

void ks_wireguard_take(const struct nlmsghdr *message, KsLink *link, GArray *endpoints)
{
    const struct nlattr *attribute;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr))
        return;
    mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr)) {
        switch (mnl_attr_get_type(attribute)) {
        case WGDEVICE_A_LISTEN_PORT:
            if (mnl_attr_validate(attribute, MNL_TYPE_U16) == 0)
                link->port = mnl_attr_get_u16(attribute);
            break;
        case WGDEVICE_A_FWMARK:
            if (mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
                link->mark = mnl_attr_get_u32(attribute);
            break;
        case WGDEVICE_A_PEERS:
            if (mnl_attr_validate(attribute, MNL_TYPE_NESTED) == 0)
                take_peers(attribute, link, endpoints);
            break;
        default:
            break;
        }
    }
}

typedef struct {
    KsLink *link;
    GArray *endpoints;
} Reading;

static int take_device(const struct nlmsghdr *message, void *data)
{
    const Reading *reading = data;

    ks_wireguard_take(message, reading->link, reading->endpoints);
    return MNL_CB_OK;
}

static int read_link(KsWireguard *wireguard, KsLink *link, GArray *endpoints)
{
    uint8_t request[KS_GENERIC_REQUEST_SIZE];
    struct nlmsghdr *message;
    Reading reading = { link, endpoints };
    unsigned before = endpoints->len;
    int result = -EINTR;

    for (unsigned attempt = 0; result == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
        g_array_set_size(endpoints, before);
        link->traffic = (KsWireguardTraffic){ 0 };
        message = ks_generic_begin(&wireguard->generic, request, wireguard->family, NLM_F_DUMP,
                                   WG_CMD_GET_DEVICE);
        mnl_attr_put_u32(message, WGDEVICE_A_IFINDEX, link->index);
        result = ks_generic_ask(&wireguard->generic, message, take_device, &reading);
    }
    if (result < 0) {
        link->mark = 0;
        link->port = 0;
        link->traffic = (KsWireguardTraffic){ 0 };
        g_array_set_size(endpoints, before);
    }
    return result;
}

int ks_wireguard_open(KsWireguard **ret_wireguard)
{
    KsWireguard *wireguard = calloc(1, sizeof(*wireguard));
    int result;

    if (!wireguard)
        return -ENOMEM;
    result = ks_generic_open(&wireguard->generic);
    if (result == 0)
        result = ks_generic_find_family(&wireguard->generic, WG_GENL_NAME, &wireguard->family);
    if (result < 0)
        ks_wireguard_close(wireguard);
    else
        *ret_wireguard = wireguard;
    return result;
}

void ks_wireguard_close(KsWireguard *wireguard)
{
    if (!wireguard)
        return;
    ks_generic_close(&wireguard->generic);
    free(wireguard);
}

int ks_wireguard_describe(KsWireguard *wireguard, KsWorld *world)
{
    int first_error = 0;

    g_array_set_size(world->wireguard_endpoints, 0);
    for (unsigned i = 0; i < world->links->len; i++) {
        KsLink *link = &g_array_index(world->links, KsLink, i);
        int result = link->wireguard ? read_link(wireguard, link, world->wireguard_endpoints) : 0;

        if (result < 0 && result != -ENODEV && first_error == 0)
            first_error = result; /* a link that has gone since is no error */
    }
    return first_error;
}

int ks_wireguard_read_traffic(KsWireguard *wireguard, uint32_t index,
                              KsWireguardTraffic *ret_traffic)
{
    g_autoptr(GArray) endpoints = g_array_new(FALSE, FALSE, sizeof(KsWireguardEndpoint));
    KsLink link = { .index = index };
    int result = read_link(wireguard, &link, endpoints);

    if (result == 0)
        *ret_traffic = link.traffic;
    return result;
}
