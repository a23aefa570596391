/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/guard-private.h"

/* What a person disconnects with this program. Nobody else may open the lock by it: NetworkManager
 * does not tell who disconnected a VPN (ADR 41). */

static const KsVpn *find_active(const KsWorld *world)
{
    const KsVpn *found = NULL;

    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (vpn->manual || vpn->activity == KS_VPN_DOWN)
            continue;
        /* of two the one that is up: the other would take its place */
        if (!found || found->activity != KS_VPN_UP)
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
        *ret_vpn = find_active(world);
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

static bool has_something_to_do(const KsGuard *guard, const KsVpn *vpn)
{
    const KsSettings *settings = ks_engine_settings(guard->engine);
    const char *const *always = ks_guard_always_on(guard);

    return vpn || (settings->mode == KS_MODE_DROPS && settings->locked) ||
           (always && always[0] && !ks_always_on_is_held(guard->always_on));
}

/* What was not done opens nothing; a person may have decided since. */
static void on_answered(bool taken, void *data)
{
    KsGuard *guard = data;
    bool opened = guard->opened_by_disconnect;

    guard->opened_by_disconnect = false;
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

bool ks_guard_disconnect(KsGuard *guard, KsGuardDoing doing, const char *name, GError **error)
{
    const KsVpn *vpn = NULL;
    bool opens;

    if (!find(guard, name, &vpn, error))
        return false;
    if (!has_something_to_do(guard, vpn)) {
        g_set_error_literal(error, KS_ERROR, KS_ERROR_FAILED, "No VPN is connected.");
        return false;
    }
    if (doing == KS_GUARD_TRY)
        return true;
    if (vpn && !ask(guard, vpn, error))
        return false;
    g_message("disconnected on request: %s", vpn ? vpn->uuid : "no VPN is connected");
    if (!vpn)
        ks_always_on_hold(guard->always_on);
    opens = ks_engine_disconnect(guard->engine, vpn ? vpn->uuid : "");
    guard->opened_by_disconnect = opens && vpn;
    if (opens) {
        g_message("unlocked, because a person disconnected the VPN and the mode is drops");
        guard->boot_skipped = false;
        g_clear_pointer(&guard->state_problem, g_free); /* someone has decided */
    }
    return ks_guard_save_and_follow(guard, error);
}
