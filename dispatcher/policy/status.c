/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status.h"

#include "config.h"
#include "model/server.h"
#include "policy/let-out.h"
#include "policy/status-always-on.h"
#include "policy/status-exceptions.h"
#include "policy/status-known-networks.h"
#include "policy/status-list.h"
#include "policy/status-sharing.h"
#include "policy/status-warnings.h"

#include <string.h>

static void add_tunnel(GVariantBuilder *builder, const char *interface, const char *uuid,
                       const char *name, const char *type)
{
    g_variant_builder_open(builder, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(builder, "{sv}", "interface", g_variant_new_string(interface));
    g_variant_builder_add(builder, "{sv}", "uuid", g_variant_new_string(uuid));
    g_variant_builder_add(builder, "{sv}", "name", g_variant_new_string(name));
    g_variant_builder_add(builder, "{sv}", "type", g_variant_new_string(type));
    g_variant_builder_close(builder);
}

static bool sees(const KsStatusFacts *facts, char *const *users)
{
    return ks_viewer_sees(facts->viewer, users);
}

/* That there is one is what the state says; everybody can see its interface. */
static void add_tunnel_for(GVariantBuilder *builder, const KsStatusFacts *facts, char *const *users,
                           const KsTunnel *tunnel)
{
    if (sees(facts, users))
        add_tunnel(builder, tunnel->interface, tunnel->uuid, tunnel->name, tunnel->type);
    else
        add_tunnel(builder, tunnel->interface, "", "", "");
}

static GVariant *describe_tunnels(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (ks_tunnel_protects(tunnel))
            add_tunnel_for(&builder, facts, tunnel->users, tunnel);
    }
    for (unsigned i = 0; i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);
        KsTunnel tunnel = { .uuid = vpn->uuid, .name = vpn->name, .type = vpn->type };

        if (ks_status_is_up_without_interface(facts, vpn) && !ks_tunnels_find(tunnels, vpn))
            add_tunnel_for(&builder, facts, vpn->users, &tunnel); /* it needs no interface */
    }
    return g_variant_builder_end(&builder);
}

/* Let out beside the VPNs, and none. */
static GVariant *describe_overlays(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (tunnel->overlay)
            add_tunnel(&builder, tunnel->interface, tunnel->uuid, tunnel->name, tunnel->type);
    }
    return g_variant_builder_end(&builder);
}

/* How much of a family the VPNs that are up carry together, or that it has no way out at all. */
static const char *carried_word(const KsStatusFacts *facts, KsFamily family)
{
    static const char *const words[] = {
        [KS_CARRIED_NOTHING] = "none",
        [KS_CARRIED_SOME] = "some",
        [KS_CARRIED_ALL] = "all",
    };
    const GArray *tunnels = ks_engine_tunnels(facts->engine);
    KsCarried most = KS_CARRIED_NOTHING;

    if (ks_status_ipsec_is_up(facts) && facts->world->ipsec_carries[family])
        return words[KS_CARRIED_ALL];
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (ks_tunnel_protects(tunnel))
            most = MAX(most, tunnel->carried[family]);
    }
    return most == KS_CARRIED_NOTHING && facts->world->nowhere[family] ? "nowhere" : words[most];
}

static GVariant *describe_carries(const KsStatusFacts *facts)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "ipv4",
                          g_variant_new_string(carried_word(facts, KS_IPV4)));
    g_variant_builder_add(&builder, "{sv}", "ipv6",
                          g_variant_new_string(carried_word(facts, KS_IPV6)));
    return g_variant_builder_end(&builder);
}

static bool add_server(KsStatusList *list, const KsStatusFacts *facts, const KsVpn *vpn,
                       const KsServer *server)
{
    /* while it is open, as it would be if it were closed */
    const KsLock *lock = facts->held.present ? facts->held.lock : ks_engine_lock(facts->engine);
    char address[KS_ADDRESS_TEXT_SIZE];
    char protocol[4];
    const KsStatusField fields[] = {
        { "uuid", 's', .text = vpn->uuid },
        { "name", 's', .text = vpn->name },
        { "type", 's', .text = vpn->type },
        { "host", 's', .text = server->host },
        { "address", 's', .text = ks_address_text(&server->address, address) },
        { "protocol", 's', .text = ks_protocol_name(server->protocol, protocol) },
        { "port", 'q', .number = server->port },
        { "source", 's', .text = ks_server_source_name(server->source) },
        { "not_let_out", 's', .text = ks_let_out_refusal(lock, facts->world, vpn, server) },
    };

    return ks_status_list_add(list, fields, G_N_ELEMENTS(fields));
}

static GVariant *describe_servers(const KsStatusFacts *facts, bool *ret_full)
{
    KsStatusList *list = ks_status_list_begin(facts->told ? &facts->told->servers : NULL);
    bool fits = true;

    for (unsigned i = 0; i < facts->world->vpns->len && fits; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        for (unsigned j = 0; sees(facts, vpn->users) && j < vpn->servers->len && fits; j++)
            fits = add_server(list, facts, vpn, g_ptr_array_index(vpn->servers, j));
    }
    *ret_full = !fits;
    return ks_status_list_end(list);
}

static bool is_overridden(const KsVpn *vpn)
{
    return vpn->servers->len > 0 &&
           ((const KsServer *) g_ptr_array_index(vpn->servers, 0))->source ==
               KS_SERVER_FROM_OVERRIDE;
}

static bool add_vpn(KsStatusList *list, const KsVpn *vpn)
{
    const KsStatusField fields[] = {
        { "uuid", 's', .text = vpn->uuid },
        { "name", 's', .text = vpn->name },
        { "type", 's', .text = vpn->type },
        { "interface", 's', .text = vpn->manual ? vpn->interface : "" },
        { "manual", 'b', .number = vpn->manual },
        { "overlay", 'b', .number = vpn->overlay },
        { "override", 'b', .number = is_overridden(vpn) },
        { "locks", 's', .text = ks_vpn_locks_name(vpn->locks) },
        { "failure", 's', .text = ks_failure_name(vpn->failure) },
    };

    return ks_status_list_add(list, fields, G_N_ELEMENTS(fields));
}

static GVariant *describe_vpns(const KsStatusFacts *facts, bool *ret_full)
{
    KsStatusList *list = ks_status_list_begin(facts->told ? &facts->told->vpns : NULL);
    bool fits = true;

    for (unsigned i = 0; i < facts->world->vpns->len && fits; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        if (sees(facts, vpn->users))
            fits = add_vpn(list, vpn);
    }
    *ret_full = !fits;
    return ks_status_list_end(list);
}

static GVariant *describe_layers(const KsHeld *held, bool egress)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "inet", g_variant_new_boolean(held->intact));
    g_variant_builder_add(&builder, "{sv}", "egress", g_variant_new_boolean(egress));
    g_variant_builder_add(&builder, "{sv}", "owned", g_variant_new_boolean(held->owned));
    return g_variant_builder_end(&builder);
}

static GVariant *describe_blocked(const KsHeld *held)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "packets", g_variant_new_uint64(held->blocked_packets));
    g_variant_builder_add(&builder, "{sv}", "bytes", g_variant_new_uint64(held->blocked_bytes));
    return g_variant_builder_end(&builder);
}

static uint64_t paused_until(const KsHeld *held)
{
    if (held->pause == 0)
        return 0;
    return ((uint64_t) g_get_real_time() / 1000 + held->pause + 999) / 1000;
}

static GVariant *describe_networks(const KsStatusFacts *facts)
{
    const KsWorld *world = facts->world;
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);
        const KsLink *link = ks_world_link_by_index(world, network->index);

        /* a VPN's own interface is no network to a person; NetworkManager may name it when it is
         * gone */
        if (!link || link->tunnel_kind)
            continue;
        if (!sees(facts, network->users))
            continue;
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&builder, "{sv}", "uuid", g_variant_new_string(network->uuid));
        g_variant_builder_add(&builder, "{sv}", "name", g_variant_new_string(network->name));
        g_variant_builder_add(&builder, "{sv}", "interface", g_variant_new_string(link->name));
        g_variant_builder_add(&builder, "{sv}", "external",
                              g_variant_new_boolean(network->external));
        g_variant_builder_add(&builder, "{sv}", "shared", g_variant_new_boolean(network->shared));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

/* A VPN's that carries nothing: its program is gone, or its server does not answer. */
static const KsTunnel *find_dead(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);

    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if ((tunnel->dead || tunnel->silent) && !tunnel->overlay && sees(facts, tunnel->users))
            return tunnel;
    }
    return NULL;
}

/* What NetworkManager calls up, and what has been given neither an address nor an interface (SSH,
 * where it only forwards ports). One whose interface went was given it, unless it went before
 * NetworkManager had told us of that. */
static bool has_no_interface(const KsStatusFacts *facts, const KsVpn *vpn)
{
    return vpn->activity == KS_VPN_UP && vpn->addresses->len == 0 && !vpn->interface[0] &&
           !vpn->given_interface && !ks_vpn_uses_ipsec(vpn) &&
           !ks_engine_saw_tunnel(facts->engine, vpn);
}

/* Of the tunnel that the reason is about. Unix time in seconds; 0: it is another reason. */
static uint64_t silent_since(const KsStatusFacts *facts, const char *reason)
{
    const KsTunnel *dead = strcmp(reason, "server-silent") == 0 ? find_dead(facts) : NULL;

    if (!dead)
        return 0;
    return (uint64_t) (g_get_real_time() - g_get_monotonic_time() + dead->silent) / G_USEC_PER_SEC;
}

static bool is_any_connecting(const KsStatusFacts *facts)
{
    for (unsigned i = 0; i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        if (vpn->activity == KS_VPN_CONNECTING && sees(facts, vpn->users))
            return true;
    }
    return false;
}

/* Why only some networks can be reached though it is called protected: the VPNs that are up do not
 * carry more. A VPN's routes come a moment after its interface. */
static const char *reason_for_protected(const KsStatusFacts *facts, const char **ret_vpn)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);
    const char *name = "";

    if (is_any_connecting(facts) || ks_status_ipsec_is_up(facts) || !facts->world->manager_present)
        return "";
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (!ks_tunnel_protects(tunnel))
            continue;
        if (tunnel->default_route)
            return "";
        name = sees(facts, tunnel->users) ? tunnel->name : "";
    }
    *ret_vpn = name;
    return "some-networks";
}

/* The name of one that is up, or NULL. */
static const char *find_overlay(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);

    for (unsigned i = 0; i < tunnels->len; i++)
        if (g_array_index(tunnels, KsTunnel, i).overlay)
            return g_array_index(tunnels, KsTunnel, i).name;
    return NULL;
}

/* Why no tunnel is up, from what NetworkManager and the VPNs' programs said. */
static const char *reason_for_blocked(const KsStatusFacts *facts, const char **ret_vpn)
{
    const KsWorld *world = facts->world;
    const KsTunnel *dead = find_dead(facts);
    const KsVpn *failed = NULL;
    const KsVpn *nameless = NULL;
    const char *overlay = find_overlay(facts);
    unsigned reachable = 0;

    if (dead && !is_any_connecting(facts)) {
        *ret_vpn = dead->name;
        return dead->dead ? "tunnel-dead" : "server-silent";
    }
    if (!world->manager_present)
        return KS_STATUS_MANAGER_AWAY;
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (!sees(facts, vpn->users) || vpn->overlay)
            continue;
        if (vpn->activity != KS_VPN_DOWN) {
            *ret_vpn = vpn->name;
            if (has_no_interface(facts, vpn))
                return "no-interface";
            /* a tunnel of the kernel's can be deleted, and NetworkManager never hears of it */
            return vpn->activity == KS_VPN_UP ? "tunnel-gone" : "connecting";
        }
        if (vpn->failure != KS_FAILURE_NONE && (!failed || vpn->attempt >= failed->attempt))
            failed = vpn;
        for (unsigned j = 0; j < vpn->servers->len; j++) {
            const KsServer *server = g_ptr_array_index(vpn->servers, j);

            if (server->address.family == AF_UNSPEC)
                nameless = vpn;
            else
                reachable++;
        }
    }
    if (failed) {
        *ret_vpn = failed->name;
        return ks_failure_name(failed->failure);
    }
    if (reachable > 0) {
        *ret_vpn = overlay ? overlay : "";
        return overlay ? "overlay-only" : "no-vpn";
    }
    *ret_vpn = nameless ? nameless->name : "";
    return nameless ? "name-unresolved" : "no-servers";
}

static const char *find_reason(const KsStatusFacts *facts, const char **ret_vpn)
{
    const char *state = ks_status_state(facts);

    *ret_vpn = "";
    if (strcmp(state, "broken") == 0)
        return "kernel";
    if (strcmp(state, "protected") == 0)
        return reason_for_protected(facts, ret_vpn);
    return strcmp(state, "blocked") == 0 ? reason_for_blocked(facts, ret_vpn) : "";
}

/* Of a network that this viewer does not see there is an empty text: without it, the others would
 * be all, or LAN access for all networks. */
static GVariant *describe_lan_networks(const KsStatusFacts *facts)
{
    char **uuids = ks_engine_settings(facts->engine)->lan_networks;
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_STRING_ARRAY);
    for (unsigned i = 0; uuids && uuids[i]; i++)
        g_variant_builder_add(&builder, "s",
                              ks_status_sees_network(facts, uuids[i]) ? uuids[i] : "");
    return g_variant_builder_end(&builder);
}

GVariant *ks_status_describe(const KsStatusFacts *facts)
{
    const KsSettings *settings = ks_engine_settings(facts->engine);
    const char *reason_vpn = "";
    const char *reason = find_reason(facts, &reason_vpn);
    bool vpns_are_full = false;
    bool servers_are_full = false;
    g_autoptr(GVariant) vpns = describe_vpns(facts, &vpns_are_full);
    g_autoptr(GVariant) servers = describe_servers(facts, &servers_are_full);
    GVariantBuilder builder;
    GVariant *status;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "version", g_variant_new_string(KS_VERSION));
    g_variant_builder_add(&builder, "{sv}", "state", g_variant_new_string(ks_status_state(facts)));
    g_variant_builder_add(&builder, "{sv}", "locked", g_variant_new_boolean(facts->held.present));
    g_variant_builder_add(&builder, "{sv}", "auto_lock",
                          g_variant_new_boolean(ks_mode_auto_locks(settings->mode)));
    g_variant_builder_add(&builder, "{sv}", "mode",
                          g_variant_new_string(ks_mode_name(settings->mode)));
    g_variant_builder_add(&builder, "{sv}", "mode_source",
                          g_variant_new_string(facts->mode_source ? facts->mode_source : ""));
    g_variant_builder_add(&builder, "{sv}", "always_on", ks_status_always_on(facts));
    g_variant_builder_add(&builder, "{sv}", "exceptions", ks_status_exceptions(facts));
    g_variant_builder_add(&builder, "{sv}", "exceptions_elsewhere",
                          ks_status_exceptions_elsewhere(facts));
    g_variant_builder_add(&builder, "{sv}", "sharing", ks_status_sharing(facts));
    g_variant_builder_add(&builder, "{sv}", "lan", g_variant_new_boolean(settings->lan));
    g_variant_builder_add(&builder, "{sv}", "lan_networks", describe_lan_networks(facts));
    g_variant_builder_add(&builder, "{sv}", "networks", describe_networks(facts));
    g_variant_builder_add(&builder, "{sv}", "known_networks", ks_status_known_networks(facts));
    g_variant_builder_add(&builder, "{sv}", "paused_until",
                          g_variant_new_uint64(paused_until(&facts->held)));
    g_variant_builder_add(&builder, "{sv}", "pause_max", g_variant_new_uint32(facts->pause_max));
    g_variant_builder_add(&builder, "{sv}", "reason", g_variant_new_string(reason));
    g_variant_builder_add(&builder, "{sv}", "reason_vpn", g_variant_new_string(reason_vpn));
    g_variant_builder_add(&builder, "{sv}", "silent_since",
                          g_variant_new_uint64(silent_since(facts, reason)));
    g_variant_builder_add(&builder, "{sv}", "tunnels", describe_tunnels(facts));
    g_variant_builder_add(&builder, "{sv}", "overlays", describe_overlays(facts));
    g_variant_builder_add(&builder, "{sv}", "carries", describe_carries(facts));
    g_variant_builder_add(&builder, "{sv}", "vpns", vpns);
    g_variant_builder_add(&builder, "{sv}", "servers", servers);
    g_variant_builder_add(&builder, "{sv}", "layers", describe_layers(&facts->held, facts->egress));
    g_variant_builder_add(&builder, "{sv}", "verified",
                          g_variant_new_boolean(ks_status_verified(facts)));
    g_variant_builder_add(&builder, "{sv}", "blocked", describe_blocked(&facts->held));
    g_variant_builder_add(&builder, "{sv}", "warnings",
                          ks_status_warnings(facts, reason, vpns_are_full || servers_are_full));
    status = g_variant_ref_sink(g_variant_builder_end(&builder));
    (void) g_variant_get_data(status);
    if (facts->told)
        ks_status_told_share(facts->told, status);
    return status;
}
