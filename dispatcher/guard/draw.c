/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/draw.h"

#include "guard/engine.h"
#include "model/server.h"

#include <string.h>

#define DNS_PORT          53
#define DNS_OVER_TLS_PORT 853

bool ks_draw_has_tunnel(const GArray *tunnels, uint32_t index)
{
    for (unsigned i = 0; i < tunnels->len; i++)
        if (g_array_index(tunnels, KsTunnel, i).index == index)
            return true;
    return false;
}

bool ks_draw_copy(const KsLock *from, KsLock *to, KsSetId set)
{
    bool all = true;

    for (unsigned i = 0; i < from->sets[set]->len; i++)
        all &= ks_lock_add_key(to, set, &g_array_index(from->sets[set], KsKey, i));
    return all;
}

/* Whether the lock lets this server be reached. A profile that belongs to some users is written by
 * them without authorisation: it opens its servers only while it is being used, and never what
 * would be a name server's port. */
static bool server_is_open(const KsVpn *vpn, const KsServer *server)
{
    if (server->address.family == AF_UNSPEC)
        return false;
    if (server->ipsec_only || server->port == 0) /* there are no rules for these yet */
        return false;
    if (!vpn->is_private)
        return true;
    return vpn->activity != KS_VPN_DOWN && server->port != DNS_PORT &&
           server->port != DNS_OVER_TLS_PORT;
}

static bool draw_servers(KsLock *lock, const KsDrawing *drawing)
{
    const KsWorld *world = drawing->world;
    static const KsSetId told_by_manager[] = {
        KS_SET_SERVERS4,
        KS_SET_SERVERS6,
        KS_SET_DHCP_SERVERS,
    };
    bool all = true;

    /* a manager that is away or still starting has not told everything: nothing is taken away */
    for (unsigned i = 0; i < G_N_ELEMENTS(told_by_manager); i++)
        if (!world->manager_present || !world->manager_settled)
            all &= ks_draw_copy(drawing->previous, lock, told_by_manager[i]);
    if (!world->manager_present)
        return all;

    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        for (unsigned j = 0; j < vpn->servers->len; j++) {
            const KsServer *server = g_ptr_array_index(vpn->servers, j);

            if (server_is_open(vpn, server))
                all &= ks_lock_add_server(lock, &server->address, server->protocol, server->port,
                                          KS_OPEN_TO_ALL);
        }
    }
    for (unsigned i = 0; i < world->dhcp_servers->len; i++)
        all &= ks_lock_add_dhcp_server(lock, &g_array_index(world->dhcp_servers, KsAddress, i));
    return all;
}

/* LAN access is for this interface: it leads out, and if access is limited to some networks, one of
 * them is what it is connected to. */
static bool lan_is_open_on(const KsDrawing *drawing, const KsLink *link)
{
    const KsWorld *world = drawing->world;
    const char *const *limited_to = (const char *const *) drawing->settings->lan_networks;

    if (link->loopback || link->tunnel_kind)
        return false;
    if (!limited_to || !limited_to[0])
        return true;
    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);

        if (strcmp(network->interface, link->name) == 0 &&
            g_strv_contains(limited_to, network->uuid))
            return true;
    }
    return false;
}

/* What a VPN carries is never looked for on the local network, even if its range is a private
 * one: a rogue network would only have to call itself by that range. */
static bool draw_lan(KsLock *lock, const KsDrawing *drawing)
{
    const KsWorld *world = drawing->world;
    bool all = true;

    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (lan_is_open_on(drawing, link))
            all &= ks_lock_open_lan(lock, link->index);
    }
    for (unsigned i = 0; i < world->link_routes->len; i++) {
        const KsLinkRoute *route = &g_array_index(world->link_routes, KsLinkRoute, i);

        if (ks_draw_has_tunnel(drawing->tunnels, route->index))
            all &= ks_lock_exclude_from_lan(lock, &route->destination, route->prefix);
    }
    return all;
}

bool ks_draw_lock(KsLock *lock, const KsDrawing *drawing)
{
    bool all = true;

    ks_lock_clear(lock);
    for (unsigned i = 0; i < drawing->tunnels->len; i++)
        all &= ks_lock_open_interface(lock, g_array_index(drawing->tunnels, KsTunnel, i).index);
    all &= draw_servers(lock, drawing);
    if (drawing->settings->lan)
        all &= draw_lan(lock, drawing);
    ks_lock_seal(lock);
    return all;
}
