/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/draw.h"

#include "model/guest.h"
#include "model/hotspot.h"
#include "model/server.h"
#include "model/translation.h"
#include "policy/exceptions.h"

#include <netinet/in.h>
#include <string.h>

#define L2TP_PORT 1701

bool ks_draw_copy(const KsLock *from, KsLock *to, KsSetId set)
{
    bool all = true;

    for (unsigned i = 0; i < from->sets[set]->len; i++)
        all &= ks_lock_add_key(to, set, &g_array_index(from->sets[set], KsKey, i));
    return all;
}

/* What a profile says counts while it is used, and of one that all users share also before: those
 * that belong to some users are written by them without authorisation, and many systems let their
 * owners write the others, too. Someone who named another server was authorised to. */
static bool server_counts(const KsVpn *vpn, const KsServer *server)
{
    return vpn->activity != KS_VPN_DOWN ||
           (!server->floated && (!vpn->users || server->source != KS_SERVER_FROM_PROFILE));
}

/* No profile opens a name server's port, or it would let out what programs want to know of names:
 * somebody who may has to say that the VPN's server stands there. iodine's way is by a name server,
 * and not for people: a profile of all users' does. Nobody knows when one that was set up by hand
 * begins to connect. */
static bool name_servers_port_is_open(const KsVpn *vpn, const KsServer *server)
{
    if (server->source == KS_SERVER_FROM_MANUAL)
        return true;
    if (server->source == KS_SERVER_FROM_PROFILE &&
        (vpn->users || strcmp(vpn->type, "iodine") != 0))
        return false;
    return vpn->activity != KS_VPN_DOWN;
}

/* The link of this VPN's whose data the kernel sends (data channel offload), or NULL. One whose
 * openvpn has died stays and carries nothing. */
static const KsLink *kernel_openvpn(const KsDrawing *drawing, const KsVpn *vpn)
{
    const KsTunnel *tunnel = ks_tunnels_find(drawing->tunnels, vpn);
    const KsLink *link = tunnel ? ks_world_link_by_index(drawing->world, tunnel->index) : NULL;

    return link && link->kernel_openvpn && !link->no_carrier ? link : NULL;
}

static bool is_peer(const KsWorld *world, uint32_t index, const KsServer *server)
{
    for (unsigned i = 0; i < world->openvpn_peers->len; i++) {
        const KsOpenvpnPeer *peer = &g_array_index(world->openvpn_peers, KsOpenvpnPeer, i);

        if (peer->index == index && peer->port == server->port &&
            ks_address_compare(&peer->address, &server->address) == 0)
            return true;
    }
    return false;
}

/* Over UDP such data have the uid of anyone who sends through the tunnel; over TCP they have that
 * of openvpn's socket. Where the kernel does not tell where it sends them (before 6.16), any of the
 * VPN's servers may be meant. */
static uint32_t open_to_openvpn(const KsDrawing *drawing, const KsVpn *vpn, const KsServer *server)
{
    const KsLink *link = server->protocol == IPPROTO_UDP ? kernel_openvpn(drawing, vpn) : NULL;

    if (!link)
        return KS_OPEN_TO_DAEMONS;
    if (!link->peers_known)
        return KS_OPEN_TO_ALL;
    return is_peer(drawing->world, link->index, server) ? KS_OPEN_TO_OPENVPN : KS_OPEN_TO_DAEMONS;
}

/* Of a VPN that a person described its link says so, once it is there: WireGuard as a program
 * (wireguard-go) has a tun, and one without a type may be the kernel's WireGuard. */
static bool is_wireguard(const KsWorld *world, const KsVpn *vpn)
{
    const KsLink *link = vpn->interface[0] ? ks_world_link_by_name(world, vpn->interface) : NULL;

    return link ? link->wireguard : strcmp(vpn->type, "wireguard") == 0;
}

/* Whose packets may go to this server. */
static uint32_t open_to(const KsDrawing *drawing, const KsVpn *vpn, const KsServer *server)
{
    if (server->ipsec_only)
        return KS_OPEN_INSIDE_IPSEC;
    switch (server->sender) {
    case KS_SENDER_DAEMON:
        if (vpn->overlay && server->protocol == IPPROTO_UDP && is_wireguard(drawing->world, vpn))
            return KS_OPEN_TO_DAEMONS | KS_OPEN_TO_WIREGUARD;
        return open_to_openvpn(drawing, vpn, server);
    case KS_SENDER_KERNEL:
        if (strcmp(vpn->type, "wireguard") == 0)
            return !vpn->manual || is_wireguard(drawing->world, vpn) ? KS_OPEN_TO_WIREGUARD
                                                                     : KS_OPEN_TO_DAEMONS;
        /* what has no port only root can send; what is not inside IPsec is L2TP's data, which
         * nothing tells from a program's */
        return ks_protocol_has_ports(server->protocol) && server->port != L2TP_PORT
                   ? KS_OPEN_TO_IPSEC
                   : KS_OPEN_TO_ALL;
    case KS_SENDER_UNKNOWN:
        return server->protocol == IPPROTO_UDP && is_wireguard(drawing->world, vpn)
                   ? KS_OPEN_TO_WIREGUARD
                   : KS_OPEN_TO_ALL;
    case KS_SENDER_LOGIN_AS_USER:
        break;
    }
    return KS_OPEN_TO_ALL;
}

/* What its program asks for beside its servers. A person's own profile says so only in use. */
static void draw_names_of(KsLock *lock, const KsVpn *vpn)
{
    if (vpn->users && vpn->activity == KS_VPN_DOWN)
        return;
    for (unsigned i = 0; vpn->asked && i < vpn->asked->len; i++)
        (void) ks_lock_add_name(lock, g_ptr_array_index(vpn->asked, i));
}

/* Who writes a private profile is not asked for more, and a route that makes a server of an address
 * is as easily made: such servers are open while their VPN is in use, never at the next boot. */
static bool is_remembered(const KsVpn *vpn, const KsServer *server)
{
    return !vpn->users && !server->floated;
}

/* Those that may be remembered, or the others. */
static bool draw_servers_of(KsLock *lock, const KsDrawing *drawing, const KsVpn *vpn,
                            bool remembered)
{
    bool all = true;

    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);
        bool is_shut;

        if (is_remembered(vpn, server) != remembered || !server_counts(vpn, server))
            continue;
        is_shut = ks_port_is_name_servers(server->port) && !name_servers_port_is_open(vpn, server);
        if (!is_shut || server->source != KS_SERVER_FROM_PROFILE)
            (void) ks_lock_add_name(lock, server->host); /* if it is one */
        if (is_shut || ks_world_is_broadcast(drawing->world, &server->address))
            continue;
        if (server->address.family != AF_UNSPEC)
            all &= ks_lock_add_server(lock, &server->address, server->protocol, server->port,
                                      open_to(drawing, vpn, server));
    }
    if (remembered != (vpn->users != NULL))
        draw_names_of(lock, vpn);
    return all;
}

static const KsVpn *vpn_of_tunnel(const KsDrawing *drawing, uint32_t index)
{
    const GPtrArray *vpns = drawing->world->vpns;
    const KsTunnel *tunnel = ks_tunnels_on(drawing->tunnels, index);

    for (unsigned i = 0; tunnel && i < vpns->len; i++)
        if (ks_tunnel_is_of(tunnel, g_ptr_array_index(vpns, i)))
            return g_ptr_array_index(vpns, i);
    return NULL;
}

/* A name server's port only if the VPN has one that is open by what was said of it. An overlay's
 * peers are reached through the VPN: its program may call any machine one. */
static bool endpoint_is_open(const KsDrawing *drawing, const KsWireguardEndpoint *endpoint)
{
    const KsTunnel *tunnel = ks_tunnels_on(drawing->tunnels, endpoint->index);
    const KsVpn *vpn;

    if (!tunnel || tunnel->overlay || ks_world_is_broadcast(drawing->world, &endpoint->address))
        return false;
    if (!ks_port_is_name_servers(endpoint->port))
        return true;
    vpn = vpn_of_tunnel(drawing, endpoint->index);
    for (unsigned i = 0; vpn && i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        if (server->port == endpoint->port && name_servers_port_is_open(vpn, server))
            return true;
    }
    return false;
}

/* A tunnel that is up sends to where its peers are now, for they may move; WireGuard alone may send
 * there. */
static bool draw_endpoints(KsLock *lock, const KsDrawing *drawing)
{
    const GArray *endpoints = drawing->world->wireguard_endpoints;
    bool all = true;

    for (unsigned i = 0; i < endpoints->len; i++) {
        const KsWireguardEndpoint *endpoint = &g_array_index(endpoints, KsWireguardEndpoint, i);

        if (endpoint_is_open(drawing, endpoint))
            all &= ks_lock_add_server(lock, &endpoint->address, IPPROTO_UDP, endpoint->port,
                                      KS_OPEN_TO_WIREGUARD);
    }
    return all;
}

/* What tells WireGuard's packets from others'. */
static bool draw_wireguard(KsLock *lock, const KsWorld *world)
{
    bool all = true;

    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (link->wireguard && link->mark)
            all &= ks_lock_add_wireguard_mark(lock, link->mark);
        else if (link->wireguard && link->port)
            all &= ks_lock_add_port(lock, KS_SET_WIREGUARD_PORTS, link->port);
    }
    return all;
}

/* The same of OpenVPN's that the kernel sends. */
static bool draw_openvpn(KsLock *lock, const KsDrawing *drawing)
{
    const GArray *peers = drawing->world->openvpn_peers;
    bool all = true;

    for (unsigned i = 0; i < peers->len; i++) {
        const KsOpenvpnPeer *peer = &g_array_index(peers, KsOpenvpnPeer, i);

        if (ks_tunnels_on(drawing->tunnels, peer->index))
            all &= ks_lock_add_port(lock, KS_SET_OPENVPN_PORTS, peer->from);
    }
    return all;
}

static bool draw_people(KsLock *lock, const KsWorld *world)
{
    bool all = true;

    for (unsigned i = 0; i < world->people->len; i++) {
        const KsUidRange *range = &g_array_index(world->people, KsUidRange, i);

        all &= ks_lock_add_people(lock, range->first, range->last);
    }
    return all;
}

/* While one of its ppp links is no tunnel: a VPN's own needs none of it. */
static bool draw_pppoe(KsLock *lock, const KsDrawing *drawing)
{
    const KsWorld *world = drawing->world;
    bool is_uplink = false;
    bool all = true;

    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        is_uplink |= strcmp(link->kind, KS_LINK_KIND_PPP) == 0 &&
                     !ks_tunnels_on(drawing->tunnels, link->index);
    }
    for (unsigned i = 0; is_uplink && i < world->pppoe_peers->len; i++)
        all &= ks_lock_add_pppoe_peer(lock, &g_array_index(world->pppoe_peers, KsPppoePeer, i));
    return all;
}

/* The machine's own addresses inside its tunnels. Link-local ones are every link's. */
static bool draw_addresses(KsLock *lock, const KsDrawing *drawing)
{
    const GArray *addresses = drawing->world->link_addresses;
    bool all = true;

    for (unsigned i = 0; i < addresses->len; i++) {
        const KsLinkAddress *on_link = &g_array_index(addresses, KsLinkAddress, i);

        if (ks_tunnels_on(drawing->tunnels, on_link->index) &&
            !ks_address_is_link_local(&on_link->address))
            all &= ks_lock_add_tunnel_address(lock, &on_link->address);
    }
    return all;
}

static void draw_ipsec(KsLock *lock, const KsWorld *world, bool manual)
{
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (vpn->manual == manual && vpn->activity != KS_VPN_DOWN && ks_vpn_uses_ipsec(vpn)) {
            ks_lock_set_versions(lock, KS_SET_IPSEC, true);
            return;
        }
    }
}

/* Servers that nobody remembers are open by NetworkManager's word and go with it, or with the
 * tunnel that still uses them. */
static bool draw_passing_servers(KsLock *lock, const KsDrawing *drawing, const KsViewer *viewer,
                                 bool seen)
{
    const GPtrArray *lists[] = { drawing->world->vpns, drawing->kept };
    bool all = true;

    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (unsigned j = 0; j < lists[i]->len; j++) {
            const KsVpn *vpn = g_ptr_array_index(lists[i], j);

            if (!vpn->manual && ks_viewer_sees(viewer, vpn->users) == seen)
                all &= draw_servers_of(lock, drawing, vpn, false);
        }
    }
    return all;
}

KsLock *ks_draw_shown(const KsLock *held, const KsDrawing *drawing, const KsViewer *viewer)
{
    g_autoptr(KsLock) seen = ks_lock_new();
    g_autoptr(KsLock) hidden = ks_lock_new();
    KsLock *shown = ks_lock_new();

    for (KsSetId set = 0; set < KS_SET_MAX; set++)
        (void) ks_draw_copy(drawing->lasting, seen, set);
    (void) draw_passing_servers(seen, drawing, viewer, true);
    (void) draw_passing_servers(hidden, drawing, viewer, false);
    ks_lock_seal(seen);
    ks_lock_seal(hidden);
    ks_lock_copy(held, shown);
    for (KsSetId set = 0; set < KS_SET_MAX; set++) {
        if (set == KS_SET_OPEN_INTERFACES || set == KS_SET_DHCP_SERVERS)
            continue; /* with keys that are constant */
        for (unsigned i = shown->sets[set]->len; i > 0; i--) {
            const KsKey *key = &g_array_index(shown->sets[set], KsKey, i - 1);

            if (ks_lock_has_key(hidden, set, key) && !ks_lock_has_key(seen, set, key))
                g_array_remove_index(shown->sets[set], i - 1);
        }
    }
    return shown;
}

static bool draw_translated(KsLock *lock, const KsWorld *world)
{
    bool all = true;

    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        for (unsigned j = 0; j < vpn->servers->len; j++) {
            const KsServer *server = g_ptr_array_index(vpn->servers, j);

            if (server->translated)
                all &= ks_lock_add_server(lock, &server->address, server->protocol, server->port,
                                          KS_OPEN_TO_ALL);
        }
    }
    ks_lock_seal(lock);
    return all;
}

KsLock *ks_draw_remembered(const KsLock *lasting, const KsWorld *world)
{
    static const KsSetId of_ipv6[] = { KS_SET_SERVERS6, KS_SET_PROTOCOLS6 };
    g_autoptr(KsLock) here = ks_lock_new();
    KsLock *remembered = ks_lock_new();

    if (!draw_translated(here, world)) /* too many to tell: none is */
        return remembered;
    ks_lock_copy(lasting, remembered);
    for (unsigned i = 0; i < G_N_ELEMENTS(of_ipv6); i++) {
        GArray *keys = remembered->sets[of_ipv6[i]];

        for (unsigned j = keys->len; j > 0; j--)
            if (ks_lock_has_key(here, of_ipv6[i], &g_array_index(keys, KsKey, j - 1)))
                g_array_remove_index(keys, j - 1);
    }
    return remembered;
}

void ks_draw_keep_servers(KsLock *lock, const KsLock *seen)
{
    static const KsSetId of_servers[] = {
        KS_SET_SERVERS4,   KS_SET_SERVERS6,   KS_SET_PROTOCOLS4,
        KS_SET_PROTOCOLS6, KS_SET_FRAGMENTS4, KS_SET_FRAGMENTS6,
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(of_servers); i++) {
        GArray *keys = lock->sets[of_servers[i]];

        for (unsigned j = keys->len; j > 0; j--)
            if (!ks_lock_has_key(seen, of_servers[i], &g_array_index(keys, KsKey, j - 1)))
                g_array_remove_index(keys, j - 1);
    }
}

/* Of leases that NetworkManager does not hold. Some clients (udhcpc) write nothing down; then the
 * router is taken, which is the server nearly always. Any other hears what they broadcast. */
static bool draw_others_dhcp_servers(KsLock *lock, const KsWorld *world)
{
    bool all = true;

    for (unsigned i = 0; i < world->others_dhcp_servers->len; i++)
        all &=
            ks_lock_add_dhcp_server(lock, &g_array_index(world->others_dhcp_servers, KsAddress, i));
    for (unsigned i = 0; i < world->gateways->len; i++) {
        const KsLinkAddress *gateway = &g_array_index(world->gateways, KsLinkAddress, i);
        const KsLink *link = ks_world_link_by_index(world, gateway->index);

        if (link && !link->tunnel_kind && !ks_world_is_network(world, link) &&
            ks_address_is_unicast(&gateway->address))
            all &= ks_lock_add_dhcp_server(lock, &gateway->address);
    }
    return all;
}

static bool draw_servers(KsLock *lock, const KsDrawing *drawing)
{
    const KsWorld *world = drawing->world;
    static const KsSetId told_by_manager[] = {
        KS_SET_SERVERS4, KS_SET_SERVERS6, KS_SET_PROTOCOLS4, KS_SET_PROTOCOLS6, KS_SET_DHCP_SERVERS,
        KS_SET_IPSEC,    KS_SET_NAMES,    KS_SET_NAME_HEADS, KS_SET_NAME_TAILS, KS_SET_NAME_LENGTHS,
    };
    static const KsViewer all_of_them = { .everything = true };
    bool all = true;

    /* a manager that is away or still starting has not told everything: nothing is taken away */
    if (world->manager_present && world->manager_settled)
        ks_lock_clear(drawing->told);
    ks_lock_clear(drawing->lasting);
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (vpn->manual)
            all &= draw_servers_of(drawing->lasting, drawing, vpn, true);
        else if (world->manager_present && !vpn->users)
            all &= draw_servers_of(drawing->told, drawing, vpn, true);
    }
    for (unsigned i = 0; world->manager_present && i < world->dhcp_servers->len; i++)
        all &= ks_lock_add_dhcp_server(drawing->told,
                                       &g_array_index(world->dhcp_servers, KsAddress, i));
    all &= draw_others_dhcp_servers(lock, world);
    draw_ipsec(lock, world, true);
    if (world->manager_present)
        draw_ipsec(drawing->told, world, false);
    ks_lock_seal(drawing->told);
    for (unsigned i = 0; i < G_N_ELEMENTS(told_by_manager); i++) {
        all &= ks_draw_copy(drawing->told, drawing->lasting, told_by_manager[i]);
        all &= ks_draw_copy(drawing->lasting, lock, told_by_manager[i]);
    }
    ks_lock_seal(drawing->lasting);
    return draw_passing_servers(lock, drawing, &all_of_them, true) && all;
}

/* LAN access is for this interface: it leads out, and if access is limited to some networks, one of
 * them is what it is connected to, and is what it was when that was said. */
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
        const char *allowed;

        if (!ks_network_is_on(network, link))
            continue;
        allowed = ks_settings_lan_place(drawing->settings, network->uuid);
        if (allowed && network->place && strcmp(allowed, network->place) == 0)
            return true;
    }
    return false;
}

/* 464XLAT's (RFC 6877): programs send IPv4 into it, and what it makes of that is forwarded. It is
 * known by its address, which is for nothing else (RFC 7335). Root's programs make such links, and
 * anyone who is behind one reaches servers alone. */
static bool is_translator(const KsDrawing *drawing, const KsLink *link)
{
    static const KsAddress service_continuity = { AF_INET, { 192, 0, 0, 0 } };
    const GArray *addresses = drawing->world->link_addresses;

    if (!link->up || strcmp(link->kind, "tun") != 0 ||
        ks_tunnels_on(drawing->tunnels, link->index) ||
        ks_world_is_network(drawing->world, link)) /* people write profiles, and may be behind it */
        return false;
    for (unsigned i = 0; i < addresses->len; i++) {
        const KsLinkAddress *on_link = &g_array_index(addresses, KsLinkAddress, i);

        if (on_link->index == link->index && on_link->address.family == AF_INET &&
            ks_address_is_in(&on_link->address, &service_continuity, 29))
            return true;
    }
    return false;
}

static bool draw_translation(KsLock *lock, const KsDrawing *drawing)
{
    const GArray *links = drawing->world->links;
    bool all;

    if (!drawing->world->ipv6_only)
        return true;
    /* what a translator asks for, and the guard */
    all = ks_lock_add_name(lock, KS_TRANSLATION_NAME);
    for (unsigned i = 0; i < links->len; i++)
        if (is_translator(drawing, &g_array_index(links, KsLink, i)))
            all &= ks_lock_add_translator(lock, g_array_index(links, KsLink, i).index);
    return all;
}

static bool draw_lan(KsLock *lock, const KsDrawing *drawing)
{
    const KsWorld *world = drawing->world;
    bool all = true;

    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (lan_is_open_on(drawing, link))
            all &= ks_lock_open_lan(lock, link->index);
    }
    return all;
}

/* What a VPN carries is looked for nowhere else, even if its range is a private one: a rogue
 * network would only have to call itself by that range. */
static bool draw_tunnel_routes(KsLock *lock, const KsDrawing *drawing)
{
    const KsWorld *world = drawing->world;
    bool all = true;

    if (!drawing->settings->lan && ks_exceptions_count(world->exceptions) == 0)
        return true; /* nothing asks for them */
    for (unsigned i = 0; i < world->link_routes->len; i++) {
        const KsLinkRoute *route = &g_array_index(world->link_routes, KsLinkRoute, i);

        if (ks_tunnels_on(drawing->tunnels, route->index))
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
    all &= draw_endpoints(lock, drawing);
    all &= draw_addresses(lock, drawing);
    all &= draw_wireguard(lock, drawing->world);
    all &= draw_openvpn(lock, drawing);
    all &= draw_people(lock, drawing->world);
    all &= draw_pppoe(lock, drawing);
    all &= ks_guests_draw(drawing->world, lock);
    all &= ks_hotspots_draw(drawing->world, lock);
    all &= ks_hotspots_draw_named(drawing->world, drawing->settings->shared_cards,
                                  drawing->settings->shared_places, lock);
    all &= draw_translation(lock, drawing);
    all &= ks_exceptions_draw(drawing->world, lock);
    if (drawing->settings->lan)
        all &= draw_lan(lock, drawing);
    all &= draw_tunnel_routes(lock, drawing);
    ks_lock_seal(lock);
    return all;
}
