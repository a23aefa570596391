/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/openvpn.h"

#include "kernel/generic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* linux/ovpn.h, which the headers of older kernels do not have. */
#define FAMILY_NAME "ovpn"
enum {
    CMD_PEER_GET = 3,
    A_IFINDEX = 1,
    A_PEER = 2,
    A_PEER_REMOTE_IPV4 = 2,
    A_PEER_REMOTE_IPV6 = 3,
    A_PEER_REMOTE_PORT = 5,
    A_PEER_SOCKET_NETNSID = 7,
    A_PEER_LOCAL_PORT = 12,
};

#define PEERS_MAX     1024u
#define DUMP_ATTEMPTS 16

struct KsOpenvpn {
    KsGeneric generic;
    uint16_t family;
};

static void take_address(const struct nlattr *attribute, sa_family_t family, KsAddress *address)
{
    *address = (KsAddress){ .family = family };
    if (mnl_attr_get_payload_len(attribute) == ks_address_size(address))
        memcpy(address->bytes, mnl_attr_get_payload(attribute), ks_address_size(address));
    else
        address->family = AF_UNSPEC;
}

/* 0 if it is shorter than it should be. */
static uint16_t read_port(const struct nlattr *attribute)
{
    return mnl_attr_validate(attribute, MNL_TYPE_U16) == 0 ? ntohs(mnl_attr_get_u16(attribute)) : 0;
}

/* Over TCP there is no address (drivers/net/ovpn/netlink.c, ovpn_nl_send_peer()). A socket of
 * another network namespace has a port of that one. */
static void take_peer(const struct nlattr *nest, uint32_t index, GArray *peers)
{
    KsOpenvpnPeer peer = { .index = index };
    const struct nlattr *attribute;
    bool elsewhere = false;

    mnl_attr_for_each_nested(attribute, nest) {
        switch (mnl_attr_get_type(attribute)) {
        case A_PEER_REMOTE_IPV4:
            take_address(attribute, AF_INET, &peer.address);
            break;
        case A_PEER_REMOTE_IPV6:
            take_address(attribute, AF_INET6, &peer.address);
            break;
        case A_PEER_REMOTE_PORT:
            peer.port = read_port(attribute);
            break;
        case A_PEER_LOCAL_PORT:
            peer.from = read_port(attribute);
            break;
        case A_PEER_SOCKET_NETNSID:
            elsewhere = true;
            break;
        default:
            break;
        }
    }
    if (!elsewhere && peer.port != 0 && peer.from != 0 && ks_address_is_unicast(&peer.address) &&
        peers->len < PEERS_MAX)
        g_array_append_val(peers, peer);
}

void ks_openvpn_take(const struct nlmsghdr *message, uint32_t index, GArray *peers)
{
    const struct nlattr *attribute;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr))
        return;
    mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr))
        if (mnl_attr_get_type(attribute) == A_PEER &&
            mnl_attr_validate(attribute, MNL_TYPE_NESTED) == 0)
            take_peer(attribute, index, peers);
}

typedef struct {
    uint32_t index;
    GArray *peers;
} Reading;

static int take_message(const struct nlmsghdr *message, void *data)
{
    const Reading *reading = data;

    ks_openvpn_take(message, reading->index, reading->peers);
    return MNL_CB_OK;
}

static int read_link(KsOpenvpn *openvpn, KsLink *link, GArray *peers)
{
    uint8_t request[KS_GENERIC_REQUEST_SIZE];
    Reading reading = { link->index, peers };
    unsigned before = peers->len;
    struct nlmsghdr *message;
    int result = -EINTR;

    for (unsigned attempt = 0; result == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
        g_array_set_size(peers, before);
        message =
            ks_generic_begin(&openvpn->generic, request, openvpn->family, NLM_F_DUMP, CMD_PEER_GET);
        mnl_attr_put_u32(message, A_IFINDEX, link->index);
        result = ks_generic_ask(&openvpn->generic, message, take_message, &reading);
    }
    link->peers_known = result == 0 && peers->len < PEERS_MAX;
    if (!link->peers_known)
        g_array_set_size(peers, before);
    return result;
}

int ks_openvpn_open(KsOpenvpn **ret_openvpn)
{
    KsOpenvpn *openvpn = calloc(1, sizeof(*openvpn));
    int result;

    if (!openvpn)
        return -ENOMEM;
    result = ks_generic_open(&openvpn->generic);
    if (result == 0)
        result = ks_generic_find_family(&openvpn->generic, FAMILY_NAME, &openvpn->family);
    if (result < 0)
        ks_openvpn_close(openvpn);
    else
        *ret_openvpn = openvpn;
    return result;
}

void ks_openvpn_close(KsOpenvpn *openvpn)
{
    if (!openvpn)
        return;
    ks_generic_close(&openvpn->generic);
    free(openvpn);
}

int ks_openvpn_describe(KsOpenvpn *openvpn, KsWorld *world)
{
    int first_error = 0;

    g_array_set_size(world->openvpn_peers, 0);
    for (unsigned i = 0; i < world->links->len; i++) {
        KsLink *link = &g_array_index(world->links, KsLink, i);
        bool is_one = strcmp(link->kind, KS_LINK_KIND_OPENVPN) == 0;
        int result = is_one ? read_link(openvpn, link, world->openvpn_peers) : 0;

        if (result < 0 && result != -ENODEV && first_error == 0)
            first_error = result; /* a link that has gone since is no error */
    }
    return first_error;
}
