/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-networks.h"

#include "policy/exceptions.h"

#include <string.h>

/* NULL: a network that this viewer is not told of, or NetworkManager does not know. */
static const KsNetwork *network_on(const KsStatusFacts *facts, const KsLink *link)
{
    for (unsigned i = 0; i < facts->world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(facts->world->networks, i);

        if (ks_network_is_on(network, link) && ks_viewer_sees(facts->viewer, network->users))
            return network;
    }
    return NULL;
}

static bool everything_takes_a_vpn(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);

    if (strcmp(ks_status_state(facts), "protected") != 0)
        return false;
    for (unsigned i = 0; i < tunnels->len; i++)
        if (g_array_index(tunnels, KsTunnel, i).default_route)
            return true;
    return facts->world->ipsec_default;
}

#define NOTHING_ELSE " If you need what is there, use another network."

/* ignore-auto-routes takes the default route with the others (NetworkManager 1.42): the way out
 * must be told. IPv6's router is not known here. */
static char *without_routes(const KsWorld *world, uint32_t index)
{
    for (unsigned i = 0; i < world->gateways->len; i++) {
        const KsLinkAddress *gateway = &g_array_index(world->gateways, KsLinkAddress, i);
        char address[KS_ADDRESS_TEXT_SIZE];

        if (gateway->index == index)
            return g_strdup_printf(" To take no routes from it, connect it again after: nmcli "
                                   "connection modify NAME ipv4.ignore-auto-routes yes ipv4.routes "
                                   "\"0.0.0.0/0 %s\".",
                                   ks_address_text(&gateway->address, address));
    }
    return g_strdup(NOTHING_ELSE);
}

static bool has_exception_in(const KsWorld *world, const KsException *exception, uint32_t index,
                             KsSteered how)
{
    for (unsigned i = 0; i < world->steerings->len; i++) {
        const KsSteering *steering = &g_array_index(world->steerings, KsSteering, i);
        const KsAddress *there = &steering->destination;

        if (steering->index == index && steering->how == how &&
            there->family == exception->address.family &&
            ks_address_is_in(&exception->address, there, MIN(steering->prefix, exception->prefix)))
            return true;
    }
    return false;
}

/* In force, there. */
static bool is_on(const KsWorld *world, const KsExceptionEntry *entry, uint32_t index)
{
    bool is = !entry->on.uuid;

    for (unsigned i = 0; i < world->networks->len; i++)
        is |= index ==
              ks_exception_network_index(&entry->on, world, g_ptr_array_index(world->networks, i));
    return is;
}

#define NOT_REACHED "it cannot be reached, and by that the network may find out what you use."

/* What the lock makes of it: exceptions ask no route. */
static char *outcome(const KsWorld *world, uint32_t index, KsSteered how)
{
    const char *first = NULL;
    unsigned count = 0;

    for (unsigned i = 0; i < ks_exceptions_count(world->exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(world->exceptions, i);

        if (!entry->what.incoming && is_on(world, entry, index) &&
            has_exception_in(world, &entry->what, index, how) && count++ == 0)
            first = entry->name;
    }
    if (count == 0)
        return g_strdup("The lock refuses what goes there: nothing leaks, but " NOT_REACHED);
    if (count == 1)
        return g_strdup_printf(
            "What the exception \"%s\" allows leaves in clear there, past the VPN. "
            "The lock refuses the rest: " NOT_REACHED,
            first);
    return g_strdup_printf(
        "What the exception \"%s\" and %u more allow leaves in clear there, past "
        "the VPN. The lock refuses the rest: " NOT_REACHED,
        first, count - 1);
}

static char *sentence(const KsWorld *world, uint32_t index, KsSteered how, const char *network,
                      const char *ranges)
{
    g_autofree char *advice = without_routes(world, index);
    g_autofree char *holds = outcome(world, index, how);

    switch (how) {
    case KS_STEERED_BY_DHCP:
        return g_strdup_printf(
            "The network \"%s\" steers public addresses past the VPN by DHCP: %s. %s%s", network,
            ranges, holds, advice);
    case KS_STEERED_BY_ROUTER:
        return g_strdup_printf(
            "A router of the network \"%s\" steers public addresses past the VPN: %s. %s" NOTHING_ELSE,
            network, ranges, holds);
    case KS_STEERED_LOCAL:
        break;
    }
    return g_strdup_printf("The network \"%s\" calls public addresses its own local network: %s. %s"
                           " If they are not its own, use another network.",
                           network, ranges, holds);
}

/* One for all ranges of a link: there may be many. */
static void warn_of(GVariantBuilder *builder, const KsStatusFacts *facts, const KsLink *link,
                    KsSteered how)
{
    const GArray *steerings = facts->world->steerings;
    const KsNetwork *network = network_on(facts, link);
    g_autoptr(GString) ranges = g_string_new(NULL);
    g_autofree char *text = NULL;
    unsigned count = 0;

    for (unsigned i = 0; i < steerings->len; i++) {
        const KsSteering *steering = &g_array_index(steerings, KsSteering, i);
        char address[KS_ADDRESS_TEXT_SIZE];

        if (steering->index != link->index || steering->how != how || count++ > 0)
            continue;
        g_string_append_printf(ranges, "%s/%u", ks_address_text(&steering->destination, address),
                               steering->prefix);
    }
    if (count == 0)
        return;
    if (count > 1)
        g_string_append_printf(ranges, " and %u more", count - 1);
    text =
        sentence(facts->world, link->index, how, network ? network->name : link->name, ranges->str);
    g_variant_builder_add(builder, "s", text);
}

void ks_status_warn_of_networks(GVariantBuilder *builder, const KsStatusFacts *facts)
{
    if (facts->world->steerings->len == 0 || !everything_takes_a_vpn(facts))
        return;
    for (unsigned i = 0; i < facts->world->links->len; i++)
        for (KsSteered how = KS_STEERED_BY_DHCP; how <= KS_STEERED_LOCAL; how++)
            warn_of(builder, facts, &g_array_index(facts->world->links, KsLink, i), how);
}

static bool is_any_vpn_up(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);

    for (unsigned i = 0; i < tunnels->len; i++)
        if (ks_tunnel_protects(&g_array_index(tunnels, KsTunnel, i)))
            return true;
    return ks_status_ipsec_is_up(facts);
}

#define HOW_TO_LOG_IN \
    "open any page in a browser (http://, not https://), log in there, and connect the VPN."
#define IN_CLEAR "Meanwhile all programs send without the VPN."

/* How to get there while locked: a pause ends by itself, an unlock does not. */
static const char *way_in(const KsStatusFacts *facts)
{
    if (facts->pause_max > 0)
        return "To open the lock for it: nm-killswitch pause 5m. " IN_CLEAR " Then " HOW_TO_LOG_IN;
    if (facts->unlock_forbidden)
        return "The administrator allows neither pausing nor unlocking: use another network.";
    return "To open the lock for it: nm-killswitch unlock. " IN_CLEAR " Then " HOW_TO_LOG_IN
           " To close it again: nm-killswitch lock.";
}

void ks_status_warn_of_login(GVariantBuilder *builder, const KsStatusFacts *facts,
                             const char *reason)
{
    bool is_open = strcmp(ks_status_state(facts), "unlocked") == 0 ||
                   strcmp(ks_status_state(facts), "paused") == 0;
    bool is_known =
        facts->world->network_mark != 0 && facts->world->network_mark == facts->world->login_mark;
    bool is_likely = strcmp(reason, "server-unreachable") == 0 && facts->world->network_mark != 0;
    g_autofree char *text = NULL;

    if (is_any_vpn_up(facts) || strcmp(ks_status_state(facts), "broken") == 0)
        return;
    if (is_known && is_open)
        text = g_strdup("The network wants a login in a browser, and no VPN can connect "
                        "before: " HOW_TO_LOG_IN " " IN_CLEAR);
    else if (is_known) /* who has logged in since is seen only once it is open again */
        text =
            g_strdup_printf("The network wanted a login in a browser when that could be seen last. "
                            "If it still does, no VPN can connect before, and no page can be "
                            "opened while locked. %s",
                            way_in(facts));
    else if (is_likely)
        text = g_strdup_printf("If the network wants a login in a browser, as a hotel's does, no "
                               "VPN can connect before; while locked that cannot be seen. %s",
                               way_in(facts));
    if (text)
        g_variant_builder_add(builder, "s", text);
}
