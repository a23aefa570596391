/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/guard-socket.h"

#include "model/names.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int ks_guard_socket_open(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = KS_SOCKET_PATH };
    struct timeval timeout = { .tv_sec = KS_GUARD_ANSWER_SECONDS };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    return fd;
}
