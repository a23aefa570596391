/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/exceptions-file.h"

#include "files/store.h"
#include "policy/error.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

/* More than ks_exceptions_to_text() ever makes. */
#define FILE_SIZE_MAX (64 * 1024)

#define UNSAVED "unsaved-exceptions"

/* The text of the file; NULL without an error: there is none. */
static char *read_text(const char *path, gsize *ret_length, GError **error)
{
    g_autoptr(GError) failure = NULL;
    char *text = NULL;
    GStatBuf info;

    if (g_stat(path, &info) == 0 && (!S_ISREG(info.st_mode) || info.st_size > FILE_SIZE_MAX)) {
        g_set_error(error, KS_ERROR, KS_ERROR_STATE, "it is no file, or larger than any of ours");
        return NULL;
    }
    if (!g_file_get_contents(path, &text, ret_length, &failure) &&
        !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_propagate_error(error, g_steal_pointer(&failure));
    return text;
}

/* False with an error; a file that is not there holds nothing. `ret_is_newer`: a newer version
 * wrote it. */
static bool read_file(KsExceptions *exceptions, const char *path, bool ending, bool *ret_is_newer,
                      GError **error)
{
    g_autoptr(GError) failure = NULL;
    gsize length = 0;
    g_autofree char *text = read_text(path, &length, &failure);

    *ret_is_newer = text && ks_exceptions_text_is_newer(text, length);
    if (text)
        return ks_exceptions_take_text(exceptions, text, length, ending, error);
    if (!failure)
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* What a newer version left when an older one ran, once this one understands it; what was made
 * since is not mixed with it. Returns a sentence on what is still set aside, or NULL. */
static char *take_back(const char *path, const char *newer)
{
    g_autoptr(KsExceptions) read = ks_exceptions_new();
    bool is_newer;

    if (!g_file_test(newer, G_FILE_TEST_EXISTS))
        return NULL;
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return g_strdup_printf("A newer version's exceptions (%s) are not in force: others were "
                               "made here since. Make what is missing (nm-killswitch allow add "
                               "--help), then remove the file.",
                               newer);
    if (read_file(read, newer, false, &is_newer, NULL) && g_rename(newer, path) == 0)
        return NULL;
    return g_strdup_printf("A newer version's exceptions (%s) are not in force: this version does "
                           "not understand them. Make them again: nm-killswitch allow add --help",
                           newer);
}

/* Returns what people are told. */
static char *set_aside(const char *path, bool is_newer, const GError *error)
{
    g_autofree char *aside = ks_store_path(is_newer ? "exceptions.newer" : "exceptions.corrupt");
    g_autofree char *kept = NULL;

    if (g_rename(path, aside) == 0)
        kept = g_strdup_printf("; the file is kept as %s", aside);
    return g_strdup_printf("The exceptions (%s) cannot be read (%s) and are not in force%s. Make "
                           "them again: nm-killswitch allow add --help",
                           path, is_newer ? "a newer version wrote them" : error->message,
                           kept ? kept : "");
}

bool ks_exceptions_are_unsaved(void)
{
    g_autofree char *unsaved = ks_store_runtime_path(UNSAVED);

    return g_file_test(unsaved, G_FILE_TEST_EXISTS);
}

/* What the disk did not take counts before what is there. */
static char *lasting_path(void)
{
    return ks_exceptions_are_unsaved() ? ks_store_runtime_path(UNSAVED)
                                       : ks_store_path("exceptions");
}

static KsExceptions *load(uint32_t now, const char *path, bool *ret_is_newer, GError **error)
{
    KsExceptions *exceptions = ks_exceptions_new();
    g_autofree char *ending = ks_store_runtime_path("exceptions");
    bool is_newer;

    (void) read_file(exceptions, path, false, ret_is_newer, error);
    (void) read_file(exceptions, ending, true, &is_newer, NULL);
    (void) ks_exceptions_end(exceptions, now);
    return exceptions;
}

KsExceptions *ks_exceptions_load(uint32_t now, char **ret_problem)
{
    g_autofree char *path = lasting_path();
    g_autofree char *newer = ks_store_path("exceptions.newer");
    g_autofree char *left = take_back(path, newer);
    g_autoptr(GError) error = NULL;
    bool is_newer;
    KsExceptions *exceptions = load(now, path, &is_newer, &error);

    *ret_problem = error ? set_aside(path, is_newer, error) : g_steal_pointer(&left);
    return exceptions;
}

KsExceptions *ks_exceptions_peek(uint32_t now)
{
    g_autofree char *path = lasting_path();
    bool is_newer;

    return load(now, path, &is_newer, NULL);
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

bool ks_exceptions_are_saved_with(const char *name)
{
    g_autoptr(KsExceptions) saved = ks_exceptions_new();
    g_autofree char *lasting = ks_store_path("exceptions");
    g_autofree char *ending = ks_store_runtime_path("exceptions");
    bool is_newer;

    (void) read_file(saved, lasting, false, &is_newer, NULL);
    (void) read_file(saved, ending, true, &is_newer, NULL);
    return ks_exceptions_find(saved, name) != NULL;
}

static bool write_file(const char *path, const char *text, bool durable, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    GFileSetContentsFlags flags =
        G_FILE_SET_CONTENTS_CONSISTENT | (durable ? G_FILE_SET_CONTENTS_DURABLE : 0);

    (void) g_mkdir_with_parents(folder, 0755); /* if it fails, writing says why */
    return g_file_set_contents_full(path, text, -1, flags, 0600, error);
}

bool ks_exceptions_save(const KsExceptions *exceptions, bool ending, GError **error)
{
    g_autofree char *path =
        ending ? ks_store_runtime_path("exceptions") : ks_store_path("exceptions");
    g_autofree char *unsaved = ks_store_runtime_path(UNSAVED);
    g_autofree char *text = ks_exceptions_to_text(exceptions, ending);

    if (!is_saved(path, text) && !write_file(path, text, !ending, error))
        return false;
    if (!ending)
        (void) g_unlink(unsaved);
    return true;
}

bool ks_exceptions_save_closed(const KsExceptions *exceptions, GError **error)
{
    g_autofree char *unsaved = ks_store_runtime_path(UNSAVED);
    g_autofree char *text = ks_exceptions_to_text(exceptions, false);
    bool ended = ks_exceptions_save(exceptions, true, error);

    if (ks_exceptions_save(exceptions, false, ended ? error : NULL))
        return ended;
    if (!write_file(unsaved, text, false, NULL))
        (void) g_unlink(unsaved); /* neither may an older one hold */
    return false;
}
