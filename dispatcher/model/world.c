/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/world.h"

#include "model/pppoe.h"
#include "model/server.h"
#include "model/vpn-type.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define IKE_PORT 500 /* RFC 7296, 2 */

static bool vpn_has_address(const KsVpn *vpn, const KsAddress *address)
{
    for (unsigned i = 0; i < vpn->addresses->len; i++)
        if (ks_address_compare(&g_array_index(vpn->addresses, KsAddress, i), address) == 0)
            return true;
    return false;
}

static const char *const locks_names[] = {
    [KS_VPN_LOCKS_AUTO] = "auto",
    [KS_VPN_LOCKS_YES] = "yes",
    [KS_VPN_LOCKS_NO] = "no",
};

const char *ks_vpn_locks_name(KsVpnLocks locks)
{
    return locks_names[locks];
}

bool ks_vpn_locks_parse(const char *name, KsVpnLocks *ret_locks)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(locks_names); i++) {
        if (strcmp(name, locks_names[i]) != 0)
            continue;
        *ret_locks = (KsVpnLocks) i;
        return true;
    }
    return false;
}

static bool has_kernel_server(const KsVpn *vpn)
{
    for (unsigned i = 0; i < vpn->servers->len; i++)
        if (((const KsServer *) g_ptr_array_index(vpn->servers, i))->sender == KS_SENDER_KERNEL)
            return true;
    return false;
}

KsWorld *ks_world_new(void)
{
    KsWorld *world = g_new0(KsWorld, 1);

    world->vpns = g_ptr_array_new_with_free_func((GDestroyNotify) ks_vpn_free);
    world->dhcp_servers = g_array_new(FALSE, FALSE, sizeof(KsAddress));
    world->others_dhcp_servers = g_array_new(FALSE, FALSE, sizeof(KsAddress));
    world->gateways = g_array_new(FALSE, FALSE, sizeof(KsLinkAddress));
    world->steerings = g_array_new(FALSE, FALSE, sizeof(KsSteering));
    world->host_routes = g_array_new(FALSE, FALSE, sizeof(KsLinkAddress));
    world->networks = g_ptr_array_new_with_free_func((GDestroyNotify) ks_network_free);
    world->network_users =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
    world->network_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    world->link_routes = g_array_new(FALSE, FALSE, sizeof(KsLinkRoute));
    world->links = g_array_new(FALSE, FALSE, sizeof(KsLink));
    world->wireguard_endpoints = g_array_new(FALSE, FALSE, sizeof(KsWireguardEndpoint));
    world->openvpn_peers = g_array_new(FALSE, FALSE, sizeof(KsOpenvpnPeer));
    world->people = g_array_new(FALSE, FALSE, sizeof(KsUidRange));
    world->link_addresses = g_array_new(FALSE, FALSE, sizeof(KsLinkAddress));
    world->name_servers = g_array_new(FALSE, FALSE, sizeof(KsNameServer));
    world->ipsec_peers = g_array_new(FALSE, FALSE, sizeof(KsAddress));
    world->pppoe_peers = g_array_new(FALSE, FALSE, sizeof(KsPppoePeer));
    world->broadcasts = g_array_new(FALSE, FALSE, sizeof(KsAddress));
    return world;
}

void ks_world_free(KsWorld *world)
{
    if (!world)
        return;
    g_ptr_array_unref(world->vpns);
    g_array_unref(world->dhcp_servers);
    g_array_unref(world->others_dhcp_servers);
    g_array_unref(world->gateways);
    g_array_unref(world->steerings);
    g_array_unref(world->host_routes);
    g_ptr_array_unref(world->networks);
    g_hash_table_unref(world->network_users);
    g_hash_table_unref(world->network_names);
    g_array_unref(world->link_routes);
    g_array_unref(world->links);
    g_array_unref(world->wireguard_endpoints);
    g_array_unref(world->openvpn_peers);
    g_array_unref(world->people);
    g_array_unref(world->link_addresses);
    g_array_unref(world->name_servers);
    g_array_unref(world->ipsec_peers);
    g_array_unref(world->pppoe_peers);
    g_array_unref(world->broadcasts);
    g_free(world);
}

/* Valid UTF-8 stays so. */
static char *shorten(const char *name)
{
    size_t length = strnlen(name, KS_NAME_BYTES_MAX + 1);

    if (length <= KS_NAME_BYTES_MAX)
        return g_strdup(name);
    length = KS_NAME_BYTES_MAX - strlen("…");
    while (length > 0 && ((unsigned char) name[length] & 0xc0) == 0x80)
        length--;
    return g_strdup_printf("%.*s…", (int) length, name);
}

KsNetwork *ks_network_new(const char *uuid, const char *name, const char *interface)
{
    KsNetwork *network = g_new0(KsNetwork, 1);

    network->uuid = g_strdup(uuid);
    network->name = shorten(name);
    g_strlcpy(network->interface, interface, sizeof(network->interface));
    return network;
}

void ks_world_name_network(KsWorld *world, const char *uuid, const char *name)
{
    g_hash_table_insert(world->network_names, g_strdup(uuid), shorten(name));
}

void ks_network_free(KsNetwork *network)
{
    if (!network)
        return;
    g_free(network->uuid);
    g_free(network->name);
    g_free(network->place);
    g_strfreev(network->users);
    g_free(network);
}

KsVpn *ks_vpn_new(const char *uuid, const char *name, const char *type)
{
    KsVpn *vpn = g_new0(KsVpn, 1);

    vpn->uuid = g_strdup(uuid);
    vpn->name = shorten(name);
    vpn->type = g_strdup(type);
    vpn->servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    vpn->warnings = g_ptr_array_new_with_free_func(g_free);
    vpn->addresses = g_array_new(FALSE, FALSE, sizeof(KsAddress));
    return vpn;
}

void ks_vpn_free(KsVpn *vpn)
{
    if (!vpn)
        return;
    g_free(vpn->uuid);
    g_free(vpn->name);
    g_free(vpn->type);
    g_strfreev(vpn->users);
    g_ptr_array_unref(vpn->servers);
    g_clear_pointer(&vpn->asked, g_ptr_array_unref);
    g_ptr_array_unref(vpn->warnings);
    g_array_unref(vpn->addresses);
    g_free(vpn);
}

KsVpn *ks_vpn_copy(const KsVpn *vpn)
{
    KsVpn *copy = g_new(KsVpn, 1);

    *copy = *vpn;
    copy->uuid = g_strdup(vpn->uuid);
    copy->name = g_strdup(vpn->name);
    copy->type = g_strdup(vpn->type);
    copy->users = g_strdupv(vpn->users);
    copy->servers = g_ptr_array_ref(vpn->servers);
    copy->warnings = g_ptr_array_ref(vpn->warnings);
    copy->asked = vpn->asked ? g_ptr_array_ref(vpn->asked) : NULL;
    copy->addresses = g_array_ref(vpn->addresses);
    return copy;
}

bool ks_world_is_broadcast(const KsWorld *world, const KsAddress *address)
{
    for (unsigned i = 0; i < world->broadcasts->len; i++)
        if (ks_address_compare(&g_array_index(world->broadcasts, KsAddress, i), address) == 0)
            return true;
    return false;
}

bool ks_vpn_uses_ipsec(const KsVpn *vpn)
{
    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        /* L2TP without IPsec is the kernel's as well, but then it has no key exchange */
        if (server->sender == KS_SENDER_DAEMON && server->protocol == IPPROTO_UDP &&
            server->port == IKE_PORT && has_kernel_server(vpn))
            return true;
        if (ks_vpn_type_ipsec(vpn->type) == KS_IPSEC_ALWAYS && server->sender == KS_SENDER_KERNEL)
            return true;
        /* of one that a person described, nothing else is known */
        if (vpn->manual && (server->protocol == IPPROTO_ESP || server->protocol == IPPROTO_AH))
            return true;
    }
    return false;
}

static bool is_peer(const KsWorld *world, const KsAddress *address)
{
    for (unsigned i = 0; i < world->ipsec_peers->len; i++)
        if (ks_address_compare(&g_array_index(world->ipsec_peers, KsAddress, i), address) == 0)
            return true;
    return false;
}

bool ks_world_has_policy(const KsWorld *world, const KsVpn *vpn)
{
    if (!ks_vpn_uses_ipsec(vpn))
        return false;
    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        if (server->address.family != AF_UNSPEC && is_peer(world, &server->address))
            return true;
    }
    return false;
}

const KsLink *ks_world_link_by_name(const KsWorld *world, const char *name)
{
    for (unsigned i = 0; i < world->links->len; i++)
        if (strcmp(g_array_index(world->links, KsLink, i).name, name) == 0)
            return &g_array_index(world->links, KsLink, i);
    return NULL;
}

const KsVpn *ks_world_vpn(const KsWorld *world, const char *uuid)
{
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (strcmp(vpn->uuid, uuid) == 0)
            return vpn;
    }
    return NULL;
}

const KsLink *ks_world_link_by_index(const KsWorld *world, uint32_t index)
{
    for (unsigned i = 0; i < world->links->len; i++)
        if (g_array_index(world->links, KsLink, i).index == index)
            return &g_array_index(world->links, KsLink, i);
    return NULL;
}

bool ks_network_is_on(const KsNetwork *network, const KsLink *link)
{
    return network->index > 0 && network->index == link->index;
}

bool ks_network_may_be_on(const KsNetwork *network, const KsLink *link)
{
    return ks_network_is_on(network, link) || strcmp(network->interface, link->name) == 0;
}

bool ks_world_is_network(const KsWorld *world, const KsLink *link)
{
    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);

        if (!network->external && ks_network_may_be_on(network, link))
            return true;
    }
    return false;
}

static const KsLink *carries(const KsWorld *world, const KsLink *link)
{
    return link && link->up && link->tunnel_kind && !link->loopback &&
                   !ks_world_is_network(world, link)
               ? link
               : NULL;
}

static const KsLink *find_by_address(const KsWorld *world, const KsVpn *vpn)
{
    const KsLink *found = NULL;

    for (unsigned i = 0; i < world->link_addresses->len; i++) {
        const KsLinkAddress *on_link = &g_array_index(world->link_addresses, KsLinkAddress, i);

        if (!vpn_has_address(vpn, &on_link->address))
            continue;
        if (found && found->index != on_link->index)
            return NULL;
        found = ks_world_link_by_index(world, on_link->index);
    }
    return found;
}

const KsLink *ks_world_tunnel(const KsWorld *world, const KsVpn *vpn, uint32_t announced)
{
    const KsLink *link = NULL;

    if (vpn->manual)
        link = carries(world, ks_world_link_by_name(world, vpn->interface));
    else if (vpn->interface[0])
        link = carries(world, ks_world_link_by_index(world, vpn->index));
    else if (announced)
        link = carries(world, ks_world_link_by_index(world, announced));
    return link ? link : carries(world, find_by_address(world, vpn));
}

bool ks_world_has_ipv6_alone(const KsWorld *world)
{
    bool has_ipv6 = false;

    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (link->loopback || (link->tunnel_kind && strcmp(link->kind, KS_LINK_KIND_PPP) != 0))
            continue;
        has_ipv6 |= link->way_out[KS_IPV6];
        /* a VPN's ppp carries IPv4 too, and must not end what it stands on */
        if (link->way_out[KS_IPV4] && !link->tunnel_kind)
            return false;
    }
    return has_ipv6;
}
