/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-facts.h"

bool ks_status_verified(const KsStatusFacts *facts)
{
    bool locked = ks_engine_settings(facts->engine)->locked;

    if (facts->trouble || facts->held.present != locked)
        return false;
    return !locked ||
           (facts->held.intact && ks_lock_equal(facts->held.lock, ks_engine_lock(facts->engine)));
}

bool ks_status_is_up_without_interface(const KsStatusFacts *facts, const KsVpn *vpn)
{
    return vpn->activity == KS_VPN_UP && ks_world_has_policy(facts->world, vpn);
}

bool ks_status_ipsec_is_up(const KsStatusFacts *facts)
{
    if (facts->held.lock->sets[KS_SET_IPSEC]->len == 0)
        return false;
    for (unsigned i = 0; i < facts->world->vpns->len; i++)
        if (ks_status_is_up_without_interface(facts, g_ptr_array_index(facts->world->vpns, i)))
            return true;
    return false;
}

/* One that the kernel lets out, and by which what it is given gets somewhere. */
static bool has_living_tunnel(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);

    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (ks_tunnel_protects(tunnel) && ks_lock_has_interface(facts->held.lock, tunnel->index))
            return true;
    }
    return false;
}

const char *ks_status_state(const KsStatusFacts *facts)
{
    if (!ks_status_verified(facts))
        return "broken";
    if (!facts->held.present)
        return "unlocked";
    if (facts->held.pause > 0)
        return "paused";
    return has_living_tunnel(facts) || ks_status_ipsec_is_up(facts) ? "protected" : "blocked";
}
