/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/saved-copy.h"

#include <ftw.h>
#include <glib/gstdio.h>
#include <utime.h>

static void test_lines(void)
{
    static const struct {
        const char *text;
        unsigned line;
    } rows[] = {
        { "", 0 },
        { "\n\n", 0 },
        { "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n}\n", 0 },
        { "table inet nm_killswitch {", 1 },
        { "flush ruleset\n\ttable  netdev\tnm_killswitch{\n}\n", 2 },
        { "table inet nm_killswitch { # progname nm-killswitchd\n", 1 },
        { "add table inet nm_killswitch\n", 1 },
        { "a\nb\nadd table netdev nm_killswitch", 3 },
        { "table inet nm_killswitch_of_mine {\n", 0 },
        { "flush ruleset\ntable inet nm_killswitch_trace {\n", 2 },
        { "table inet nm_killswitch_trace_of_mine {\n", 0 },
        { "table ip nm_killswitch {\n", 0 },
        { "# table inet nm_killswitch {\n", 0 },
        { "tableinet nm_killswitch {\n", 0 },
        { "table inet", 0 },
        { "table inet ", 0 },
        { "add", 0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpuint(ks_saved_copy_line(rows[i].text), ==, rows[i].line);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void) about;
    (void) kind;
    (void) where;
    return g_remove(path);
}

typedef struct {
    char *root;
    KsSavedCopies *copies;
} Machine;

static void set_up(Machine *machine, const void *data)
{
    (void) data;
    machine->root = g_dir_make_tmp("ks-saved-copy-XXXXXX", NULL);
    g_assert_nonnull(machine->root);
    machine->copies = ks_saved_copies_new(machine->root);
}

static void tear_down(Machine *machine, const void *data)
{
    (void) data;
    ks_saved_copies_free(machine->copies);
    g_assert_cmpint(nftw(machine->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), ==, 0);
    g_free(machine->root);
}

/* Each time the folder gets another time: a file system may give two changes within a tick one. */
static void write_file(const Machine *machine, const char *name, const char *text)
{
    static struct utimbuf clock;
    g_autofree char *path = g_strconcat(machine->root, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    clock.modtime++;
    g_assert_cmpint(g_utime(folder, &clock), ==, 0);
}

/* name: the file that the sentence is about, with its line; NULL: no sentence. */
static void assert_told(const Machine *machine, const char *name, unsigned line)
{
    g_autofree char *told = ks_saved_copies_look(machine->copies);
    g_autofree char *begin = NULL;

    if (!name) {
        g_assert_null(told);
        return;
    }
    begin =
        g_strdup_printf("%s%s holds a copy of the lock, from line %u. ", machine->root, name, line);
    g_assert_nonnull(told);
    g_assert_true(g_str_has_prefix(told, begin));
}

#define COPY "table inet nm_killswitch {\n}\n"

/* Each is seen when it comes and when it has changed, the first of several is told. */
static void test_included(Machine *machine, const void *data)
{
    (void) data;
    assert_told(machine, NULL, 0);
    write_file(machine, "/etc/nftables.conf",
               "flush ruleset\ninclude \"/etc/nftables.conf\"\n include \"./etc/own.nft\"\n"
               "include \"nftables.d/*.nft\"\ninclude \"/missing\"\ninclude \"\ninclude \"\"\n");
    assert_told(machine, NULL, 0);
    write_file(machine, "/etc/nftables.d/10-mine.nft", "table inet filter {\n}\n");
    assert_told(machine, NULL, 0);
    write_file(machine, "/etc/nftables.d/20-saved.nft", "\n" COPY);
    assert_told(machine, "/etc/nftables.d/20-saved.nft", 2);
    write_file(machine, "/etc/nftables.d/20-saved.nft", "include \"deeper\"\n");
    assert_told(machine, NULL, 0);
    write_file(machine, "/etc/deeper", COPY);
    assert_told(machine, "/etc/deeper", 1);
    write_file(machine, "/etc/own.nft", COPY);
    assert_told(machine, "/etc/own.nft", 1);
    write_file(machine, "/etc/own.nft", "# nothing\n");
    assert_told(machine, "/etc/deeper", 1);
    write_file(machine, "/etc/deeper", "# nothing\n");
    assert_told(machine, NULL, 0);
    write_file(machine, "/var/lib/nftables/rules-save", "\n\n" COPY);
    assert_told(machine, "/var/lib/nftables/rules-save", 3);
}

/* Each folder that may have such a file is watched, and each may be new. */
static void test_wildcards_in_folders(Machine *machine, const void *data)
{
    (void) data;
    write_file(machine, "/etc/b/other", "");
    write_file(machine, "/etc/c.d/e/other", "");
    write_file(machine, "/etc/.hidden/x.nft", COPY);
    write_file(machine, "/etc/x.nft", COPY);
    write_file(machine, "/etc/nftables.conf",
               "include \"*/x.nft\"\ninclude \"?.d/*/[a-c]*.nft\"\ninclude \"*/sub/deep.nft\"\n");
    assert_told(machine, NULL, 0);
    write_file(machine, "/etc/b/x.nft", COPY);
    assert_told(machine, "/etc/b/x.nft", 1);
    write_file(machine, "/etc/a*/x.nft", COPY);
    assert_told(machine, "/etc/a*/x.nft", 1);
    write_file(machine, "/etc/a*/x.nft", "");
    write_file(machine, "/etc/b/x.nft", "");
    assert_told(machine, NULL, 0);
    write_file(machine, "/etc/c.d/e/zed.nft", COPY);
    assert_told(machine, NULL, 0);
    write_file(machine, "/etc/c.d/e/b1.nft", COPY);
    assert_told(machine, "/etc/c.d/e/b1.nft", 1);
    write_file(machine, "/etc/c.d/e/b1.nft", "");
    write_file(machine, "/etc/b/sub/deep.nft", "\n" COPY);
    assert_told(machine, "/etc/b/sub/deep.nft", 2);
}

/* Files and folders without end keep nobody busy. */
static void test_bounds(Machine *machine, const void *data)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *blank = g_strnfill(16 * 1024 * 1024, '\n');
    g_autofree char *large = g_strconcat(blank, COPY, NULL);

    (void) data;
    for (unsigned i = 0; i < 1000; i++)
        g_string_append_printf(text, "include \"%u\"\n", i);
    write_file(machine, "/etc/nftables.conf", text->str);
    write_file(machine, "/etc/999", COPY);
    assert_told(machine, NULL, 0);
    write_file(machine, "/etc/60", COPY);
    assert_told(machine, "/etc/60", 1);
    write_file(machine, "/etc/60", large);
    assert_told(machine, NULL, 0);

    g_string_truncate(text, 0);
    for (unsigned i = 0; i < 1000; i++)
        g_string_append_printf(text, "include \"%u.d/*.nft\"\n", i);
    write_file(machine, "/etc/nftables.conf", text->str);
    write_file(machine, "/etc/999.d/saved.nft", COPY);
    assert_told(machine, NULL, 0);
    write_file(machine, "/etc/50.d/saved.nft", COPY);
    assert_told(machine, "/etc/50.d/saved.nft", 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/saved-copy/lines", test_lines);
    g_test_add("/saved-copy/included", Machine, NULL, set_up, test_included, tear_down);
    g_test_add("/saved-copy/wildcards", Machine, NULL, set_up, test_wildcards_in_folders,
               tear_down);
    g_test_add("/saved-copy/bounds", Machine, NULL, set_up, test_bounds, tear_down);
    return g_test_run();
}
