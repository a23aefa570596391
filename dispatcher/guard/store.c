/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/store.h"

#include "guard/error.h"
#include "model/names.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#define GROUP            "lock"
#define KEY_VERSION      "version"
#define KEY_LOCKED       "locked"
#define KEY_AUTO_LOCK    "auto-lock"
#define KEY_LAN          "lan"
#define KEY_LAN_NETWORKS "lan-networks"
#define FORMAT_VERSION   1

#define GROUP_KNOWN "known-up"
#define KEY_UUIDS   "uuids"

/* Far more than we ever write; a file beyond it is not ours. */
#define FILE_SIZE_MAX (64 * 1024)

struct KsStore {
    char *state_path;
    char *corrupt_path;
    char *known_path;
    char *closed_path;
    bool was_closed; /* the file is there */
};

/* systemd lists folders with ':' between; ours is the only one. */
static const char *directory(const char *variable, const char *built_in)
{
    const char *value = g_getenv(variable);

    return value && value[0] == '/' && !strchr(value, ':') ? value : built_in;
}

/* 1: read; 0: there is none; -1: unusable, and `error` says why. */
static int read_key_file(const char *path, GKeyFile *file, GError **error)
{
    g_autofree char *text = NULL;
    GStatBuf info;
    gsize length;

    if (g_stat(path, &info) == 0 && (!S_ISREG(info.st_mode) || info.st_size > FILE_SIZE_MAX)) {
        g_set_error(error, KS_ERROR, KS_ERROR_STATE, "it is no file, or larger than any of ours");
        return -1;
    }
    if (!g_file_get_contents(path, &text, &length, error)) {
        if (!g_error_matches(*error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return -1;
        g_clear_error(error);
        return 0;
    }
    return g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, error) ? 1 : -1;
}

static bool write_key_file(const char *path, GKeyFile *file, GFileSetContentsFlags flags,
                           GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *text = NULL;
    gsize length;

    text = g_key_file_to_data(file, &length, NULL);
    (void) g_mkdir_with_parents(folder, 0755); /* if it fails, writing says why */
    return g_file_set_contents_full(path, text, (gssize) length, flags, 0600, error);
}

static bool read_settings(GKeyFile *file, KsSettings *ret_settings, GError **error)
{
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;
    const struct {
        const char *key;
        bool *value;
    } keys[] = {
        { KEY_LOCKED, &settings.locked },
        { KEY_AUTO_LOCK, &settings.auto_lock },
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
    if (g_key_file_has_key(file, GROUP, KEY_LAN_NETWORKS, NULL)) {
        settings.lan_networks =
            g_key_file_get_string_list(file, GROUP, KEY_LAN_NETWORKS, NULL, error);
        if (!settings.lan_networks) /* without its limits LAN access would be wider */
            return false;
    }
    ks_settings_copy(&settings, ret_settings);
    return true;
}

KsStore *ks_store_new(void)
{
    KsStore *store = g_new0(KsStore, 1);
    const char *state = directory("STATE_DIRECTORY", KS_STATE_DIRECTORY);
    const char *runtime = directory("RUNTIME_DIRECTORY", KS_RUNTIME_DIRECTORY);

    store->state_path = g_build_filename(state, "state", NULL);
    store->corrupt_path = g_build_filename(state, "state.corrupt", NULL);
    store->known_path = g_build_filename(runtime, "known", NULL);
    store->closed_path = g_build_filename(runtime, "closed", NULL);
    store->was_closed = g_file_test(store->closed_path, G_FILE_TEST_EXISTS);
    return store;
}

void ks_store_free(KsStore *store)
{
    if (!store)
        return;
    g_free(store->state_path);
    g_free(store->corrupt_path);
    g_free(store->known_path);
    g_free(store->closed_path);
    g_free(store);
}

KsStored ks_store_load(KsStore *store, KsSettings *ret_settings, char **ret_problem)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    KsSettings closed = KS_SETTINGS_DEFAULT;
    int found = read_key_file(store->state_path, file, &error);

    *ret_problem = NULL;
    if (found == 0) {
        *ret_settings = KS_SETTINGS_DEFAULT;
        return KS_STORED_NOTHING;
    }
    if (found > 0 && read_settings(file, ret_settings, &error))
        return KS_STORED;

    closed.locked = true;
    *ret_settings = closed;
    *ret_problem =
        g_strdup_printf("The saved state %s cannot be read (%s). The lock is closed until "
                        "you decide; the unreadable file is kept as %s.",
                        store->state_path, error->message, store->corrupt_path);
    return KS_STORED_CORRUPT;
}

void ks_store_set_aside(KsStore *store)
{
    (void) g_rename(store->state_path, store->corrupt_path);
}

bool ks_store_save(KsStore *store, const KsSettings *settings, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_integer(file, GROUP, KEY_VERSION, FORMAT_VERSION);
    /* first, so that a file that was cut short has no LAN access without its limits */
    if (settings->lan_networks && settings->lan_networks[0])
        g_key_file_set_string_list(file, GROUP, KEY_LAN_NETWORKS,
                                   (const char *const *) settings->lan_networks,
                                   g_strv_length(settings->lan_networks));
    g_key_file_set_boolean(file, GROUP, KEY_LOCKED, settings->locked);
    g_key_file_set_boolean(file, GROUP, KEY_AUTO_LOCK, settings->auto_lock);
    g_key_file_set_boolean(file, GROUP, KEY_LAN, settings->lan);
    return write_key_file(store->state_path, file,
                          G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, error);
}

char **ks_store_load_known_up(KsStore *store)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;

    if (read_key_file(store->known_path, file, &error) <= 0)
        return NULL;
    return g_key_file_get_string_list(file, GROUP_KNOWN, KEY_UUIDS, NULL, NULL);
}

void ks_store_save_known_up(KsStore *store, const char *const *uuids)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_string_list(file, GROUP_KNOWN, KEY_UUIDS, uuids, g_strv_length((char **) uuids));
    (void) write_key_file(store->known_path, file, G_FILE_SET_CONTENTS_CONSISTENT, NULL);
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
