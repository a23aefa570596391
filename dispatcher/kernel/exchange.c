/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/exchange.h"

#include <errno.h>
#include <sys/socket.h>

void ks_exchange_discard(struct mnl_socket *socket, void *buffer, size_t size)
{
    while (recv(mnl_socket_get_fd(socket), buffer, size, MSG_DONTWAIT) > 0)
        ;
}

static int receive(struct mnl_socket *socket, uint32_t sequence, void *buffer, size_t size,
                   mnl_cb_t take, void *data)
{
    for (;;) {
        ssize_t got = mnl_socket_recvfrom(socket, buffer, size);
        int result;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        result =
            mnl_cb_run(buffer, (size_t) got, sequence, mnl_socket_get_portid(socket), take, data);
        if (result == MNL_CB_ERROR)
            return -errno;
        if (result == MNL_CB_STOP)
            return 0;
    }
}

int ks_exchange(struct mnl_socket *socket, const struct nlmsghdr *request, void *buffer,
                size_t size, mnl_cb_t take, void *data)
{
    int result = mnl_socket_sendto(socket, request, request->nlmsg_len) < 0
                     ? -errno
                     : receive(socket, request->nlmsg_seq, buffer, size, take, data);

    if (result < 0)
        ks_exchange_discard(socket, buffer, size);
    return result;
}
