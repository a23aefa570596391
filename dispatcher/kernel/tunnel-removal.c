/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/tunnel-removal.h"

#include "kernel/exchange.h"
#include "kernel/links.h"

#include <net/if.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_SIZE 32768
#define KIND_SIZE    32

typedef struct {
    char name[IF_NAMESIZE];
    char kind[KIND_SIZE];
} Link;

static int take_link(const struct nlmsghdr *message, void *data)
{
    Link *link = data;
    const struct nlattr *attribute;

    if (message->nlmsg_type != RTM_NEWLINK)
        return MNL_CB_OK;
    mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg)) {
        const struct nlattr *inner;

        if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
            mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
            g_strlcpy(link->name, mnl_attr_get_str(attribute), sizeof(link->name));
        if (mnl_attr_get_type(attribute) != IFLA_LINKINFO)
            continue;
        mnl_attr_for_each_nested(inner, attribute)
            if (mnl_attr_get_type(inner) == IFLA_INFO_KIND &&
                mnl_attr_validate(inner, MNL_TYPE_NUL_STRING) >= 0)
                g_strlcpy(link->kind, mnl_attr_get_str(inner), sizeof(link->kind));
    }
    return MNL_CB_OK;
}

static int ask(struct mnl_socket *socket, uint16_t type, int index, mnl_cb_t take, void *data)
{
    _Alignas(struct nlmsghdr) uint8_t request[256] = { 0 };
    _Alignas(struct nlmsghdr) uint8_t receive[RECEIVE_SIZE];
    struct nlmsghdr *message = mnl_nlmsg_put_header(request);
    struct ifinfomsg *link;

    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
    link->ifi_family = AF_UNSPEC;
    link->ifi_index = index;
    return ks_exchange(socket, message, receive, sizeof(receive), take, data);
}

int ks_tunnel_remove(int index, const char *interface)
{
    struct mnl_socket *socket;
    Link link = { 0 };
    int result;

    if (index <= 0)
        return -ENODEV;
    socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!socket)
        return -errno;
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
        result = -errno;
    else
        result = ask(socket, RTM_GETLINK, index, take_link, &link);
    if (result == 0 && strcmp(link.name, interface) != 0)
        result = -ENODEV;
    if (result == 0)
        result = ks_link_kind_is_tunnel(link.kind) ? ask(socket, RTM_DELLINK, index, NULL, NULL)
                                                   : -EOPNOTSUPP;
    mnl_socket_close(socket);
    return result;
}
