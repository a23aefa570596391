/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report/run-program.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>

static char *find(const char *name)
{
    static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin",
                                           "/run/current-system/sw/bin" };

    for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(folders[i], name, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
            return g_steal_pointer(&path);
    }
    return NULL;
}

typedef struct {
    GSubprocess *process;
    GCancellable *patience;
    GString *said;
    GError *error;
    char buffer[4096];
    bool ended;
    bool too_long;
} Reading;

static void read_on(Reading *reading);

static void on_end(GObject *source, GAsyncResult *result, gpointer data)
{
    Reading *reading = data;

    (void) g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL);
    reading->ended = true;
}

static void on_read(GObject *source, GAsyncResult *result, gpointer data)
{
    Reading *reading = data;
    gssize length = g_input_stream_read_finish(G_INPUT_STREAM(source), result, &reading->error);

    if (length > 0)
        g_string_append_len(reading->said, reading->buffer, length);
    if (length > 0 && reading->said->len < KS_PROGRAM_BYTES)
        read_on(reading);
    else if (length > 0 || reading->error)
        reading->ended = true;
    else /* it may go on without saying anything */
        g_subprocess_wait_async(reading->process, reading->patience, on_end, reading);
}

static void read_on(Reading *reading)
{
    g_input_stream_read_async(g_subprocess_get_stdout_pipe(reading->process), reading->buffer,
                              sizeof(reading->buffer), G_PRIORITY_DEFAULT, reading->patience,
                              on_read, reading);
}

static gboolean on_timeout(gpointer data)
{
    Reading *reading = data;

    reading->too_long = true;
    g_cancellable_cancel(reading->patience);
    return G_SOURCE_REMOVE;
}

/* All that it says until it ends, says too much or takes too long; then it is ended. */
static void read_all(Reading *reading)
{
    g_autoptr(GSource) timeout = g_timeout_source_new_seconds(KS_PROGRAM_SECONDS);

    g_source_set_callback(timeout, on_timeout, reading, NULL);
    g_source_attach(timeout, NULL);
    read_on(reading);
    while (!reading->ended)
        g_main_context_iteration(NULL, TRUE);
    g_source_destroy(timeout);
    if (reading->too_long || reading->said->len >= KS_PROGRAM_BYTES)
        g_subprocess_force_exit(reading->process);
    (void) g_subprocess_wait(reading->process, NULL, NULL);
}

static char *judge(const char *name, const Reading *reading, char **ret_why)
{
    bool cut = reading->said->len >= KS_PROGRAM_BYTES;

    if (reading->too_long)
        *ret_why = g_strdup_printf("%s took more than %u seconds", name, KS_PROGRAM_SECONDS);
    else if (reading->error)
        *ret_why = g_strdup_printf("%s: %s", name, reading->error->message);
    else if (cut || g_subprocess_get_successful(reading->process))
        return g_utf8_make_valid(reading->said->str, -1);
    else if (reading->said->len > 0)
        *ret_why = g_utf8_make_valid(reading->said->str, -1);
    else
        *ret_why = g_strdup_printf("%s failed", name);
    return NULL;
}

char *ks_program_run(const char *const *arguments, char **ret_why)
{
    static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                               "LC_ALL=C.UTF-8", "TERM=dumb", "SYSTEMD_COLORS=0",
                                               NULL };
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autofree char *path = find(arguments[0]);
    g_autoptr(GError) error = NULL;
    Reading reading = { 0 };
    char *said;

    if (!path) {
        *ret_why = g_strdup_printf("%s is not installed", arguments[0]);
        return NULL;
    }
    g_ptr_array_add(words, path);
    for (unsigned i = 1; arguments[i]; i++)
        g_ptr_array_add(words, (void *) arguments[i]);
    g_ptr_array_add(words, NULL);
    g_subprocess_launcher_set_environ(launcher, (char **) environment);
    reading.process =
        g_subprocess_launcher_spawnv(launcher, (const char *const *) words->pdata, &error);
    if (!reading.process) {
        *ret_why = g_strdup(error->message);
        return NULL;
    }
    reading.patience = g_cancellable_new();
    reading.said = g_string_new(NULL);
    read_all(&reading);
    said = judge(arguments[0], &reading, ret_why);
    g_string_free(reading.said, TRUE);
    g_clear_error(&reading.error);
    g_object_unref(reading.patience);
    g_object_unref(reading.process);
    return said;
}
