/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/logins.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <systemd/sd-login.h>

/* In here logind makes the folder that its monitor watches, as it starts, which is after us. */
#define FOLDER "/run/systemd"

struct KsLogins {
    void (*changed)(void *data);
    void *data;
    GFileMonitor *folder; /* as long as logind has not run yet; NULL: it has, or there is none */
    sd_login_monitor *monitor; /* NULL: logind has not run yet */
    guint source;
    GHashTable *sessions; /* set of char *: those that are there */
    uint64_t count;       /* of all that came */
    bool is_stale;        /* something was heard since they were read */
};

static gboolean on_heard(gint fd, GIOCondition condition, gpointer data)
{
    KsLogins *logins = data;

    (void) fd;
    (void) condition;
    (void) sd_login_monitor_flush(logins->monitor);
    logins->is_stale = true;
    logins->changed(logins->data);
    return G_SOURCE_CONTINUE;
}

static bool open_monitor(KsLogins *logins)
{
    if (logins->monitor)
        return true;
    if (sd_login_monitor_new("session", &logins->monitor) < 0)
        return false;
    logins->is_stale = true;
    logins->source =
        g_unix_fd_add(sd_login_monitor_get_fd(logins->monitor), G_IO_IN, on_heard, logins);
    g_clear_object(&logins->folder);
    return true;
}

static void on_folder_changed(GFileMonitor *folder, GFile *file, GFile *other,
                              GFileMonitorEvent event, KsLogins *logins)
{
    (void) folder;
    (void) file;
    (void) other;
    (void) event;
    if (open_monitor(logins))
        logins->changed(logins->data); /* somebody may have been as quick */
}

static void watch_for_logind(KsLogins *logins)
{
    g_autoptr(GFile) file = g_file_new_for_path(FOLDER);

    if (logins->folder || !g_file_test(FOLDER, G_FILE_TEST_IS_DIR))
        return;
    logins->folder = g_file_monitor_directory(file, G_FILE_MONITOR_NONE, NULL, NULL);
    if (!logins->folder)
        return;
    g_signal_connect(logins->folder, "changed", G_CALLBACK(on_folder_changed), logins);
    (void) open_monitor(logins); /* logind may have started in between */
}

KsLogins *ks_logins_new(void (*changed)(void *data), void *data)
{
    KsLogins *logins = g_new0(KsLogins, 1);

    logins->changed = changed;
    logins->data = data;
    logins->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return logins;
}

void ks_logins_free(KsLogins *logins)
{
    if (!logins)
        return;
    g_clear_object(&logins->folder);
    g_clear_handle_id(&logins->source, g_source_remove);
    if (logins->monitor)
        sd_login_monitor_unref(logins->monitor);
    g_hash_table_unref(logins->sessions);
    g_free(logins);
}

/* "greeter" and "lock-screen" are nobody's, "manager" and "background" ask nobody. */
static bool is_of_person(const char *session)
{
    char *class = NULL;
    char *state = NULL;
    bool is_so = sd_session_get_class(session, &class) >= 0 && g_str_has_prefix(class, "user") &&
                 sd_session_get_state(session, &state) >= 0 && !g_str_equal(state, "closing");

    free(class);
    free(state);
    return is_so;
}

static void read_sessions(KsLogins *logins)
{
    GHashTable *now = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char **sessions = NULL;
    int count = sd_get_sessions(&sessions);

    for (int i = 0; i < count; i++) {
        if (is_of_person(sessions[i])) {
            logins->count += !g_hash_table_contains(logins->sessions, sessions[i]);
            g_hash_table_add(now, g_strdup(sessions[i]));
        }
        free(sessions[i]);
    }
    free(sessions);
    g_hash_table_unref(logins->sessions);
    logins->sessions = now;
    logins->is_stale = false;
}

void ks_logins_describe(KsLogins *logins, KsWorld *world)
{
    if (!open_monitor(logins))
        watch_for_logind(logins);
    if (logins->is_stale)
        read_sessions(logins);
    world->logged_in = g_hash_table_size(logins->sessions) > 0;
    world->logins = logins->count;
}
