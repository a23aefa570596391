/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "files/store.h"

#include "files/key-file.h"
#include "files/server-cache.h"
#include "model/names.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define GROUP            "lock"
#define KEY_VERSION      "version"
#define KEY_LOCKED       "locked"
#define KEY_AUTO_LOCK    "auto-lock" /* what versions before modes read */
#define KEY_MODE         "mode"
#define KEY_LAN          "lan"
#define KEY_LAN_NETWORKS "lan-networks"
#define KEY_LAN_PLACES   "lan-places"
#define KEY_ALWAYS_ON    "always-on"
#define KEY_HERE         "vpn-networks"
#define KEY_HERE_PLACES  "vpn-places"
#define KEY_HERE_VPNS    "network-vpns"
#define KEY_SHARED       "shared-cards"
#define KEY_SHARED_PLACE "shared-places"
#define FORMAT_VERSION   1

#define GROUP_KNOWN "known-up"
#define KEY_UUIDS   "uuids"

#define GROUP_PAUSE "pause"
#define KEY_END     "end"

/* Far more than we ever write; a file beyond it is not ours. */
#define FILE_SIZE_MAX (64 * 1024)

struct KsStore {
    char *state_path;
    char *unsaved_path; /* of what could not be saved there */
    char *newer_path;
    char *corrupt_path;
    char *servers_path;
    char *known_path;
    char *closed_path;
    char *pause_path;
    char *held_path;
    char *unlocked_path;
    bool was_closed; /* the file is there */
    bool is_newer;   /* what was read is of a version of this program to come */
};

/* systemd lists folders with ':' between; ours is the only one. */
static const char *directory(const char *variable, const char *built_in)
{
    const char *value = g_getenv(variable);

    return value && value[0] == '/' && !strchr(value, ':') ? value : built_in;
}

/* Versions before did not write it. What is no UUID connects nothing; without it, nothing opens. */
static char **read_always_on(GKeyFile *file)
{
    g_auto(GStrv) texts = g_key_file_get_string_list(file, GROUP, KEY_ALWAYS_ON, NULL, NULL);

    return texts && texts[0] ? ks_settings_read_always_on((const char *const *) texts) : NULL;
}

/* Versions before had auto-lock, on or off. */
static bool read_mode(GKeyFile *file, bool auto_lock, KsMode *ret_mode, GError **error)
{
    g_autofree char *name = NULL;

    *ret_mode = auto_lock ? KS_MODE_VPN : KS_MODE_OFF;
    if (!g_key_file_has_key(file, GROUP, KEY_MODE, NULL))
        return true;
    name = g_key_file_get_string(file, GROUP, KEY_MODE, error);
    if (!name)
        return false;
    if (ks_mode_parse(name, ret_mode))
        return true;
    g_set_error_literal(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                        "it names a mode that there is not");
    return false;
}

static bool read_settings(GKeyFile *file, KsSettings *ret_settings, GError **error)
{
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;
    bool auto_lock = true;
    const struct {
        const char *key;
        bool *value;
    } keys[] = {
        { KEY_LOCKED, &settings.locked },
        { KEY_AUTO_LOCK, &auto_lock },
        { KEY_LAN, &settings.lan },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(GError) local = NULL;

        *keys[i].value = g_key_file_get_boolean(file, GROUP, keys[i].key, &local);
        if (local) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
    }
    if (!read_mode(file, auto_lock, &settings.mode, error))
        return false;
    if (g_key_file_has_key(file, GROUP, KEY_LAN_NETWORKS, NULL)) {
        settings.lan_networks =
            g_key_file_get_string_list(file, GROUP, KEY_LAN_NETWORKS, NULL, error);
        if (!settings.lan_networks) /* without its limits LAN access would be wider */
            return false;
        /* versions before did not write them: then they are not known */
        settings.lan_places = g_key_file_get_string_list(file, GROUP, KEY_LAN_PLACES, NULL, NULL);
    }
    settings.always_on = read_always_on(file);
    settings.here_networks = g_key_file_get_string_list(file, GROUP, KEY_HERE, NULL, NULL);
    settings.here_places = g_key_file_get_string_list(file, GROUP, KEY_HERE_PLACES, NULL, NULL);
    settings.here_vpns = g_key_file_get_string_list(file, GROUP, KEY_HERE_VPNS, NULL, NULL);
    /* versions before did not write them; without its place a card opens nothing */
    settings.shared_cards = g_key_file_get_string_list(file, GROUP, KEY_SHARED, NULL, NULL);
    settings.shared_places = g_key_file_get_string_list(file, GROUP, KEY_SHARED_PLACE, NULL, NULL);
    ks_settings_drop_damaged(&settings);
    ks_settings_copy(&settings, ret_settings);
    return true;
}

char *ks_store_path(const char *name)
{
    return g_build_filename(directory("STATE_DIRECTORY", KS_STATE_DIRECTORY), name, NULL);
}

char *ks_store_runtime_path(const char *name)
{
    return g_build_filename(directory("RUNTIME_DIRECTORY", KS_RUNTIME_DIRECTORY), name, NULL);
}

KsStore *ks_store_new(void)
{
    KsStore *store = g_new0(KsStore, 1);
    const char *runtime = directory("RUNTIME_DIRECTORY", KS_RUNTIME_DIRECTORY);

    store->state_path = ks_store_path("state");
    store->unsaved_path = g_build_filename(runtime, "unsaved-state", NULL);
    store->newer_path = ks_store_path("state.newer");
    store->corrupt_path = ks_store_path("state.corrupt");
    store->servers_path = ks_store_path("servers");
    store->known_path = g_build_filename(runtime, "known", NULL);
    store->closed_path = g_build_filename(runtime, "closed", NULL);
    store->pause_path = g_build_filename(runtime, "pause", NULL);
    store->held_path = g_build_filename(runtime, "disconnected", NULL);
    store->unlocked_path = g_build_filename(runtime, "unlocked", NULL);
    store->was_closed = g_file_test(store->closed_path, G_FILE_TEST_EXISTS);
    return store;
}

void ks_store_free(KsStore *store)
{
    if (!store)
        return;
    g_free(store->state_path);
    g_free(store->unsaved_path);
    g_free(store->newer_path);
    g_free(store->servers_path);
    g_free(store->corrupt_path);
    g_free(store->known_path);
    g_free(store->closed_path);
    g_free(store->pause_path);
    g_free(store->held_path);
    g_free(store->unlocked_path);
    g_free(store);
}

/* In mode KS_MODE_ALWAYS what is saved says locked, for every boot begins so. A person's unlock is
 * noted where it does not outlast this one; one that cannot be noted is over with the guard. */
static bool note_unlocked(const KsStore *store, bool unlocked, GError **error)
{
    g_autoptr(GKeyFile) empty = g_key_file_new();

    if (unlocked)
        return ks_key_file_write(store->unlocked_path, empty, false, error);
    (void) g_unlink(store->unlocked_path);
    return true;
}

bool ks_store_is_unlocked(const KsStore *store)
{
    return g_file_test(store->unlocked_path, G_FILE_TEST_IS_REGULAR);
}

KsStored ks_store_load(KsStore *store, KsSettings *ret_settings, char **ret_problem)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    KsSettings closed = KS_SETTINGS_DEFAULT;
    const char *path = store->unsaved_path;
    int found = ks_key_file_read(path, file, FILE_SIZE_MAX, &error);

    *ret_problem = NULL;
    if (found == 0) {
        path = store->state_path;
        found = ks_key_file_read(path, file, FILE_SIZE_MAX, &error);
    }
    if (found == 0) {
        *ret_settings = KS_SETTINGS_DEFAULT;
        return KS_STORED_NOTHING;
    }
    if (found > 0 && read_settings(file, ret_settings, &error)) {
        if (ks_store_is_unlocked(store))
            ret_settings->locked &= ret_settings->mode != KS_MODE_ALWAYS;
        else
            ks_settings_boot(ret_settings);
        store->is_newer = g_key_file_get_integer(file, GROUP, KEY_VERSION, NULL) > FORMAT_VERSION;
        return KS_STORED;
    }

    closed.locked = true;
    *ret_settings = closed;
    *ret_problem =
        g_strdup_printf("The saved state %s cannot be read (%s). The lock is closed until "
                        "you decide; the unreadable file is kept as %s.",
                        path, error->message, store->corrupt_path);
    return KS_STORED_CORRUPT;
}

bool ks_store_is_unsaved(const KsStore *store)
{
    return g_file_test(store->unsaved_path, G_FILE_TEST_EXISTS);
}

void ks_store_set_aside(KsStore *store)
{
    (void) g_rename(store->state_path, store->corrupt_path);
    (void) g_unlink(store->unsaved_path);
}

/* What the disk does not take is kept in memory's file system, so that at least a restart of the
 * guard does not undo it. */
static bool write_state(KsStore *store, GKeyFile *file, GError **error)
{
    /* what we do not understand of it is not lost; from the second time on it is kept already */
    if (store->is_newer && link(store->state_path, store->newer_path) < 0 && errno != EEXIST)
        g_warning("%s is of a newer version and could not be kept as %s: %s", store->state_path,
                  store->newer_path, g_strerror(errno));
    if (ks_key_file_write(store->state_path, file, true, error)) {
        (void) g_unlink(store->unsaved_path);
        return true;
    }
    /* neither may an older one hold */
    if (!ks_key_file_write(store->unsaved_path, file, false, NULL))
        (void) g_unlink(store->unsaved_path);
    return false;
}

static void write_texts(GKeyFile *file, const char *key, char **texts)
{
    if (texts && texts[0])
        g_key_file_set_string_list(file, GROUP, key, (const char *const *) texts,
                                   g_strv_length(texts));
}

bool ks_store_save(KsStore *store, const KsSettings *settings, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    bool always = settings->mode == KS_MODE_ALWAYS;
    bool noted = note_unlocked(store, always && !settings->locked, error);

    g_key_file_set_integer(file, GROUP, KEY_VERSION, FORMAT_VERSION);
    /* first, so that a file that was cut short has no LAN access without its limits */
    write_texts(file, KEY_LAN_NETWORKS, settings->lan_networks);
    write_texts(file, KEY_LAN_PLACES, settings->lan_places);
    write_texts(file, KEY_ALWAYS_ON, settings->always_on);
    write_texts(file, KEY_HERE, settings->here_networks);
    write_texts(file, KEY_HERE_PLACES, settings->here_places);
    write_texts(file, KEY_HERE_VPNS, settings->here_vpns);
    write_texts(file, KEY_SHARED, settings->shared_cards);
    write_texts(file, KEY_SHARED_PLACE, settings->shared_places);
    g_key_file_set_boolean(file, GROUP, KEY_LOCKED, settings->locked || always);
    g_key_file_set_boolean(file, GROUP, KEY_AUTO_LOCK, settings->mode != KS_MODE_OFF);
    g_key_file_set_string(file, GROUP, KEY_MODE, ks_mode_name(settings->mode));
    g_key_file_set_boolean(file, GROUP, KEY_LAN, settings->lan);
    return write_state(store, file, noted ? error : NULL) && noted;
}

char *ks_store_load_servers(KsStore *store)
{
    GStatBuf info;
    char *text = NULL;

    if (g_stat(store->servers_path, &info) < 0 || !S_ISREG(info.st_mode) ||
        info.st_size > KS_SERVER_CACHE_TEXT_MAX)
        return NULL;
    return g_file_get_contents(store->servers_path, &text, NULL, NULL) ? text : NULL;
}

void ks_store_save_servers(KsStore *store, const char *text)
{
    (void) g_file_set_contents_full(store->servers_path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT,
                                    0600, NULL);
}

char **ks_store_load_known_up(KsStore *store)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;

    if (ks_key_file_read(store->known_path, file, FILE_SIZE_MAX, &error) <= 0)
        return NULL;
    return g_key_file_get_string_list(file, GROUP_KNOWN, KEY_UUIDS, NULL, NULL);
}

void ks_store_save_known_up(KsStore *store, const char *const *uuids)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_string_list(file, GROUP_KNOWN, KEY_UUIDS, uuids, g_strv_length((char **) uuids));
    (void) ks_key_file_write(store->known_path, file, false, NULL);
}

int64_t ks_store_load_pause_end(KsStore *store)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    int found = ks_key_file_read(store->pause_path, file, FILE_SIZE_MAX, &error);

    if (found <= 0)
        return found == 0 ? 0 : 1; /* unreadable: long over */
    return g_key_file_get_int64(file, GROUP_PAUSE, KEY_END, NULL);
}

void ks_store_save_pause_end(KsStore *store, int64_t end)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_int64(file, GROUP_PAUSE, KEY_END, end);
    (void) ks_key_file_write(store->pause_path, file, false, NULL);
}

bool ks_store_is_held(const KsStore *store)
{
    return g_file_test(store->held_path, G_FILE_TEST_EXISTS);
}

void ks_store_note_held(KsStore *store, bool held)
{
    if (held)
        (void) g_file_set_contents(store->held_path, "", 0, NULL);
    else
        (void) g_unlink(store->held_path);
}

bool ks_store_was_closed(const KsStore *store)
{
    return store->was_closed;
}

void ks_store_note_closed(KsStore *store)
{
    if (!store->was_closed)
        store->was_closed = g_file_set_contents(store->closed_path, "", 0, NULL);
}
