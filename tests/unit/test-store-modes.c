/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the mode makes of the saved state, over a guard's end and over a boot. */
#include "files/store.h"
#include "policy/configuration.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
    char *disk;   /* outlasts a boot */
    char *memory; /* does not */
    char *state;
    char *unlocked;
} Fixture;

static void set_up(Fixture *f, const void *data)
{
    (void) data;
    f->disk = g_dir_make_tmp("ks-store-modes-XXXXXX", NULL);
    g_assert_nonnull(f->disk);
    f->memory = g_build_filename(f->disk, "run", NULL);
    f->state = g_build_filename(f->disk, "state", NULL);
    f->unlocked = g_build_filename(f->memory, "unlocked", NULL);
    g_setenv("STATE_DIRECTORY", f->disk, TRUE);
    g_setenv("RUNTIME_DIRECTORY", f->memory, TRUE);
}

static void boot(const Fixture *f)
{
    (void) g_remove(f->unlocked);
    (void) g_remove(f->memory);
    g_assert_false(g_file_test(f->memory, G_FILE_TEST_EXISTS));
}

static void tear_down(Fixture *f, const void *data)
{
    (void) data;
    boot(f);
    (void) g_remove(f->state);
    g_assert_cmpint(g_remove(f->disk), ==, 0);
    g_free(f->disk);
    g_free(f->memory);
    g_free(f->state);
    g_free(f->unlocked);
}

static void save(KsMode mode, bool locked)
{
    const KsSettings settings = { .mode = mode, .locked = locked };
    g_autoptr(KsStore) store = ks_store_new();

    g_assert_true(ks_store_save(store, &settings, NULL));
}

static void assert_saved(KsMode mode, bool locked)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_auto(KsSettings) settings = { 0 };
    g_autofree char *problem = NULL;

    g_assert_cmpint(ks_store_load(store, &settings, &problem), ==, KS_STORED);
    g_assert_cmpint(settings.mode, ==, mode);
    g_assert_cmpint(settings.locked, ==, locked);
}

/* What versions before modes saved, and what they read of ours. */
static void test_auto_lock(Fixture *f, const void *data)
{
    static const struct {
        const char *text;
        KsMode mode;
        bool locked;
    } before[] = {
        { "[lock]\nversion=1\nlocked=false\nauto-lock=true\nlan=false\n", KS_MODE_VPN, false },
        { "[lock]\nversion=1\nlocked=true\nauto-lock=false\nlan=false\n", KS_MODE_OFF, true },
        /* by hand: every boot begins locked */
        { "[lock]\nversion=1\nlocked=false\nauto-lock=true\nlan=false\nmode=always\n",
          KS_MODE_ALWAYS, true },
    };

    (void) data;
    for (unsigned i = 0; i < G_N_ELEMENTS(before); i++) {
        g_assert_true(g_file_set_contents(f->state, before[i].text, -1, NULL));
        assert_saved(before[i].mode, before[i].locked);
    }
    for (KsMode mode = KS_MODE_OFF; mode < KS_MODE_MAX; mode++) {
        g_autofree char *text = NULL;

        save(mode, false);
        g_assert_true(g_file_get_contents(f->state, &text, NULL, NULL));
        g_assert_cmpint(strstr(text, "auto-lock=true") != NULL, ==, mode != KS_MODE_OFF);
        g_assert_cmpint(strstr(text, "locked=true") != NULL, ==, mode == KS_MODE_ALWAYS);
    }
}

/* An unlock outlasts the guard, and in the mode always not the boot. */
static void test_unlock(Fixture *f, const void *data)
{
    (void) data;
    for (KsMode mode = KS_MODE_OFF; mode < KS_MODE_MAX; mode++) {
        save(mode, true);
        assert_saved(mode, true);
        save(mode, false);
        assert_saved(mode, false);
        boot(f);
        assert_saved(mode, mode == KS_MODE_ALWAYS);
    }
}

/* What was noted in the mode always is no unlock of a later one. */
static void test_note_goes(Fixture *f, const void *data)
{
    (void) data;
    save(KS_MODE_ALWAYS, false);
    g_assert_true(g_file_test(f->unlocked, G_FILE_TEST_EXISTS));
    save(KS_MODE_VPN, false);
    g_assert_false(g_file_test(f->unlocked, G_FILE_TEST_EXISTS));
    save(KS_MODE_ALWAYS, false);
    save(KS_MODE_ALWAYS, true);
    g_assert_false(g_file_test(f->unlocked, G_FILE_TEST_EXISTS));
}

/* As the early unit and root's unlock do, until a guard has saved what is laid down. */
static bool begins_locked(const KsConfiguration *configuration, bool unlocks)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_auto(KsSettings) settings = { 0 };
    g_autofree char *problem = NULL;
    bool locked;

    g_assert_cmpint(ks_store_load(store, &settings, &problem), ==, KS_STORED);
    ks_configuration_decide_mode(configuration, &settings);
    locked = settings.locked;
    settings.locked = false;
    if (unlocks)
        g_assert_true(ks_store_save(store, &settings, NULL));
    return locked;
}

static void test_laid_down(Fixture *f, const void *data)
{
    static const char text[] = "[lock]\nmode=always\n";
    g_autoptr(KsConfiguration) configuration = ks_configuration_new();

    (void) data;
    ks_configuration_read(configuration, "/etc/x", text, strlen(text));
    for (KsMode mode = KS_MODE_OFF; mode < KS_MODE_MAX; mode++) {
        save(mode, mode == KS_MODE_ALWAYS);
        g_assert_true(begins_locked(configuration, true));
        g_assert_false(begins_locked(configuration, false));
        boot(f);
        g_assert_true(begins_locked(configuration, false));
    }
}

/* It would hold until the guard ends, and nobody would know. */
static void test_no_note(Fixture *f, const void *data)
{
    const KsSettings unlocked = { .mode = KS_MODE_ALWAYS };
    g_autoptr(KsStore) store = ks_store_new();
    g_autoptr(GError) error = NULL;

    (void) data;
    g_assert_cmpint(g_mkdir_with_parents(f->unlocked, 0700), ==, 0); /* in its place */
    g_assert_false(ks_store_save(store, &unlocked, &error));
    g_assert_nonnull(error);
    g_assert_false(ks_store_is_unlocked(store));
    assert_saved(KS_MODE_ALWAYS, true);
}

#define CASE(name, function) \
    g_test_add("/store-modes/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("auto-lock", test_auto_lock);
    CASE("unlock", test_unlock);
    CASE("note-goes", test_note_goes);
    CASE("laid-down", test_laid_down);
    CASE("no-note", test_no_note);
    return g_test_run();
}
