/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/notifications.h"

#include <errno.h>

bool ks_notifications_drain(struct mnl_socket *socket, void *buffer, size_t size, mnl_cb_t take,
                            void *data)
{
    bool complete = true;

    for (;;) {
        ssize_t got = mnl_socket_recvfrom(socket, buffer, size);

        if (got > 0)
            (void) mnl_cb_run(buffer, (size_t) got, 0, 0, take, data);
        else if (got < 0 && (errno == ENOBUFS || errno == ENOSPC))
            complete = false;
        else if (got == 0 || errno != EINTR)
            return complete;
    }
}
