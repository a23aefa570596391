/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/status.h"

#include "config.h"
#include "guard/let-out.h"
#include "model/server.h"
#include "rules/lock-table.h"

#include <string.h>

bool ks_status_verified(const KsStatusFacts *facts)
{
    bool locked = ks_engine_settings(facts->engine)->locked;

    if (facts->trouble || facts->held->present != locked)
        return false;
    return !locked || (ks_readback_is_intact(facts->held) &&
                       ks_lock_equal(facts->held->lock, ks_engine_lock(facts->engine)));
}

/* A VPN of policies, which needs no interface: NetworkManager says that it is up, the kernel has
 * its policy, and the rules let it out. */
static bool is_up_without_interface(const KsStatusFacts *facts, const KsVpn *vpn)
{
    return vpn->activity == KS_VPN_UP && ks_world_has_policy(facts->world, vpn);
}

static bool ipsec_is_up(const KsStatusFacts *facts)
{
    if (facts->held->lock->sets[KS_SET_IPSEC]->len == 0)
        return false;
    for (unsigned i = 0; i < facts->world->vpns->len; i++)
        if (is_up_without_interface(facts, g_ptr_array_index(facts->world->vpns, i)))
            return true;
    return false;
}

/* One that the kernel lets out, and by which what it is given gets somewhere. */
static bool has_living_tunnel(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);

    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (!tunnel->dead && ks_lock_has_interface(facts->held->lock, tunnel->index))
            return true;
    }
    return false;
}

const char *ks_status_state(const KsStatusFacts *facts)
{
    if (!ks_status_verified(facts))
        return "broken";
    if (!facts->held->present)
        return "unlocked";
    if (facts->held->pause_ms > 0)
        return "paused";
    return has_living_tunnel(facts) || ipsec_is_up(facts) ? "protected" : "blocked";
}

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

static bool is_tunnel_of(const KsTunnel *tunnel, const KsVpn *vpn)
{
    return tunnel->manual == vpn->manual && strcmp(tunnel->uuid, vpn->uuid) == 0;
}

static bool has_tunnel(const GArray *tunnels, const KsVpn *vpn)
{
    for (unsigned i = 0; i < tunnels->len; i++)
        if (is_tunnel_of(&g_array_index(tunnels, KsTunnel, i), vpn))
            return true;
    return false;
}

static GVariant *describe_tunnels(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (!tunnel->dead)
            add_tunnel(&builder, tunnel->interface, tunnel->uuid, tunnel->name, tunnel->type);
    }
    for (unsigned i = 0; i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        if (is_up_without_interface(facts, vpn) && !has_tunnel(tunnels, vpn))
            add_tunnel(&builder, "", vpn->uuid, vpn->name, vpn->type); /* it needs no interface */
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

    if (ipsec_is_up(facts) && facts->world->ipsec_carries[family])
        return words[KS_CARRIED_ALL];
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (!tunnel->dead)
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

static void add_server(GVariantBuilder *builder, const KsLock *lock, const KsVpn *vpn,
                       const KsServer *server)
{
    char address[KS_ADDRESS_TEXT_SIZE];
    char protocol[4];

    g_variant_builder_open(builder, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(builder, "{sv}", "uuid", g_variant_new_string(vpn->uuid));
    g_variant_builder_add(builder, "{sv}", "name", g_variant_new_string(vpn->name));
    g_variant_builder_add(builder, "{sv}", "type", g_variant_new_string(vpn->type));
    g_variant_builder_add(builder, "{sv}", "host", g_variant_new_string(server->host));
    g_variant_builder_add(builder, "{sv}", "address",
                          g_variant_new_string(ks_address_text(&server->address, address)));
    g_variant_builder_add(builder, "{sv}", "protocol",
                          g_variant_new_string(ks_protocol_name(server->protocol, protocol)));
    g_variant_builder_add(builder, "{sv}", "port", g_variant_new_uint16(server->port));
    g_variant_builder_add(builder, "{sv}", "source",
                          g_variant_new_string(ks_server_source_name(server->source)));
    g_variant_builder_add(builder, "{sv}", "not_let_out",
                          g_variant_new_string(ks_let_out_refusal(lock, vpn, server)));
    g_variant_builder_close(builder);
}

/* While it is open, as it would be if it were closed. */
static GVariant *describe_servers(const KsStatusFacts *facts)
{
    const KsWorld *world = facts->world;
    const KsLock *lock = facts->held->present ? facts->held->lock : ks_engine_lock(facts->engine);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        for (unsigned j = 0; j < vpn->servers->len; j++)
            add_server(&builder, lock, vpn, g_ptr_array_index(vpn->servers, j));
    }
    return g_variant_builder_end(&builder);
}

static bool is_overridden(const KsVpn *vpn)
{
    return vpn->servers->len > 0 &&
           ((const KsServer *) g_ptr_array_index(vpn->servers, 0))->source ==
               KS_SERVER_FROM_OVERRIDE;
}

static GVariant *describe_vpns(const KsWorld *world)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&builder, "{sv}", "uuid", g_variant_new_string(vpn->uuid));
        g_variant_builder_add(&builder, "{sv}", "name", g_variant_new_string(vpn->name));
        g_variant_builder_add(&builder, "{sv}", "type", g_variant_new_string(vpn->type));
        g_variant_builder_add(&builder, "{sv}", "interface",
                              g_variant_new_string(vpn->manual ? vpn->interface : ""));
        g_variant_builder_add(&builder, "{sv}", "manual", g_variant_new_boolean(vpn->manual));
        g_variant_builder_add(&builder, "{sv}", "override",
                              g_variant_new_boolean(is_overridden(vpn)));
        g_variant_builder_add(&builder, "{sv}", "locks",
                              g_variant_new_string(ks_vpn_locks_name(vpn->locks)));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

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
    const GArray *tunnels = ks_engine_tunnels(facts->engine);
    char address[KS_ADDRESS_TEXT_SIZE];
    const KsTunnel *tunnel = NULL;

    for (unsigned i = 0; i < tunnels->len; i++)
        if (g_array_index(tunnels, KsTunnel, i).index == endpoint->index)
            tunnel = &g_array_index(tunnels, KsTunnel, i);
    for (unsigned i = 0; tunnel && i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);
        g_autofree char *text = NULL;

        if (!is_tunnel_of(tunnel, vpn) || profile_names(vpn, endpoint))
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

        if (!allowed || g_strcmp0(allowed, network->place) == 0)
            continue;
        text =
            g_strdup_printf("LAN access was allowed on \"%s\" when that was another network, or by "
                            "an older version that could not tell, and is not in force here. To "
                            "allow it here: nm-killswitch lan on --only-here",
                            network->name);
        g_variant_builder_add(builder, "s", text);
    }
}

static GVariant *describe_warnings(const KsStatusFacts *facts)
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
    if (ks_engine_overflow(facts->engine))
        g_variant_builder_add(&builder, "s", ks_engine_overflow(facts->engine));
    for (unsigned i = 0; facts->held->present && i < facts->held->problems->len; i++) {
        g_autofree char *text =
            g_strdup_printf("The lock in the kernel was changed: %s.",
                            (char *) g_ptr_array_index(facts->held->problems, i));

        g_variant_builder_add(&builder, "s", text);
    }
    if (!facts->world->manager_present)
        g_variant_builder_add(&builder, "s",
                              "NetworkManager is not running. The lock stays as it is; new VPN "
                              "connections are let through when it is back.");
    warn_of_networks(&builder, facts);
    if (lacks_name_server(facts))
        g_variant_builder_add(&builder, "s",
                              "The VPN came without a name server, and those of the local network "
                              "are not asked while locked: programs find no names. Give the VPN "
                              "one, and connect it again: nmcli connection modify VPN ipv4.dns "
                              "ADDRESS.");
    for (unsigned i = 0; i < facts->world->wireguard_endpoints->len; i++)
        warn_of_endpoint(&builder, facts,
                         &g_array_index(facts->world->wireguard_endpoints, KsWireguardEndpoint, i));
    for (unsigned i = 0; i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        for (unsigned j = 0; j < vpn->warnings->len; j++) {
            g_autofree char *text =
                g_strdup_printf("%s: %s", vpn->name, (char *) g_ptr_array_index(vpn->warnings, j));

            g_variant_builder_add(&builder, "s", text);
        }
    }
    return g_variant_builder_end(&builder);
}

static GVariant *describe_layers(const KsReadback *held, bool egress)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "inet",
                          g_variant_new_boolean(ks_readback_is_intact(held)));
    g_variant_builder_add(&builder, "{sv}", "egress", g_variant_new_boolean(egress));
    g_variant_builder_add(&builder, "{sv}", "owned",
                          g_variant_new_boolean(ks_readback_is_owned(held)));
    return g_variant_builder_end(&builder);
}

static GVariant *describe_blocked(const KsReadback *held)
{
    GVariantBuilder builder;
    uint64_t packets = held->counters[KS_COUNTER_BLOCKED_OUT].packets +
                       held->counters[KS_COUNTER_BLOCKED_FORWARD].packets;
    uint64_t bytes = held->counters[KS_COUNTER_BLOCKED_OUT].bytes +
                     held->counters[KS_COUNTER_BLOCKED_FORWARD].bytes;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "packets", g_variant_new_uint64(packets));
    g_variant_builder_add(&builder, "{sv}", "bytes", g_variant_new_uint64(bytes));
    return g_variant_builder_end(&builder);
}

static uint64_t paused_until(const KsReadback *held)
{
    if (held->pause_ms == 0)
        return 0;
    return ((uint64_t) g_get_real_time() / 1000 + held->pause_ms + 999) / 1000;
}

static GVariant *describe_networks(const KsWorld *world)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);
        const KsLink *link = ks_world_link_by_name(world, network->interface);

        if (link && link->tunnel_kind) /* a VPN's own interface is no network to a person */
            continue;
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&builder, "{sv}", "uuid", g_variant_new_string(network->uuid));
        g_variant_builder_add(&builder, "{sv}", "name", g_variant_new_string(network->name));
        g_variant_builder_add(&builder, "{sv}", "interface",
                              g_variant_new_string(network->interface));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

static const KsTunnel *find_dead(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);

    for (unsigned i = 0; i < tunnels->len; i++)
        if (g_array_index(tunnels, KsTunnel, i).dead)
            return &g_array_index(tunnels, KsTunnel, i);
    return NULL;
}

/* What NetworkManager calls up, and what has been given neither an address nor an interface (SSH,
 * where it only forwards ports). One whose interface has just gone has its addresses still. */
static bool has_no_interface(const KsVpn *vpn)
{
    return vpn->activity == KS_VPN_UP && vpn->addresses->len == 0 && !vpn->interface[0] &&
           !ks_vpn_uses_ipsec(vpn);
}

static bool is_any_connecting(const KsWorld *world)
{
    for (unsigned i = 0; i < world->vpns->len; i++)
        if (((const KsVpn *) g_ptr_array_index(world->vpns, i))->activity == KS_VPN_CONNECTING)
            return true;
    return false;
}

/* Why only some networks can be reached though it is called protected: the VPNs that are up do not
 * carry more. A VPN's routes come a moment after its interface. */
static const char *reason_for_protected(const KsStatusFacts *facts, const char **ret_vpn)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);
    const char *name = "";

    if (is_any_connecting(facts->world) || ipsec_is_up(facts) || !facts->world->manager_present)
        return "";
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (tunnel->default_route && !tunnel->dead)
            return "";
        if (!tunnel->dead)
            name = tunnel->name;
    }
    *ret_vpn = name;
    return "some-networks";
}

/* Why no tunnel is up, from what NetworkManager said of the VPNs. */
static const char *reason_for_blocked(const KsStatusFacts *facts, const char **ret_vpn)
{
    const KsWorld *world = facts->world;
    const KsTunnel *dead = find_dead(facts);
    static const char *const of_failure[] = {
        [KS_FAILURE_NONE] = NULL,
        [KS_FAILURE_LOGIN] = "login-failed",
        [KS_FAILURE_NO_SECRETS] = "no-secrets",
        [KS_FAILURE_TIMEOUT] = "server-unreachable",
        [KS_FAILURE_SERVICE] = "service-failed",
    };
    const KsVpn *failed = NULL;
    const KsVpn *nameless = NULL;
    unsigned reachable = 0;

    if (dead && !is_any_connecting(world)) {
        *ret_vpn = dead->name;
        return "tunnel-dead";
    }
    if (!world->manager_present)
        return "manager-away";
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (vpn->activity != KS_VPN_DOWN) {
            *ret_vpn = vpn->name;
            if (has_no_interface(vpn))
                return "no-interface";
            /* a tunnel of the kernel's can be deleted, and NetworkManager never hears of it */
            return vpn->activity == KS_VPN_UP ? "tunnel-gone" : "connecting";
        }
        if (vpn->failure != KS_FAILURE_NONE)
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
        return of_failure[failed->failure];
    }
    if (reachable > 0)
        return "no-vpn";
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

GVariant *ks_status_describe(const KsStatusFacts *facts)
{
    static const char *const everywhere[] = { NULL };
    const KsSettings *settings = ks_engine_settings(facts->engine);
    const char *reason_vpn = "";
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "version", g_variant_new_string(KS_VERSION));
    g_variant_builder_add(&builder, "{sv}", "state", g_variant_new_string(ks_status_state(facts)));
    g_variant_builder_add(&builder, "{sv}", "locked", g_variant_new_boolean(facts->held->present));
    g_variant_builder_add(&builder, "{sv}", "auto_lock",
                          g_variant_new_boolean(settings->auto_lock));
    g_variant_builder_add(&builder, "{sv}", "lan", g_variant_new_boolean(settings->lan));
    g_variant_builder_add(&builder, "{sv}", "lan_networks",
                          g_variant_new_strv(settings->lan_networks
                                                 ? (const char *const *) settings->lan_networks
                                                 : everywhere,
                                             -1));
    g_variant_builder_add(&builder, "{sv}", "networks", describe_networks(facts->world));
    g_variant_builder_add(&builder, "{sv}", "paused_until",
                          g_variant_new_uint64(paused_until(facts->held)));
    g_variant_builder_add(&builder, "{sv}", "pause_max", g_variant_new_uint32(facts->pause_max));
    g_variant_builder_add(&builder, "{sv}", "reason",
                          g_variant_new_string(find_reason(facts, &reason_vpn)));
    g_variant_builder_add(&builder, "{sv}", "reason_vpn", g_variant_new_string(reason_vpn));
    g_variant_builder_add(&builder, "{sv}", "tunnels", describe_tunnels(facts));
    g_variant_builder_add(&builder, "{sv}", "carries", describe_carries(facts));
    g_variant_builder_add(&builder, "{sv}", "vpns", describe_vpns(facts->world));
    g_variant_builder_add(&builder, "{sv}", "servers", describe_servers(facts));
    g_variant_builder_add(&builder, "{sv}", "layers", describe_layers(facts->held, facts->egress));
    g_variant_builder_add(&builder, "{sv}", "verified",
                          g_variant_new_boolean(ks_status_verified(facts)));
    g_variant_builder_add(&builder, "{sv}", "blocked", describe_blocked(facts->held));
    g_variant_builder_add(&builder, "{sv}", "warnings", describe_warnings(facts));
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}
