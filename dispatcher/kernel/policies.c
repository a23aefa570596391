/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/policies.h"

#include "kernel/exchange.h"

#include <netinet/in.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/xfrm.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_SIZE  32768
#define DUMP_ATTEMPTS 16
#define PEERS_MAX     256u

/* Protocol and ports of any kind, to any address of IPv4 or of IPv6. */
static bool selects_everything(const struct xfrm_selector *selector)
{
    return (selector->family == AF_INET || selector->family == AF_INET6) &&
           selector->prefixlen_d == 0 && selector->proto == 0 && selector->sport_mask == 0 &&
           selector->dport_mask == 0 && selector->ifindex == 0;
}

/* Its first template decides: a VPN has one, in tunnel mode. False: this is not a VPN's. */
static bool read_peer(const struct nlattr *templates, KsAddress *ret_peer)
{
    const struct xfrm_user_tmpl *first = mnl_attr_get_payload(templates);
    KsAddress peer = { 0 };

    if (mnl_attr_get_payload_len(templates) < sizeof(*first) || first->mode != XFRM_MODE_TUNNEL ||
        first->id.proto != IPPROTO_ESP || (first->family != AF_INET && first->family != AF_INET6))
        return false;
    peer.family = (uint8_t) first->family;
    memcpy(peer.bytes, &first->id.daddr, ks_address_size(&peer));
    *ret_peer = peer;
    return true;
}

/* A VPN has a few policies to one peer. */
static void add_peer(KsWorld *world, const KsAddress *peer)
{
    for (unsigned i = 0; i < world->ipsec_peers->len; i++)
        if (ks_address_compare(&g_array_index(world->ipsec_peers, KsAddress, i), peer) == 0)
            return;
    if (world->ipsec_peers->len < PEERS_MAX)
        g_array_append_val(world->ipsec_peers, *peer);
}

void ks_policies_take(const struct nlmsghdr *message, KsWorld *world)
{
    const struct xfrm_userpolicy_info *policy = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    KsAddress peer;
    bool tunnel = false;
    bool of_interface = false;

    if (message->nlmsg_type != XFRM_MSG_NEWPOLICY ||
        mnl_nlmsg_get_payload_len(message) < sizeof(*policy) || policy->dir != XFRM_POLICY_OUT ||
        policy->action != XFRM_POLICY_ALLOW)
        return;
    mnl_attr_for_each(attribute, message, sizeof(*policy)) {
        if (mnl_attr_get_type(attribute) == XFRMA_TMPL)
            tunnel = read_peer(attribute, &peer);
        else if (mnl_attr_get_type(attribute) == XFRMA_IF_ID &&
                 mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
            of_interface = mnl_attr_get_u32(attribute) != 0; /* its routes say what it carries */
    }
    if (!tunnel || of_interface)
        return;
    add_peer(world, &peer);
    if (selects_everything(&policy->sel)) {
        world->ipsec_default = true;
        world->ipsec_carries[policy->sel.family == AF_INET ? KS_IPV4 : KS_IPV6] = true;
    }
}

static int take_policy(const struct nlmsghdr *message, void *data)
{
    ks_policies_take(message, data);
    return MNL_CB_OK;
}

static int dump(struct mnl_socket *socket, uint32_t sequence, KsWorld *world)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[RECEIVE_SIZE] = { 0 };
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

    message->nlmsg_type = XFRM_MSG_GETPOLICY;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = sequence;
    (void) mnl_nlmsg_put_extra_header(message, sizeof(struct xfrm_userpolicy_id));
    return ks_exchange(socket, message, buffer, sizeof(buffer), take_policy, world);
}

void ks_policies_forget(KsWorld *world)
{
    world->ipsec_default = false;
    memset(world->ipsec_carries, 0, sizeof(world->ipsec_carries));
    g_array_set_size(world->ipsec_peers, 0);
}

int ks_policies_watch(void)
{
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = 1u << (XFRMNLGRP_POLICY - 1),
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_XFRM);

    if (fd >= 0 && bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
        (void) close(fd);
        fd = -1;
    }
    return fd < 0 ? -errno : fd;
}

void ks_policies_drain(int fd)
{
    uint8_t byte;

    /* what changed is read again; ENOBUFS says that much, too */
    while (recv(fd, &byte, sizeof(byte), 0) >= 0 || errno == ENOBUFS)
        ;
}

int ks_policies_describe(KsWorld *world)
{
    int result = -EINTR;

    /* a socket for each attempt: nothing is left in it of a dump that others' changes broke */
    for (uint32_t attempt = 1; result == -EINTR && attempt <= DUMP_ATTEMPTS; attempt++) {
        struct mnl_socket *socket = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);

        ks_policies_forget(world);
        if (!socket)
            return -errno;
        result = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno
                                                                    : dump(socket, attempt, world);
        mnl_socket_close(socket);
    }
    if (result < 0)
        ks_policies_forget(world);
    return result;
}
