/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What persists: durable, and closed whenever it cannot be understood. */
#include "files/store.h"

#include "policy/error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

typedef struct {
    char *folder;
    char *state; /* files in it */
    char *corrupt;
    char *known;
    char *unsaved;
    char *newer;
} Fixture;

static void set_up(Fixture *f, const void *data)
{
    g_autoptr(GError) error = NULL;

    (void) data;
    f->folder = g_dir_make_tmp("ks-store-XXXXXX", &error);
    g_assert_no_error(error);
    f->state = g_build_filename(f->folder, "state", NULL);
    f->corrupt = g_build_filename(f->folder, "state.corrupt", NULL);
    f->known = g_build_filename(f->folder, "known", NULL);
    f->unsaved = g_build_filename(f->folder, "unsaved-state", NULL);
    f->newer = g_build_filename(f->folder, "state.newer", NULL);
    g_setenv("STATE_DIRECTORY", f->folder, TRUE);
    g_setenv("RUNTIME_DIRECTORY", f->folder, TRUE);
}

static void tear_down(Fixture *f, const void *data)
{
    g_autofree char *unlocked = g_build_filename(f->folder, "unlocked", NULL);
    const char *paths[] = { f->state, f->corrupt, f->known, f->unsaved,
                            f->newer, unlocked,   f->folder };

    (void) data;
    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++)
        (void) g_remove(paths[i]);
    g_assert_false(g_file_test(f->folder, G_FILE_TEST_EXISTS));
    g_free(f->folder);
    g_free(f->state);
    g_free(f->corrupt);
    g_free(f->known);
    g_free(f->unsaved);
    g_free(f->newer);
}

static KsStored load(KsSettings *settings)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_autofree char *problem = NULL;
    KsStored stored = ks_store_load(store, settings, &problem);

    g_assert_cmpint(problem != NULL, ==, stored == KS_STORED_CORRUPT);
    if (problem)
        g_assert_true(g_utf8_validate(problem, -1, NULL));
    return stored;
}

static void save(const KsSettings *settings)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_autoptr(GError) error = NULL;
    bool saved = ks_store_save(store, settings, &error);

    g_assert_no_error(error);
    g_assert_true(saved);
}

/* Whatever was wrong: closed, nothing open besides, and auto-lock on. */
static void assert_corrupt(void)
{
    g_auto(KsSettings) settings = { 0 };

    g_assert_cmpint(load(&settings), ==, KS_STORED_CORRUPT);
    g_assert_true(settings.locked);
    g_assert_cmpint(settings.mode, ==, KS_MODE_VPN);
    g_assert_false(settings.lan);
}

static bool same_settings(const KsSettings *a, const KsSettings *b)
{
    char **const lists[][2] = {
        { a->lan_networks, b->lan_networks },   { a->lan_places, b->lan_places },
        { a->here_networks, b->here_networks }, { a->here_places, b->here_places },
        { a->here_vpns, b->here_vpns },         { a->shared_cards, b->shared_cards },
        { a->shared_places, b->shared_places },
    };
    bool same = a->locked == b->locked && a->mode == b->mode && a->lan == b->lan;

    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        same &= ks_settings_are(lists[i][0], (const char *const *) lists[i][1]);
    return same;
}

static void write_state(const Fixture *f, const char *text, gssize size)
{
    g_autoptr(GError) error = NULL;

    g_file_set_contents(f->state, text, size, &error);
    g_assert_no_error(error);
}

static void test_nothing(Fixture *f, const void *data)
{
    g_auto(KsSettings) settings = { 0 };
    KsSettings defaults = KS_SETTINGS_DEFAULT;

    (void) data;
    g_assert_cmpint(load(&settings), ==, KS_STORED_NOTHING);
    g_assert_true(same_settings(&settings, &defaults));
    g_assert_false(g_file_test(f->state, G_FILE_TEST_EXISTS)); /* looking leaves nothing behind */
}

static void test_all_settings(Fixture *f, const void *data)
{
    static const char *const networks[] = { "2e3b", "with;semicolon", NULL };
    static const char *const places[] = { "wired ethernet eth0 -", "", NULL };
    static const char *const uuids[] = { "3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6", NULL };

    (void) data;
    for (unsigned bits = 0; bits < 32; bits++) {
        g_auto(KsSettings) loaded = { 0 };
        KsSettings saved = { .locked = bits & 1,
                             .mode = (KsMode) (bits >> 1 & 3),
                             .lan = bits & 8,
                             .lan_networks = bits & 16 ? (char **) networks : NULL,
                             .lan_places = bits & 16 ? (char **) places : NULL,
                             .here_networks = bits & 4 ? (char **) uuids : NULL,
                             .here_places = bits & 4 ? (char **) uuids : NULL,
                             .here_vpns = bits & 4 ? (char **) uuids : NULL,
                             .shared_cards = bits & 8 ? (char **) networks : NULL,
                             .shared_places = bits & 8 ? (char **) places : NULL };
        struct stat info;

        save(&saved);
        g_assert_cmpint(load(&loaded), ==, KS_STORED);
        g_assert_true(same_settings(&loaded, &saved));
        g_assert_cmpint(stat(f->state, &info), ==, 0);
        g_assert_cmpuint(info.st_mode & 0777, ==, 0600);
    }
}

/* A list that an older version, or somebody else, wrote opens nothing and closes nothing. */
static void test_always_on(Fixture *f, const void *data)
{
    static const struct {
        const char *line;
        unsigned count;
    } rows[] = {
        { "", 0 },
        { "always-on=\n", 0 },
        { "always-on=3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6;\n", 1 },
        { "always-on=3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6;4fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6;\n",
          2 },
        { "always-on=3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6;3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6;\n",
          1 },
        { "always-on=Home;\n", 0 },
        { "always-on=3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6;../../x;\n", 0 },
    };
    char *both[] = { (char *) "3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6",
                     (char *) "4fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6", NULL };
    const KsSettings chosen = { .mode = KS_MODE_VPN, .always_on = both };
    g_auto(KsSettings) back = { 0 };

    (void) data;
    save(&chosen);
    g_assert_cmpint(load(&back), ==, KS_STORED);
    g_assert_true(g_strv_equal((const char *const *) back.always_on, (const char *const *) both));
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(
            "[lock]\nversion=1\nlocked=true\nauto-lock=true\nlan=false\n%s", rows[i].line);
        g_auto(KsSettings) settings = { 0 };

        g_assert_true(g_file_set_contents(f->state, text, -1, NULL));
        g_assert_cmpint(load(&settings), ==, KS_STORED);
        g_assert_true(settings.locked);
        g_assert_cmpuint(settings.always_on ? g_strv_length(settings.always_on) : 0, ==,
                         rows[i].count);
    }
}

/* Nothing but the state itself lies in the folder afterwards. */
static void test_no_rests(Fixture *f, const void *data)
{
    KsSettings settings = KS_SETTINGS_DEFAULT;
    g_autoptr(GDir) folder = NULL;

    (void) data;
    for (unsigned i = 0; i < 10; i++)
        save(&settings);
    folder = g_dir_open(f->folder, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(folder), ==, "state");
    g_assert_null(g_dir_read_name(folder));
}

static void test_makes_folder(Fixture *f, const void *data)
{
    g_autofree char *deep = g_build_filename(f->folder, "a", "b", NULL);
    g_autofree char *file = g_build_filename(deep, "state", NULL);
    g_autofree char *middle = g_build_filename(f->folder, "a", NULL);
    KsSettings settings = { .locked = true };

    (void) data;
    g_setenv("STATE_DIRECTORY", deep, TRUE);
    save(&settings);
    g_assert_cmpint(g_remove(file) | g_remove(deep) | g_remove(middle), ==, 0);
}

static const char *const corrupt[] = {
    "",
    "\n",
    "garbage",
    "[lock]",
    "[lock]\n",
    "[lock]\nlocked=false\n",
    "[lock]\nlocked=false\nauto-lock=true\n",
    "[lock]\nversion=1\nlocked=false\nauto-lock=true\nlan=false\nmode=alway\n",
    "[lock]\nversion=1\nlocked=false\nauto-lock=true\nlan=false\nmode=\n",
    "[lock]\nversion=1\nlocked=maybe\nauto-lock=true\nlan=false\n",
    "[lock]\nversion=1\nlocked=\nauto-lock=true\nlan=false\n",
    "[lock]\nversion=1\nlocked=0 1\nauto-lock=true\nlan=false\n",
    "[lock]\nversion=1\nlocked=FALSE\nauto-lock=true\nlan=false\n",
    "[other]\nlocked=false\nauto-lock=true\nlan=false\n",
    "locked=false\nauto-lock=true\nlan=false\n",
    "[lock\nlocked=false\nauto-lock=true\nlan=false\n",
    "[lock]\nlocked false\nauto-lock=true\nlan=false\n",
    "[lock]\nversion=1\nlocked=false\nauto-lock=true\nlan=true\nlan-networks=\xff\xfe;\n",
    "[lock]\nversion=1\nlocked=\xc3\x28\nauto-lock=true\nlan=false\n",
    "\xef\xbb\xbf\xff",
    "{\"locked\": false, \"auto_lock\": true, \"lan\": false}\n",
};

static void test_corrupt(Fixture *f, const void *data)
{
    (void) data;
    for (unsigned i = 0; i < G_N_ELEMENTS(corrupt); i++) {
        g_test_message("%u", i);
        write_state(f, corrupt[i], -1);
        assert_corrupt();
    }
}

/* A file with zeroes in it, as a power cut leaves on some filesystems. */
static void test_zeroes(Fixture *f, const void *data)
{
    static const char zeroes[512];
    KsSettings settings = { .locked = false, .mode = KS_MODE_OFF };
    g_autofree char *text = NULL;
    gsize size;

    (void) data;
    write_state(f, zeroes, sizeof(zeroes));
    assert_corrupt();

    save(&settings);
    g_assert_true(g_file_get_contents(f->state, &text, &size, NULL));
    for (gsize from = size; from-- > 0;) {
        g_auto(KsSettings) loaded = { 0 };

        text[from] = '\0';
        write_state(f, text, (gssize) size);
        if (load(&loaded) == KS_STORED)
            g_assert_true(same_settings(&loaded, &settings));
        else
            g_assert_true(loaded.locked);
    }
}

/* A version that told networks by their UUIDs alone: which ones it meant is not known. */
static void test_networks_without_places(Fixture *f, const void *data)
{
    g_auto(KsSettings) loaded = { 0 };

    (void) data;
    write_state(f, "[lock]\nversion=1\nlan-networks=2e3b;\nlocked=true\nauto-lock=true\nlan=true\n",
                -1);
    g_assert_cmpint(load(&loaded), ==, KS_STORED);
    g_assert_true(loaded.lan);
    g_assert_cmpstr(loaded.lan_networks[0], ==, "2e3b");
    g_assert_cmpstr(ks_settings_lan_place(&loaded, "2e3b"), ==, "");
    g_assert_null(ks_settings_lan_place(&loaded, "other"));
}

/* Cut short anywhere: what it said, or closed; never anything between. */
static void test_truncated(Fixture *f, const void *data)
{
    static const char *const networks[] = { "11111111-2222-3333-4444-555555555555",
                                            "66666666-7777-8888-9999-000000000000", NULL };
    KsSettings settings = { .lan = true, .lan_networks = (char **) networks };
    g_autofree char *text = NULL;
    gsize size;
    unsigned understood = 0;

    (void) data;
    save(&settings);
    g_assert_true(g_file_get_contents(f->state, &text, &size, NULL));
    for (gsize length = 0; length <= size; length++) {
        g_auto(KsSettings) loaded = { 0 };

        write_state(f, text, (gssize) length);
        if (load(&loaded) == KS_STORED) {
            g_assert_true(same_settings(&loaded, &settings));
            understood++;
        } else {
            g_assert_true(loaded.locked && !loaded.lan);
        }
    }
    g_assert_cmpuint(understood, >=, 1);
    g_assert_cmpuint(understood, <=, 2); /* all of it, with and without the last line's end */
}

/* One bit changed: a setting may read otherwise, but nothing crashes, and what cannot be read is
 * closed. */
static void test_flipped(Fixture *f, const void *data)
{
    KsSettings settings = { .locked = true, .mode = KS_MODE_VPN };
    g_autofree char *text = NULL;
    gsize size;

    (void) data;
    save(&settings);
    g_assert_true(g_file_get_contents(f->state, &text, &size, NULL));
    for (gsize at = 0; at < size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            g_auto(KsSettings) loaded = { 0 };

            text[at] = (char) (text[at] ^ (1 << bit));
            write_state(f, text, (gssize) size);
            (void) load(&loaded);
            g_assert_true(loaded.locked); /* no single bit turns "true" into "false" */
            text[at] = (char) (text[at] ^ (1 << bit));
        }
    }
}

static void test_random_bytes(Fixture *f, const void *data)
{
    (void) data;
    for (unsigned round = 0; round < 200; round++) {
        g_auto(KsSettings) loaded = { 0 };
        char bytes[300];
        int size = g_test_rand_int_range(1, sizeof(bytes));

        for (int i = 0; i < size; i++)
            bytes[i] = (char) g_test_rand_int_range(0, 256);
        write_state(f, bytes, size);
        g_assert_cmpint(load(&loaded), ==, KS_STORED_CORRUPT);
        g_assert_true(loaded.locked);
    }
}

static void test_huge(Fixture *f, const void *data)
{
    g_autoptr(GString) text = g_string_new("[lock]\nversion=1\n");

    (void) data;
    /* valid, and far beyond anything that we write */
    while (text->len < 1024 * 1024)
        g_string_append(text, "# more and more\n");
    g_string_append(text, "locked=false\nauto-lock=false\nlan=true\n");
    write_state(f, text->str, (gssize) text->len);
    assert_corrupt();
    g_assert_cmpint(truncate(f->state, (off_t) 1 << 40), ==, 0); /* a hole of a terabyte */
    assert_corrupt();
}

/* What is there and is no file. */
static void test_not_a_file(Fixture *f, const void *data)
{
    KsSettings settings = KS_SETTINGS_DEFAULT;

    (void) data;
    g_assert_cmpint(g_mkdir(f->state, 0700), ==, 0);
    assert_corrupt();
    g_assert_cmpint(g_remove(f->state), ==, 0);

    g_assert_cmpint(symlink("/dev/zero", f->state), ==, 0);
    assert_corrupt();
    g_assert_cmpint(g_remove(f->state), ==, 0);
    g_assert_cmpint(symlink("state", f->state), ==, 0);
    assert_corrupt();
    g_assert_cmpint(g_remove(f->state), ==, 0);
    g_assert_cmpint(mkfifo(f->state, 0600), ==, 0);
    assert_corrupt();
    g_assert_cmpint(g_remove(f->state), ==, 0);

    /* the folder is a file */
    write_state(f, "", 0);
    g_setenv("STATE_DIRECTORY", f->state, TRUE);
    {
        g_autoptr(KsStore) store = ks_store_new();
        g_autoptr(GError) error = NULL;

        assert_corrupt();
        g_assert_false(ks_store_save(store, &settings, &error));
        g_assert_nonnull(error);
    }
}

/* What the disk does not take holds until the reboot, or until the disk takes it again. */
static void test_unsaved(Fixture *f, const void *data)
{
    KsSettings closed = { .locked = true, .mode = KS_MODE_VPN };
    KsSettings open = { .locked = false, .mode = KS_MODE_VPN };
    g_autoptr(KsStore) store = NULL;
    g_auto(KsSettings) loaded = { 0 };

    (void) data;
    save(&closed);
    /* a folder below a file: as good as a disk that takes nothing */
    g_setenv("STATE_DIRECTORY", f->state, TRUE);
    store = ks_store_new();
    for (unsigned i = 0; i < 2; i++) {
        g_assert_false(ks_store_save(store, i ? &closed : &open, NULL));
        g_assert_true(ks_store_is_unsaved(store));
        g_assert_cmpint(load(&loaded), ==, KS_STORED);
        g_assert_true(same_settings(&loaded, i ? &closed : &open));
    }
    g_assert_false(ks_store_save(store, &open, NULL));
    g_setenv("STATE_DIRECTORY", f->folder, TRUE);
    g_assert_cmpint(load(&loaded), ==, KS_STORED);
    g_assert_false(loaded.locked); /* a person opened it, in this boot */
    save(&closed);
    g_assert_false(g_file_test(f->unsaved, G_FILE_TEST_EXISTS));
    g_assert_false(ks_store_is_unsaved(store));
    g_assert_cmpint(load(&loaded), ==, KS_STORED);
    g_assert_true(loaded.locked);

    /* unreadable there is no better than unreadable on the disk */
    save(&open);
    g_assert_true(g_file_set_contents(f->unsaved, "[lock]\nlocked=fal", -1, NULL));
    assert_corrupt();
}

/* A version to come writes more than we understand: it is obeyed as far as we do, and not lost. */
static void test_newer(Fixture *f, const void *data)
{
    static const char text[] = "[lock]\nversion=9\nlocked=true\nauto-lock=false\nlan=false\n"
                               "what=else\n[more]\nof=it\n";
    g_autoptr(KsStore) store = ks_store_new();
    g_auto(KsSettings) loaded = { 0 };
    g_autofree char *problem = NULL;
    g_autofree char *kept = NULL;

    (void) data;
    write_state(f, text, -1);
    g_assert_cmpint(ks_store_load(store, &loaded, &problem), ==, KS_STORED);
    g_assert_true(loaded.locked && loaded.mode == KS_MODE_OFF);
    g_assert_true(ks_store_save(store, &loaded, NULL));
    g_assert_true(g_file_get_contents(f->newer, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, text);
    /* one that keeps its secret elsewhere is closed */
    write_state(f, "[lock]\nversion=9\n[elsewhere]\nlocked=false\n", -1);
    assert_corrupt();
    /* and one from before there were versions says what it says */
    write_state(f, "[lock]\nlocked=true\nauto-lock=true\nlan=false\n", -1);
    g_assert_cmpint(load(&loaded), ==, KS_STORED);
}

/* Root reads and writes everything: these as nobody. */
static void as_nobody(const Fixture *f, void (*run)(const Fixture *f))
{
    bool root = geteuid() == 0;

    if (root) {
        g_assert_cmpint(chown(f->folder, NOBODY, NOBODY), ==, 0);
        g_assert_cmpint(seteuid(NOBODY), ==, 0);
    }
    run(f);
    g_assert_cmpint(chmod(f->folder, 0700), ==, 0);
    if (root)
        g_assert_cmpint(seteuid(0), ==, 0);
}

static void without_rights(const Fixture *f)
{
    KsSettings settings = { .locked = false, .mode = KS_MODE_OFF };
    g_auto(KsSettings) loaded = { 0 };
    g_autoptr(KsStore) store = NULL;
    g_autoptr(GError) error = NULL;

    save(&settings);
    g_assert_cmpint(chmod(f->state, 0), ==, 0); /* cannot be read */
    assert_corrupt();
    g_assert_cmpint(chmod(f->state, 0600), ==, 0);
    g_assert_cmpint(chmod(f->folder, 0), ==, 0); /* nor found */
    assert_corrupt();

    g_assert_cmpint(chmod(f->folder, 0500), ==, 0); /* read-only: what was saved stays */
    store = ks_store_new();
    settings.lan = true;
    g_assert_false(ks_store_save(store, &settings, &error));
    g_assert_nonnull(error);
    settings.lan = false;
    g_assert_cmpint(load(&loaded), ==, KS_STORED);
    g_assert_true(same_settings(&loaded, &settings));
}

static void test_without_rights(Fixture *f, const void *data)
{
    (void) data;
    as_nobody(f, without_rights);
}

static void test_set_aside(Fixture *f, const void *data)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_autofree char *kept = NULL;
    KsSettings settings = { .locked = true, .mode = KS_MODE_VPN };
    g_auto(KsSettings) loaded = { 0 };

    (void) data;
    write_state(f, "what nobody understands", -1);
    ks_store_set_aside(store);
    g_assert_false(g_file_test(f->state, G_FILE_TEST_EXISTS));
    save(&settings);
    g_assert_cmpint(load(&loaded), ==, KS_STORED);
    g_assert_true(g_file_get_contents(f->corrupt, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, "what nobody understands");
    g_assert_cmpint(g_remove(f->state), ==, 0);
    ks_store_set_aside(store); /* nothing to put aside is no reason to fail */
}

static void test_known_up(Fixture *f, const void *data)
{
    static const char *const some[] = { "4c6a0ecb-1c1d-4bc5-9f20-5c1d2f6cfb1a 7", "b 4294967295",
                                        NULL };
    static const char *const none[] = { NULL };
    g_autoptr(KsStore) store = ks_store_new();

    (void) data;
    g_assert_null(ks_store_load_known_up(store));
    for (unsigned i = 0; i < 2; i++) {
        g_auto(GStrv) loaded = NULL;

        ks_store_save_known_up(store, i == 0 ? some : none);
        loaded = ks_store_load_known_up(store);
        g_assert_true(loaded == NULL
                          ? i == 1
                          : g_strv_equal((const char *const *) loaded, i == 0 ? some : none));
    }
    g_file_set_contents(f->known, "garbage", -1, NULL); /* then everything is new, and locks */
    g_assert_null(ks_store_load_known_up(store));
    g_file_set_contents(f->known, "[known-up]\nuuids=\xff;\n", -1, NULL);
    g_assert_null(ks_store_load_known_up(store));
}

/* systemd's list of folders, or something that is no folder: the built-in one, not the current. */
static void test_folders(Fixture *f, const void *data)
{
    static const char *const unusable[] = { "", "relative", "/a:/b" };

    (void) data;
    for (unsigned i = 0; i < G_N_ELEMENTS(unusable); i++) {
        g_autoptr(KsStore) store = NULL;

        g_setenv("RUNTIME_DIRECTORY", unusable[i], TRUE);
        store = ks_store_new();
        g_assert_nonnull(store);
    }
    g_assert_false(g_file_test(f->known, G_FILE_TEST_EXISTS));
}

#define CASE(name, function) g_test_add("/store/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("nothing", test_nothing);
    CASE("all-settings", test_all_settings);
    CASE("always-on", test_always_on);
    CASE("no-rests", test_no_rests);
    CASE("makes-folder", test_makes_folder);
    CASE("corrupt", test_corrupt);
    CASE("zeroes", test_zeroes);
    CASE("truncated", test_truncated);
    CASE("networks-without-places", test_networks_without_places);
    CASE("flipped", test_flipped);
    CASE("random-bytes", test_random_bytes);
    CASE("huge", test_huge);
    CASE("not-a-file", test_not_a_file);
    CASE("unsaved", test_unsaved);
    CASE("newer", test_newer);
    CASE("without-rights", test_without_rights);
    CASE("set-aside", test_set_aside);
    CASE("known-up", test_known_up);
    CASE("folders", test_folders);
    return g_test_run();
}
