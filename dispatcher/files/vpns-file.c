/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/vpns-file.h"

#include "files/store.h"
#include "policy/error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* More than ks_vpns_to_text() ever makes; a file beyond it is not ours. */
#define FILE_SIZE_MAX (4 * 1024 * 1024)

/* The text of the file; NULL without an error: there is none. */
static char *read_text(const char *path, gsize *ret_length, GError **error)
{
    char *text = NULL;
    GStatBuf info;

    if (g_stat(path, &info) == 0 && (!S_ISREG(info.st_mode) || info.st_size > FILE_SIZE_MAX)) {
        g_set_error(error, KS_ERROR, KS_ERROR_STATE, "it is no file, or larger than any of ours");
        return NULL;
    }
    if (!g_file_get_contents(path, &text, ret_length, error) &&
        g_error_matches(*error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_clear_error(error);
    return text;
}

/* NULL with an error; `ret_is_newer`: because a newer version wrote it. */
static KsVpns *read_file(const char *path, bool *ret_is_newer, GError **error)
{
    g_autoptr(GError) failure = NULL;
    gsize length = 0;
    g_autofree char *text = read_text(path, &length, &failure);

    *ret_is_newer = text && ks_vpns_text_is_newer(text, length);
    if (text)
        return ks_vpns_from_text(text, length, error);
    if (!failure)
        return ks_vpns_new();
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
}

/* What a newer version left when an older one ran, once this one understands it. What was set up
 * since holds, and is not mixed with it. Returns a sentence on what is still set aside, or NULL. */
static char *take_back(const char *path, const char *newer)
{
    g_autoptr(KsVpns) vpns = NULL;
    bool is_newer;

    if (!g_file_test(newer, G_FILE_TEST_EXISTS))
        return NULL;
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return g_strdup_printf("A newer version's VPNs (%s) are not in force: others were set up "
                               "here since. Set up what is missing (nm-killswitch vpn add --help), "
                               "then remove the file.",
                               newer);
    vpns = read_file(newer, &is_newer, NULL);
    if (vpns && g_rename(newer, path) == 0)
        return NULL;
    return g_strdup_printf("A newer version's VPNs (%s) are not in force: this version does not "
                           "understand them. Set them up again: nm-killswitch vpn add --help",
                           newer);
}

/* Keeps the file as "vpns.corrupt" or "vpns.newer". Returns what people are told. */
static char *set_aside(const char *path, bool is_newer, const char *why)
{
    g_autofree char *aside = ks_store_path(is_newer ? "vpns.newer" : "vpns.corrupt");

    (void) g_rename(path, aside);
    return g_strdup_printf("What was set up by hand for VPNs (%s) cannot be read (%s) and is "
                           "not in force; the file is kept as %s. Set it up again: "
                           "nm-killswitch vpn add --help",
                           path, is_newer ? "a newer version wrote it" : why, aside);
}

KsVpns *ks_vpns_load(KsVpnsUnreadable unreadable, char **ret_problem)
{
    g_autofree char *path = ks_store_path("vpns");
    g_autofree char *newer = ks_store_path("vpns.newer");
    g_autofree char *left = unreadable == KS_VPNS_SET_ASIDE ? take_back(path, newer) : NULL;
    g_autoptr(GError) error = NULL;
    bool is_newer;
    KsVpns *vpns = read_file(path, &is_newer, &error);
    const char *why = error ? error->message : "unknown error";

    if (vpns)
        *ret_problem = g_steal_pointer(&left);
    else if (unreadable == KS_VPNS_SET_ASIDE)
        *ret_problem = set_aside(path, is_newer, why);
    else
        *ret_problem =
            g_strdup_printf("What was set up by hand for VPNs (%s) cannot be read: %s", path, why);
    return vpns ? vpns : ks_vpns_new();
}

bool ks_vpns_save(const KsVpns *vpns, GError **error)
{
    g_autofree char *path = ks_store_path("vpns");
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *text = ks_vpns_to_text(vpns);

    (void) g_mkdir_with_parents(folder, 0755); /* if it fails, writing says why */
    return g_file_set_contents_full(
        path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}
