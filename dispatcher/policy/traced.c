/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/traced.h"

#include "model/server.h"

#include <netinet/in.h>

#define TUNNELS_MAX 4u

static void add_both_ways(GArray *traced, KsTraced one, KsTracedKind there, KsTracedKind back)
{
    if (traced->len + 2 > KS_TRACED_MAX)
        return;
    one.kind = there;
    g_array_append_val(traced, one);
    one.kind = back;
    g_array_append_val(traced, one);
}

static void add_tunnels(const KsEngine *engine, GArray *traced)
{
    const GArray *tunnels = ks_engine_tunnels(engine);

    for (unsigned i = 0; i < MIN(tunnels->len, TUNNELS_MAX); i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (!tunnel->dead)
            add_both_ways(traced, (KsTraced){ .index = tunnel->index }, KS_TRACED_TO_TUNNEL,
                          KS_TRACED_FROM_TUNNEL);
    }
}

static bool has(const GArray *traced, const KsTraced *one)
{
    for (unsigned i = 0; i < traced->len; i++)
        if (ks_traced_is_same(&g_array_index(traced, KsTraced, i), one))
            return true;
    return false;
}

static void add_server(const KsEngine *engine, const KsTraced *server, GArray *traced)
{
    if (server->address.family != AF_UNSPEC && !has(traced, server) &&
        ks_lock_has_server(ks_engine_lock(engine), &server->address, server->protocol,
                           server->port))
        add_both_ways(traced, *server, KS_TRACED_TO_SERVER, KS_TRACED_FROM_SERVER);
}

/* What is inside IPsec is never seen in clear. */
static void add_servers_of(const KsEngine *engine, const KsVpn *vpn, GArray *traced)
{
    for (unsigned i = 0; i < vpn->servers->len && traced->len < KS_TRACED_MAX; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);
        KsTraced one = {
            .kind = KS_TRACED_TO_SERVER,
            .address = server->address,
            .protocol = server->protocol,
            .port = server->port,
            .attempt = vpn->attempt,
        };

        if (!server->ipsec_only)
            add_server(engine, &one, traced);
    }
}

static void add_endpoints(const KsEngine *engine, const KsWorld *world, GArray *traced)
{
    for (unsigned i = 0; i < world->wireguard_endpoints->len; i++) {
        const KsWireguardEndpoint *endpoint =
            &g_array_index(world->wireguard_endpoints, KsWireguardEndpoint, i);
        KsTraced one = {
            .kind = KS_TRACED_TO_SERVER,
            .address = endpoint->address,
            .protocol = IPPROTO_UDP,
            .port = endpoint->port,
        };

        add_server(engine, &one, traced);
    }
}

void ks_traced_draw(const KsEngine *engine, const KsWorld *world, GArray *traced)
{
    g_array_set_size(traced, 0);
    add_tunnels(engine, traced);
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        /* whether one that was set up by hand connects is not known */
        if (vpn->activity != KS_VPN_DOWN || vpn->manual)
            add_servers_of(engine, vpn, traced);
    }
    add_endpoints(engine, world, traced);
}

bool ks_traced_has_news(const GArray *before, const GArray *now)
{
    for (unsigned i = 0; i < now->len; i++) {
        const KsTraced *one = &g_array_index(now, KsTraced, i);
        bool known = false;

        for (unsigned j = 0; j < before->len && !known; j++) {
            const KsTraced *other = &g_array_index(before, KsTraced, j);

            known = ks_traced_is_same(other, one) && other->attempt == one->attempt;
        }
        if (!known)
            return true;
    }
    return false;
}
