/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/pppoe-sessions.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool has_ppp(const KsWorld *world)
{
    for (unsigned i = 0; i < world->links->len; i++)
        if (strcmp(g_array_index(world->links, KsLink, i).kind, KS_LINK_KIND_PPP) == 0)
            return true;
    return false;
}

int ks_pppoe_sessions_describe(KsWorld *world)
{
    g_autofree char *text = NULL;
    size_t size = 0;
    ssize_t got = 0;
    int fd;

    g_array_set_size(world->pppoe_peers, 0);
    if (!has_ppp(world))
        return 0;
    fd = open("/proc/self/net/pppoe", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    text = g_malloc(KS_PPPOE_TEXT_MAX);
    do {
        got = read(fd, text + size, KS_PPPOE_TEXT_MAX - size);
        size += got > 0 ? (size_t) got : 0;
    } while ((got > 0 && size < KS_PPPOE_TEXT_MAX) || (got < 0 && errno == EINTR));
    if (got < 0)
        got = -errno;
    else
        ks_pppoe_read(text, size, world->pppoe_peers);
    (void) close(fd);
    return got < 0 ? (int) got : 0;
}
