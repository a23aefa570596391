/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which bridges are the guests', by what the kernel says of their ports. */
#include "model/guest.h"

#include "model/uplink.h"

#include <string.h>

#define BRIDGE 10u
#define OTHER  20u
#define PORT   30u

typedef struct {
    const char *kind;
    uint32_t master;
    uint32_t lower;
    bool lower_elsewhere;
    bool leads_out;
} Port;

static void add_link(KsWorld *world, uint32_t index, const Port *port)
{
    KsLink link = {
        .index = index,
        .up = true,
        .master = port->master,
        .lower = port->lower,
        .lower_elsewhere = port->lower_elsewhere,
        .leads_out = port->leads_out,
    };

    g_strlcpy(link.kind, port->kind, sizeof(link.kind));
    g_array_append_val(world->links, link);
}

#define PORTS_MAX 3

static const struct {
    const char *name;
    bool is_guests;
    Port ports[PORTS_MAX]; /* their indices count from PORT on */
} rows[] = {
    { "without ports", true, { { NULL, 0, 0, false } } },
    { "a container", true, { { "veth", BRIDGE, 2, true } } },
    { "a virtual machine", true, { { "tun", BRIDGE, 0, false } } },
    { "libvirt's placeholder", true, { { "dummy", BRIDGE, 0, false } } },
    { "a card", false, { { "", BRIDGE, 0, false } } },
    { "a container and a card", false, { { "veth", BRIDGE, 2, true }, { "", BRIDGE, 0, false } } },
    { "a card elsewhere", true, { { "", OTHER, 0, false }, { "veth", BRIDGE, 2, true } } },
    { "a VLAN", false, { { "vlan", BRIDGE, PORT + 1, false }, { "", 0, 0, false } } },
    { "a tunnel to another machine", false, { { "vxlan", BRIDGE, 0, false } } },
    { "a bond", false, { { "bond", BRIDGE, 0, false } } },
    { "a macvlan", false, { { "macvlan", BRIDGE, 2, true } } },
    { "a pair that ends here",
      true,
      { { "veth", BRIDGE, PORT + 1, false }, { "veth", 0, PORT, false } } },
    { "a pair to another bridge of guests",
      true,
      { { "veth", BRIDGE, PORT + 1, false }, { "veth", OTHER, PORT, false } } },
    { "a pair to a bridge with a card",
      false,
      { { "veth", BRIDGE, PORT + 1, false },
        { "veth", OTHER, PORT, false },
        { "", OTHER, 0, false } } },
    { "a pair whose other end is not told",
      false,
      { { "veth", BRIDGE, PORT + 9, false }, { NULL, 0, 0, false } } },
};

static void test_bridges(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsWorld) world = ks_world_new();
        g_autoptr(KsLock) lock = ks_lock_new();
        static const Port bridge = { "bridge", 0, 0, false };

        add_link(world, BRIDGE, &bridge);
        add_link(world, OTHER, &bridge);
        for (unsigned j = 0; j < PORTS_MAX && rows[i].ports[j].kind; j++)
            add_link(world, PORT + j, &rows[i].ports[j]);
        g_test_message("%s", rows[i].name);
        g_assert_true(ks_guests_draw(world, lock));
        g_assert_cmpint(ks_lock_has_guests(lock, BRIDGE), ==, rows[i].is_guests);
        for (unsigned j = 0; j < PORTS_MAX; j++)
            g_assert_false(ks_lock_has_guests(lock, PORT + j));
    }
}

/* What a VRF routes, others route. */
static void test_enslaved(void)
{
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsLock) lock = ks_lock_new();
    static const Port bridge = { "bridge", OTHER, 0, false };

    add_link(world, BRIDGE, &bridge);
    g_assert_true(ks_guests_draw(world, lock));
    g_assert_false(ks_lock_has_guests(lock, BRIDGE));
}

/* A machine that is a container itself goes out by a bridge over its pair, or by what stands on it:
 * to the kernel, that looks as its own containers do. */
static const struct {
    const char *name;
    bool bridge_leads_out;
    bool is_network; /* ... of NetworkManager's, with a gateway or a lease */
    bool is_guests;
    Port port;
    Port above;
    bool port_is_way_out;
} ways_out[] = {
    { "guests", false, false, true, { "veth", BRIDGE, 2, true }, { NULL }, false },
    { "a route", true, false, false, { "veth", BRIDGE, 2, true }, { NULL }, true },
    { "a network", false, true, false, { "veth", BRIDGE, 2, true }, { NULL }, true },
    { "a router in a machine", true, false, false, { "tun", BRIDGE, 0, false }, { NULL }, true },
    { "over a card", true, false, false, { "", BRIDGE, 0, false }, { NULL }, false },
    { "a VLAN above",
      false,
      false,
      false,
      { "veth", BRIDGE, 2, true },
      { "vlan", 0, BRIDGE, false, true },
      true },
    { "a VLAN of the guests' above",
      false,
      false,
      true,
      { "veth", BRIDGE, 2, true },
      { "vlan", 0, BRIDGE, false, false },
      false },
    /* its number is another namespace's */
    { "a container's way out",
      false,
      false,
      true,
      { "veth", BRIDGE, 2, true },
      { "macvlan", 0, BRIDGE, true, true },
      false },
};

static void test_ways_out(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ways_out); i++) {
        g_autoptr(KsWorld) world = ks_world_new();
        g_autoptr(KsLock) lock = ks_lock_new();
        g_autoptr(GArray) uplinks = g_array_new(FALSE, FALSE, sizeof(KsUplink));
        Port bridge = { "bridge", .leads_out = ways_out[i].bridge_leads_out };
        KsNetwork *network = ks_network_new("uuid", "name", "br0");
        bool covered = false;

        add_link(world, BRIDGE, &bridge);
        g_strlcpy(g_array_index(world->links, KsLink, 0).name, "br0", IF_NAMESIZE);
        network->leads_out = ways_out[i].is_network;
        g_ptr_array_add(world->networks, network);
        add_link(world, PORT, &ways_out[i].port);
        if (ways_out[i].above.kind)
            add_link(world, PORT + 1, &ways_out[i].above);
        g_test_message("%s", ways_out[i].name);
        g_assert_true(ks_guests_draw(world, lock));
        ks_lock_seal(lock);
        g_assert_cmpint(ks_lock_has_guests(lock, BRIDGE), ==, ways_out[i].is_guests);
        g_assert_cmpint(ks_guests_is_way_out(world, lock, &g_array_index(world->links, KsLink, 1)),
                        ==, ways_out[i].port_is_way_out);
        /* then the second layer stands on it, as it does on a card */
        g_assert_true(ks_uplinks_find(world, lock, uplinks));
        for (unsigned j = 0; j < uplinks->len; j++)
            covered |= g_array_index(uplinks, KsUplink, j).index == PORT;
        g_assert_cmpint(covered, ==,
                        ways_out[i].port_is_way_out || ways_out[i].port.kind[0] == '\0');
    }
}

/* What makes one link of several cards has no guests behind its ports, of whatever kind they are:
 * bonds, rings, meshes. */
static void test_ties_of_cards(void)
{
    static const char *const kinds[] = { "bond", "team", "batadv", "hsr" };
    static const Port port = { "veth", BRIDGE, 2, true };

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(KsWorld) world = ks_world_new();
        g_autoptr(KsLock) lock = ks_lock_new();
        Port master = { kinds[i] };

        add_link(world, BRIDGE, &master);
        add_link(world, PORT, &port);
        g_test_message("%s", kinds[i]);
        g_assert_true(ks_guests_is_way_out(world, lock, &g_array_index(world->links, KsLink, 1)));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest/bridges", test_bridges);
    g_test_add_func("/guest/enslaved", test_enslaved);
    g_test_add_func("/guest/ways-out", test_ways_out);
    g_test_add_func("/guest/ties-of-cards", test_ties_of_cards);
    return g_test_run();
}
