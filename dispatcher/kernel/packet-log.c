/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/packet-log.h"

#include "kernel/exchange.h"
#include "model/names.h"

/* before the kernel's headers, which then leave out what libc has defined */
#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_SIZE 16384

/* A second's worth of what the rules tell at most. */
#define QUEUE_SIZE   (256 * 1024)
#define MESSAGES_MAX 256u

/* As the rules cut packets; what else reads this group gets no more either. */
#define COPIED_BYTES 96

struct KsPacketLog {
    struct mnl_socket *socket;
    _Alignas(struct nlmsghdr) uint8_t receive[RECEIVE_SIZE];
};

static struct nlmsghdr *begin(void *buffer)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *family;

    message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    family = mnl_nlmsg_put_extra_header(message, sizeof(*family));
    family->nfgen_family = AF_UNSPEC;
    family->version = NFNETLINK_V0;
    family->res_id = htons(KS_LOG_GROUP);
    return message;
}

static int bind_to_group(KsPacketLog *log)
{
    _Alignas(struct nlmsghdr) uint8_t request[256];
    struct nlmsghdr *message = begin(request);
    struct nfulnl_msg_config_cmd command = { .command = NFULNL_CFG_CMD_BIND };
    struct nfulnl_msg_config_mode mode = {
        .copy_range = htonl(COPIED_BYTES),
        .copy_mode = NFULNL_COPY_PACKET,
    };

    mnl_attr_put(message, NFULA_CFG_CMD, sizeof(command), &command);
    mnl_attr_put(message, NFULA_CFG_MODE, sizeof(mode), &mode);
    mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, htonl(1)); /* the one who sent it is still there */
    return ks_exchange(log->socket, message, log->receive, sizeof(log->receive), NULL, NULL);
}

int ks_packet_log_open(KsPacketLog **ret_log)
{
    KsPacketLog *log = calloc(1, sizeof(*log));
    int size = QUEUE_SIZE;
    int result = 0;

    if (!log)
        return -ENOMEM;
    log->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!log->socket || mnl_socket_bind(log->socket, 0, MNL_SOCKET_AUTOPID) < 0)
        result = -errno;
    if (result == 0)
        result = bind_to_group(log);
    if (result < 0) {
        ks_packet_log_close(log);
        return result;
    }
    (void) setsockopt(mnl_socket_get_fd(log->socket), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    *ret_log = log;
    return 0;
}

void ks_packet_log_close(KsPacketLog *log)
{
    if (!log)
        return;
    if (log->socket)
        mnl_socket_close(log->socket);
    free(log);
}

int ks_packet_log_fd(const KsPacketLog *log)
{
    return mnl_socket_get_fd(log->socket);
}

static uint32_t number32(const struct nlattr *attribute)
{
    return mnl_attr_get_payload_len(attribute) >= sizeof(uint32_t)
               ? ntohl(mnl_attr_get_u32(attribute))
               : 0;
}

static bool take_hook(KsRefusedPacket *packet, uint8_t family, const struct nlattr *attribute)
{
    const struct nfulnl_msg_packet_hdr *header = mnl_attr_get_payload(attribute);

    if (mnl_attr_get_payload_len(attribute) < sizeof(*header))
        return false;
    if (family == NFPROTO_NETDEV)
        packet->way = KS_REFUSED_FRAME;
    else if (header->hook == NF_INET_FORWARD)
        packet->way = KS_REFUSED_FORWARDED;
    else
        packet->way = KS_REFUSED_SENT;
    return true;
}

static bool says_untold(const struct nlattr *attribute)
{
    uint16_t size = mnl_attr_get_payload_len(attribute);

    return size >= sizeof(KS_LOG_UNTOLD) - 1 &&
           strncmp(mnl_attr_get_payload(attribute), KS_LOG_UNTOLD, size) == 0;
}

int ks_packet_log_read(const struct nlmsghdr *message, bool (*is_bare)(uint32_t interface),
                       KsRefusedPacket *ret_packet)
{
    const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
    const struct nlattr *payload = NULL;
    const struct nlattr *attribute;
    bool has_hook = false;

    *ret_packet = (KsRefusedPacket){ .way = KS_REFUSED_SENT };
    if (message->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) ||
        mnl_nlmsg_get_payload_len(message) < sizeof(*header))
        return -EBADMSG;
    mnl_attr_for_each(attribute, message, sizeof(*header)) {
        switch (mnl_attr_get_type(attribute)) {
        case NFULA_PACKET_HDR:
            has_hook = take_hook(ret_packet, header->nfgen_family, attribute);
            break;
        case NFULA_IFINDEX_INDEV:
            ret_packet->in = number32(attribute);
            break;
        case NFULA_IFINDEX_OUTDEV:
            ret_packet->out = number32(attribute);
            break;
        case NFULA_UID:
            ret_packet->has_uid = mnl_attr_get_payload_len(attribute) >= sizeof(uint32_t);
            ret_packet->uid = number32(attribute);
            break;
        case NFULA_PREFIX:
            ret_packet->others_untold = says_untold(attribute);
            break;
        case NFULA_PAYLOAD:
            payload = attribute;
            break;
        default:
            break;
        }
    }
    if (!has_hook || !payload)
        return -EBADMSG;
    ret_packet->is_bare = ret_packet->way == KS_REFUSED_FRAME && is_bare(ret_packet->out);
    ks_refused_packet_read(ret_packet, mnl_attr_get_payload(payload),
                           mnl_attr_get_payload_len(payload));
    /* what a guest sends is refused at the last look, too, and then it came in by something */
    if (ret_packet->way == KS_REFUSED_SENT && ret_packet->in != 0 && !ret_packet->has_uid)
        ret_packet->way = KS_REFUSED_FORWARDED;
    return 0;
}

/* The kernel says it only of what comes in (net/netfilter/nfnetlink_log.c, NFULA_HWTYPE). */
static bool is_bare(uint32_t interface)
{
    struct ifreq request = { 0 };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool known = fd >= 0 && if_indextoname(interface, request.ifr_name) &&
                 ioctl(fd, SIOCGIFHWADDR, &request) == 0;

    if (fd >= 0)
        close(fd);
    return known && request.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
           request.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK;
}

typedef struct {
    KsPacketLogTake take;
    void *data;
} Taking;

static int take_message(const struct nlmsghdr *message, void *data)
{
    const Taking *taking = data;
    KsRefusedPacket packet;

    if (ks_packet_log_read(message, is_bare, &packet) == 0)
        taking->take(taking->data, &packet);
    return MNL_CB_OK;
}

bool ks_packet_log_drain(KsPacketLog *log, KsPacketLogTake take, void *data)
{
    Taking taking = { take, data };
    bool lost = false;

    for (unsigned i = 0; i < MESSAGES_MAX; i++) {
        ssize_t size =
            recv(mnl_socket_get_fd(log->socket), log->receive, sizeof(log->receive), MSG_DONTWAIT);

        if (size > 0)
            (void) mnl_cb_run(log->receive, (size_t) size, 0, 0, take_message, &taking);
        else if (size < 0 && errno == ENOBUFS)
            lost = true;
        else if (size == 0 || errno != EINTR)
            break;
    }
    return lost;
}
