/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-refusals.h"

#include "model/server.h"

static bool is_server_of(const KsStatusFacts *facts, const KsVpn *vpn, const KsTraced *traced)
{
    const KsWorld *world = facts->world;

    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        if (server->protocol == traced->protocol && server->port == traced->port &&
            ks_address_compare(&server->address, &traced->address) == 0)
            return true;
    }
    for (unsigned i = 0; i < world->wireguard_endpoints->len; i++) {
        const KsWireguardEndpoint *endpoint =
            &g_array_index(world->wireguard_endpoints, KsWireguardEndpoint, i);
        const KsTunnel *tunnel = ks_tunnels_on(ks_engine_tunnels(facts->engine), endpoint->index);

        if (tunnel && ks_tunnel_is_of(tunnel, vpn) && endpoint->port == traced->port &&
            ks_address_compare(&endpoint->address, &traced->address) == 0)
            return true;
    }
    return false;
}

/* One that connects or is up rather than one that only has the same server. NULL: none that this
 * viewer may know of. */
static const KsVpn *vpn_of(const KsStatusFacts *facts, const KsTraced *traced)
{
    const KsVpn *found = NULL;

    for (unsigned i = 0; i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        if (ks_viewer_sees(facts->viewer, vpn->users) && is_server_of(facts, vpn, traced) &&
            (!found || (found->activity == KS_VPN_DOWN && vpn->activity != KS_VPN_DOWN)))
            found = vpn;
    }
    return found;
}

static char *server_packets(const KsStatusFacts *facts, const KsTraced *traced)
{
    const KsVpn *vpn = vpn_of(facts, traced);
    char address[KS_ADDRESS_TEXT_SIZE];
    char protocol[4];
    g_autofree char *port = NULL;

    if (!vpn)
        return NULL;
    port = traced->port ? g_strdup_printf(", port %u", traced->port) : g_strdup("");
    return g_strdup_printf(traced->kind == KS_TRACED_TO_SERVER
                               ? "what goes to the server of \"%s\" (%s, %s%s)"
                               : "what comes from the server of \"%s\" (%s, %s%s)",
                           vpn->name, ks_address_text(&traced->address, address),
                           ks_protocol_name(traced->protocol, protocol), port);
}

static char *tunnel_packets(const KsStatusFacts *facts, const KsTraced *traced)
{
    const KsTunnel *tunnel = ks_tunnels_on(ks_engine_tunnels(facts->engine), traced->index);

    if (!tunnel || !ks_viewer_sees(facts->viewer, tunnel->users))
        return NULL;
    return g_strdup_printf(traced->kind == KS_TRACED_TO_TUNNEL
                               ? "all that programs have tried to send into \"%s\" (%s)"
                               : "all answers that come out of \"%s\" (%s)",
                           tunnel->name, tunnel->interface);
}

static char *sentences(const KsRefusal *refusal, const char *packets)
{
    const char *family = refusal->family;

    switch (refusal->how) {
    case KS_REFUSAL_UNSEEN:
        return g_strdup_printf(
            "Something drops %s. It is not the lock, which lets it through, and no chain of "
            "nf_tables: probably a rule of iptables-legacy (iptables-legacy-save).",
            packets);
    case KS_REFUSAL_QUEUES:
        return g_strdup_printf(
            "The chain %s of the table %s %s (another firewall) asks a program about %s, and that "
            "has not let it through. The lock does. Allow it in that program.",
            refusal->chain, family, refusal->table, packets);
    case KS_REFUSAL_DROPS:
        break;
    }
    return g_strdup_printf("The chain %s of the table %s %s (another firewall) drops %s. The lock "
                           "lets it through. Allow it there too; to see its rules: nft list chain "
                           "%s %s %s",
                           refusal->chain, family, refusal->table, packets, family, refusal->table,
                           refusal->chain);
}

void ks_status_warn_of_refusals(GVariantBuilder *builder, const KsStatusFacts *facts)
{
    for (unsigned i = 0; facts->refusals && i < facts->refusals->len; i++) {
        const KsRefusal *refusal = &g_array_index(facts->refusals, KsRefusal, i);
        bool of_server = refusal->traced.kind == KS_TRACED_TO_SERVER ||
                         refusal->traced.kind == KS_TRACED_FROM_SERVER;
        g_autofree char *packets = of_server ? server_packets(facts, &refusal->traced)
                                             : tunnel_packets(facts, &refusal->traced);
        g_autofree char *text = packets ? sentences(refusal, packets) : NULL;

        if (text)
            g_variant_builder_add(builder, "s", text);
    }
}
