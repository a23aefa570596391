/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/logins.h"

#include <glib-unix.h>
#include <stdlib.h>
#include <systemd/sd-login.h>

struct KsLogins {
    void (*changed)(void *data);
    void *data;
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

/* It makes the folder that is watched as it starts, after us. */
static void open_monitor(KsLogins *logins)
{
    if (logins->monitor || sd_login_monitor_new("session", &logins->monitor) < 0)
        return;
    logins->is_stale = true;
    logins->source =
        g_unix_fd_add(sd_login_monitor_get_fd(logins->monitor), G_IO_IN, on_heard, logins);
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
    open_monitor(logins);
    if (logins->is_stale)
        read_sessions(logins);
    world->logged_in = g_hash_table_size(logins->sessions) > 0;
    world->logins = logins->count;
}
