/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/status-watch.h"

#include "config.h"
#include "ctl/bus-client.h"
#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/show.h"
#include "ctl/terminal-text.h"
#include "model/names.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 10000

/* Between two attempts to reach what does not say when it is back: a bus, a guard that hangs. */
#define RETRY_SECONDS 2

/* Of the time before each line, and the blanks below it. */
#define TIME_FORMAT "%H:%M:%S"
#define INDENT      10

typedef struct {
    bool json;
    bool rewrites; /* a terminal, where a line can be written over */
    GMainLoop *loop;
    KsExitStatus status;

    GDBusConnection *connection; /* NULL while there is no bus */
    gulong closed;
    guint name;
    guint changes;
    guint retry_source;
    GCancellable *asking; /* a GetStatus is on its way */
    bool ask_again;       /* something changed since then */

    GVariant *shown;  /* the status that was printed last, NULL: none or out of date */
    const char *away; /* what was said to be away, NULL: nothing */
    guint countdown_source;
    bool countdown_shown; /* in the line that the cursor is in */
} Watch;

/* ---- printing ---- */

static void clear_countdown(Watch *watch)
{
    if (watch->countdown_shown)
        ks_output_data("\r\033[K");
    watch->countdown_shown = false;
}

static void flush(Watch *watch)
{
    if (fflush(stdout) < 0) /* nobody reads any more, or the disk is full: main says which */
        g_main_loop_quit(watch->loop);
}

static void print_line(Watch *watch, const char *sentence)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *time = g_date_time_format(now, TIME_FORMAT "  ");
    g_autoptr(GString) line = g_string_new(NULL);

    clear_countdown(watch);
    ks_terminal_append_wrapped(line, time, INDENT, sentence);
    ks_output_print(line->str);
}

static gboolean count_down(gpointer data)
{
    Watch *watch = data;
    int64_t left = (int64_t) ks_field_number(watch->shown, "paused_until") -
                   g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *duration = ks_terminal_duration(left > 0 ? (uint64_t) left : 0);
    g_autofree char *text = g_strdup_printf(_("%s left"), duration);

    clear_countdown(watch);
    ks_output_data("          ");
    ks_output_print(text);
    watch->countdown_shown = true;
    flush(watch);
    return G_SOURCE_CONTINUE;
}

static void follow_pause(Watch *watch)
{
    bool paused = watch->shown && ks_field_number(watch->shown, "paused_until") > 0;

    if (paused && watch->rewrites && watch->countdown_source == 0) {
        watch->countdown_source = g_timeout_add_seconds(1, count_down, watch);
        (void) count_down(watch);
    } else if (!paused) {
        g_clear_handle_id(&watch->countdown_source, g_source_remove);
        clear_countdown(watch);
    }
}

/* Each fact that was not said before; at first only how it stands, and warnings. */
static void print_news(Watch *watch, GVariant *status)
{
    g_auto(GStrv) before = watch->shown ? ks_show_facts(watch->shown) : NULL;
    g_auto(GStrv) now = ks_show_facts(status);

    for (unsigned i = 0; now[i]; i++)
        if (before ? !g_strv_contains((const char *const *) before, now[i])
                   : i == 0 || now[i][0] == '!')
            print_line(watch, now[i]);
}

/* The status without what counts on its own. */
static GVariant *essence(GVariant *status, uint64_t paused_until)
{
    GVariantDict dictionary;

    g_variant_dict_init(&dictionary, status);
    g_variant_dict_remove(&dictionary, "blocked");
    g_variant_dict_remove(&dictionary, "silent_since");
    g_variant_dict_insert(&dictionary, "paused_until", "t", (guint64) paused_until);
    return g_variant_ref_sink(g_variant_dict_end(&dictionary));
}

static bool is_news(GVariant *before, GVariant *now)
{
    uint64_t until_before = before ? ks_field_number(before, "paused_until") : 0;
    uint64_t until = ks_field_number(now, "paused_until");
    g_autoptr(GVariant) a = before ? essence(before, until_before) : NULL;
    g_autoptr(GVariant) b = NULL;

    if (!before)
        return true;
    /* the same end of a pause, seen a moment later, may differ by its rounding */
    if (until > 0 && until + 1 >= until_before && until <= until_before + 1)
        until = until_before;
    b = essence(now, until);
    return !g_variant_equal(a, b);
}

static void take_status(Watch *watch, GVariant *status)
{
    if (is_news(watch->shown, status)) {
        if (watch->json) {
            g_autofree char *line = ks_json_line(status);

            ks_output_data(line);
        } else {
            print_news(watch, status);
        }
        g_clear_pointer(&watch->shown, g_variant_unref);
        watch->shown = g_variant_ref(status);
    }
    watch->away = NULL;
    follow_pause(watch);
    flush(watch);
}

/* `what` is a word for programs, "guard-away" or "bus-away"; said once. */
static void say_away(Watch *watch, const char *what, const char *sentence)
{
    if (g_strcmp0(watch->away, what) == 0)
        return;
    watch->away = what;
    g_clear_pointer(&watch->shown, g_variant_unref);
    follow_pause(watch);
    if (watch->json) {
        g_autofree char *line = ks_json_away(what);

        ks_output_data(line);
    } else {
        print_line(watch, sentence);
    }
    flush(watch);
}

/* ---- asking ---- */

static void ask(Watch *watch);

static gboolean on_ask_again(gpointer data)
{
    Watch *watch = data;

    watch->retry_source = 0;
    ask(watch);
    return G_SOURCE_REMOVE;
}

static void on_status(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    g_autoptr(GVariant) status = reply ? g_variant_get_child_value(reply, 0) : NULL;
    Watch *watch = data;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    g_clear_object(&watch->asking);
    if (status)
        take_status(watch, status);
    else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        say_away(watch, "guard-away",
                 _("The guard does not answer. What was locked stays locked."));
    if (!status && watch->retry_source == 0)
        watch->retry_source = g_timeout_add_seconds(RETRY_SECONDS, on_ask_again, watch);
    else if (watch->ask_again)
        ask(watch);
}

static void ask(Watch *watch)
{
    watch->ask_again = watch->asking != NULL;
    if (watch->asking || !watch->connection)
        return;
    watch->asking = g_cancellable_new();
    g_dbus_connection_call(watch->connection, KS_BUS_NAME, KS_BUS_PATH, KS_BUS_INTERFACE,
                           "GetStatus", NULL, G_VARIANT_TYPE("(a{sv})"),
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_TIMEOUT_MS, watch->asking,
                           on_status, watch);
}

static void stop_asking(Watch *watch)
{
    if (watch->asking)
        g_cancellable_cancel(watch->asking);
    g_clear_object(&watch->asking);
    g_clear_handle_id(&watch->retry_source, g_source_remove);
    watch->ask_again = false;
}

static void on_properties_changed(GDBusConnection *connection, const char *sender, const char *path,
                                  const char *interface, const char *signal, GVariant *arguments,
                                  gpointer data)
{
    (void) connection;
    (void) sender;
    (void) path;
    (void) interface;
    (void) signal;
    (void) arguments;
    ask(data);
}

static void on_guard_appeared(GDBusConnection *connection, const char *name, const char *owner,
                              gpointer data)
{
    (void) connection;
    (void) name;
    (void) owner;
    ask(data);
}

static void on_guard_vanished(GDBusConnection *connection, const char *name, gpointer data)
{
    Watch *watch = data;

    (void) name;
    if (!connection)
        return; /* on_closed() tells more */
    stop_asking(watch);
    say_away(watch, "guard-away", _("The guard is not running. What was locked stays locked."));
}

/* ---- the bus ---- */

static void detach(Watch *watch)
{
    if (!watch->connection)
        return;
    stop_asking(watch);
    g_clear_handle_id(&watch->name, g_bus_unwatch_name);
    g_dbus_connection_signal_unsubscribe(watch->connection, watch->changes);
    g_signal_handler_disconnect(watch->connection, watch->closed);
    g_clear_object(&watch->connection);
}

static gboolean on_open_again(gpointer data);

static void on_closed(GDBusConnection *connection, gboolean by_peer, GError *error, gpointer data)
{
    Watch *watch = data;

    (void) connection;
    (void) by_peer;
    (void) error;
    detach(watch);
    say_away(
        watch, "bus-away",
        _("The system bus is gone, so the guard cannot be reached. What was locked stays locked."));
    watch->retry_source = g_timeout_add_seconds(RETRY_SECONDS, on_open_again, watch);
}

/* Takes the connection. */
static void attach(Watch *watch, GDBusConnection *connection)
{
    watch->connection = connection;
    watch->closed = g_signal_connect(connection, "closed", G_CALLBACK(on_closed), watch);
    watch->changes = g_dbus_connection_signal_subscribe(
        connection, KS_BUS_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged",
        KS_BUS_PATH, KS_BUS_INTERFACE, G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, watch,
        NULL);
    watch->name =
        g_bus_watch_name_on_connection(connection, KS_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_AUTO_START,
                                       on_guard_appeared, on_guard_vanished, watch, NULL);
}

static gboolean on_open_again(gpointer data)
{
    Watch *watch = data;
    GDBusConnection *connection = ks_bus_open(NULL);

    if (!connection)
        return G_SOURCE_CONTINUE;
    watch->retry_source = 0;
    attach(watch, connection);
    return G_SOURCE_REMOVE;
}

/* ---- beginning and end ---- */

static gboolean on_interrupt(gpointer data)
{
    Watch *watch = data;

    watch->status = KS_EXIT_INTERRUPTED;
    g_main_loop_quit(watch->loop);
    return G_SOURCE_CONTINUE;
}

/* Someone who reads our pipe went away: there may be nothing to write for long. */
static gboolean on_reader_gone(gint fd, GIOCondition condition, gpointer data)
{
    Watch *watch = data;

    (void) fd;
    (void) condition;
    g_main_loop_quit(watch->loop);
    return G_SOURCE_REMOVE;
}

KsExitStatus ks_watch(bool json)
{
    Watch watch = { .json = json, .status = KS_EXIT_DONE };
    g_autoptr(GError) error = NULL;
    g_autofree char *message = NULL;
    GDBusConnection *connection;
    guint interrupt;
    guint reader;

    (void) signal(SIGPIPE, SIG_IGN);
    connection = ks_bus_open(&error);
    if (!connection) {
        KsExitStatus status = ks_bus_explain(error, &message);

        ks_output_complain(message);
        return status;
    }
    watch.rewrites = !json && isatty(STDOUT_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    watch.loop = g_main_loop_new(NULL, FALSE);
    interrupt = g_unix_signal_add(SIGINT, on_interrupt, &watch);
    reader = g_unix_fd_add(STDOUT_FILENO, G_IO_ERR, on_reader_gone, &watch);
    attach(&watch, connection);
    g_main_loop_run(watch.loop);

    g_clear_handle_id(&watch.retry_source, g_source_remove);
    detach(&watch);
    g_clear_pointer(&watch.shown, g_variant_unref);
    follow_pause(&watch);
    g_source_remove(interrupt);
    if (g_main_context_find_source_by_id(NULL, reader))
        g_source_remove(reader);
    g_main_loop_unref(watch.loop);
    return watch.status;
}
