/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/connections.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT_PATH   "/proc/sys/net/netfilter/nf_conntrack_count"
#define RECEIVE_SIZE 65536
#define SEND_SIZE    32768

/* A request that names one connection: by its tuple, as the kernel told it, its zone and its
 * number. A longer one cannot be named. */
#define TUPLE_MAX   256
#define REQUEST_MAX (TUPLE_MAX + 128)

/* Some connections more than any kernel is told to track; new ones may come while we look. */
#define SEEN_MAX (4u * 1024 * 1024)

struct KsConnections {
    struct mnl_socket *listing;
    struct mnl_socket *ending; /* apart, so that its errors are not taken for the list's end */
    uint32_t sequence;
    unsigned seen;
    unsigned asked; /* to end */
    unsigned refused;
    size_t used; /* of `send` */
    _Alignas(struct nlmsghdr) uint8_t receive[RECEIVE_SIZE];
    _Alignas(struct nlmsghdr) uint8_t send[SEND_SIZE];
};

typedef struct {
    KsConnections *connections;
    bool (*may_stay)(const KsConnection *connection, const void *data);
    const void *data;
} Look;

/* The attributes of one connection that matter here. */
typedef struct {
    const struct nlattr *original;
    const struct nlattr *reply;
    const struct nlattr *zone;
    const struct nlattr *id;
} Attributes;

/* Not by netlink: a request would have the kernel load the module that answers it, and with it all
 * of connection tracking. */
static bool tracks_something(void)
{
    char text[16] = { 0 };
    int fd = open(COUNT_PATH, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    return size > 0 && strtoul(text, NULL, 10) > 0;
}

static struct nlmsghdr *put_header(KsConnections *connections, void *buffer, uint8_t command,
                                   uint16_t flags, uint8_t family)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));

    message->nlmsg_type = (uint16_t) (NFNL_SUBSYS_CTNETLINK << 8 | command);
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    message->nlmsg_seq = ++connections->sequence;
    generic->nfgen_family = family;
    generic->version = NFNETLINK_V0;
    return message;
}

static void read_address(const struct nlattr *attribute, KsAddress *address)
{
    size_t size = mnl_attr_get_payload_len(attribute);

    address->family = size == 4 ? AF_INET : size == 16 ? AF_INET6 : AF_UNSPEC;
    memcpy(address->bytes, mnl_attr_get_payload(attribute), ks_address_size(address));
}

static void read_port(const struct nlattr *attribute, uint16_t *port)
{
    if (mnl_attr_validate(attribute, MNL_TYPE_U16) == 0)
        *port = ntohs(mnl_attr_get_u16(attribute));
}

static void read_addresses(const struct nlattr *nested, KsConnectionEnd *from, KsConnectionEnd *to)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, nested) {
        switch (mnl_attr_get_type(attribute)) {
        case CTA_IP_V4_SRC:
        case CTA_IP_V6_SRC:
            read_address(attribute, &from->address);
            break;
        case CTA_IP_V4_DST:
        case CTA_IP_V6_DST:
            read_address(attribute, &to->address);
            break;
        default:
            break;
        }
    }
}

static void read_protocol(const struct nlattr *nested, KsConnectionEnd *from, KsConnectionEnd *to,
                          uint8_t *protocol)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, nested) {
        switch (mnl_attr_get_type(attribute)) {
        case CTA_PROTO_NUM:
            if (mnl_attr_validate(attribute, MNL_TYPE_U8) == 0)
                *protocol = mnl_attr_get_u8(attribute);
            break;
        case CTA_PROTO_SRC_PORT:
            read_port(attribute, &from->port);
            break;
        case CTA_PROTO_DST_PORT:
            read_port(attribute, &to->port);
            break;
        default:
            break;
        }
    }
}

static void read_tuple(const struct nlattr *tuple, KsConnectionEnd *from, KsConnectionEnd *to,
                       uint8_t *protocol)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, tuple) {
        if (mnl_attr_get_type(attribute) == CTA_TUPLE_IP)
            read_addresses(attribute, from, to);
        else if (mnl_attr_get_type(attribute) == CTA_TUPLE_PROTO)
            read_protocol(attribute, from, to, protocol);
    }
}

/* False: not as the kernel writes it. */
static bool find_attributes(const struct nlmsghdr *message, Attributes *attributes)
{
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg)) {
        switch (mnl_attr_get_type(attribute)) {
        case CTA_TUPLE_ORIG:
            attributes->original = attribute;
            break;
        case CTA_TUPLE_REPLY:
            attributes->reply = attribute;
            break;
        case CTA_ZONE:
            attributes->zone = attribute;
            break;
        case CTA_ID:
            attributes->id = attribute;
            break;
        default:
            break;
        }
    }
    return attributes->original && attributes->reply && attributes->id &&
           mnl_attr_get_payload_len(attributes->original) <= TUPLE_MAX &&
           mnl_attr_validate(attributes->id, MNL_TYPE_U32) == 0 &&
           (!attributes->zone || mnl_attr_validate(attributes->zone, MNL_TYPE_U16) == 0);
}

/* Errors are told, success is not: connections that have ended by themselves, or that a flow table
 * holds on to. */
static void count_refusals(KsConnections *connections, void *buffer, size_t size)
{
    for (;;) {
        ssize_t got = recv(mnl_socket_get_fd(connections->ending), buffer, size, MSG_DONTWAIT);
        const struct nlmsghdr *message = buffer;
        int left = (int) got;

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
            connections->refused += message->nlmsg_type == NLMSG_ERROR;
    }
}

static void send_endings(KsConnections *connections)
{
    _Alignas(struct nlmsghdr) uint8_t answers[RECEIVE_SIZE / 4];

    if (connections->used > 0 &&
        mnl_socket_sendto(connections->ending, connections->send, connections->used) < 0)
        connections->asked = 0; /* how many is for people only */
    connections->used = 0;
    count_refusals(connections, answers, sizeof(answers));
}

/* By its number, too: another one that begins as this one did is left alone. */
static void end(KsConnections *connections, uint8_t family, const Attributes *attributes)
{
    struct nlmsghdr *message;

    if (connections->used + REQUEST_MAX > sizeof(connections->send))
        send_endings(connections);
    message = put_header(connections, connections->send + connections->used, IPCTNL_MSG_CT_DELETE,
                         0, family);
    mnl_attr_put(message, CTA_TUPLE_ORIG | NLA_F_NESTED,
                 mnl_attr_get_payload_len(attributes->original),
                 mnl_attr_get_payload(attributes->original));
    if (attributes->zone)
        mnl_attr_put_u16(message, CTA_ZONE, mnl_attr_get_u16(attributes->zone));
    mnl_attr_put_u32(message, CTA_ID, mnl_attr_get_u32(attributes->id));
    connections->used += MNL_ALIGN(message->nlmsg_len);
    connections->asked++;
}

static int take_connection(const struct nlmsghdr *message, void *data)
{
    const Look *look = data;
    const struct nfgenmsg *generic = mnl_nlmsg_get_payload(message);
    KsConnection connection = { 0 };
    Attributes attributes = { 0 };

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*generic) ||
        !find_attributes(message, &attributes))
        return MNL_CB_OK;
    look->connections->seen++;
    read_tuple(attributes.original, &connection.from, &connection.to, &connection.protocol);
    read_tuple(attributes.reply, &connection.answers_from, &connection.answers_to,
               &connection.protocol);
    if (!look->may_stay(&connection, look->data))
        end(look->connections, generic->nfgen_family, &attributes);
    return MNL_CB_OK;
}

static int open_sockets(KsConnections *connections)
{
    struct mnl_socket **sockets[] = { &connections->listing, &connections->ending };
    int on = 1;

    for (unsigned i = 0; i < sizeof(sockets) / sizeof(*sockets); i++) {
        *sockets[i] = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (!*sockets[i] || mnl_socket_bind(*sockets[i], 0, MNL_SOCKET_AUTOPID) < 0)
            return -errno;
        /* errors without the request that they are about */
        (void) mnl_socket_setsockopt(*sockets[i], NETLINK_CAP_ACK, &on, sizeof(on));
    }
    return 0;
}

int ks_connections_open(KsConnections **ret_connections)
{
    KsConnections *connections;
    struct nlmsghdr *message;
    int result;

    if (!tracks_something())
        return -ENOENT;
    connections = calloc(1, sizeof(*connections));
    if (!connections)
        return -ENOMEM;
    result = open_sockets(connections);
    if (result == 0) {
        message =
            put_header(connections, connections->send, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
        if (mnl_socket_sendto(connections->listing, message, message->nlmsg_len) < 0)
            result = -errno;
    }
    if (result < 0)
        ks_connections_close(connections);
    else
        *ret_connections = connections;
    return result;
}

void ks_connections_close(KsConnections *connections)
{
    if (!connections)
        return;
    if (connections->listing)
        mnl_socket_close(connections->listing);
    if (connections->ending)
        mnl_socket_close(connections->ending);
    free(connections);
}

int ks_connections_go_on(KsConnections *connections,
                         bool (*may_stay)(const KsConnection *connection, const void *data),
                         const void *data)
{
    Look look = { connections, may_stay, data };
    ssize_t size;
    int result;
    int error;

    do {
        size = mnl_socket_recvfrom(connections->listing, connections->receive,
                                   sizeof(connections->receive));
    } while (size < 0 && errno == EINTR);
    if (size < 0)
        return -errno;
    result = mnl_cb_run(connections->receive, (size_t) size, 0,
                        mnl_socket_get_portid(connections->listing), take_connection, &look);
    error = errno;
    send_endings(connections);
    if (result == MNL_CB_ERROR)
        return -error;
    if (connections->seen > SEEN_MAX)
        return -E2BIG;
    return result == MNL_CB_STOP ? 0 : 1;
}

unsigned ks_connections_seen(const KsConnections *connections)
{
    return connections->seen;
}

unsigned ks_connections_ended(const KsConnections *connections)
{
    return connections->asked > connections->refused ? connections->asked - connections->refused
                                                     : 0;
}
