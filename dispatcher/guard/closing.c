/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/guard-private.h"

#include <errno.h>

/* What the kernel tracks for others (a NAT, a firewall) and what was there before the lock closed
 * is ended, once at each closing: see model/connection.h. Nobody waits for it. Each piece is a turn
 * of the main loop that gives way to everything else. */

static bool is_closed(const KsGuard *guard)
{
    return ks_keeper_held(guard->keeper)->present && ks_guard_is_settled(guard);
}

static bool may_stay(const KsConnection *connection, const void *data)
{
    const KsGuard *guard = data;

    return ks_connection_may_stay(connection, ks_engine_lock(guard->engine),
                                  ks_look_addresses(guard->look));
}

void ks_guard_stop_ending(KsGuard *guard)
{
    g_clear_handle_id(&guard->ending_source, g_source_remove);
    g_clear_pointer(&guard->connections, ks_connections_close);
}

static gboolean end_some(gpointer data)
{
    KsGuard *guard = data;
    int result = guard->connections ? 1 : ks_connections_open(&guard->connections);

    if (result >= 0)
        result = ks_connections_go_on(guard->connections, may_stay, guard);
    if (result > 0)
        return G_SOURCE_CONTINUE;
    if (result < 0 && result != -ENOENT)
        g_message("not all connections from before the lock closed could be ended (%s); nothing "
                  "of them gets through",
                  g_strerror(-result));
    else if (guard->connections && ks_connections_ended(guard->connections) > 0)
        g_message("%u connections from before the lock closed were ended",
                  ks_connections_ended(guard->connections));
    guard->ending_source = 0;
    ks_guard_stop_ending(guard);
    return G_SOURCE_REMOVE;
}

void ks_guard_watch_closing(KsGuard *guard)
{
    if (!is_closed(guard)) {
        guard->was_open = true;
        ks_guard_stop_ending(guard);
    } else if (guard->was_open && ks_look_addresses(guard->look)) {
        guard->was_open = false;
        ks_guard_stop_ending(guard);
        guard->ending_source = g_idle_add_full(G_PRIORITY_LOW, end_some, guard, NULL);
    }
}
