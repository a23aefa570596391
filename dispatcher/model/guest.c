/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/guest.h"

#include <string.h>

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
        if (is_bridge(&g_array_index(world->links, KsLink, i)))
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
