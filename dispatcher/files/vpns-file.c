/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/vpns-file.h"

#include "model/names.h"
#include "policy/error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* More than ks_vpns_to_text() ever makes; a file beyond it is not ours. */
#define FILE_SIZE_MAX (4 * 1024 * 1024)

static char *path_of(const char *name)
{
    const char *folder = g_getenv("STATE_DIRECTORY");

    return g_build_filename(folder && folder[0] == '/' && !strchr(folder, ':') ? folder
                                                                               : KS_STATE_DIRECTORY,
                            name, NULL);
}

static KsVpns *read_file(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    GStatBuf info;
    gsize length;

    if (g_stat(path, &info) == 0 && (!S_ISREG(info.st_mode) || info.st_size > FILE_SIZE_MAX)) {
        g_set_error(error, KS_ERROR, KS_ERROR_STATE, "it is no file, or larger than any of ours");
        return NULL;
    }
    if (g_file_get_contents(path, &text, &length, error))
        return ks_vpns_from_text(text, length, error);
    if (!g_error_matches(*error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return NULL;
    g_clear_error(error);
    return ks_vpns_new();
}

KsVpns *ks_vpns_load(char **ret_problem)
{
    g_autofree char *path = path_of("vpns");
    g_autofree char *aside = path_of("vpns.corrupt");
    g_autoptr(GError) error = NULL;
    KsVpns *vpns = read_file(path, &error);

    *ret_problem = NULL;
    if (vpns)
        return vpns;
    *ret_problem =
        g_strdup_printf("What was set up by hand for VPNs (%s) cannot be read (%s) and is "
                        "not in force; the file is kept as %s. Set it up again: "
                        "nm-killswitch vpn add --help",
                        path, error->message, aside);
    (void) g_rename(path, aside);
    return ks_vpns_new();
}

KsVpns *ks_vpns_read(char **ret_problem)
{
    g_autofree char *path = path_of("vpns");
    g_autoptr(GError) error = NULL;
    KsVpns *vpns = read_file(path, &error);

    *ret_problem = NULL;
    if (vpns)
        return vpns;
    *ret_problem = g_strdup_printf("What was set up by hand for VPNs (%s) cannot be read: %s", path,
                                   error->message);
    return ks_vpns_new();
}

bool ks_vpns_save(const KsVpns *vpns, GError **error)
{
    g_autofree char *path = path_of("vpns");
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *text = ks_vpns_to_text(vpns);

    (void) g_mkdir_with_parents(folder, 0755); /* if it fails, writing says why */
    return g_file_set_contents_full(
        path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}
