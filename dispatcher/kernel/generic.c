/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/generic.h"

#include "kernel/exchange.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

int ks_generic_open(KsGeneric *generic)
{
    generic->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
    return generic->socket && mnl_socket_bind(generic->socket, 0, MNL_SOCKET_AUTOPID) == 0 ? 0
                                                                                           : -errno;
}

void ks_generic_close(KsGeneric *generic)
{
    if (generic->socket)
        mnl_socket_close(generic->socket);
    generic->socket = NULL;
}

struct nlmsghdr *ks_generic_begin(KsGeneric *generic, uint8_t *request, uint16_t family,
                                  uint16_t flags, uint8_t command)
{
    struct nlmsghdr *message;
    struct genlmsghdr *header;

    memset(request, 0, KS_GENERIC_REQUEST_SIZE);
    message = mnl_nlmsg_put_header(request);
    header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
    message->nlmsg_type = family;
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    message->nlmsg_seq = ++generic->sequence;
    header->cmd = command;
    header->version = 1; /* every family's that we ask */
    return message;
}

int ks_generic_ask(KsGeneric *generic, const struct nlmsghdr *request, mnl_cb_t take, void *data)
{
    return ks_exchange(generic->socket, request, generic->receive, sizeof(generic->receive), take,
                       data);
}

static int take_family(const struct nlmsghdr *message, void *data)
{
    uint16_t *family = data;
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr))
        if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID &&
            mnl_attr_validate(attribute, MNL_TYPE_U16) == 0)
            *family = mnl_attr_get_u16(attribute);
    return MNL_CB_OK;
}

int ks_generic_find_family(KsGeneric *generic, const char *name, uint16_t *ret_family)
{
    uint8_t request[KS_GENERIC_REQUEST_SIZE];
    struct nlmsghdr *message =
        ks_generic_begin(generic, request, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);
    uint16_t family = 0;
    int result;

    mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, name);
    result = ks_generic_ask(generic, message, take_family, &family);
    if (result == 0 && family == 0)
        result = -ENOENT;
    if (result == 0)
        *ret_family = family;
    return result;
}
