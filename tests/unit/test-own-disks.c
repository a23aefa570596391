/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/own-disks.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* The guard's sandbox, roughly: its state is mounted again, on the device of /var. */
#define MACHINE                                                                   \
    "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"                     \
    "22 21 0:20 / /run rw - tmpfs tmpfs rw\n"                                     \
    "23 21 8:2 / /var rw shared:7 master:2 - xfs /dev/sda2 rw\n"                  \
    "24 23 8:2 /lib/nm-killswitch /var/lib/nm-killswitch rw - xfs /dev/sda2 rw\n" \
    "25 21 0:99 / /proc rw - proc proc rw\n"

static void test_mounts(void)
{
    static const struct {
        const char *mounts;
        const char *path;
        bool reached;
    } rows[] = {
        { "", "/", false },
        { "\n\nx\n1 2 3 4 5 6 7 8 9\n21 1 8:1 / / rw - \n", "/", false },
        { MACHINE, "/", true },
        { MACHINE, "/etc/nftables.conf", true },
        { MACHINE, "/run", true },
        { MACHINE, "/var", true },
        { MACHINE, "/var/lib/nm-killswitch", true },
        { MACHINE, "/proc", false },
        { MACHINE "30 21 8:3 / /srv rw - ext4 /dev/sdb1 rw\n", "/srv", false },
        { MACHINE "30 21 8:1 /a /srv rw - ext4 /dev/sda1 rw\n", "/srv", true },
        { MACHINE "30 22 0:20 /a /etc/nftables.conf rw - tmpfs tmpfs rw\n", "/etc/nftables.conf",
          true },
        { MACHINE "30 21 0:50 / /etc/nftables.d rw - fuse.sshfs me@there rw\n", "/etc/nftables.d",
          false },
        { MACHINE "30 21 0:50 / /etc/my\\040rules\\134 rw - nfs4 there:/ rw\n", "/etc/my rules\\",
          false },
        /* on the way to our own files, but not one that we would wait for */
        { MACHINE "30 21 0:50 / /etc rw - nfs4 there:/ rw\n", "/etc", false },
        { MACHINE "30 21 0:50 / /etc rw - overlay overlay rw\n", "/etc", true },
        { MACHINE "30 21 8:3 / /usr/lib rw - ext4 /dev/sdb1 rw\n", "/usr/lib", true },
        { MACHINE "30 21 8:3 / /usr/li rw - ext4 /dev/sdb1 rw\n", "/usr/li", false },
        /* two at one place: either may lie on top */
        { MACHINE "30 21 8:1 / /srv rw - ext4 /dev/sda1 rw\n31 30 0:50 / /srv rw - nfs x rw\n",
          "/srv", false },
        { MACHINE "30 21 0:50 / /srv rw - nfs x rw\n31 30 8:1 / /srv rw - ext4 /dev/sda1 rw\n",
          "/srv", false },
        /* what the root lies on is what every program waits for */
        { "21 1 0:50 / / rw - nfs4 there:/ rw\n", "/", true },
        { "21 1 0:50 / / rw - nfs4 there:/ rw\n22 21 0:51 / /var rw - nfs4 there:/v rw\n", "/var",
          false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsOwnDisks *disks = ks_own_disks_new("");
        g_autofree char *text = g_strdup(rows[i].mounts);

        g_assert_false(ks_own_disks_reach(disks, rows[i].path));
        ks_own_disks_read(disks, text);
        g_test_message("row %u", i);
        g_assert_true(ks_own_disks_reach(disks, rows[i].path) == rows[i].reached);
        ks_own_disks_free(disks);
    }
}

typedef struct {
    char *root; /* without links */
    KsOwnDisks *disks;
} Machine;

static void set_up(Machine *machine, const void *data)
{
    g_autofree char *made = g_dir_make_tmp("ks-own-disks-XXXXXX", NULL);

    (void) data;
    g_assert_nonnull(made);
    machine->root = realpath(made, NULL);
    machine->disks = ks_own_disks_new(machine->root);
    g_assert_cmpint(chdir(machine->root), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents("folder/deeper", 0700), ==, 0);
    g_assert_true(g_file_set_contents("folder/file", "x", 1, NULL));
    g_assert_cmpint(symlink("../folder/./file", "folder/relative"), ==, 0);
    g_assert_cmpint(symlink("folder", "short"), ==, 0);
    g_assert_cmpint(symlink("loop", "loop"), ==, 0);
    g_assert_cmpint(symlink("/proc/self/mounts", "elsewhere"), ==, 0);
    g_assert_cmpint(symlink(machine->root, "folder/deeper/absolute"), ==, 0);
}

static void tear_down(Machine *machine, const void *data)
{
    static const char *const made[] = { "folder/deeper/absolute",
                                        "folder/deeper",
                                        "folder/file",
                                        "folder/relative",
                                        "folder",
                                        "short",
                                        "loop",
                                        "elsewhere" };

    (void) data;
    ks_own_disks_free(machine->disks);
    for (unsigned i = 0; i < G_N_ELEMENTS(made); i++)
        g_assert_cmpint(g_remove(made[i]), ==, 0);
    g_assert_cmpint(chdir("/"), ==, 0);
    g_assert_cmpint(g_rmdir(machine->root), ==, 0);
    free(machine->root);
}

/* expected: below the root, NULL: nothing. */
static void assert_found(const Machine *machine, const char *name, const char *expected)
{
    g_autofree char *path = g_strconcat(machine->root, name, NULL);
    g_autofree char *wanted = expected ? g_strconcat(machine->root, expected, NULL) : NULL;
    struct stat about;
    struct stat there;
    g_autofree char *found = ks_own_disks_find(machine->disks, path, &about);

    g_assert_cmpstr(found, ==, wanted);
    if (!wanted) {
        g_assert_cmpuint(about.st_ino, ==, 0);
        return;
    }
    g_assert_cmpint(stat(path, &there), ==, 0); /* the kernel goes the same way */
    g_assert_cmpuint(about.st_ino, ==, there.st_ino);
    g_assert_cmpuint(about.st_mode, ==, there.st_mode);
}

static void test_find(Machine *machine, const void *data)
{
    (void) data;
    assert_found(machine, "/folder/file", NULL); /* of which nothing is known yet */
    g_assert_true(ks_own_disks_follow(machine->disks));
    assert_found(machine, "", "");
    assert_found(machine, "/folder/file", "/folder/file");
    assert_found(machine, "//folder/./deeper/../file", "/folder/file");
    assert_found(machine, "/short/relative", "/folder/file");
    assert_found(machine, "/short/deeper/absolute/short/", "/folder");
    assert_found(machine, "/folder/deeper/absolute/folder/relative", "/folder/file");
    assert_found(machine, "/loop", NULL);
    assert_found(machine, "/missing/../folder", NULL);
    assert_found(machine, "/folder/file/more", NULL);
    assert_found(machine, "/elsewhere", NULL);
    (void) ks_own_disks_follow(machine->disks);
    assert_found(machine, "/short/relative", "/folder/file");
}

/* No link leads over a mount that is not ours, nor does "..". */
static void test_mount_between(Machine *machine, const void *data)
{
    g_autofree char *text = g_strdup_printf(
        "1 0 8:1 / / rw - ext4 x rw\n2 1 0:9 / %s/folder/deeper rw - fuse x rw\n", machine->root);

    (void) data;
    ks_own_disks_read(machine->disks, text);
    assert_found(machine, "/short/relative", "/folder/file");
    assert_found(machine, "/short/deeper", NULL);
    assert_found(machine, "/short/deeper/absolute", NULL);
    assert_found(machine, "/folder/deeper/../file", NULL);
}

#define CASE(name, test) g_test_add("/own-disks/" name, Machine, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/own-disks/mounts", test_mounts);
    CASE("find", test_find);
    CASE("mount-between", test_mount_between);
    return g_test_run();
}
