/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "files/vpns-file.h"
#include "guard/guard-private.h"
#include "kernel/clock.h"

#include <glib-unix.h>
#include <unistd.h>

/* How long the first events wait for libnm before they are answered from what the kernel alone
 * tells. NetworkManager answers within some 50 ms; a hook waits up to 5 s. */
#define READY_TIMEOUT_MS 2000

static void become_ready(KsGuard *guard)
{
    g_clear_handle_id(&guard->ready_source, g_source_remove);
    if (!guard->is_ready)
        guard->observer.ready(guard->observer.data);
    guard->is_ready = true;
}

static void on_world_changed(void *data)
{
    KsGuard *guard = data;

    (void) ks_guard_follow(guard);
    if (ks_look_has_manager_told(guard->look))
        become_ready(guard);
}

static gboolean on_ready_timeout(gpointer data)
{
    KsGuard *guard = data;

    guard->ready_source = 0;
    g_message("NetworkManager has not answered yet; going on without it");
    become_ready(guard);
    return G_SOURCE_REMOVE;
}

static gboolean on_tables_changed(gint fd, GIOCondition condition, gpointer data)
{
    KsGuard *guard = data;
    KsAuthor author;

    (void) fd;
    (void) condition;
    if (ks_monitor_drain(guard->monitor, ks_keeper_port(guard->keeper), &author))
        ks_guard_put_right(guard, &author);
    if (ks_monitor_has_seen_others(guard->monitor))
        ks_tracing_forget(guard->tracing);
    return G_SOURCE_CONTINUE;
}

static void on_traced(void *data)
{
    ks_guard_notify(data);
}

/* The machine slept, or its clock was set. */
static gboolean on_woken(gint fd, GIOCondition condition, gpointer data)
{
    KsGuard *guard = data;

    (void) condition;
    ks_clock_drain(fd);
    guard->clock_is_judged = false;
    if (ks_keeper_read(guard->keeper) && ks_keeper_is_paused_too_long(guard->keeper))
        g_message("the pause is ended: the machine slept, and the kernel does not count that");
    ks_guard_end_exceptions(guard);
    ks_always_on_wake(guard->always_on);
    (void) ks_guard_follow(guard);
    return G_SOURCE_CONTINUE;
}

static gboolean on_due(gpointer data)
{
    g_source_set_ready_time(g_main_current_source(), -1);
    (void) ks_guard_follow(data);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    (void) source;
    return callback(data);
}

/* Follows the world once more, at its ready time; until that is set it sleeps. */
static GSource *waker_new(KsGuard *guard)
{
    static GSourceFuncs functions = { .dispatch = dispatch };
    GSource *source = g_source_new(&functions, sizeof(GSource));

    g_source_set_callback(source, on_due, guard, NULL);
    (void) g_source_attach(source, NULL);
    return source;
}

static void free_waker(GSource *source)
{
    g_source_destroy(source);
    g_source_unref(source);
}

/* ---- beginning and end ---- */

static void watch_kernel(KsGuard *guard)
{
    ks_look_open_kernel(guard->look);
    if (ks_monitor_open(&guard->monitor) == 0)
        /* before all else: where the table has no owner, it may be open now */
        guard->monitor_source = g_unix_fd_add_full(G_PRIORITY_HIGH, ks_monitor_fd(guard->monitor),
                                                   G_IO_IN, on_tables_changed, guard, NULL);
    guard->clock = ks_clock_open();
    if (guard->clock >= 0)
        guard->clock_source =
            g_unix_fd_add_full(G_PRIORITY_HIGH, guard->clock, G_IO_IN, on_woken, guard, NULL);
}

static void load_state(KsGuard *guard)
{
    g_auto(GStrv) known_up = ks_store_load_known_up(guard->store);
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;
    KsStored stored = ks_store_load(guard->store, &settings, &guard->state_problem);
    bool obeyed;

    if (stored == KS_STORED_NOTHING)
        settings.mode =
            ks_configuration_auto_lock(guard->configuration) ? KS_MODE_VPN : KS_MODE_OFF;
    if (guard->state_problem)
        g_warning("%s", guard->state_problem);
    guard->engine = ks_engine_new(&settings, (const char *const *) known_up);
    if (stored == KS_STORED_NOTHING && !known_up)
        ks_engine_spare_running(guard->engine);
    if (stored == KS_STORED_CORRUPT)
        ks_store_set_aside(guard->store);
    obeyed = ks_guard_obey_configuration(guard);
    if (stored == KS_STORED_CORRUPT || obeyed || ks_store_is_unsaved(guard->store))
        ks_guard_save(guard);
}

KsGuard *ks_guard_new(KsSystemBus *bus, const KsGuardObserver *observer)
{
    KsGuard *guard = g_new0(KsGuard, 1);

    guard->observer = *observer;
    guard->configuration = ks_guard_read_configuration();
    guard->store = ks_store_new();
    guard->copies = ks_saved_copies_new("");
    guard->look = ks_look_new(on_world_changed, guard);
    guard->keeper = ks_keeper_new();
    guard->tracing = ks_tracing_new(on_traced, guard);
    guard->retry_source = waker_new(guard);
    guard->connect_source = waker_new(guard);

    load_state(guard);
    guard->held_saved = ks_store_is_held(guard->store);
    guard->always_on = ks_always_on_new(guard->held_saved);
    guard->vpns = ks_vpns_load(KS_VPNS_SET_ASIDE, &guard->vpns_problem);
    if (guard->vpns_problem)
        g_warning("%s", guard->vpns_problem);
    ks_guard_load_exceptions(guard);
    /* before any other socket: the owner's port is then our process number, by which a rescue finds
     * a guard that hangs (kernel: net/netlink/af_netlink.c, netlink_autobind) */
    (void) ks_guard_take_over(guard);
    watch_kernel(guard);
    (void) ks_guard_follow(guard);
    ks_look_open_manager(guard->look, bus);
    guard->ready_source = g_timeout_add(READY_TIMEOUT_MS, on_ready_timeout, guard);
    return guard;
}

void ks_guard_free(KsGuard *guard)
{
    if (!guard)
        return;
    ks_guard_save_again(guard); /* before the machine is off, say */
    g_clear_handle_id(&guard->save_source, g_source_remove);
    g_clear_handle_id(&guard->monitor_source, g_source_remove);
    g_clear_handle_id(&guard->clock_source, g_source_remove);
    if (guard->clock >= 0)
        close(guard->clock);
    g_clear_handle_id(&guard->verify_source, g_source_remove);
    g_clear_handle_id(&guard->ready_source, g_source_remove);
    g_clear_handle_id(&guard->pause_source, g_source_remove);
    g_clear_handle_id(&guard->exceptions_source, g_source_remove);
    ks_guard_stop_ending(guard);
    free_waker(guard->retry_source);
    free_waker(guard->connect_source);
    ks_look_free(guard->look);
    ks_monitor_close(guard->monitor);
    ks_tracing_free(guard->tracing);
    ks_keeper_free(guard->keeper);
    ks_engine_free(guard->engine);
    ks_always_on_free(guard->always_on);
    g_strfreev(guard->always_on_now);
    g_free(guard->always_on_told.uuid);
    ks_vpns_free(guard->vpns);
    ks_exceptions_free(guard->exceptions);
    g_free(guard->exceptions_problem);
    g_free(guard->exceptions_unsaved);
    ks_exceptions_free(guard->exceptions_in_force);
    g_free(guard->exceptions_left_out);
    ks_saved_copies_free(guard->copies);
    ks_store_free(guard->store);
    ks_configuration_free(guard->configuration);
    g_strfreev(guard->known_up);
    ks_status_told_clear(&guard->told);
    g_free(guard->servers);
    g_free(guard->state_problem);
    g_free(guard->vpns_problem);
    g_free(guard->copy_told);
    g_free(guard->clock_doubt);
    g_free(guard->save_problem);
    g_free(guard);
}
