/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/configuration-files.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two folders as on a machine, in a place of our own. */
typedef struct {
    char *root;
    char *vendor;
    char *local;
    KsConfiguration *configuration;
} Fixture;

static void make_folder(const char *parent, const char *name)
{
    g_autofree char *path = g_build_filename(parent, name, NULL);

    g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
}

static void set_up(Fixture *fixture, const void *data)
{
    g_autoptr(GError) error = NULL;

    (void) data;
    fixture->root = g_dir_make_tmp("ks-configuration-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->vendor = g_build_filename(fixture->root, "vendor", NULL);
    fixture->local = g_build_filename(fixture->root, "local", NULL);
    make_folder(fixture->vendor, "conf.d");
    make_folder(fixture->local, "conf.d");
}

static void remove_tree(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        remove_tree(child);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_assert_cmpint(g_remove(path), ==, 0);
}

static void tear_down(Fixture *fixture, const void *data)
{
    (void) data;
    remove_tree(fixture->root);
    g_free(fixture->root);
    g_free(fixture->vendor);
    g_free(fixture->local);
    ks_configuration_free(fixture->configuration);
}

static char *path_of(const Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->root, name, NULL);
}

static void write_mode(const Fixture *fixture, const char *name, const char *text, mode_t mode)
{
    g_autofree char *path = path_of(fixture, name);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
}

static void write_text(const Fixture *fixture, const char *name, const char *text)
{
    write_mode(fixture, name, text, 0644);
}

static void load(Fixture *fixture)
{
    ks_configuration_free(fixture->configuration);
    fixture->configuration = ks_configuration_load(fixture->vendor, fixture->local);
}

static unsigned count_warnings(const Fixture *fixture)
{
    return ks_configuration_warnings(fixture->configuration)->len;
}

static bool allows_unlock(const Fixture *fixture)
{
    g_autofree char *refusal =
        ks_configuration_refusal(fixture->configuration, KS_CONFIGURATION_ALLOW_UNLOCK);

    return !refusal;
}

/* Everything is ruled out, for one reason, about one path below the root; then it is mended. */
static void assert_distrusted(Fixture *fixture, const char *name, const char *reason)
{
    g_autofree char *path = path_of(fixture, name);
    g_autofree char *prefix = g_strdup_printf("%s %s", path, reason);
    const char *warning;

    load(fixture);
    g_assert_cmpuint(count_warnings(fixture), ==, 1);
    warning = g_ptr_array_index(ks_configuration_warnings(fixture->configuration), 0);
    g_test_message("%s", warning);
    g_assert_true(g_str_has_prefix(warning, prefix));
    g_assert_false(allows_unlock(fixture));
    g_assert_cmpuint(ks_configuration_pause_max(fixture->configuration), ==, 0);
    g_assert_true(ks_configuration_auto_lock(fixture->configuration));
}

static void test_nothing(Fixture *fixture, const void *data)
{
    g_autofree char *nowhere = path_of(fixture, "nowhere");
    g_autoptr(KsConfiguration) none = ks_configuration_load(nowhere, nowhere);

    (void) data;
    g_assert_cmpuint(ks_configuration_warnings(none)->len, ==, 0);
    g_assert_cmpuint(ks_configuration_pause_max(none), ==, 3600);

    write_text(fixture, "local/conf.d/a.txt", "[allow]\nunlock=no");
    write_text(fixture, "local/conf.d/.a.conf", "[allow]\nunlock=no");
    write_text(fixture, "local/conf.d/a.conf~", "[allow]\nunlock=no");
    write_text(fixture, "local/other.conf", "[allow]\nunlock=no");
    write_text(fixture, "vendor/nm-killswitch.conf", "[allow]\nunlock=no");
    load(fixture);
    g_assert_cmpuint(count_warnings(fixture), ==, 0);
    g_assert_true(allows_unlock(fixture));
}

/* Each of these is read after the ones before it. */
static void test_order(Fixture *fixture, const void *data)
{
    static const char *const files[] = {
        "vendor/conf.d/10.conf", "vendor/conf.d/9.conf", "local/nm-killswitch.conf",
        "local/conf.d/0.conf",   "local/conf.d/Z.conf",  "local/conf.d/a.conf",
    };

    (void) data;
    /* written the last first: the order is by name, not by age */
    for (unsigned i = G_N_ELEMENTS(files); i-- > 0;) {
        g_autofree char *text = g_strdup_printf("[pause]\nmax=%u\n", i + 1);

        write_text(fixture, files[i], text);
    }
    for (unsigned i = G_N_ELEMENTS(files); i-- > 0;) {
        g_autofree char *path = path_of(fixture, files[i]);
        g_autofree char *source = g_strdup_printf("%s:2", path);

        load(fixture);
        g_assert_cmpuint(ks_configuration_pause_max(fixture->configuration), ==, i + 1);
        g_assert_cmpstr(ks_configuration_source(fixture->configuration, KS_CONFIGURATION_PAUSE_MAX),
                        ==, source);
        g_assert_cmpint(g_remove(path), ==, 0);
    }
}

static void test_hidden(Fixture *fixture, const void *data)
{
    g_autofree char *mask = path_of(fixture, "local/conf.d/b.conf");

    (void) data;
    write_text(fixture, "vendor/conf.d/a.conf", "[allow]\nunlock=no\n");
    write_text(fixture, "vendor/conf.d/b.conf", "[pause]\nmax=0\n");
    load(fixture);
    g_assert_false(allows_unlock(fixture));
    g_assert_cmpuint(ks_configuration_pause_max(fixture->configuration), ==, 0);

    write_text(fixture, "local/conf.d/a.conf", "");
    g_assert_cmpint(symlink("/dev/null", mask), ==, 0);
    load(fixture);
    g_assert_cmpuint(count_warnings(fixture), ==, 0);
    g_assert_true(allows_unlock(fixture));
    g_assert_cmpuint(ks_configuration_pause_max(fixture->configuration), ==, 3600);
}

static void test_line_numbers(Fixture *fixture, const void *data)
{
    g_autofree char *path = path_of(fixture, "local/nm-killswitch.conf");
    g_autofree char *expected =
        g_strdup_printf("%s:4: \"max\" in [pause] must be a duration such as 5m, at most 24h, or "
                        "0; 1h is used.",
                        path);

    (void) data;
    write_text(fixture, "local/nm-killswitch.conf", "# x\n\n[pause]\nmax=5 minutes\n");
    load(fixture);
    g_assert_cmpuint(count_warnings(fixture), ==, 1);
    g_assert_cmpstr(g_ptr_array_index(ks_configuration_warnings(fixture->configuration), 0), ==,
                    expected);
}

/* Every file of which there is no telling what it should have said. */
static void test_bad_files(Fixture *fixture, const void *data)
{
    static const char harmless[] = "[pause]\nmax=24h\n[lock]\nauto-lock=no\n";
    static const struct {
        const char *name;
        mode_t mode;
    } modes[] = {
        { "local/nm-killswitch.conf", 0664 },
        { "local/nm-killswitch.conf", 0646 },
        { "local/conf.d/a.conf", 0666 },
        { "vendor/conf.d/a.conf", 0602 },
    };
    g_autofree char *huge = g_strnfill(KS_CONFIGURATION_FILE_SIZE_MAX + 1, '\n');
    g_autofree char *path = path_of(fixture, "local/nm-killswitch.conf");

    (void) data;
    for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_autofree char *open_to_all = path_of(fixture, modes[i].name);

        write_mode(fixture, modes[i].name, harmless, modes[i].mode);
        assert_distrusted(fixture, modes[i].name, "can be written by others than root. ");
        g_assert_cmpint(g_remove(open_to_all), ==, 0);
    }

    write_text(fixture, "local/nm-killswitch.conf", huge);
    assert_distrusted(fixture, "local/nm-killswitch.conf", "is too large. ");
    huge[KS_CONFIGURATION_FILE_SIZE_MAX] = '\0';
    write_text(fixture, "local/nm-killswitch.conf", huge);
    load(fixture);
    g_assert_cmpuint(count_warnings(fixture), ==, 0);

    write_text(fixture, "local/nm-killswitch.conf", "\xff");
    assert_distrusted(fixture, "local/nm-killswitch.conf", "is not UTF-8 text. ");

    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    assert_distrusted(fixture, "local/nm-killswitch.conf", "is not an ordinary file. ");

    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    assert_distrusted(fixture, "local/nm-killswitch.conf", "is not an ordinary file. ");

    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_cmpint(symlink("nowhere", path), ==, 0);
    assert_distrusted(fixture, "local/nm-killswitch.conf", "cannot be read (");

    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_cmpint(symlink(path, path), ==, 0);
    assert_distrusted(fixture, "local/nm-killswitch.conf", "cannot be read (");
}

static void test_bad_folders(Fixture *fixture, const void *data)
{
    static const char *const names[] = { "vendor", "vendor/conf.d", "local", "local/conf.d" };

    (void) data;
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = path_of(fixture, names[i]);

        g_assert_cmpint(g_chmod(path, 0777), ==, 0);
        assert_distrusted(fixture, names[i], "can be written by others than root. ");
        g_assert_cmpint(g_chmod(path, 0755), ==, 0);
    }
    load(fixture);
    g_assert_cmpuint(count_warnings(fixture), ==, 0);

    for (unsigned i = 0; i < KS_CONFIGURATION_FILES_MAX; i++) {
        g_autofree char *name = g_strdup_printf("vendor/conf.d/%u.conf", i);

        write_text(fixture, name, "");
    }
    load(fixture);
    g_assert_cmpuint(count_warnings(fixture), ==, 0);
    write_text(fixture, "vendor/conf.d/more.conf", "");
    assert_distrusted(fixture, "vendor/conf.d", "holds too many files. ");

    {
        g_autofree char *path = path_of(fixture, "vendor/conf.d");

        remove_tree(path);
        write_text(fixture, "vendor/conf.d", "");
        assert_distrusted(fixture, "vendor/conf.d", "cannot be read (");
    }
}

static void test_foreign_owner(Fixture *fixture, const void *data)
{
    g_autofree char *path = path_of(fixture, "local/nm-killswitch.conf");

    (void) data;
    write_text(fixture, "local/nm-killswitch.conf", "[allow]\nunlock=yes\n");
    if (chown(path, geteuid() + 1, (gid_t) -1) < 0) {
        g_test_skip("only root can give a file away");
        return;
    }
    assert_distrusted(fixture, "local/nm-killswitch.conf", "does not belong to root. ");
}

/* A fault counts in its turn: what is read later can still allow. */
static void test_later_wins(Fixture *fixture, const void *data)
{
    (void) data;
    write_mode(fixture, "vendor/conf.d/a.conf", "", 0666);
    write_text(fixture, "local/nm-killswitch.conf", "[allow]\nunlock=yes\n");
    load(fixture);
    g_assert_cmpuint(count_warnings(fixture), ==, 1);
    g_assert_true(allows_unlock(fixture));
    g_assert_cmpuint(ks_configuration_pause_max(fixture->configuration), ==, 0);

    write_mode(fixture, "local/conf.d/a.conf", "", 0666);
    load(fixture);
    g_assert_false(allows_unlock(fixture));
}

static void test_environment(void)
{
    static const struct {
        const char *value;
        const char *folder;
    } folders[] = {
        { NULL, "/etc/nm-killswitch" },       { "", "/etc/nm-killswitch" },
        { "relative", "/etc/nm-killswitch" }, { "/a:/b", "/etc/nm-killswitch" },
        { "/run/test", "/run/test" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
        if (folders[i].value)
            g_setenv("CONFIGURATION_DIRECTORY", folders[i].value, TRUE);
        else
            g_unsetenv("CONFIGURATION_DIRECTORY");
        g_assert_cmpstr(ks_configuration_local_folder(), ==, folders[i].folder);
    }
}

#define ADD(path, test) \
    g_test_add("/configuration-files/" path, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("nothing", test_nothing);
    ADD("order", test_order);
    ADD("hidden", test_hidden);
    ADD("line-numbers", test_line_numbers);
    ADD("bad-files", test_bad_files);
    ADD("bad-folders", test_bad_folders);
    ADD("foreign-owner", test_foreign_owner);
    ADD("later-wins", test_later_wins);
    g_test_add_func("/configuration-files/environment", test_environment);
    return g_test_run();
}
