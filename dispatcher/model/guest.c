/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/guest.h"

#include <string.h>

/* Interfaces stacked higher than this are nobody's (include/linux/netdevice.h: 8). */
#define DEPTH_MAX 8

static bool is_bridge(const KsLink *link)
{
    return strcmp(link->kind, "bridge") == 0 && link->master == 0;
}

static bool holds(const GArray *bridges, uint32_t index)
{
    for (unsigned i = 0; i < bridges->len; i++)
        if (g_array_index(bridges, uint32_t, i) == index)
            return true;
    return false;
}

/* Whether nothing but guests and this machine is behind a port. `bridges`: those that may be the
 * guests' still. */
static bool is_inward(const KsWorld *world, const KsLink *port, const GArray *bridges)
{
    const KsLink *peer;

    if (strcmp(port->kind, "tun") == 0 || strcmp(port->kind, "dummy") == 0)
        return true;
    if (strcmp(port->kind, "veth") != 0)
        return false;
    if (port->lower_elsewhere)
        return true;
    peer = ks_world_link_by_index(world, port->lower);
    return peer && (peer->master == 0 || holds(bridges, peer->master));
}

static bool is_network_that_leads_out(const KsWorld *world, const KsLink *link)
{
    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);

        if (network->leads_out && ks_network_may_be_on(network, link))
            return true;
    }
    return false;
}

/* This machine is connected by it, or by what stands on it: whatever its ports look like, behind
 * one of them is the way out. A machine that is a container itself has no other card than a pair.
 */
static bool leads_out(const KsWorld *world, const KsLink *link, unsigned depth)
{
    if (depth == DEPTH_MAX || link->leads_out || is_network_that_leads_out(world, link))
        return true;
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *above = &g_array_index(world->links, KsLink, i);

        if (above->lower == link->index && !above->lower_elsewhere && above->index != link->index &&
            strcmp(above->kind, "veth") != 0 && leads_out(world, above, depth + 1))
            return true;
    }
    return false;
}

static bool has_only_inward_ports(const KsWorld *world, uint32_t bridge, const GArray *bridges)
{
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (link->master == bridge && !is_inward(world, link, bridges))
            return false;
    }
    return true;
}

bool ks_guests_draw(const KsWorld *world, KsLock *lock)
{
    g_autoptr(GArray) bridges = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    unsigned before;
    bool all = true;

    for (unsigned i = 0; i < world->links->len; i++)
        if (is_bridge(&g_array_index(world->links, KsLink, i)) &&
            !leads_out(world, &g_array_index(world->links, KsLink, i), 0))
            g_array_append_val(bridges, g_array_index(world->links, KsLink, i).index);
    /* one that falls away may take another along, to which it is tied by a pair */
    do {
        before = bridges->len;
        for (unsigned i = bridges->len; i-- > 0;)
            if (!has_only_inward_ports(world, g_array_index(bridges, uint32_t, i), bridges))
                g_array_remove_index_fast(bridges, i);
    } while (bridges->len < before);
    for (unsigned i = 0; i < bridges->len; i++)
        all &= ks_lock_add_guests(lock, g_array_index(bridges, uint32_t, i));
    return all;
}

bool ks_guests_is_way_out(const KsWorld *world, const KsLock *lock, const KsLink *port)
{
    g_autoptr(GArray) bridges = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    static const char *const of_cards[] = { "bond", "team", "batadv", "hsr", NULL };
    const KsLink *bridge = ks_world_link_by_index(world, port->master);

    if (bridge && g_strv_contains(of_cards, bridge->kind))
        return true; /* nobody ties guests together */
    if (!bridge || strcmp(bridge->kind, "bridge") != 0 || ks_lock_has_guests(lock, bridge->index))
        return false;
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (ks_lock_has_guests(lock, link->index))
            g_array_append_val(bridges, link->index);
    }
    return is_inward(world, port, bridges) && has_only_inward_ports(world, bridge->index, bridges);
}
