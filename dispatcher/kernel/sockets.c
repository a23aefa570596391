/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sockets.h"

#include "kernel/exchange.h"

#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_SIZE 16384

struct KsSockets {
    struct mnl_socket *socket;
    uint32_t sequence;
    _Alignas(struct nlmsghdr) uint8_t receive[RECEIVE_SIZE];
};

int ks_sockets_open(KsSockets **ret_sockets)
{
    KsSockets *sockets = calloc(1, sizeof(*sockets));

    if (!sockets)
        return -ENOMEM;
    sockets->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    if (!sockets->socket || mnl_socket_bind(sockets->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        int result = -errno;

        ks_sockets_close(sockets);
        return result;
    }
    *ret_sockets = sockets;
    return 0;
}

void ks_sockets_close(KsSockets *sockets)
{
    if (!sockets)
        return;
    if (sockets->socket)
        mnl_socket_close(sockets->socket);
    free(sockets);
}

uint32_t ks_sockets_read(const struct nlmsghdr *message, uint32_t uid)
{
    const struct inet_diag_msg *found = mnl_nlmsg_get_payload(message);

    return message->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
                   mnl_nlmsg_get_payload_len(message) >= sizeof(*found) && found->idiag_uid == uid
               ? found->idiag_inode
               : 0;
}

typedef struct {
    uint32_t uid;
    uint32_t inode;
} Found;

static int take(const struct nlmsghdr *message, void *data)
{
    Found *found = data;

    found->inode = ks_sockets_read(message, found->uid);
    return MNL_CB_STOP;
}

static void put_address(const KsAddress *address, uint8_t family, uint32_t *ret_words)
{
    uint32_t mapped = htonl(0xffff); /* ::ffff:0:0/96, RFC 4291 */

    if (family == AF_INET6 && address->family == AF_INET) {
        memcpy(&ret_words[2], &mapped, sizeof(mapped));
        memcpy(&ret_words[3], address->bytes, 4);
    } else {
        memcpy(ret_words, address->bytes, ks_address_size(address));
    }
}

/* A connected socket is found by both ends; of UDP's that are not, by what it is bound to. UDP's is
 * looked up with its ends the other way round (net/ipv4/udp_diag.c, udp_dump_one()). */
static uint32_t find(KsSockets *sockets, const KsRefusedPacket *packet, uint8_t family)
{
    _Alignas(struct nlmsghdr) uint8_t request[256];
    struct nlmsghdr *message = mnl_nlmsg_put_header(request);
    bool swapped = packet->protocol == IPPROTO_UDP;
    struct inet_diag_req_v2 *question;
    Found found = { .uid = packet->uid };

    message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    message->nlmsg_flags = NLM_F_REQUEST;
    message->nlmsg_seq = ++sockets->sequence;
    question = mnl_nlmsg_put_extra_header(message, sizeof(*question));
    question->sdiag_family = family;
    question->sdiag_protocol = packet->protocol;
    question->idiag_states = UINT32_MAX;
    question->id.idiag_sport = htons(swapped ? packet->port : packet->source_port);
    question->id.idiag_dport = htons(swapped ? packet->source_port : packet->port);
    put_address(swapped ? &packet->destination : &packet->source, family, question->id.idiag_src);
    put_address(swapped ? &packet->source : &packet->destination, family, question->id.idiag_dst);
    question->id.idiag_if = packet->out; /* one that is bound to a card */
    question->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    question->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    (void) ks_exchange(sockets->socket, message, sockets->receive, sizeof(sockets->receive), take,
                       &found);
    return found.inode;
}

uint32_t ks_sockets_find(KsSockets *sockets, const KsRefusedPacket *packet)
{
    uint32_t inode;

    if (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP)
        return 0;
    inode = find(sockets, packet, packet->source.family);
    if (inode == 0 && packet->source.family == AF_INET) /* a socket of both versions */
        inode = find(sockets, packet, AF_INET6);
    return inode;
}
