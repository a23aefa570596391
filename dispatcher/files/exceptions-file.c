/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/exceptions-file.h"

#include "files/store.h"
#include "policy/error.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

/* More than ks_exceptions_to_text() ever makes. */
#define FILE_SIZE_MAX (64 * 1024)

/* False with an error; a file that is not there holds nothing. */
static bool read_file(KsExceptions *exceptions, const char *path, bool ending, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) failure = NULL;
    gsize length = 0;
    GStatBuf info;

    if (g_stat(path, &info) == 0 && (!S_ISREG(info.st_mode) || info.st_size > FILE_SIZE_MAX)) {
        g_set_error(error, KS_ERROR, KS_ERROR_STATE, "it is no file, or larger than any of ours");
        return false;
    }
    if (g_file_get_contents(path, &text, &length, &failure))
        return ks_exceptions_take_text(exceptions, text, length, ending, error);
    if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

KsExceptions *ks_exceptions_load(uint32_t now, char **ret_problem)
{
    KsExceptions *exceptions = ks_exceptions_new();
    g_autofree char *path = ks_store_path("exceptions");
    g_autofree char *aside = ks_store_path("exceptions.corrupt");
    g_autofree char *ending = ks_store_runtime_path("exceptions");
    g_autoptr(GError) error = NULL;

    *ret_problem = NULL;
    if (!read_file(exceptions, path, false, &error)) {
        (void) g_rename(path, aside);
        *ret_problem = g_strdup_printf("The exceptions (%s) cannot be read (%s) and are not in "
                                       "force; the file is kept as %s. Make them again: "
                                       "nm-killswitch allow add --help",
                                       path, error->message, aside);
    }
    if (!read_file(exceptions, ending, true, NULL))
        (void) g_unlink(ending); /* what would have ended is over */
    (void) ks_exceptions_end(exceptions, now);
    return exceptions;
}

KsExceptions *ks_exceptions_peek(uint32_t now)
{
    KsExceptions *exceptions = ks_exceptions_new();
    g_autofree char *path = ks_store_path("exceptions");
    g_autofree char *ending = ks_store_runtime_path("exceptions");

    (void) read_file(exceptions, path, false, NULL);
    (void) read_file(exceptions, ending, true, NULL);
    (void) ks_exceptions_end(exceptions, now);
    return exceptions;
}

/* No file holds the same as one without exceptions. */
static bool is_saved(const char *path, const char *text)
{
    g_autoptr(KsExceptions) none = ks_exceptions_new();
    g_autofree char *saved = NULL;

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        saved = ks_exceptions_to_text(none, false);
    else
        (void) g_file_get_contents(path, &saved, NULL, NULL);
    return saved && g_str_equal(saved, text);
}

static bool write_file(const KsExceptions *exceptions, const char *path, bool ending,
                       GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *text = ks_exceptions_to_text(exceptions, ending);
    GFileSetContentsFlags flags =
        G_FILE_SET_CONTENTS_CONSISTENT | (ending ? 0 : G_FILE_SET_CONTENTS_DURABLE);

    if (is_saved(path, text))
        return true;
    (void) g_mkdir_with_parents(folder, 0755); /* if it fails, writing says why */
    return g_file_set_contents_full(path, text, -1, flags, 0600, error);
}

bool ks_exceptions_save(const KsExceptions *exceptions, GError **error)
{
    g_autofree char *path = ks_store_path("exceptions");
    g_autofree char *ending = ks_store_runtime_path("exceptions");

    return write_file(exceptions, ending, true, error) &&
           write_file(exceptions, path, false, error);
}
