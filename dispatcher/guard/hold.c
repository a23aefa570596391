/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "files/boot.h"
#include "files/server-cache.h"
#include "files/vpns-file.h"
#include "guard/guard-private.h"
#include "model/printable.h"
#include "policy/draw.h"

#include <errno.h>

/* How often a kernel that could not be read is tried again. */
#define RETRY_US (5 * G_USEC_PER_SEC)

/* The kernel's command line opens this boot's lock, unless it was closed in this boot already. */
static void skip_boot_lock(KsGuard *guard)
{
    if (!ks_engine_settings(guard->engine)->locked || ks_store_was_closed(guard->store) ||
        !ks_boot_is_skipped())
        return;
    g_message("the kernel's command line says nmkillswitch=off: not locked in this boot, until "
              "someone locks or a VPN comes up");
    (void) ks_engine_set_locked(guard->engine, false);
    guard->boot_skipped = true;
}

/* The servers of the boot before are open until NetworkManager has told of them. */
static void begin_with_saved_servers(KsGuard *guard)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autofree char *text = ks_store_load_servers(guard->store);

    if (ks_server_cache_read(text, lock) > 0)
        ks_engine_adopt(guard->engine, lock);
}

bool ks_guard_take_over(KsGuard *guard)
{
    if (guard->has_taken_over)
        return true;
    if (!ks_keeper_read(guard->keeper))
        return false;
    guard->has_taken_over = true;
    guard->was_open = !ks_keeper_held(guard->keeper)->present;
    if (!ks_keeper_held(guard->keeper)->present) {
        skip_boot_lock(guard);
        begin_with_saved_servers(guard);
        return true;
    }
    ks_engine_adopt(guard->engine, ks_keeper_held(guard->keeper)->lock);
    if (ks_engine_set_locked(guard->engine, true))
        ks_guard_save(guard);
    return ks_keeper_adopt(guard->keeper, ks_store_load_pause_end(guard->store));
}

static bool hold(KsGuard *guard)
{
    return ks_keeper_hold(guard->keeper, ks_engine_settings(guard->engine)->locked,
                          ks_engine_lock(guard->engine), ks_look_world(guard->look));
}

bool ks_guard_hold(KsGuard *guard)
{
    if (hold(guard))
        return true;
    if (!ks_engine_is_telling(guard->engine))
        return false;
    /* a kernel without its module takes nothing that names it: what protects does without. Those
     * who look are told with the next ks_guard_notify() */
    guard->cannot_tell = ks_keeper_hold_error(guard->keeper) == -ENOENT;
    ks_engine_set_telling(guard->engine, false);
    return hold(guard);
}

static bool second_layer_is_right(const KsGuard *guard)
{
    return ks_second_layer_is_right(ks_keeper_second_layer(guard->keeper));
}

static gboolean on_pause_ended(gpointer data)
{
    KsGuard *guard = data;

    guard->pause_source = 0;
    (void) ks_keeper_read(guard->keeper);
    ks_guard_watch_closing(guard);
    g_message("the pause has ended");
    ks_guard_notify(guard);
    return G_SOURCE_REMOVE;
}

void ks_guard_watch_pause(KsGuard *guard)
{
    uint64_t left = ks_guard_pause_left(guard);

    ks_guard_watch_closing(guard);
    g_clear_handle_id(&guard->pause_source, g_source_remove);
    if (left > 0)
        guard->pause_source = g_timeout_add((guint) MIN(left + 1, G_MAXINT), on_pause_ended, guard);
}

/* For the next guard; not on an event's path, since losing it only locks once more. */
static void remember_known_up(KsGuard *guard)
{
    g_auto(GStrv) known_up = ks_engine_known_up(guard->engine);

    if (guard->known_up &&
        g_strv_equal((const char *const *) guard->known_up, (const char *const *) known_up))
        return;
    ks_store_save_known_up(guard->store, (const char *const *) known_up);
    g_strfreev(guard->known_up);
    guard->known_up = g_steal_pointer(&known_up);
}

/* For the next boot. Only what NetworkManager told: one that is away takes nothing back. */
static void remember_servers(KsGuard *guard)
{
    const KsWorld *world = ks_look_world(guard->look);
    g_autoptr(KsLock) remembered = NULL;
    g_autofree char *servers = NULL;

    if (!ks_engine_settings(guard->engine)->locked || !world->manager_present ||
        !world->manager_settled)
        return;
    remembered = ks_draw_remembered(ks_engine_lasting(guard->engine), world);
    servers = ks_server_cache_write(remembered);
    if (g_strcmp0(servers, guard->servers) == 0)
        return;
    ks_store_save_servers(guard->store, servers);
    g_free(guard->servers);
    guard->servers = g_steal_pointer(&servers);
}

static void retry_later(KsGuard *guard)
{
    g_source_set_ready_time(guard->retry_source, g_get_monotonic_time() + RETRY_US);
}

/* Found by a look that others' change had not called for yet, or after ours had failed. */
static void put_right_at_last(KsGuard *guard)
{
    KsAuthor author;

    if (guard->monitor &&
        ks_monitor_drain(guard->monitor, ks_keeper_port(guard->keeper), &author)) {
        ks_guard_put_right(guard, &author);
        return;
    }
    g_warning("the kernel does not hold the lock as it should; putting it right");
    if (!ks_guard_hold(guard)) /* a module may be loaded, another guard may end */
        retry_later(guard);
}

/* Once for each VPN: not saved, it is learned again. */
static void save_what_was_learned(KsGuard *guard)
{
    g_autoptr(GError) error = NULL;

    if (!guard->has_learned)
        return;
    guard->has_learned = false;
    if (!ks_vpns_save(guard->vpns, &error))
        g_warning("that a VPN is WireGuard could not be saved: %s", error->message);
}

/* What happens a moment after each change, off the event's path. */
static gboolean verify(gpointer data)
{
    KsGuard *guard = data;

    guard->verify_source = 0;
    if (!guard->has_taken_over) { /* changing what we do not know could open it */
        retry_later(guard);
        ks_guard_notify(guard);
        return G_SOURCE_REMOVE;
    }
    if (!ks_keeper_read_lately(guard->keeper)) {
        retry_later(guard);
    } else if (!ks_guard_is_right(guard)) {
        put_right_at_last(guard);
    } else if (!second_layer_is_right(guard)) {
        (void) ks_guard_hold(guard);
    }
    ks_guard_watch_pause(guard);
    ks_tracing_follow(guard->tracing,
                      ks_keeper_held(guard->keeper)->present && ks_guard_pause_left(guard) == 0,
                      guard->engine, ks_look_world(guard->look));
    remember_known_up(guard);
    remember_servers(guard);
    save_what_was_learned(guard);
    ks_look_at_leases(guard->look);
    ks_guard_notify(guard);
    return G_SOURCE_REMOVE;
}

void ks_guard_verify_soon(KsGuard *guard)
{
    if (guard->verify_source == 0)
        guard->verify_source = g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, verify, guard, NULL);
}

static char *describe_author(const KsAuthor *author)
{
    g_autofree char *name = ks_printable_quoted(author->name);

    if (!author->name[0])
        return g_strdup("another program (which one is not known)");
    return g_strdup_printf("%s (process %u)", name, author->process);
}

/* "broken" is a state that people see, however short. It is told when it is over already: telling
 * it first would make it longer. */
static void tell_that_it_was_broken(KsGuard *guard)
{
    guard->was_broken = true;
    guard->observer.changed(true, guard->observer.data);
    guard->was_broken = false;
}

void ks_guard_put_right(KsGuard *guard, KsAuthor *author)
{
    g_autofree char *who = NULL;
    bool first_is_right;
    bool is_held;

    if (!guard->has_taken_over || !ks_keeper_read(guard->keeper)) {
        ks_guard_verify_soon(guard);
        return;
    }
    first_is_right = ks_guard_is_right(guard);
    if (first_is_right && second_layer_is_right(guard))
        return;
    ks_guard_watch_closing(guard);
    is_held = ks_guard_hold(guard);
    ks_monitor_read_author(guard->monitor, ks_keeper_port(guard->keeper), author);
    who = describe_author(author);
    g_warning("%s changed the lock in the kernel; %s", who,
              is_held ? "it was put right" : "it could not be put right yet");
    if (!first_is_right)
        tell_that_it_was_broken(guard);
    ks_guard_verify_soon(guard);
}
