/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test-engine-orders.h"

#include "model/server.h"

#include <netinet/in.h>
#include <string.h>

const char *const order_uuids[VPNS] = { "f0f0", "5151" };
const char *const order_links[VPNS] = { "tun0", "tun1" };

/* ---- the world as the engine gets it ---- */

static void add_server(KsVpn *vpn, unsigned number)
{
    KsAddress address = order_server(number);
    char text[KS_ADDRESS_TEXT_SIZE];
    KsServer *server =
        ks_server_new(ks_address_text(&address, text), IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE);

    g_ptr_array_add(vpn->servers, server);
}

static void add_link(KsWorld *world, KsLink link, const char *name)
{
    g_strlcpy(link.name, name, sizeof(link.name));
    g_array_append_val(world->links, link);
}

static void add_network(KsWorld *world, const char *uuid, const char *place, uint32_t index)
{
    KsNetwork *network = ks_network_new(uuid, "", "eth0");

    network->index = index;
    network->place = g_strdup(place);
    g_ptr_array_add(world->networks, network);
}

/* Elsewhere: while it starts, NetworkManager still says HOME, of a card that had the uplink's name
 * before. */
static void describe(const Scene *scene, Manager manager, KsWorld *world)
{
    bool moved = scene->elsewhere;

    g_array_set_size(world->links, 0);
    g_array_set_size(world->link_addresses, 0);
    g_ptr_array_set_size(world->vpns, 0);
    add_link(world, (KsLink){ .index = LOOPBACK, .loopback = true, .up = true }, "lo");
    add_link(world, (KsLink){ .index = UPLINK, .up = true, .default_route = true }, "eth0");
    g_ptr_array_set_size(world->networks, 0);
    g_array_set_size(world->link_routes, 0);
    if (manager != AWAY)
        add_network(world, moved && manager == SETTLED ? "cafe" : HOME, "wired eth0",
                    moved && manager != SETTLED ? UPLINK + 100 : UPLINK);
    world->manager_present = manager != AWAY;
    world->manager_settled = manager == SETTLED;

    for (unsigned i = 0; i < VPNS; i++) {
        KsLinkAddress on_link = { .index = scene->index[i], .address = order_tunnel_address(i) };
        KsLink link = {
            .index = scene->index[i],
            .up = scene->up[i],
            .tunnel_kind = true,
            .default_route = scene->route[i],
        };
        KsLinkRoute route = {
            .index = scene->index[i],
            .destination = { .family = AF_INET, .bytes = { 10, 8, (uint8_t) i, 0 } },
            .prefix = TUNNEL_PREFIX,
        };
        KsVpn *vpn;

        if (link.index > 0) {
            add_link(world, link, order_links[i]);
            g_array_append_val(world->link_addresses, on_link);
            if (i == FULL)
                g_array_append_val(world->link_routes, route);
        }
        if (manager == AWAY)
            continue;
        vpn = ks_vpn_new(order_uuids[i], order_uuids[i], "openvpn");
        vpn->activity = scene->word[i];
        vpn->ended_by_person = scene->by_person[i];
        if (vpn->activity != KS_VPN_DOWN)
            g_array_append_val(vpn->addresses, on_link.address);
        add_server(vpn, i);
        if (i == FULL && scene->second_server)
            add_server(vpn, SECOND_SERVER);
        g_ptr_array_add(world->vpns, vpn);
    }
}

/* ---- the promise ---- */

static const char *broken;
static int broken_line;

const char *order_broken(int *ret_line)
{
    *ret_line = broken_line;
    return broken;
}

/* The caller tells which sequence broke it. */
#define HOLDS(condition)               \
    do {                               \
        if (!(condition) && !broken) { \
            broken = #condition;       \
            broken_line = __LINE__;    \
        }                              \
    } while (0)

static uint8_t listed_servers(const Scene *scene, Manager manager)
{
    uint8_t servers = 1u << FULL | 1u << SPLIT;

    if (scene->second_server)
        servers |= 1u << SECOND_SERVER;
    return manager == AWAY ? 0 : servers;
}

/* The VPN whose link this is, if it is there and up. */
static unsigned link_of(const Scene *scene, uint32_t index)
{
    for (unsigned i = 0; i < VPNS; i++)
        if (index > 0 && scene->index[i] == index && scene->up[i])
            return i;
    return VPNS;
}

/* Which link carries this VPN: the one that the hook named, else the one with its address. */
static uint8_t carrier_of(const Scene *scene, const Promise *promise, unsigned vpn)
{
    for (unsigned i = 0; i < VPNS; i++)
        if (promise->told[vpn] == TOLD_UP && promise->told_index[vpn] > 0 &&
            promise->told_index[vpn] == scene->index[i] && link_of(scene, scene->index[i]) == i)
            return scene->index[i];
    return link_of(scene, scene->index[vpn]) == vpn ? scene->index[vpn] : 0;
}

/* A name is good for the link that has it now, and for no later one. */
static void find_told_links(Promise *promise, const Scene *scene)
{
    for (unsigned vpn = 0; vpn < VPNS; vpn++) {
        for (unsigned i = 0; i < VPNS; i++) {
            if (promise->told_name[vpn] != order_number(order_links[i]) || scene->index[i] == 0)
                continue;
            promise->told_index[vpn] = scene->index[i];
        }
        promise->told_name[vpn] = 0;
    }
}

static void add_open(Open open[OPEN_MAX], uint8_t index, uint8_t owner)
{
    for (unsigned i = 0; i < OPEN_MAX; i++) {
        if (open[i].index > 0)
            continue;
        open[i] = (Open){ index, owner };
        return;
    }
    g_assert_not_reached();
}

static bool is_open(const Open open[OPEN_MAX], uint8_t index)
{
    for (unsigned i = 0; i < OPEN_MAX; i++)
        if (index > 0 && open[i].index == index)
            return true;
    return false;
}

static void expect_open(const Promise *promise, const Scene *scene, Manager manager,
                        Open open[OPEN_MAX])
{
    for (uint8_t i = 0; manager != AWAY && i < VPNS; i++)
        if (scene->word[i] != KS_VPN_DOWN && promise->told[i] != TOLD_DOWN &&
            carrier_of(scene, promise, i) > 0)
            add_open(open, carrier_of(scene, promise, i), i);
    for (unsigned i = 0; manager != SETTLED && i < OPEN_MAX; i++) {
        const Open *before = &promise->open[i];

        if (link_of(scene, before->index) < VPNS && !is_open(open, before->index) &&
            !(before->owner < VPNS && promise->told[before->owner] == TOLD_DOWN))
            add_open(open, before->index, before->owner);
    }
}

/* A full VPN has come up again when it carries everything on a link on which it did not before. */
static bool anything_new(Promise *promise, const Scene *scene, Manager manager)
{
    bool again = false;

    for (unsigned i = 0; i < VPNS; i++) {
        bool still = false;

        for (unsigned j = 0; j < OPEN_MAX; j++) {
            const Open *open = &promise->open[j];
            unsigned link = link_of(scene, open->index);

            if (open->index == 0 || open->owner != i)
                continue;
            if (scene->route[link] && promise->old_news[i] != open->index) {
                promise->old_news[i] = open->index;
                again = true;
            }
            still |= promise->old_news[i] == open->index;
        }
        if (manager == SETTLED && !still)
            promise->old_news[i] = 0;
    }
    return again;
}

static void check_tunnels(const Promise *before, const Promise *promise, const Scene *scene,
                          Manager manager, const KsEngine *engine)
{
    uint32_t open = order_interfaces(ks_engine_lock(engine), KS_SET_OPEN_INTERFACES);
    uint32_t expected = 1u << LOOPBACK;

    for (unsigned i = 0; i < OPEN_MAX; i++)
        if (promise->open[i].index > 0)
            expected |= 1u << promise->open[i].index;
    HOLDS(open == expected);

    /* said once more in the promise's own words, whatever the reasoning above is worth */
    HOLDS(open & 1u << LOOPBACK);
    HOLDS(!(open & 1u << UPLINK));
    for (uint8_t index = FIRST_LINK; index < INDEX_MAX; index++) {
        bool manager_says_so = manager != AWAY && (scene->word[FULL] != KS_VPN_DOWN ||
                                                   scene->word[SPLIT] != KS_VPN_DOWN);

        if (!(open & 1u << index))
            continue;
        HOLDS(link_of(scene, index) < VPNS);
        HOLDS(manager_says_so || (manager != SETTLED && is_open(before->open, index)));
    }
}

static void check_servers(Promise *promise, const Scene *scene, Manager manager,
                          const KsEngine *engine)
{
    uint8_t servers = order_servers(ks_engine_lock(engine));
    uint8_t listed = listed_servers(scene, manager);

    promise->ever |= listed;
    if (manager == SETTLED)
        promise->settled = listed;
    HOLDS((servers & listed) == listed);
    HOLDS((servers & promise->settled) == promise->settled);
    HOLDS((servers & ~promise->ever) == 0);
    HOLDS(manager != SETTLED || servers == listed);
}

static void check_lan(const Promise *promise, const Scene *scene, Manager manager,
                      const KsEngine *engine)
{
    const KsLock *lock = ks_engine_lock(engine);
    bool here = !promise->lan_at_home || (manager != AWAY && !scene->elsewhere);
    bool tunnel = is_open(promise->open, scene->index[FULL]);

    HOLDS(order_interfaces(lock, KS_SET_LAN_INTERFACES) ==
          (promise->lan && here ? 1u << UPLINK : 0));
    HOLDS(lock->sets[KS_SET_TUNNEL_ROUTES4]->len == (promise->lan && tunnel));
}

/* What a person disconnects elsewhere opens where that counts: in drops, a VPN that locks and was
 * up while locked, beside no other. Nothing else does, and what was not heard at once never will.
 */
static void check_ends(KsEngine *engine, const KsWorld *world, Promise *promise, const Scene *scene,
                       Manager manager)
{
    bool opened = ks_engine_heed_ends(engine, world, promise->ends_count);
    bool counts = promise->ends_count && manager == SETTLED && promise->mode == KS_MODE_DROPS &&
                  promise->locked;
    bool opens = false;

    for (unsigned i = 0; counts && i < VPNS; i++) {
        if (scene->word[i] != KS_VPN_DOWN) {
            promise->stood[i] |= promise->old_news[i] > 0;
        } else if (scene->by_person[i] && promise->stood[i]) {
            promise->stood[i] = false;
            opens |= promise->old_news[i == FULL ? SPLIT : FULL] == 0;
        }
    }
    if (opens || !counts)
        memset(promise->stood, 0, sizeof(promise->stood));
    promise->locked &= !opens;
    HOLDS(opened == opens);
    HOLDS(!opened || promise->ends); /* no other event */
    HOLDS(ks_engine_settings(engine)->locked == promise->locked);
    promise->ends = false;
}

void order_observe(KsEngine *engine, KsWorld *world, Promise *promise, const Scene *scene,
                   Manager manager)
{
    const Promise before = *promise;
    const KsSettings *settings = ks_engine_settings(engine);
    Open open[OPEN_MAX] = { 0 };
    bool changed;

    describe(scene, manager, world);
    changed = ks_engine_observe(engine, world);

    find_told_links(promise, scene);
    expect_open(promise, scene, manager, open);
    memcpy(promise->open, open, sizeof(open));
    check_tunnels(&before, promise, scene, manager, engine);
    check_servers(promise, scene, manager, engine);

    promise->locked |= anything_new(promise, scene, manager) &&
                       (promise->mode == KS_MODE_VPN || promise->mode == KS_MODE_DROPS);
    HOLDS(settings->locked || !before.locked);  /* no event opens */
    HOLDS(settings->locked == promise->locked); /* what is new locks, and an unlock holds */
    HOLDS(changed == (promise->locked != before.locked));
    HOLDS(settings->mode == promise->mode && settings->lan == promise->lan);
    check_ends(engine, world, promise, scene, manager);
    check_lan(promise, scene, manager, engine);
    for (unsigned i = 0; manager == SETTLED && i < VPNS; i++)
        if (scene->word[i] == KS_VPN_DOWN)
            promise->told[i] = promise->told_name[i] = promise->told_index[i] = 0;
}
