/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/bounded-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

char *ks_file_read_start(const char *path, size_t max, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t part = 1;
    size_t size = 0;
    char *data;

    if (fd < 0)
        return NULL;
    data = g_malloc(max + 1);
    while (size < max && part > 0) {
        part = read(fd, data + size, max - size);
        size += part > 0 ? (size_t) part : 0;
    }
    close(fd);
    data[size] = '\0';
    *ret_size = size;
    return data;
}

static char *read_ordinary(int fd, size_t max, size_t *ret_size)
{
    g_autofree char *data = NULL;
    struct stat about;
    ssize_t size;

    if (fstat(fd, &about) < 0)
        return NULL;
    if (!S_ISREG(about.st_mode) || (size_t) about.st_size > max) {
        errno = EFBIG;
        return NULL;
    }
    data = g_malloc0((gsize) about.st_size + 1);
    size = read(fd, data, (size_t) about.st_size);
    if (size < 0)
        return NULL;
    *ret_size = (size_t) size;
    return g_steal_pointer(&data);
}

char *ks_file_read_whole(int folder, const char *name, int flags, size_t max, size_t *ret_size)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    char *data;
    int error;

    if (fd < 0)
        return NULL;
    data = read_ordinary(fd, max, ret_size);
    error = errno;
    close(fd);
    errno = error;
    return data;
}
