/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/guard-private.h"

#include "model/printable.h"
#include "policy/always-on-here.h"

/* A profile that is gone takes what was allowed on its network along; another one may get its UUID.
 * The last one takes LAN access: without networks it would be for all. */
static bool forget_networks(KsGuard *guard)
{
    const KsSettings *settings = ks_engine_settings(guard->engine);
    const KsWorld *world = ks_look_world(guard->look);
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(g_free);
    bool forgot = false;

    if (!world->manager_present || !world->manager_settled)
        return false;
    for (unsigned i = 0; settings->lan_networks && settings->lan_networks[i]; i++) {
        const char *uuid = settings->lan_networks[i];
        const char *place = ks_settings_lan_place(settings, uuid);

        if (place[0] && !ks_look_has_profile(guard->look, uuid)) {
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

static bool is_there(const char *uuid, const void *data)
{
    const KsGuard *guard = data;

    return ks_look_has_profile(guard->look, uuid);
}

/* The same for a VPN of its own. */
static bool forget_here(KsGuard *guard)
{
    const KsWorld *world = ks_look_world(guard->look);
    g_auto(KsHere) left = { 0 };

    if (!world->manager_present || !world->manager_settled ||
        !ks_always_on_forget_here(ks_engine_settings(guard->engine), is_there, guard, &left))
        return false;
    g_message("a network with a VPN of its own is gone, and so is that");
    ks_engine_set_here(guard->engine, (const char *const *) left.networks,
                       (const char *const *) left.places, (const char *const *) left.vpns);
    return true;
}

/* And for its exceptions. One that would have ended by itself is waited for in vain: no harm. */
static void forget_exceptions(KsGuard *guard)
{
    const KsWorld *world = ks_look_world(guard->look);

    if (!world->manager_present || !world->manager_settled ||
        !ks_exceptions_forget(guard->exceptions, is_there, guard))
        return;
    g_message("a network with exceptions of its own is gone, and so are they");
    ks_guard_save_closed_exceptions(guard);
}

static void log_auto_lock(KsGuard *guard)
{
    g_autofree char *name = ks_printable_quoted(ks_engine_locked_by(guard->engine));

    g_message("locked, because the VPN %s came up and carries all traffic; it stays locked "
              "until someone runs: nm-killswitch unlock",
              name);
}

/* True if what a person asked NetworkManager for opened the lock, because an administrator's file
 * says that it counts; that is to be saved. */
static bool heed_ends(KsGuard *guard)
{
    const KsConfiguration *configuration = guard->configuration;
    bool count = ks_configuration_any_disconnect_unlocks(configuration);

    if (!ks_engine_heed_ends(guard->engine, ks_look_world(guard->look), count))
        return false;
    g_message("unlocked, because the VPN was disconnected in NetworkManager, the mode is drops, "
              "and the administrator has laid down that this counts (%s)",
              ks_configuration_source(configuration, KS_CONFIGURATION_ANY_DISCONNECT_UNLOCKS));
    ks_guard_heed_word(guard);
    return true;
}

/* Networks that are spoken of where others read it. */
static void look_at_networks(KsGuard *guard)
{
    const KsSettings *settings = ks_engine_settings(guard->engine);
    g_auto(GStrv) excepted = ks_exceptions_networks(guard->exceptions);
    const char *const *const lists[] = { (const char *const *) settings->lan_networks,
                                         (const char *const *) settings->here_networks,
                                         (const char *const *) excepted };

    ks_look_at_networks(guard->look, lists, G_N_ELEMENTS(lists));
}

bool ks_guard_follow(KsGuard *guard)
{
    bool networks_changed;
    bool settings_changed;
    bool taken_over;
    bool held;

    taken_over = ks_guard_take_over(guard);
    guard->has_learned |=
        ks_look_around(guard->look, guard->vpns, ks_engine_settings(guard->engine)->locked);
    networks_changed = forget_networks(guard);
    networks_changed |= forget_here(guard);
    forget_exceptions(guard);
    look_at_networks(guard);
    ks_guard_put_exceptions(guard);
    settings_changed = ks_engine_observe(guard->engine, ks_look_world(guard->look));
    if (taken_over && heed_ends(guard))
        ks_guard_save(guard); /* what opens: the disk first */
    held = taken_over && ks_guard_hold(guard);
    if (ks_engine_settings(guard->engine)->locked)
        ks_store_note_closed(guard->store);
    if (settings_changed)
        log_auto_lock(guard);
    if (settings_changed || networks_changed)
        ks_guard_save(guard);
    ks_guard_watch_closing(guard);
    ks_guard_verify_soon(guard);
    ks_guard_connect(guard);
    return held;
}

bool ks_guard_report(const KsGuard *guard, bool done, GError **error)
{
    if (!done)
        g_set_error_literal(error, KS_ERROR, KS_ERROR_KERNEL, ks_keeper_trouble(guard->keeper));
    return done;
}

/* What was asked for is done in the kernel; whether it also outlasts a reboot is told apart. */
bool ks_guard_report_saved(const KsGuard *guard, GError **error)
{
    if (guard->save_problem)
        g_set_error_literal(error, KS_ERROR, KS_ERROR_STATE, guard->save_problem);
    return !guard->save_problem;
}

/* What closes: the kernel first, because it must not wait for a disk. Saved in any case: what the
 * kernel refuses now is put right later, and a reboot must not open it again. */
bool ks_guard_follow_and_save(KsGuard *guard, GError **error)
{
    bool followed = ks_guard_follow(guard);

    ks_guard_save(guard);
    return ks_guard_report(guard, followed, error) && ks_guard_report_saved(guard, error);
}

bool ks_guard_save_and_follow(KsGuard *guard, GError **error)
{
    ks_guard_save(guard);
    return ks_guard_report(guard, ks_guard_follow(guard), error) &&
           ks_guard_report_saved(guard, error);
}
