/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-warnings.h"

#include "model/server.h"
#include "model/shares.h"
#include "policy/status-frames.h"
#include "policy/status-networks.h"
#include "policy/status-refusals.h"

#include <string.h>

#define VPN_WARNINGS_MAX   64u
#define LEFT_OUT_NAMED_MAX 3u

/* The profile names this endpoint, or only names, and an address is one of theirs. */
static bool profile_names(const KsVpn *vpn, const KsWireguardEndpoint *endpoint)
{
    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);
        KsAddress literal;

        if (!ks_address_parse(server->host, &literal) ||
            (ks_address_compare(&literal, &endpoint->address) == 0 &&
             server->port == endpoint->port))
            return true;
    }
    return false;
}

/* What is let out beyond the profile is said. */
static void warn_of_endpoint(GVariantBuilder *builder, const KsStatusFacts *facts,
                             const KsWireguardEndpoint *endpoint)
{
    const KsTunnel *tunnel = ks_tunnels_on(ks_engine_tunnels(facts->engine), endpoint->index);
    char address[KS_ADDRESS_TEXT_SIZE];

    for (unsigned i = 0; tunnel && !tunnel->overlay && i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);
        g_autofree char *text = NULL;

        if (!ks_tunnel_is_of(tunnel, vpn) || !ks_viewer_sees(facts->viewer, vpn->users) ||
            profile_names(vpn, endpoint))
            continue;
        text = g_strdup_printf(
            "%s: its server has moved to %s, port %u, which the profile does not "
            "name. WireGuard is let out to there too, as long as this VPN is up.",
            vpn->name, ks_address_text(&endpoint->address, address), endpoint->port);
        g_variant_builder_add(builder, "s", text);
    }
}

/* It is asked through a tunnel, or nobody here can say how. */
static bool may_be_asked(const KsStatusFacts *facts, const KsNameServer *server)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);
    bool takes_everything = false;

    if (server->address.family == AF_UNSPEC || server->of_vpn ||
        ks_address_is_loopback(&server->address))
        return true;
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (strcmp(tunnel->interface, server->interface) == 0)
            return true;
        takes_everything |= tunnel->default_route;
    }
    return takes_everything && !server->neighbour && !ks_address_is_private(&server->address) &&
           (facts->world->dns == KS_DNS_BY_ROUTE || !server->interface[0]);
}

static bool lacks_name_server(const KsStatusFacts *facts)
{
    const GArray *servers = facts->world->name_servers;
    const GArray *tunnels = ks_engine_tunnels(facts->engine);

    if (facts->world->dns == KS_DNS_BY_OTHERS || strcmp(ks_status_state(facts), "protected") != 0)
        return false;
    for (unsigned i = 0; i < tunnels->len; i++)
        if (g_array_index(tunnels, KsTunnel, i).manual)
            return false; /* NetworkManager does not know its name servers */
    for (unsigned i = 0; i < servers->len; i++)
        if (may_be_asked(facts, &g_array_index(servers, KsNameServer, i)))
            return false;
    return true;
}

/* LAN access is for a network that was something else when that was said, or that an older version
 * wrote down by its UUID alone. */
static void warn_of_networks(GVariantBuilder *builder, const KsStatusFacts *facts)
{
    const KsSettings *settings = ks_engine_settings(facts->engine);

    for (unsigned i = 0; i < facts->world->networks->len && settings->lan; i++) {
        const KsNetwork *network = g_ptr_array_index(facts->world->networks, i);
        const char *allowed = ks_settings_lan_place(settings, network->uuid);
        g_autofree char *text = NULL;

        if (!allowed || g_strcmp0(allowed, network->place) == 0 ||
            !ks_viewer_sees(facts->viewer, network->users))
            continue;
        text =
            g_strdup_printf("LAN access was allowed on \"%s\" when that was another network, or by "
                            "an older version that could not tell, and is not in force here. To "
                            "allow it here: nm-killswitch lan on --only-here",
                            network->name);
        g_variant_builder_add(builder, "s", text);
    }
}

/* Sentences of VPNs; beyond what anybody reads there is only a number. */
typedef struct {
    GVariantBuilder *builder;
    const KsVpn *vpn;
    unsigned count;
} VpnWarnings;

static void warn_of_vpn(VpnWarnings *warnings, const char *what)
{
    g_autofree char *text = g_strdup_printf("%s: %s", warnings->vpn->name, what);

    if (warnings->count++ < VPN_WARNINGS_MAX)
        g_variant_builder_add(warnings->builder, "s", text);
}

/* One sentence for all: there may be thousands. */
static void warn_of_left_out(GVariantBuilder *builder, const KsStatusFacts *facts, bool private)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autofree char *text = NULL;
    unsigned count = 0;

    for (unsigned i = 0; i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        if (!vpn->left_out || (vpn->users != NULL) != private ||
            !ks_viewer_sees(facts->viewer, vpn->users))
            continue;
        if (count++ < LEFT_OUT_NAMED_MAX)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", vpn->name);
    }
    if (count == 0)
        return;
    if (count > LEFT_OUT_NAMED_MAX)
        g_string_append_printf(names, " and %u more", count - LEFT_OUT_NAMED_MAX);
    text = private ? g_strdup_printf(
                         "Servers of these VPNs are left out: %s. The lock keeps %u servers of one "
                         "user's own profiles, %u names of those in use, and %u servers of all "
                         "users'; what is up or connecting comes first.",
                         names->str, KS_SHARE_SERVERS_USER, KS_SHARE_NAMES_USER,
                         KS_SHARE_SERVERS_PRIVATE)
                   : g_strdup_printf("Servers of these VPNs are left out: %s. The lock keeps %u "
                                     "servers; what is up or connecting comes first.",
                                     names->str, KS_SHARE_SERVERS);
    g_variant_builder_add(builder, "s", text);
}

static void warn_of_broadcasts(VpnWarnings *warnings, const KsStatusFacts *facts)
{
    char address[KS_ADDRESS_TEXT_SIZE];

    for (unsigned i = 0; i < warnings->vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(warnings->vpn->servers, i);
        g_autofree char *text = NULL;

        if (!ks_world_is_broadcast(facts->world, &server->address))
            continue;
        text = g_strdup_printf(
            "its server %s stands for all machines of the local network, so the lock does not let "
            "it out. Correct the profile in NetworkManager.",
            ks_address_text(&server->address, address));
        warn_of_vpn(warnings, text);
        return;
    }
}

/* Told while it is of use: one whose servers answer by themselves has nothing to be told. */
static void warn_of_floating(VpnWarnings *warnings, const KsStatusFacts *facts)
{
    const KsVpn *vpn = warnings->vpn;

    if (vpn->floats && ks_engine_settings(facts->engine)->locked &&
        (vpn->activity == KS_VPN_CONNECTING || vpn->failure != KS_FAILURE_NONE))
        warn_of_vpn(
            warnings,
            "its servers may answer from other addresses (\"float\"). The lock lets in those "
            "that it was connected by since the guard started. If it does not connect, "
            "pause (nm-killswitch pause 1m) and connect it meanwhile; or name all of its "
            "servers' addresses, for good: nm-killswitch vpn set NAME --server "
            "ADDRESS:PORT/udp --server ...");
}

static void warn_of_vpns(GVariantBuilder *builder, const KsStatusFacts *facts)
{
    VpnWarnings warnings = { .builder = builder };

    for (unsigned i = 0; i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        if (!ks_viewer_sees(facts->viewer, vpn->users))
            continue;
        warnings.vpn = vpn;
        warn_of_broadcasts(&warnings, facts);
        warn_of_floating(&warnings, facts);
        for (unsigned j = 0; j < vpn->warnings->len; j++)
            warn_of_vpn(&warnings, g_ptr_array_index(vpn->warnings, j));
    }
    if (warnings.count > VPN_WARNINGS_MAX) {
        g_autofree char *text = g_strdup_printf("There are %u more such warnings about VPNs.",
                                                warnings.count - VPN_WARNINGS_MAX);

        g_variant_builder_add(builder, "s", text);
    }
}

GVariant *ks_status_warnings(const KsStatusFacts *facts, const char *reason, bool list_is_full)
{
    const GPtrArray *configuration = facts->configuration_warnings;
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_STRING_ARRAY);
    for (unsigned i = 0; i < KS_STATUS_PROBLEMS_MAX; i++)
        if (facts->problems[i])
            g_variant_builder_add(&builder, "s", facts->problems[i]);
    for (unsigned i = 0; configuration && i < configuration->len; i++)
        g_variant_builder_add(&builder, "s", g_ptr_array_index(configuration, i));
    for (unsigned i = 0; facts->name_warnings && i < facts->name_warnings->len; i++)
        g_variant_builder_add(&builder, "s", g_ptr_array_index(facts->name_warnings, i));
    ks_status_warn_of_refusals(&builder, facts);
    ks_status_warn_of_frames(&builder, facts);
    ks_status_warn_of_networks(&builder, facts);
    ks_status_warn_of_login(&builder, facts, reason);
    if (ks_engine_overflow(facts->engine))
        g_variant_builder_add(&builder, "s", ks_engine_overflow(facts->engine));
    for (unsigned i = 0; facts->held.present && i < facts->held.problems->len; i++) {
        g_autofree char *text =
            g_strdup_printf("The lock in the kernel was changed: %s.",
                            (char *) g_ptr_array_index(facts->held.problems, i));

        g_variant_builder_add(&builder, "s", text);
    }
    if (!facts->world->manager_present && strcmp(reason, KS_STATUS_MANAGER_AWAY) != 0)
        g_variant_builder_add(&builder, "s",
                              "NetworkManager is not running. The lock stays as it is; new VPN "
                              "connections are let through when it is back.");
    warn_of_networks(&builder, facts);
    if (lacks_name_server(facts))
        g_variant_builder_add(
            &builder, "s",
            "The VPN brought no name server, and the lock does not let programs ask those of the "
            "local network: programs cannot find names. Give the VPN a name server, and connect it "
            "again: nmcli connection modify VPN ipv4.dns ADDRESS.");
    for (unsigned i = 0; i < facts->world->wireguard_endpoints->len; i++)
        warn_of_endpoint(&builder, facts,
                         &g_array_index(facts->world->wireguard_endpoints, KsWireguardEndpoint, i));
    if (list_is_full)
        g_variant_builder_add(
            &builder, "s",
            "There are more VPNs or servers than this list can hold. The lock knows the others, "
            "too: nm-killswitch rules.");
    warn_of_left_out(&builder, facts, false);
    warn_of_left_out(&builder, facts, true);
    warn_of_vpns(&builder, facts);
    return g_variant_builder_end(&builder);
}
