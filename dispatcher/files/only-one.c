/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/only-one.h"

#include "model/names.h"
#include "policy/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

KsOnlyOne ks_only_one(GError **error)
{
    bool is_there;
    int fd;

    (void) mkdir(KS_RUNTIME_DIRECTORY, 0755);
    fd = open(KS_GUARD_LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        /* the file stays open until we end */
        if (ftruncate(fd, 0) == 0)
            dprintf(fd, "%d\n", getpid());
        return KS_ONLY_ONE;
    }
    is_there = fd >= 0 && errno == EWOULDBLOCK;
    if (is_there)
        g_set_error_literal(error, KS_ERROR, KS_ERROR_FAILED, "another guard is running already");
    else
        g_set_error(error, KS_ERROR, KS_ERROR_FAILED, "cannot lock %s: %s", KS_GUARD_LOCK_PATH,
                    g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return is_there ? KS_ONLY_ONE_IS_THERE : KS_ONLY_ONE_UNKNOWN;
}
