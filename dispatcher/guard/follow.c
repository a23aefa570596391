/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "files/boot.h"
#include "files/server-cache.h"
#include "files/vpns-file.h"
#include "guard/guard-private.h"
#include "rules/held.h"

#include <glib-unix.h>
#include <unistd.h>

/* How often a kernel that could not be read is tried again. */
#define RETRY_US (5 * G_USEC_PER_SEC)

void ks_guard_notify(KsGuard *guard)
{
    guard->listener.changed(guard->listener.data, false);
}

KsStatusFacts ks_guard_facts(const KsGuard *guard)
{
    return (KsStatusFacts){
        .engine = guard->engine,
        .world = guard->world,
        .held = ks_held_of(ks_keeper_held(guard->keeper)),
        .trouble = ks_keeper_trouble(guard->keeper) != NULL ||
                   ks_keeper_is_paused_too_long(guard->keeper) || guard->was_broken,
        .pause_max = ks_configuration_pause_max(guard->configuration),
        .egress = ks_second_layer_stands(ks_keeper_second_layer(guard->keeper)),
        .problems = { ks_keeper_trouble(guard->keeper), guard->state_problem, guard->save_problem,
                      guard->vpns_problem,
                      ks_second_layer_problem(ks_keeper_second_layer(guard->keeper)) },
        .configuration_warnings = ks_configuration_warnings(guard->configuration),
    };
}

static bool is_as_it_should_be(const KsGuard *guard)
{
    KsStatusFacts facts = ks_guard_facts(guard);

    return ks_status_verified(&facts);
}

uint64_t ks_guard_pause_left(const KsGuard *guard)
{
    return ks_keeper_held(guard->keeper)->pause_ms;
}

bool ks_guard_is_closed(const KsGuard *guard)
{
    return is_as_it_should_be(guard) && ks_guard_pause_left(guard) == 0;
}

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

static bool hold_what_should_be(KsGuard *guard)
{
    return ks_keeper_hold(guard->keeper, ks_engine_settings(guard->engine)->locked,
                          ks_engine_lock(guard->engine), guard->world);
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

void ks_guard_wake_up(KsGuard *guard)
{
    if (ks_keeper_read(guard->keeper) && ks_keeper_is_paused_too_long(guard->keeper))
        g_message("the pause is ended: the machine slept, and the kernel does not count that");
    (void) ks_guard_follow(guard);
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
    g_autofree char *servers = NULL;

    if (!ks_engine_settings(guard->engine)->locked || !guard->world->manager_present ||
        !guard->world->manager_settled)
        return;
    servers = ks_server_cache_write(ks_engine_lasting(guard->engine));
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
    if (!hold_what_should_be(guard)) /* a module may be loaded, another guard may end */
        retry_later(guard);
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
    if (!ks_keeper_read(guard->keeper)) {
        retry_later(guard);
    } else if (!is_as_it_should_be(guard)) {
        put_right_at_last(guard);
    } else if (!second_layer_is_right(guard)) {
        (void) hold_what_should_be(guard);
    }
    ks_guard_watch_pause(guard);
    remember_known_up(guard);
    remember_servers(guard);
    ks_guard_notify(guard);
    return G_SOURCE_REMOVE;
}

void ks_guard_verify_soon(KsGuard *guard)
{
    if (guard->verify_source == 0)
        guard->verify_source = g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, verify, guard, NULL);
}

/* The kernel loads WireGuard with the first link of that kind. */
static void describe_wireguard(KsGuard *guard)
{
    bool any = false;
    int result = 0;

    for (unsigned i = 0; i < guard->world->links->len; i++)
        any |= g_array_index(guard->world->links, KsLink, i).wireguard;
    g_array_set_size(guard->world->wireguard_endpoints, 0);
    if (!any)
        return;
    if (!guard->wireguard)
        result = ks_wireguard_open(&guard->wireguard);
    if (result == 0)
        result = ks_wireguard_describe(guard->wireguard, guard->world);
    if (result < 0)
        g_warning(
            "the kernel's WireGuard tunnels cannot be read, so that only their handshakes are "
            "let out: %s",
            g_strerror(-result));
}

/* What we would not be told the end of is none: without notifications, no card is a hotspot. */
static void describe_access_points(KsGuard *guard)
{
    int result = guard->access_points_source
                     ? ks_access_points_describe(guard->access_points, guard->world)
                     : 0;

    if (result < 0)
        g_warning("which Wi-Fi cards are hotspots cannot be read, so that their users have no "
                  "connection while locked: %s",
                  g_strerror(-result));
}

static gboolean on_policies_changed(gint fd, GIOCondition condition, gpointer data)
{
    (void) condition;
    ks_policies_drain(fd);
    (void) ks_guard_follow(data);
    return G_SOURCE_CONTINUE;
}

static void watch_policies(KsGuard *guard, bool watch)
{
    int fd;

    if (watch == (guard->policies_source != 0))
        return;
    if (!watch) {
        ks_guard_stop_policies(guard);
        return;
    }
    fd = ks_policies_watch();
    if (fd < 0)
        return; /* the dump that follows says why */
    guard->policies_fd = fd;
    guard->policies_source = g_unix_fd_add(fd, G_IO_IN, on_policies_changed, guard);
}

void ks_guard_stop_policies(KsGuard *guard)
{
    if (!guard->policies_source)
        return;
    g_clear_handle_id(&guard->policies_source, g_source_remove);
    (void) close(guard->policies_fd);
}

/* Only while a VPN may need it: its policies stand before NetworkManager tells that it is up. */
static void describe_policies(KsGuard *guard)
{
    bool any = false;
    int result;

    ks_policies_forget(guard->world);
    for (unsigned i = 0; i < guard->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(guard->world->vpns, i);

        any |= vpn->activity != KS_VPN_DOWN && ks_vpn_uses_ipsec(vpn);
    }
    watch_policies(guard, any); /* first, so that no change is missed */
    result = any ? ks_policies_describe(guard->world) : 0;
    if (result < 0)
        g_warning(
            "the kernel's IPsec policies cannot be read, so that an IPsec VPN closes the lock "
            "only if it was told to: %s",
            g_strerror(-result));
}

/* Once for each VPN: not saved, it is learned again. */
static void learn_of_vpns(KsGuard *guard)
{
    g_autoptr(GError) error = NULL;

    if (ks_vpns_learn(guard->vpns, guard->world) && !ks_vpns_save(guard->vpns, &error))
        g_warning("that a VPN is WireGuard could not be saved: %s", error->message);
}

static void describe_world(KsGuard *guard)
{
    int result = guard->links ? 0 : ks_links_open(&guard->links);

    if (result == 0)
        result = ks_links_describe(guard->links, guard->world);
    if (result < 0) {
        /* an interface that we cannot see is no tunnel */
        g_array_set_size(guard->world->links, 0);
        g_array_set_size(guard->world->link_addresses, 0);
        g_array_set_size(guard->world->link_routes, 0);
        g_warning("the kernel's interfaces cannot be read: %s", g_strerror(-result));
    }
    describe_access_points(guard);
    describe_wireguard(guard);
    learn_of_vpns(guard);
    if (guard->manager)
        ks_manager_describe(guard->manager, guard->world);
    ks_vpns_apply(guard->vpns, guard->world);
    describe_policies(guard);
    if (guard->names)
        ks_names_apply(guard->names, guard->world, ks_engine_settings(guard->engine)->locked);
}

/* A profile that is gone takes what was allowed on its network along; another one may get its UUID.
 * The last one takes LAN access: without networks it would be for all. */
static bool forget_networks(KsGuard *guard)
{
    const KsSettings *settings = ks_engine_settings(guard->engine);
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(g_free);
    bool forgot = false;

    if (!guard->world->manager_present || !guard->world->manager_settled)
        return false;
    for (unsigned i = 0; settings->lan_networks && settings->lan_networks[i]; i++) {
        const char *uuid = settings->lan_networks[i];
        const char *place = ks_settings_lan_place(settings, uuid);

        if (place[0] && !ks_manager_has_profile(guard->manager, uuid)) {
            forgot = true;
            continue;
        }
        g_ptr_array_add(uuids, g_strdup(uuid));
        g_ptr_array_add(places, g_strdup(place));
    }
    if (!forgot)
        return false;
    g_message("a network on which LAN access was allowed is gone, and so is that");
    if (uuids->len == 0)
        (void) ks_engine_set_lan(guard->engine, false);
    g_ptr_array_add(uuids, NULL);
    g_ptr_array_add(places, NULL);
    return ks_engine_set_lan_networks(guard->engine, (const char *const *) (void *) uuids->pdata,
                                      (const char *const *) (void *) places->pdata);
}

static void log_auto_lock(KsGuard *guard)
{
    g_message("locked, because the VPN \"%s\" came up and carries all traffic; it stays locked "
              "until someone runs: nm-killswitch unlock",
              ks_engine_locked_by(guard->engine));
}

bool ks_guard_follow(KsGuard *guard)
{
    bool networks_changed;
    bool settings_changed;
    bool taken_over;
    bool held;

    taken_over = ks_guard_take_over(guard);
    describe_world(guard);
    networks_changed = forget_networks(guard);
    settings_changed = ks_engine_observe(guard->engine, guard->world);
    held = taken_over && hold_what_should_be(guard);
    if (ks_engine_settings(guard->engine)->locked)
        ks_store_note_closed(guard->store);
    if (settings_changed)
        log_auto_lock(guard);
    if (settings_changed || networks_changed)
        ks_guard_save(guard);
    ks_guard_watch_closing(guard);
    ks_guard_verify_soon(guard);
    return held;
}

static char *describe_author(const KsAuthor *author)
{
    g_autofree char *printable = g_strescape(author->name, NULL);

    if (!author->name[0])
        return g_strdup("another program (which one is not known)");
    return g_strdup_printf("\"%s\" (process %u)", printable, author->process);
}

/* "broken" is a state that people see, however short. It is told when it is over already: telling
 * it first would make it longer. */
static void tell_that_it_was_broken(KsGuard *guard)
{
    guard->was_broken = true;
    guard->listener.changed(guard->listener.data, true);
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
    first_is_right = is_as_it_should_be(guard);
    if (first_is_right && second_layer_is_right(guard))
        return;
    ks_guard_watch_closing(guard);
    is_held = hold_what_should_be(guard);
    ks_monitor_read_author(guard->monitor, ks_keeper_port(guard->keeper), author);
    who = describe_author(author);
    g_warning("%s changed the lock in the kernel; %s", who,
              is_held ? "it was put right" : "it could not be put right yet");
    if (!first_is_right)
        tell_that_it_was_broken(guard);
    ks_guard_verify_soon(guard);
}
