/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leaktest/surroundings.h"

#include "files/people.h"
#include "kernel/links.h"
#include "model/guest.h"
#include "model/uplink.h"

#include <linux/if_arp.h>
#include <netinet/in.h>
#include <string.h>

#define TUNNELS_MAX  64u
#define NETWORKS_MAX 256u

#define MANAGER "org.freedesktop.NetworkManager"

/* A person's id where the machine does not say; useradd(8). */
#define FIRST_PERSON 1000u

KsSurroundings *ks_surroundings_new(void)
{
    KsSurroundings *around = g_new0(KsSurroundings, 1);

    around->tunnels = g_ptr_array_new_with_free_func(g_free);
    around->overlays = g_ptr_array_new_with_free_func(g_free);
    around->networks = g_ptr_array_new_with_free_func(g_free);
    around->above = g_array_new(FALSE, TRUE, sizeof(KsCard));
    around->passages = g_array_new(FALSE, TRUE, sizeof(KsCard));
    around->cards = g_array_new(FALSE, TRUE, sizeof(KsCard));
    around->resolvers = g_array_new(FALSE, TRUE, sizeof(KsProbedNameServer));
    around->servers = g_array_new(FALSE, TRUE, sizeof(KsTestedServer));
    around->exceptions = g_array_new(FALSE, TRUE, sizeof(KsLetOut));
    around->carried = g_array_new(FALSE, TRUE, sizeof(KsLinkRoute));
    return around;
}

void ks_surroundings_free(KsSurroundings *around)
{
    if (!around)
        return;
    g_ptr_array_unref(around->tunnels);
    g_ptr_array_unref(around->overlays);
    g_ptr_array_unref(around->networks);
    g_array_unref(around->cards);
    g_array_unref(around->above);
    g_array_unref(around->passages);
    g_array_unref(around->resolvers);
    g_array_unref(around->servers);
    g_array_unref(around->exceptions);
    g_array_unref(around->carried);
    g_free(around);
}

static bool is_interface(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length < IF_NAMESIZE;
}

/* ---- the guard ---- */

/* An array of dictionaries; NULL if it is not there. */
static GVariant *list_of(GVariant *dictionary, const char *name)
{
    return g_variant_lookup_value(dictionary, name, G_VARIANT_TYPE("aa{sv}"));
}

static void take_tunnels(GPtrArray *names, GVariant *status, const char *key)
{
    g_autoptr(GVariant) list = list_of(status, key);

    for (gsize i = 0; list && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) tunnel = g_variant_get_child_value(list, i);
        const char *name;

        if (names->len < TUNNELS_MAX && g_variant_lookup(tunnel, "interface", "&s", &name) &&
            is_interface(name))
            g_ptr_array_add(names, g_strdup(name));
    }
}

static uint8_t protocol_of(const char *word)
{
    static const struct {
        const char *word;
        uint8_t protocol;
    } known[] = {
        { "udp", IPPROTO_UDP }, { "tcp", IPPROTO_TCP }, { "esp", IPPROTO_ESP },
        { "ah", IPPROTO_AH },   { "gre", IPPROTO_GRE },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].word, word) == 0)
            return known[i].protocol;
    return 0;
}

static void take_server(KsSurroundings *around, GVariant *server)
{
    KsTestedServer endpoint = { 0 };
    const char *address;
    const char *protocol;

    if (around->servers->len >= KS_SERVERS_MAX ||
        !g_variant_lookup(server, "address", "&s", &address) ||
        !g_variant_lookup(server, "protocol", "&s", &protocol) ||
        !g_variant_lookup(server, "port", "q", &endpoint.port) ||
        !ks_address_parse(address, &endpoint.address))
        return;
    endpoint.protocol = protocol_of(protocol);
    if (endpoint.protocol)
        g_array_append_val(around->servers, endpoint);
}

/* Those for one network are told with the interfaces that carry it. */
static void take_let_out(KsSurroundings *around, const KsException *what, GVariant *told)
{
    g_autofree const char **interfaces = NULL;
    KsLetOut one = { .what = *what };

    if (!g_variant_lookup(told, "interfaces", "^a&s", &interfaces)) {
        g_array_append_val(around->exceptions, one);
        return;
    }
    for (unsigned i = 0; interfaces[i] && i < KS_CARDS_MAX; i++)
        if (interfaces[i][0] &&
            g_strlcpy(one.interface, interfaces[i], sizeof(one.interface)) < sizeof(one.interface))
            g_array_append_val(around->exceptions, one);
}

static void take_exception(KsSurroundings *around, GVariant *told)
{
    KsException exception = { 0 };
    const char *to;
    const char *protocol;

    if (around->exceptions->len < KS_EXCEPTIONS_MAX && g_variant_lookup(told, "to", "&s", &to) &&
        g_variant_lookup(told, "protocol", "&s", &protocol) &&
        g_variant_lookup(told, "first_port", "q", &exception.first_port) &&
        g_variant_lookup(told, "last_port", "q", &exception.last_port) &&
        ks_exception_read_to(to, &exception) && ks_exception_read_protocol(protocol, &exception))
        take_let_out(around, &exception, told);
}

void ks_surroundings_take_status(KsSurroundings *around, GVariant *status)
{
    g_autoptr(GVariant) servers = list_of(status, "servers");
    g_autoptr(GVariant) exceptions = list_of(status, "exceptions");
    const char *state;

    for (gsize i = 0; exceptions && i < g_variant_n_children(exceptions); i++) {
        g_autoptr(GVariant) exception = g_variant_get_child_value(exceptions, i);

        take_exception(around, exception);
    }
    if (g_variant_lookup(status, "state", "&s", &state) && strlen(state) < sizeof(around->state))
        g_strlcpy(around->state, state, sizeof(around->state));
    take_tunnels(around->tunnels, status, "tunnels");
    take_tunnels(around->overlays, status, "overlays");
    for (gsize i = 0; servers && i < g_variant_n_children(servers); i++) {
        g_autoptr(GVariant) server = g_variant_get_child_value(servers, i);

        take_server(around, server);
    }
}

/* ---- NetworkManager ---- */

static void take_resolver(KsSurroundings *around, const char *text, const char *interface,
                          bool of_vpn)
{
    KsProbedNameServer resolver = { .of_vpn = of_vpn };

    if (around->resolvers->len >= KS_NAME_SERVERS_MAX ||
        !ks_address_parse(text, &resolver.address) || !ks_address_is_unicast(&resolver.address))
        return;
    g_strlcpy(resolver.interface, interface, sizeof(resolver.interface));
    if (ks_address_is_link_local(&resolver.address)) {
        resolver.scope = if_nametoindex(interface);
        if (!resolver.scope)
            return;
    }
    g_array_append_val(around->resolvers, resolver);
}

void ks_surroundings_take_dns(KsSurroundings *around, GVariant *configuration)
{
    if (!g_variant_is_of_type(configuration, G_VARIANT_TYPE("aa{sv}")))
        return;
    for (gsize i = 0; i < g_variant_n_children(configuration); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(configuration, i);
        g_autofree const char **servers = NULL;
        const char *interface = "";
        gboolean of_vpn = FALSE;

        if (!g_variant_lookup(entry, "nameservers", "^a&s", &servers))
            continue;
        (void) g_variant_lookup(entry, "vpn", "b", &of_vpn);
        if (!g_variant_lookup(entry, "interface", "&s", &interface) || !is_interface(interface))
            interface = "";
        for (unsigned k = 0; servers[k]; k++)
            take_resolver(around, servers[k], interface, of_vpn);
    }
}

static bool has_gateway(GVariant *objects, const char *path, const char *interface)
{
    g_autoptr(GVariant) object = g_variant_lookup_value(objects, path, G_VARIANT_TYPE("a{sa{sv}}"));
    g_autoptr(GVariant) configuration =
        object ? g_variant_lookup_value(object, interface, G_VARIANT_TYPE_VARDICT) : NULL;
    const char *gateway;

    return configuration && g_variant_lookup(configuration, "Gateway", "&s", &gateway) &&
           gateway[0] != '\0';
}

/* As the guard judges, network/manager.c. */
static bool is_connected_by(GVariant *objects, GVariant *device)
{
    static const struct {
        const char *property;
        const char *interface; /* NULL: what it leads to is enough */
    } signs[] = {
        { "Dhcp4Config", NULL },
        { "Dhcp6Config", NULL },
        { "Ip4Config", MANAGER ".IP4Config" },
        { "Ip6Config", MANAGER ".IP6Config" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(signs); i++) {
        const char *path;

        if (g_variant_lookup(device, signs[i].property, "&o", &path) && strcmp(path, "/") != 0 &&
            (!signs[i].interface || has_gateway(objects, path, signs[i].interface)))
            return true;
    }
    return false;
}

static void take_network(KsSurroundings *around, const char *name)
{
    if (around->networks->len < NETWORKS_MAX)
        g_ptr_array_add(around->networks, g_strdup(name));
    else
        around->too_many_cards = true;
}

void ks_surroundings_take_networks(KsSurroundings *around, GVariant *objects)
{
    GVariantIter iter;
    GVariant *object;

    if (!g_variant_is_of_type(objects, G_VARIANT_TYPE("a{oa{sa{sv}}}")))
        return;
    g_variant_iter_init(&iter, objects);
    while (g_variant_iter_loop(&iter, "{&o@a{sa{sv}}}", NULL, &object)) {
        g_autoptr(GVariant) device =
            g_variant_lookup_value(object, MANAGER ".Device", G_VARIANT_TYPE_VARDICT);
        const char *name;

        if (device && g_variant_lookup(device, "IpInterface", "&s", &name) && is_interface(name) &&
            is_connected_by(objects, device))
            take_network(around, name);
    }
}

/* ---- the kernel ---- */

static bool is_in(const GPtrArray *names, const char *name)
{
    for (unsigned i = 0; i < names->len; i++)
        if (strcmp(g_ptr_array_index(names, i), name) == 0)
            return true;
    return false;
}

static void take_passage(KsSurroundings *around, const KsLink *link)
{
    KsCard card = { .index = link->index, .tunnel = true };

    if (!link->up || around->passages->len >= KS_CARDS_MAX)
        return;
    g_strlcpy(card.name, link->name, sizeof(card.name));
    g_array_append_val(around->passages, card);
}

static bool is_card(const GArray *uplinks, uint32_t index)
{
    for (unsigned i = 0; i < uplinks->len; i++)
        if (g_array_index(uplinks, KsUplink, i).index == index)
            return true;
    return false;
}

static void take_above(KsSurroundings *around, const KsWorld *world, const GArray *uplinks)
{
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);
        KsCard card = { .index = link->index };

        if (link->loopback || link->tunnel_kind || !link->up ||
            !(link->leads_out || is_in(around->networks, link->name)) ||
            is_card(uplinks, link->index) || is_in(around->overlays, link->name))
            continue;
        if (around->above->len >= KS_CARDS_MAX) {
            around->too_many_cards = true;
            return;
        }
        g_strlcpy(card.name, link->name, sizeof(card.name));
        g_array_append_val(around->above, card);
    }
}

static bool has_ppp(const KsWorld *world)
{
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (link->up && strcmp(link->kind, "ppp") == 0)
            return true;
    }
    return false;
}

static bool is_port(const KsWorld *world, const KsLink *link)
{
    const KsLink *master = link->master ? ks_world_link_by_index(world, link->master) : NULL;

    return master && (strcmp(master->kind, "bond") == 0 || strcmp(master->kind, "team") == 0);
}

static void tell_networks(const KsSurroundings *around, KsWorld *world)
{
    g_ptr_array_set_size(world->networks, 0);
    for (unsigned i = 0; i < around->networks->len; i++) {
        KsNetwork *network = ks_network_new("", "", g_ptr_array_index(around->networks, i));

        network->leads_out = true;
        g_ptr_array_add(world->networks, network);
    }
}

static void take_cards(KsSurroundings *around, const KsWorld *world)
{
    g_autoptr(GArray) uplinks = g_array_new(FALSE, TRUE, sizeof(KsUplink));
    g_autoptr(KsLock) lock = ks_lock_new();

    /* a ppp interface is a modem's, unless it carries a VPN */
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (is_in(around->tunnels, link->name))
            take_passage(around, link);
        if (is_in(around->tunnels, link->name) || is_in(around->overlays, link->name))
            (void) ks_lock_open_interface(lock, link->index);
    }
    /* what goes to a guest leaves nothing: its port is no card, as for the guard */
    around->too_many_cards |= !ks_guests_draw(world, lock);
    around->too_many_cards |= !ks_uplinks_find(world, lock, uplinks);
    take_above(around, world, uplinks);
    around->has_unknown_ppp = around->state[0] == '\0' && has_ppp(world);
    for (unsigned i = 0; i < uplinks->len; i++) {
        const KsUplink *uplink = &g_array_index(uplinks, KsUplink, i);
        const KsLink *link = ks_world_link_by_index(world, uplink->index);
        KsCard card = { .index = uplink->index };

        if (!link || !link->up || link->no_carrier)
            continue;
        if (around->cards->len >= KS_CARDS_MAX) {
            around->too_many_cards = true;
            return;
        }
        g_strlcpy(card.name, uplink->name, sizeof(card.name));
        card.ethernet = link->hardware == ARPHRD_ETHER;
        card.port = is_port(world, link);
        g_array_append_val(around->cards, card);
    }
}

static bool has_resolver(const KsSurroundings *around, const char *interface, uint8_t family)
{
    for (unsigned i = 0; i < around->resolvers->len; i++) {
        const KsProbedNameServer *resolver =
            &g_array_index(around->resolvers, KsProbedNameServer, i);

        if (!resolver->of_vpn && resolver->address.family == family &&
            strcmp(resolver->interface, interface) == 0)
            return true;
    }
    return false;
}

/* Where a network names no name server, its router is asked, as it often is one. */
static void take_routers(KsSurroundings *around, const KsWorld *world)
{
    for (unsigned i = 0; i < world->gateways->len; i++) {
        const KsLinkAddress *gateway = &g_array_index(world->gateways, KsLinkAddress, i);

        for (unsigned k = 0; k < around->cards->len; k++) {
            const KsCard *card = &g_array_index(around->cards, KsCard, k);
            char text[KS_ADDRESS_TEXT_SIZE];

            if (card->index == gateway->index &&
                !has_resolver(around, card->name, gateway->address.family))
                take_resolver(around, ks_address_text(&gateway->address, text), card->name, false);
        }
    }
}

static void take_carried(KsSurroundings *around, const KsWorld *world)
{
    for (unsigned i = 0; i < world->link_routes->len; i++) {
        KsLinkRoute route = g_array_index(world->link_routes, KsLinkRoute, i);
        const KsLink *link = ks_world_link_by_index(world, route.index);

        if (link && is_in(around->tunnels, link->name))
            g_array_append_val(around->carried, route);
    }
}

void ks_surroundings_take_world(KsSurroundings *around, KsWorld *world)
{
    tell_networks(around, world);
    take_cards(around, world);
    take_carried(around, world);
    take_routers(around, world);
}

int ks_surroundings_look(KsSurroundings *around)
{
    g_autoptr(KsWorld) world = ks_world_new();
    int error = ks_links_look(world);

    if (!error)
        ks_surroundings_take_world(around, world);
    return error;
}

uid_t ks_surroundings_ordinary_user(void)
{
    g_autoptr(GArray) people = g_array_new(FALSE, FALSE, sizeof(KsUidRange));

    ks_people_read(people);
    for (unsigned i = 0; i < people->len; i++)
        if (g_array_index(people, KsUidRange, i).first >= FIRST_PERSON)
            return g_array_index(people, KsUidRange, i).first;
    return FIRST_PERSON;
}
