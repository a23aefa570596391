/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/vpns.h"

#include "model/server.h"

#include <string.h>

/* What people said of VPNs, beside what NetworkManager and the kernel tell of them. */

static void add_to_world(const KsVpnEntry *entry, KsWorld *world)
{
    KsVpn *vpn = ks_vpn_new(entry->uuid, entry->name, entry->type);

    vpn->manual = true;
    vpn->overlay = entry->overlay;
    vpn->locks = entry->locks;
    g_ptr_array_unref(vpn->servers);
    vpn->servers = g_ptr_array_ref(entry->servers);
    memcpy(vpn->interface, entry->interface, sizeof(vpn->interface));
    vpn->activity = ks_world_tunnel(world, vpn, 0) ? KS_VPN_UP : KS_VPN_DOWN;
    g_ptr_array_add(world->vpns, vpn);
}

/* Other servers are where packets may go; its program still looks for the names that the profile
 * has, and connects to nothing before they are answered. NULL: it has none. */
static GPtrArray *names_of(const GPtrArray *servers)
{
    GPtrArray *names = NULL;

    for (unsigned i = 0; i < servers->len; i++) {
        const KsServer *server = g_ptr_array_index(servers, i);

        if (server->address.family != AF_UNSPEC)
            continue;
        if (!names)
            names = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(names, g_strdup(server->host));
    }
    return names;
}

void ks_vpns_apply(const KsVpns *vpns, KsWorld *world)
{
    for (unsigned i = world->vpns->len; i > 0; i--) {
        KsVpn *vpn = g_ptr_array_index(world->vpns, i - 1);
        const KsVpnEntry *entry = vpn->manual ? NULL : ks_vpns_find(vpns, vpn->uuid);

        if (vpn->manual)
            g_ptr_array_remove_index(world->vpns, i - 1);
        if (!entry || entry->interface[0])
            continue;
        vpn->locks = entry->locks;
        if (entry->servers->len == 0)
            continue;
        g_clear_pointer(&vpn->asked, g_ptr_array_unref);
        vpn->asked = names_of(vpn->servers);
        g_ptr_array_unref(vpn->servers);
        vpn->servers = g_ptr_array_ref(entry->servers);
        /* they are about servers that no longer count; others have the list, too */
        vpn->floats = false;
        g_ptr_array_unref(vpn->warnings);
        vpn->warnings = g_ptr_array_new_with_free_func(g_free);
    }
    for (unsigned i = 0; i < ks_vpns_count(vpns); i++)
        if (ks_vpns_get(vpns, i)->interface[0])
            add_to_world(ks_vpns_get(vpns, i), world);
}
