/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/own-disks.h"

#include "files/bounded-file.h"

#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MOUNTS    "/proc/self/mountinfo"
#define BYTES_MAX (16 * 1024 * 1024) /* of that; with more of it nothing is looked at */
#define LINKS_MAX 40u                /* the kernel's own limit: path_resolution(7) */

static const char *const own[] = { "/etc/nm-killswitch", "/usr/lib/nm-killswitch",
                                   "/run/nm-killswitch", "/var/lib/nm-killswitch" };

static const char *const remote[] = { "9p",    "afs",      "autofs", "ceph",  "cifs",    "coda",
                                      "gfs2",  "gpfs",     "lustre", "ncpfs", "nfs",     "nfs4",
                                      "ocfs2", "orangefs", "smb3",   "smbfs", "virtiofs" };

struct KsOwnDisks {
    char *root;
    int mounts; /* MOUNTS, which tells of changes; -1 */
    bool is_read;
    GHashTable *points; /* where file systems begin -> whether all that begin there are ours */
};

typedef struct {
    const char *device; /* "8:1" */
    char *point;        /* owned */
    const char *type;
} Mount;

KsOwnDisks *ks_own_disks_new(const char *root)
{
    KsOwnDisks *disks = g_new0(KsOwnDisks, 1);

    disks->root = g_strdup(root);
    disks->mounts = open(MOUNTS, O_RDONLY | O_CLOEXEC);
    disks->points = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return disks;
}

void ks_own_disks_free(KsOwnDisks *disks)
{
    if (disks->mounts >= 0)
        close(disks->mounts);
    g_hash_table_unref(disks->points);
    g_free(disks->root);
    g_free(disks);
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw"; between the options and "-" are
 * as many fields as there are. What would end a field is written as a C string has it, "\\040". */
static bool read_mount(char *line, Mount *ret_mount)
{
    const char *device = NULL;
    const char *point = NULL;
    char *rest = NULL;
    bool is_type = false;
    unsigned number = 0;

    for (char *field = strtok_r(line, " ", &rest); field; field = strtok_r(NULL, " ", &rest)) {
        if (number == 2)
            device = field;
        else if (number == 4)
            point = field;
        else if (is_type) {
            *ret_mount = (Mount){ device, g_strcompress(point), field };
            return true;
        }
        is_type = number > 5 && strcmp(field, "-") == 0;
        number++;
    }
    return false;
}

static void clear_mount(void *mount)
{
    g_free(((Mount *) mount)->point);
}

static bool is_remote(const char *type)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(remote); i++)
        if (strcmp(type, remote[i]) == 0)
            return true;
    return g_str_has_prefix(type, "fuse");
}

/* Whose way to its own files leads over it. Of the root, all programs live. */
static bool is_on_our_way(const KsOwnDisks *disks, const Mount *mount)
{
    size_t length = strlen(mount->point);

    if (strcmp(mount->point, "/") == 0)
        return true;
    for (unsigned i = 0; i < G_N_ELEMENTS(own); i++) {
        g_autofree char *path = g_strconcat(disks->root, own[i], NULL);

        if (strncmp(path, mount->point, length) == 0 && (path[length] == '/' || !path[length]))
            return !is_remote(mount->type);
    }
    return false;
}

void ks_own_disks_read(KsOwnDisks *disks, char *mountinfo)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Mount));
    g_autoptr(GHashTable) ours = g_hash_table_new(g_str_hash, g_str_equal);
    char *rest = NULL;

    g_array_set_clear_func(all, clear_mount);
    for (char *line = strtok_r(mountinfo, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        Mount mount;

        if (!read_mount(line, &mount))
            continue;
        g_array_append_val(all, mount);
        if (is_on_our_way(disks, &mount))
            g_hash_table_add(ours, (void *) mount.device);
    }
    g_hash_table_remove_all(disks->points);
    for (unsigned i = 0; i < all->len; i++) {
        const Mount *mount = &g_array_index(all, Mount, i);
        bool are_ours = g_hash_table_contains(ours, mount->device) &&
                        /* which of several lies on top is not told */
                        (!g_hash_table_contains(disks->points, mount->point) ||
                         g_hash_table_lookup(disks->points, mount->point));

        g_hash_table_replace(disks->points, g_strdup(mount->point), GINT_TO_POINTER(are_ours));
    }
}

bool ks_own_disks_follow(KsOwnDisks *disks)
{
    struct pollfd changed = { .fd = disks->mounts, .events = POLLPRI };
    g_autofree char *text = NULL;
    size_t size = 0;

    if (disks->mounts < 0 || (poll(&changed, 1, 0) == 0 && disks->is_read))
        return false;
    g_hash_table_remove_all(disks->points);
    text = ks_file_read_start(MOUNTS, BYTES_MAX, &size);
    disks->is_read = text != NULL;
    if (text && size < BYTES_MAX)
        ks_own_disks_read(disks, text);
    return true;
}

bool ks_own_disks_reach(const KsOwnDisks *disks, const char *path)
{
    if (g_hash_table_contains(disks->points, path))
        return g_hash_table_lookup(disks->points, path);
    return g_hash_table_size(disks->points) > 0;
}

static void go_up(GString *path)
{
    const char *end = strrchr(path->str, '/');

    g_string_truncate(path, end ? (size_t) (end - path->str) : 0);
}

/* What is left to go once the link at `path` is followed, to be freed; NULL: it cannot be. */
static char *follow_link(GString *path, const char *left)
{
    char target[PATH_MAX];
    ssize_t size = readlink(path->str, target, sizeof target - 1);

    if (size <= 0)
        return NULL;
    target[size] = '\0';
    if (target[0] == '/')
        g_string_truncate(path, 0);
    else
        go_up(path);
    return g_strconcat(target, "/", left, NULL);
}

char *ks_own_disks_find(const KsOwnDisks *disks, const char *path, struct stat *ret_about)
{
    g_autoptr(GString) found = g_string_new(NULL);
    g_autofree char *way = g_strdup(path);
    const char *left = way;
    struct stat about;
    unsigned links = 0;

    memset(ret_about, 0, sizeof *ret_about);
    if (!ks_own_disks_reach(disks, "/") || lstat("/", &about) < 0)
        return NULL;
    while (*(left += strspn(left, "/"))) {
        size_t length = strcspn(left, "/");
        const char *name = left;

        left += length;
        if (length == 1 && name[0] == '.')
            continue;
        if (length == 2 && name[0] == '.' && name[1] == '.') {
            go_up(found);
        } else {
            g_string_append_c(found, '/');
            g_string_append_len(found, name, (gssize) length);
        }
        if (found->len >= PATH_MAX || !ks_own_disks_reach(disks, found->len ? found->str : "/") ||
            lstat(found->len ? found->str : "/", &about) < 0)
            return NULL;
        if (S_ISLNK(about.st_mode)) {
            char *next = links++ < LINKS_MAX ? follow_link(found, left) : NULL;

            if (!next)
                return NULL;
            g_free(way);
            left = way = next;
        }
    }
    *ret_about = about;
    return found->len ? g_string_free(g_steal_pointer(&found), FALSE) : g_strdup("/");
}
