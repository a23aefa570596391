/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/configuration-files.h"

#include "model/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SUFFIX ".conf"

/* The device /dev/null, as the kernel's devices.txt numbers it. */
#define NULL_MAJOR 1
#define NULL_MINOR 3

/* Nobody but root can have changed it. Whom we run as counts as root: he could change us. */
static const char *judge_owner(const struct stat *info)
{
    if (info->st_uid != 0 && info->st_uid != geteuid())
        return "does not belong to root";
    if (info->st_mode & (S_IWGRP | S_IWOTH))
        return "can be written by others than root";
    return NULL;
}

static bool is_null_device(const struct stat *info)
{
    return S_ISCHR(info->st_mode) && info->st_rdev == makedev(NULL_MAJOR, NULL_MINOR);
}

static const char *judge_file(const struct stat *info)
{
    if (is_null_device(info))
        return NULL;
    if (!S_ISREG(info->st_mode))
        return "is not an ordinary file";
    if (info->st_size > KS_CONFIGURATION_FILE_SIZE_MAX)
        return "is too large";
    return judge_owner(info);
}

/* Its size, or a negative errno. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
    size_t filled = 0;

    while (filled < size) {
        ssize_t got = read(fd, buffer + filled, size - filled);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        filled += (size_t) got;
    }
    return (ssize_t) filled;
}

static char *describe_errno(int error)
{
    return g_strdup_printf("cannot be read (%s)", g_strerror(error));
}

static void distrust_errno(KsConfiguration *configuration, const char *path, int error)
{
    g_autofree char *reason = describe_errno(error);

    ks_configuration_distrust(configuration, path, reason);
}

static void read_text(KsConfiguration *configuration, const char *path, int fd)
{
    g_autofree char *text = g_malloc(KS_CONFIGURATION_FILE_SIZE_MAX);
    ssize_t size = read_all(fd, text, KS_CONFIGURATION_FILE_SIZE_MAX);

    if (size < 0)
        distrust_errno(configuration, path, (int) -size);
    else
        ks_configuration_read(configuration, path, text, (size_t) size);
}

static void read_open_file(KsConfiguration *configuration, const char *path, int fd)
{
    struct stat info;
    const char *reason;

    if (fstat(fd, &info) < 0) {
        distrust_errno(configuration, path, errno);
        return;
    }
    reason = judge_file(&info);
    if (reason)
        ks_configuration_distrust(configuration, path, reason);
    else
        read_text(configuration, path, fd);
}

static void read_file(KsConfiguration *configuration, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    /* not blocked by a fifo, which is then found to be no ordinary file */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        distrust_errno(configuration, path, errno);
        return;
    }
    read_open_file(configuration, path, fd);
    close(fd);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* What a conf.d holds. A fault is told in its turn, because what is read later wins. */
typedef struct {
    char *path;
    GPtrArray *names; /* sorted; element-type filename */
    char *fault;      /* completes "<path> ..."; NULL: none */
} Listing;

static void clear_listing(Listing *listing)
{
    g_free(listing->path);
    g_ptr_array_unref(listing->names);
    g_free(listing->fault);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Listing, clear_listing)

static const char *list_names(DIR *opened, GPtrArray *names)
{
    const struct dirent *entry;

    while ((entry = readdir(opened))) {
        if (entry->d_name[0] == '.' || !g_str_has_suffix(entry->d_name, SUFFIX))
            continue;
        if (names->len == KS_CONFIGURATION_FILES_MAX)
            return "holds too many files";
        g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    g_ptr_array_sort(names, compare_names);
    return NULL;
}

static Listing list_folder(const char *parent)
{
    Listing listing = {
        .path = g_build_filename(parent, KS_CONFIGURATION_FOLDER, NULL),
        .names = g_ptr_array_new_with_free_func(g_free),
    };
    DIR *opened = opendir(listing.path);
    const char *reason;
    struct stat info;

    if (!opened) {
        listing.fault = errno == ENOENT ? NULL : describe_errno(errno);
        return listing;
    }
    if (fstat(dirfd(opened), &info) < 0)
        listing.fault = describe_errno(errno);
    else if ((reason = judge_owner(&info)) || (reason = list_names(opened, listing.names)))
        listing.fault = g_strdup(reason);
    closedir(opened);
    return listing;
}

static bool has_name(const Listing *listing, const char *name)
{
    return g_ptr_array_find_with_equal_func(listing->names, name, g_str_equal, NULL);
}

static void read_folder(KsConfiguration *configuration, const Listing *folder,
                        const Listing *hidden_by)
{
    if (folder->fault) {
        ks_configuration_distrust(configuration, folder->path, folder->fault);
        return;
    }
    for (unsigned i = 0; i < folder->names->len; i++) {
        const char *name = g_ptr_array_index(folder->names, i);

        if (!hidden_by || !has_name(hidden_by, name))
            read_file(configuration, folder->path, name);
    }
}

/* What lies in a folder that others can change can be taken away and put there by them. */
static bool is_trusted(KsConfiguration *configuration, const char *folder)
{
    const char *reason;
    struct stat info;

    if (stat(folder, &info) < 0) {
        if (errno != ENOENT)
            distrust_errno(configuration, folder, errno);
        return false;
    }
    reason = judge_owner(&info);
    if (reason)
        ks_configuration_distrust(configuration, folder, reason);
    return !reason;
}

static void read_main_file(KsConfiguration *configuration, const char *folder)
{
    g_autofree char *path = g_build_filename(folder, KS_CONFIGURATION_FILE, NULL);
    struct stat info;

    /* a link that leads nowhere is not the same as no file */
    if (lstat(path, &info) == 0 || errno != ENOENT)
        read_file(configuration, folder, KS_CONFIGURATION_FILE);
}

const char *ks_configuration_local_folder(void)
{
    const char *value = g_getenv("CONFIGURATION_DIRECTORY");

    /* systemd lists folders with ':' between; ours is the only one */
    return value && value[0] == '/' && !strchr(value, ':') ? value : KS_CONFIGURATION_DIRECTORY;
}

KsConfiguration *ks_configuration_load(const char *vendor, const char *local)
{
    KsConfiguration *configuration = ks_configuration_new();
    g_auto(Listing) of_vendor = list_folder(vendor);
    g_auto(Listing) of_local = list_folder(local);

    if (is_trusted(configuration, vendor))
        read_folder(configuration, &of_vendor, &of_local);
    if (is_trusted(configuration, local)) {
        read_main_file(configuration, local);
        read_folder(configuration, &of_local, NULL);
    }
    return configuration;
}
