/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "files/key-file.h"

#include "policy/error.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

int ks_key_file_read(const char *path, GKeyFile *file, gsize size_max, GError **error)
{
    g_autofree char *text = NULL;
    GStatBuf info;
    gsize length;

    if (g_stat(path, &info) == 0 && (!S_ISREG(info.st_mode) || (gsize) info.st_size > size_max)) {
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

bool ks_key_file_write(const char *path, GKeyFile *file, bool durable, GError **error)
{
    GFileSetContentsFlags flags = G_FILE_SET_CONTENTS_CONSISTENT;
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *text = NULL;
    gsize length;

    if (durable)
        flags |= G_FILE_SET_CONTENTS_DURABLE;
    text = g_key_file_to_data(file, &length, NULL);
    (void) g_mkdir_with_parents(folder, 0755); /* if it fails, writing says why */
    return g_file_set_contents_full(path, text, (gssize) length, flags, 0600, error);
}
