/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-facts.h"

#include "model/box.h"

/* What a set may still hold of a tunnel that has gone since the guard died. Not a port: it is free
 * again, and what a program sends from it would pass for the tunnel's. */
typedef enum {
    NOTHING,
    LINKS,    /* indices of links that are no more */
    BOXES,    /* the same, beside all that should be there */
    ANYTHING, /* what means something beside such a link only */
} Left;

static const Left left_behind[KS_SET_MAX] = {
    [KS_SET_OPEN_INTERFACES] = LINKS,
    [KS_SET_GUEST_INTERFACES] = LINKS,
    [KS_SET_HOTSPOT_INTERFACES] = LINKS,
    [KS_SET_LAN_INTERFACES] = LINKS,
    [KS_SET_TRANSLATORS] = LINKS,
    [KS_SET_TUNNEL_ROUTES4] = ANYTHING,
    [KS_SET_TUNNEL_ROUTES6] = ANYTHING,
    [KS_SET_TUNNEL_ADDRESSES4] = ANYTHING,
    [KS_SET_TUNNEL_ADDRESSES6] = ANYTHING,
    [KS_SET_TUNNEL_TARGETS6] = ANYTHING,
    [KS_SET_TUNNEL_SENDERS4] = ANYTHING,
    [KS_SET_WIREGUARD_MARKS] = ANYTHING,
    [KS_SET_EXCEPTIONS4] = BOXES,
    [KS_SET_EXCEPTIONS6] = BOXES,
    [KS_SET_SERVICES4] = BOXES,
    [KS_SET_SERVICES6] = BOXES,
};

static bool opens_no_more_links(const KsStatusFacts *facts, KsSetId set)
{
    const GArray *held = facts->held.lock->sets[set];

    for (unsigned i = 0; i < held->len; i++) {
        const KsKey *key = &g_array_index(held, KsKey, i);

        if (!ks_lock_has_key(ks_engine_lock(facts->engine), set, key) &&
            ks_world_link_by_index(facts->world, ks_key_number(key)))
            return false;
    }
    return true;
}

/* Of a card that is gone there may be some left; what is listed as in force is there. */
static bool is_same_but_for_gone_cards(const KsStatusFacts *facts, KsSetId set)
{
    const KsLock *want = ks_engine_lock(facts->engine);
    g_autoptr(KsLock) held = ks_lock_new();

    for (unsigned i = 0; i < facts->held.lock->sets[set]->len; i++) {
        const KsKey *key = &g_array_index(facts->held.lock->sets[set], KsKey, i);
        uint32_t index = ks_box_interface(set, key);

        if (index == 0 || ks_world_link_by_index(facts->world, index))
            (void) ks_lock_add_key(held, set, key);
    }
    return ks_lock_set_is_equal(held, want, set);
}

static bool opens_no_more(const KsStatusFacts *facts)
{
    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        bool same = ks_lock_set_is_equal(facts->held.lock, ks_engine_lock(facts->engine), set);

        if (left_behind[set] == NOTHING && !same)
            return false;
        if (left_behind[set] == LINKS && !same && !opens_no_more_links(facts, set))
            return false;
        if (left_behind[set] == BOXES && !same && !is_same_but_for_gone_cards(facts, set))
            return false;
    }
    return true;
}

bool ks_status_verified(const KsStatusFacts *facts)
{
    bool locked = ks_engine_settings(facts->engine)->locked;

    if (facts->trouble || facts->held.present != locked)
        return false;
    if (!locked)
        return true;
    return facts->held.intact &&
           (facts->alone ? opens_no_more(facts)
                         : ks_lock_equal(facts->held.lock, ks_engine_lock(facts->engine)));
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

bool ks_status_sees_network(const KsStatusFacts *facts, const char *uuid)
{
    void *users;

    if (!g_hash_table_lookup_extended(facts->world->network_users, uuid, NULL, &users))
        return facts->viewer && facts->viewer->everything;
    return ks_viewer_sees(facts->viewer, users);
}
