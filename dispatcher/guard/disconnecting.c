/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/guard-private.h"

/* What a person disconnects with this program. NetworkManager does not tell who disconnected a VPN,
 * and so nobody else may open the lock by it, unless the administrator wants that (ADR 41). */

/* Its coming up closed the lock. */
static bool locks(const KsGuard *guard, const KsVpn *vpn)
{
    return vpn->locks != KS_VPN_LOCKS_NO && ks_engine_is_known_up(guard->engine, vpn->uuid);
}

/* Of several the one that people mean: one that locks before one beside it, and what is up before
 * what would take its place. 0: it is not there. */
static unsigned rank(const KsGuard *guard, const KsVpn *vpn)
{
    if (vpn->manual || vpn->activity == KS_VPN_DOWN)
        return 0;
    if (vpn->activity != KS_VPN_UP)
        return 1;
    return locks(guard, vpn) ? 3 : 2;
}

static const KsVpn *find_active(const KsGuard *guard, const KsWorld *world)
{
    const KsVpn *found = NULL;

    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (rank(guard, vpn) > (found ? rank(guard, found) : 0))
            found = vpn;
    }
    return found;
}

/* False with an error. `*ret_vpn` NULL: none is meant, and none is connected. */
static bool find(KsGuard *guard, const char *name, const KsVpn **ret_vpn, GError **error)
{
    const KsWorld *world = ks_look_world(guard->look);
    const char *uuid;

    *ret_vpn = NULL;
    if (!name[0]) {
        *ret_vpn = find_active(guard, world);
        return true;
    }
    uuid = ks_vpns_identify(guard->vpns, world, name, error);
    if (!uuid)
        return false;
    *ret_vpn = ks_world_vpn(world, uuid);
    if (*ret_vpn && !(*ret_vpn)->manual && (*ret_vpn)->activity != KS_VPN_DOWN)
        return true;
    g_set_error_literal(error, KS_ERROR, KS_ERROR_FAILED,
                        *ret_vpn && (*ret_vpn)->manual
                            ? "NetworkManager does not run this VPN, and so it cannot be "
                              "disconnected here."
                            : "This VPN is not connected.");
    return false;
}

/* The VPN that ends; NULL: none is up, and none was named. */
static const KsVpn *ending(const KsVpn *vpn, const char *name)
{
    return name[0] || (vpn && vpn->activity == KS_VPN_UP) ? vpn : NULL;
}

/* No VPN that locks is left: what is always on must not come in its place. */
static bool is_last(const KsGuard *guard, const KsVpn *ends)
{
    return ends ? locks(guard, ends) && ks_engine_is_last(guard->engine, ends->uuid)
                : ks_engine_is_last(guard->engine, "");
}

/* Without a VPN that NetworkManager runs. */
static bool has_something_to_do(const KsGuard *guard, GError **error)
{
    const KsSettings *settings = ks_engine_settings(guard->engine);
    const KsWorld *world = ks_look_world(guard->look);
    const char *const *always = ks_guard_always_on(guard);
    bool is_told = world->manager_present && world->manager_settled;

    if (is_last(guard, NULL) &&
        ((settings->mode == KS_MODE_DROPS && settings->locked) ||
         (is_told && always && always[0] && !ks_always_on_is_held(guard->always_on))))
        return true;
    g_set_error_literal(error, KS_ERROR, KS_ERROR_FAILED,
                        !is_told ? "NetworkManager does not run, or has only begun to: it "
                                   "disconnects nothing now. Nothing was changed."
                        : is_last(guard, NULL)
                            ? "No VPN is connected."
                            : "NetworkManager does not run the VPN that is up, and so it cannot "
                              "be disconnected here. Nothing was changed.");
    return false;
}

/* What was not done opens nothing; a person may have decided since. */
static void on_answered(bool taken, void *data)
{
    KsGuard *guard = data;
    bool opened = guard->opened_by_disconnect;

    if (!taken && guard->held_by_disconnect)
        ks_always_on_hold(guard->always_on, false);
    guard->opened_by_disconnect = guard->held_by_disconnect = false;
    if (!taken && opened && ks_engine_set_locked(guard->engine, true)) {
        g_message("locked again: NetworkManager did not disconnect the VPN");
        (void) ks_guard_follow_and_save(guard, NULL);
    } else {
        (void) ks_guard_follow(guard);
    }
}

static bool ask(KsGuard *guard, const KsVpn *vpn, GError **error)
{
    KsManager *manager = ks_look_manager(guard->look);

    if (manager && ks_manager_ask(manager, vpn->uuid, false, on_answered, guard))
        return true;
    g_set_error_literal(error, KS_ERROR, KS_ERROR_FAILED,
                        "NetworkManager cannot be asked now to disconnect the VPN. Nothing was "
                        "changed; try again.");
    return false;
}

/* Before the world is looked at again. */
static void end_protection(KsGuard *guard, const KsVpn *vpn, const KsVpn *ends)
{
    const char *const *always = ks_guard_always_on(guard);
    bool last = is_last(guard, ends);
    bool holds = last && always && always[0] && !ks_always_on_is_held(guard->always_on);
    bool opens = last && ks_engine_disconnect(guard->engine, ends ? ends->uuid : "");

    if (holds)
        ks_always_on_hold(guard->always_on, true);
    guard->held_by_disconnect = holds && vpn;
    guard->opened_by_disconnect = opens && vpn;
    if (!opens)
        return;
    g_message("unlocked, because a person disconnected the VPN and the mode is drops");
    ks_guard_heed_word(guard);
}

bool ks_guard_disconnect(KsGuard *guard, KsGuardDoing doing, const char *name, GError **error)
{
    const KsVpn *vpn = NULL;

    if (!find(guard, name, &vpn, error) || (!vpn && !has_something_to_do(guard, error)))
        return false;
    if (doing == KS_GUARD_TRY)
        return true;
    if (vpn && !ask(guard, vpn, error))
        return false;
    g_message("disconnected on request: %s", vpn ? vpn->uuid : "no VPN is connected");
    end_protection(guard, vpn, ending(vpn, name));
    return ks_guard_save_and_follow(guard, error);
}
