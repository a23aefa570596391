/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/floats.h"

#include "model/server.h"
#include "model/shares.h"

#include <netinet/in.h>

struct KsFloats {
    GHashTable *known; /* char *UUID -> GArray of KsAddress */
};

KsFloats *ks_floats_new(void)
{
    KsFloats *floats = g_new0(KsFloats, 1);

    floats->known =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
    return floats;
}

void ks_floats_free(KsFloats *floats)
{
    if (!floats)
        return;
    g_hash_table_unref(floats->known);
    g_free(floats);
}

static bool is_in_use(const KsVpn *vpn)
{
    return vpn->floats && vpn->activity != KS_VPN_DOWN;
}

static bool is_server_of(const KsVpn *vpn, const KsAddress *address)
{
    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        if (ks_address_compare(&server->address, address) == 0)
            return true;
    }
    return false;
}

/* Another VPN's has such a route, too. */
static bool is_server(const KsWorld *world, const KsAddress *address)
{
    for (unsigned i = 0; i < world->vpns->len; i++)
        if (is_server_of(g_ptr_array_index(world->vpns, i), address))
            return true;
    return false;
}

/* NetworkManager has a route to the gateway itself, too, but that needs none. */
static bool may_be_server(const KsWorld *world, const KsAddress *address)
{
    return ks_address_is_unicast(address) && !ks_world_is_broadcast(world, address) &&
           !is_server(world, address);
}

static int find(const GArray *addresses, const KsAddress *address)
{
    for (unsigned i = 0; addresses && i < addresses->len; i++)
        if (ks_address_compare(&g_array_index(addresses, KsAddress, i), address) == 0)
            return (int) i;
    return -1;
}

static void learn(GArray *addresses, const KsAddress *address, int known)
{
    if (known >= 0)
        g_array_remove_index(addresses, (unsigned) known);
    else if (addresses->len == KS_FLOATS_MAX)
        g_array_remove_index(addresses, 0);
    g_array_append_val(addresses, *address);
}

/* All VPNs' servers are only looked through for an address that is new. */
static void look_at(KsFloats *floats, const KsWorld *world, const KsVpn *vpn)
{
    GArray *addresses = g_hash_table_lookup(floats->known, vpn->uuid);

    for (unsigned i = 0; i < world->host_routes->len; i++) {
        const KsAddress *address = &g_array_index(world->host_routes, KsLinkAddress, i).address;
        int known = find(addresses, address);

        if (is_server_of(vpn, address) || (known < 0 && !may_be_server(world, address)))
            continue;
        if (!addresses) {
            addresses = g_array_new(FALSE, FALSE, sizeof(KsAddress));
            g_hash_table_insert(floats->known, g_strdup(vpn->uuid), addresses);
        }
        learn(addresses, address, known);
    }
}

static bool has_port(const uint16_t *ports, unsigned count, uint16_t port)
{
    for (unsigned i = 0; i < count; i++)
        if (ports[i] == port)
            return true;
    return false;
}

static unsigned ports_of(const KsVpn *vpn, uint16_t *ports)
{
    unsigned count = 0;

    for (unsigned i = 0; i < vpn->servers->len && count < KS_FLOATS_MAX; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        if (server->protocol == IPPROTO_UDP && !has_port(ports, count, server->port))
            ports[count++] = server->port;
    }
    return count;
}

/* By UDP at the ports of the profile's own; what was seen last comes first. */
static GPtrArray *floated_of(const KsVpn *vpn, const GArray *addresses)
{
    GPtrArray *floated = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    uint16_t ports[KS_FLOATS_MAX];
    unsigned count = ports_of(vpn, ports);

    for (unsigned i = addresses->len; i > 0; i--) {
        const KsAddress *address = &g_array_index(addresses, KsAddress, i - 1);
        char text[KS_ADDRESS_TEXT_SIZE];

        if (is_server_of(vpn, address))
            continue;
        for (unsigned j = 0; j < count && floated->len < KS_FLOATS_MAX; j++) {
            KsServer *server = ks_server_new(ks_address_text(address, text), IPPROTO_UDP, ports[j],
                                             KS_SERVER_FROM_PROFILE);

            if (!server)
                continue;
            server->sender = KS_SENDER_DAEMON;
            server->floated = true;
            g_ptr_array_add(floated, server);
        }
    }
    return floated;
}

static void add_servers(KsVpn *vpn, const GArray *addresses, KsShares *shares)
{
    g_autoptr(GPtrArray) floated = floated_of(vpn, addresses);
    unsigned kept = ks_shares_take(shares, vpn, floated);
    GPtrArray *servers;

    if (kept == 0)
        return;
    servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    for (unsigned i = 0; i < vpn->servers->len; i++)
        g_ptr_array_add(servers, ks_server_copy(g_ptr_array_index(vpn->servers, i)));
    for (unsigned i = 0; i < kept; i++)
        g_ptr_array_add(servers, ks_server_copy(g_ptr_array_index(floated, i)));
    g_ptr_array_unref(vpn->servers); /* others may have it, too */
    vpn->servers = servers;
}

/* What the profiles have taken already. */
static KsShares *shares_of(const KsWorld *world)
{
    KsShares *shares = ks_shares_new();

    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (!vpn->manual)
            (void) ks_shares_take(shares, vpn, vpn->servers);
    }
    return shares;
}

static gboolean is_gone(gpointer uuid, gpointer addresses, gpointer data)
{
    const KsWorld *world = data;

    (void) addresses;
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (vpn->floats && g_str_equal(vpn->uuid, uuid))
            return FALSE;
    }
    return TRUE;
}

void ks_floats_apply(KsFloats *floats, KsWorld *world)
{
    g_autoptr(KsShares) shares = NULL;

    if (world->manager_present && world->manager_settled)
        (void) g_hash_table_foreach_remove(floats->known, is_gone, world);
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (is_in_use(vpn))
            look_at(floats, world, vpn);
    }
    for (unsigned i = 0; i < world->vpns->len; i++) {
        KsVpn *vpn = g_ptr_array_index(world->vpns, i);
        const GArray *addresses =
            is_in_use(vpn) ? g_hash_table_lookup(floats->known, vpn->uuid) : NULL;

        if (!addresses)
            continue;
        if (!shares)
            shares = shares_of(world);
        add_servers(vpn, addresses, shares);
    }
}
