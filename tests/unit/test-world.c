/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/world.h"

#include <string.h>
#include <sys/socket.h>

/* Which link carries a VPN: every way in which an event, an address or a name can be wrong. */

enum { LOOPBACK = 1, UPLINK, TUN_UP, TUN_DOWN, OTHER_TUN, PPP_UPLINK };

#define NAME_OF_UPLINK "eth0"

static const KsLink links[] = {
    { .index = LOOPBACK, .name = "lo", .loopback = true, .up = true },
    { .index = UPLINK, .name = NAME_OF_UPLINK, .up = true, .default_route = true },
    { .index = TUN_UP, .name = "tun0", .up = true, .tunnel_kind = true },
    { .index = TUN_DOWN, .name = "tun1", .tunnel_kind = true },
    { .index = OTHER_TUN, .name = "wg0", .up = true, .tunnel_kind = true },
    { .index = PPP_UPLINK, .name = "ppp0", .up = true, .tunnel_kind = true },
};

static const struct {
    const char *own;     /* the interface that NetworkManager names, "" for most VPNs */
    uint32_t announced;  /* the link that the hook named, 0: none */
    const char *address; /* that the VPN has given to the machine, NULL: none */
    uint32_t expected;   /* 0: no link carries it */
    uint32_t meant; /* the link that NetworkManager means by the name; 0: the one that has it */
    bool manual;    /* a person named the interface, and not NetworkManager */
} rows[] = {
    /* named by the hook */
    { "", TUN_UP, NULL, TUN_UP },
    { "", TUN_DOWN, NULL, 0 }, /* a link that is down carries nothing */
    { "", UPLINK, NULL, 0 },   /* the parent device (vpn-down does that) */
    { "", LOOPBACK, NULL, 0 },
    { "", 99, NULL, 0 },
    { "", 0, NULL, 0 },
    /* by its address */
    { "", 0, "10.8.0.2", TUN_UP },
    { "", 0, "fd01::2", TUN_UP },
    { "", 0, "10.9.0.2", 0 },  /* on a link that is down */
    { "", 0, "192.0.2.2", 0 }, /* the uplink's: a VPN cannot claim it */
    { "", 0, "10.8.0.3", 0 },
    { "", 0, "10.7.0.2", 0 }, /* two links have it: none is believed */
    { "", 0, "10.6.0.2", 0 }, /* an uplink of a kind that could carry a VPN */
    { "", PPP_UPLINK, NULL, 0 },
    /* the hook's word counts more, but only where it makes sense */
    { "", OTHER_TUN, "10.8.0.2", OTHER_TUN },
    { "", UPLINK, "10.8.0.2", TUN_UP },
    { "", LOOPBACK, "10.8.0.2", TUN_UP },
    { "", 99, "10.8.0.2", TUN_UP },
    { "", TUN_DOWN, "10.8.0.2", TUN_UP },
    /* NetworkManager's word counts most */
    { "wg0", 0, NULL, OTHER_TUN },
    { "wg0", TUN_UP, NULL, OTHER_TUN },
    { "wg0", UPLINK, "10.8.0.2", OTHER_TUN },
    { "wg9", TUN_UP, NULL, 0 },
    { NAME_OF_UPLINK, 0, NULL, 0 },
    { "tun1", 0, NULL, 0 },
    /* ... for the link that it meant when it said so */
    { "wg0", 0, NULL, 0, .meant = 99 },
    { "wg0", 0, NULL, TUN_UP, .meant = TUN_UP },
    { "wg9", 0, NULL, OTHER_TUN, .meant = OTHER_TUN },
    /* a person's word is about the name */
    { "wg0", 0, NULL, OTHER_TUN, .meant = 99, .manual = true },
};

static void add_address(KsWorld *world, uint32_t index, const char *text)
{
    KsLinkAddress on_link = { .index = index };

    g_assert_true(ks_address_parse(text, &on_link.address));
    g_array_append_val(world->link_addresses, on_link);
}

static KsWorld *world_of_links(void)
{
    KsWorld *world = ks_world_new();

    g_array_append_vals(world->links, links, G_N_ELEMENTS(links));
    add_address(world, UPLINK, "192.0.2.2");
    add_address(world, TUN_DOWN, "10.9.0.2");
    add_address(world, TUN_UP, "10.8.0.2");
    add_address(world, TUN_UP, "fd01::2");
    add_address(world, 99, "10.8.0.3"); /* of a link that is gone */
    add_address(world, TUN_UP, "10.7.0.2");
    add_address(world, OTHER_TUN, "10.7.0.2");
    add_address(world, PPP_UPLINK, "10.6.0.2");
    g_ptr_array_add(world->networks, ks_network_new("n", "provider", "ppp0"));
    g_ptr_array_add(world->networks, ks_network_new("x", "tun0", "tun0"));
    ((KsNetwork *) g_ptr_array_index(world->networks, 1))->external = true;
    return world;
}

static void test_tunnel(void)
{
    g_autoptr(KsWorld) world = world_of_links();

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsVpn) vpn = ks_vpn_new("u", "n", "openvpn");
        const KsLink *link;

        g_strlcpy(vpn->interface, rows[i].own, sizeof(vpn->interface));
        vpn->manual = rows[i].manual;
        link = ks_world_link_by_name(world, rows[i].own);
        vpn->index = rows[i].meant > 0 ? rows[i].meant : link ? link->index : 0;
        if (rows[i].address) {
            KsAddress address;

            g_assert_true(ks_address_parse(rows[i].address, &address));
            g_array_append_val(vpn->addresses, address);
        }
        link = ks_world_tunnel(world, vpn, rows[i].announced);
        if ((link ? link->index : 0) != rows[i].expected)
            g_error("row %u: link %u instead of %u", i, link ? link->index : 0, rows[i].expected);
    }
}

static void test_lookup(void)
{
    g_autoptr(KsWorld) world = world_of_links();
    g_autoptr(KsWorld) empty = ks_world_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(links); i++) {
        g_assert_cmpuint(ks_world_link_by_name(world, links[i].name)->index, ==, links[i].index);
        g_assert_cmpstr(ks_world_link_by_index(world, links[i].index)->name, ==, links[i].name);
    }
    g_assert_null(ks_world_link_by_name(world, ""));
    g_assert_null(ks_world_link_by_name(world, "tun"));
    g_assert_null(ks_world_link_by_index(world, 0));
    g_assert_null(ks_world_link_by_index(empty, LOOPBACK));
    g_assert_null(ks_world_link_by_name(empty, "lo"));
}

static void test_ipv6_alone(void)
{
    static const struct {
        KsLink link;
        bool alone;
    } ways[] = {
        { { .index = 2, .way_out = { true, true } }, false },
        { { .index = 2, .way_out = { false, true } }, true },
        { { .index = 2, .way_out = { true, false } }, false },
        { { .index = 2 }, false },
        { { .index = 2, .loopback = true, .way_out = { false, true } }, false },
        { { .index = 2, .kind = "tun", .tunnel_kind = true, .way_out = { false, true } }, false },
        { { .index = 2, .kind = "ppp", .tunnel_kind = true, .way_out = { true, true } }, true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_autoptr(KsWorld) world = ks_world_new();

        g_array_append_val(world->links, ways[i].link);
        if (ks_world_has_ipv6_alone(world) != ways[i].alone)
            g_error("row %u", i);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/world/tunnel", test_tunnel);
    g_test_add_func("/world/lookup", test_lookup);
    g_test_add_func("/world/ipv6-alone", test_ipv6_alone);
    return g_test_run();
}
