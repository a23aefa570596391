/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "changed-messages.h"

#include <dlfcn.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

ssize_t mnl_socket_sendto(const struct mnl_socket *socket, const void *data, size_t size)
{
    /* a void pointer where dlsym() gives one: ISO C has no cast from it to a function */
    static union {
        void *found;
        ssize_t (*call)(const struct mnl_socket *, const void *, size_t);
    } real;
    void *copy = malloc(size);
    ssize_t sent;

    if (!copy)
        return -1;
    if (!real.found)
        real.found = dlsym(RTLD_NEXT, "mnl_socket_sendto");
    memcpy(copy, data, size);
    change_messages(copy, size);
    sent = real.call(socket, copy, size);
    free(copy);
    return sent;
}
