/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leaktest/sender.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_SIZE 512u

struct KsProbeSender {
    GArray *probes;
    int *fds; /* one a probe; -1: none */
};

/* Room for all that a probe is sent to. */
typedef union {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    struct sockaddr_ll link;
} Target;

static socklen_t target_of(const KsProbe *probe, Target *ret_target)
{
    *ret_target = (Target){ 0 };
    if (probe->kind == KS_PROBE_FRAME) {
        ret_target->link = (struct sockaddr_ll){
            .sll_family = AF_PACKET,
            .sll_protocol = htons(probe->family == KS_IPV4 ? ETH_P_IP : ETH_P_IPV6),
            .sll_ifindex = (int) probe->card,
            .sll_halen = 6,
            .sll_addr = { 0x02 }, /* a hardware address that nobody's card has */
        };
        ks_probe_random(ret_target->link.sll_addr + 1, 5);
        return sizeof(ret_target->link);
    }
    if (probe->family == KS_IPV4) {
        ret_target->in4.sin_family = AF_INET;
        ret_target->in4.sin_port = htons(probe->port);
        memcpy(&ret_target->in4.sin_addr, probe->destination.bytes, 4);
        return sizeof(ret_target->in4);
    }
    ret_target->in6.sin6_family = AF_INET6;
    ret_target->in6.sin6_port = htons(probe->port);
    ret_target->in6.sin6_scope_id = probe->scope;
    memcpy(&ret_target->in6.sin6_addr, probe->destination.bytes, 16);
    return sizeof(ret_target->in6);
}

static int open_socket(const KsProbe *probe)
{
    int domain = probe->family == KS_IPV4 ? AF_INET : AF_INET6;
    int kind = SOCK_DGRAM;
    int protocol = 0;

    if (probe->kind == KS_PROBE_TCP) {
        kind = SOCK_STREAM;
    } else if (probe->kind == KS_PROBE_ECHO) {
        kind = SOCK_RAW;
        protocol = probe->family == KS_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    } else if (probe->kind == KS_PROBE_FRAME) {
        domain = AF_PACKET;
    }
    return socket(domain, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

/* The port that the kernel takes when it connects; 0: it took none. */
static uint16_t source_port(int fd)
{
    Target own = { 0 };
    socklen_t length = sizeof(own);

    if (getsockname(fd, &own.any, &length) < 0)
        return 0;
    return ntohs(own.any.sa_family == AF_INET ? own.in4.sin_port : own.in6.sin6_port);
}

static int send_payload(const KsProbe *probe, int fd, const Target *target, socklen_t length)
{
    uint8_t payload[KS_PAYLOAD_SIZE];
    size_t size = ks_probe_payload(probe, payload);
    ssize_t sent;

    /* the others are connected: the kernel tells them what becomes of their packets */
    if (probe->kind == KS_PROBE_FRAME)
        sent = sendto(fd, payload, size, 0, &target->any, length);
    else
        sent = send(fd, payload, size, MSG_NOSIGNAL);
    return sent < 0 ? -errno : 0;
}

/* A raw socket's address has no port. */
static int connect_to(const KsProbe *probe, int fd, Target *target, socklen_t length)
{
    if (probe->kind == KS_PROBE_ECHO && probe->family == KS_IPV4)
        target->in4.sin_port = 0;
    else if (probe->kind == KS_PROBE_ECHO)
        target->in6.sin6_port = 0;
    if (connect(fd, &target->any, length) == 0 || errno == EINPROGRESS)
        return 0;
    return -errno;
}

static int try(KsProbe *probe, int fd)
{
    Target target;
    socklen_t length = target_of(probe, &target);
    int error = 0;

    if (probe->card && probe->kind != KS_PROBE_FRAME &&
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, probe->interface,
                   (socklen_t) strlen(probe->interface)) < 0)
        return -errno;
    if (probe->kind != KS_PROBE_FRAME)
        error = connect_to(probe, fd, &target, length);
    if (probe->kind == KS_PROBE_TCP) {
        uint16_t port = source_port(fd);

        if (port)
            ks_probe_mark_tcp(probe, port);
        return error;
    }
    return error ? error : send_payload(probe, fd, &target, length);
}

static bool means_no_way(int error)
{
    return error == ENETUNREACH || error == EADDRNOTAVAIL || error == ENODEV || error == ENETDOWN ||
           error == EAFNOSUPPORT || error == EINVAL;
}

static void send_one(KsProbeSender *sender, unsigned number)
{
    KsProbe *probe = &g_array_index(sender->probes, KsProbe, number);
    int fd = open_socket(probe);
    int error = fd < 0 ? errno : -try(probe, fd);

    sender->fds[number] = fd;
    probe->error = error;
    if (error)
        probe->fate = means_no_way(error) ? KS_FATE_NO_WAY : KS_FATE_REFUSED;
}

/* A socket is his whose file system id this thread has as it makes it: nf_tables' skuid, iptables'
 * owner and `ip rule uidrange` judge by that. setfsuid(2) tells no errors. */
static bool become(uid_t uid)
{
    (void) setfsuid(uid);
    return (uid_t) setfsuid((uid_t) -1) == uid;
}

KsProbeSender *ks_probe_sender_send(GArray *probes, uid_t uid)
{
    KsProbeSender *sender = g_new0(KsProbeSender, 1);
    bool is_right = true;

    sender->probes = probes;
    sender->fds = g_new(int, probes->len);
    for (unsigned i = 0; i < probes->len; i++)
        sender->fds[i] = -1;
    for (unsigned i = 0; is_right && i < probes->len; i++) {
        is_right = become(g_array_index(probes, KsProbe, i).by_root ? 0 : uid);
        if (is_right)
            send_one(sender, i);
    }
    if (is_right && become(0))
        return sender;
    (void) become(0);
    ks_probe_sender_free(sender);
    return NULL;
}

static bool is_answer(const KsProbe *probe, int fd)
{
    uint8_t answer[ANSWER_SIZE];
    ssize_t size = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);

    /* the same question, and the bit that says that this is an answer */
    return size > 2 && answer[2] & 0x80 &&
           memmem(answer, (size_t) size, probe->mark, probe->mark_size) != NULL;
}

void ks_probe_sender_collect(KsProbeSender *sender)
{
    for (unsigned i = 0; i < sender->probes->len; i++) {
        KsProbe *probe = &g_array_index(sender->probes, KsProbe, i);
        socklen_t length = sizeof(int);
        int error = 0;

        if (sender->fds[i] < 0 || probe->kind == KS_PROBE_FRAME)
            continue;
        if (probe->fate == KS_FATE_HELD &&
            getsockopt(sender->fds[i], SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error) {
            probe->error = error;
            probe->fate = KS_FATE_REFUSED;
        }
        if (probe->kind == KS_PROBE_DNS_TUNNEL && !probe->answered)
            probe->answered = is_answer(probe, sender->fds[i]);
    }
}

void ks_probe_sender_free(KsProbeSender *sender)
{
    if (!sender)
        return;
    for (unsigned i = 0; i < sender->probes->len; i++)
        if (sender->fds[i] >= 0)
            close(sender->fds[i]);
    g_free(sender->fds);
    g_free(sender);
}
