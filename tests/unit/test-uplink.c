/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the second layer's chain by name lets pass: whatever is called like a card and is judged by
 * another chain, or by none. */
#include "model/uplink.h"

#include <linux/if_arp.h>
#include <string.h>

#define INDEX  7u
#define MASTER 20u

static const struct {
    const char *name;
    const char *kind;
    uint16_t hardware;
    uint32_t master;
    bool tunnel_kind;
    bool lower_elsewhere;
    bool hotspot;
    bool passes;
} rows[] = {
    { "eth0", "", ARPHRD_ETHER, 0, false, false, false, false },
    { "enx020304050607", "", ARPHRD_ETHER, 0, false, false, false, false },
    { "wlp3s0", "", ARPHRD_ETHER, 0, false, false, false, false },
    { "eth0", "veth", ARPHRD_ETHER, 0, false, true, false, false },
    { "eth0", "macvlan", ARPHRD_ETHER, 0, false, true, false, false },
    /* has a chain of its own */
    { "wlan0", "", ARPHRD_ETHER, 0, false, false, true, true },
    { "wwan0", "", ARPHRD_RAWIP, 0, false, false, false, true },
    { "ib0", "", ARPHRD_INFINIBAND, 0, false, false, false, true },
    /* is no uplink */
    { "eth0.7", "vlan", ARPHRD_ETHER, 0, false, false, false, true },
    { "eni0", "veth", ARPHRD_ETHER, MASTER, false, true, false, true },
    { "lan", "bridge", ARPHRD_ETHER, 0, false, false, false, true },
    { "exit", "wireguard", ARPHRD_NONE, 0, true, false, false, true },
    /* none of its business */
    { "tun0", "tun", ARPHRD_NONE, 0, true, false, false, false },
    { "docker0", "bridge", ARPHRD_ETHER, 0, false, false, false, false },
    { "veth1", "veth", ARPHRD_ETHER, MASTER, false, true, false, false },
    { "other0", "", ARPHRD_ETHER, 0, false, false, false, false },
};

static void test_passing(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsWorld) world = ks_world_new();
        g_autoptr(KsLock) lock = ks_lock_new();
        g_autoptr(KsLock) drawn = ks_lock_new();
        KsLink bridge = { .index = MASTER, .name = "br0", .kind = "bridge" };
        KsLink link = {
            .index = INDEX,
            .up = true,
            .hardware = rows[i].hardware,
            .master = rows[i].master,
            .tunnel_kind = rows[i].tunnel_kind,
            .lower_elsewhere = rows[i].lower_elsewhere,
        };

        g_strlcpy(link.name, rows[i].name, sizeof(link.name));
        g_strlcpy(link.kind, rows[i].kind, sizeof(link.kind));
        g_array_append_val(world->links, bridge);
        g_array_append_val(world->links, link);
        g_assert_true(ks_lock_add_guests(lock, MASTER));
        if (rows[i].hotspot)
            g_assert_true(ks_lock_add_hotspot(lock, INDEX));
        ks_lock_seal(lock);
        g_test_message("%s %s", rows[i].kind, rows[i].name);
        g_assert_true(ks_uplinks_draw(world, lock, drawn));
        g_assert_cmpint(ks_lock_has_interface(drawn, INDEX), ==, rows[i].passes);
    }
}

/* Listings name them in this order, and the kernel refuses one twice. */
static void test_beginnings(void)
{
    for (unsigned i = 1; ks_uplink_beginnings[i]; i++) {
        const char *before = ks_uplink_beginnings[i - 1];

        g_assert_cmpint(strcmp(before, ks_uplink_beginnings[i]), <, 0);
        g_assert_false(g_str_has_prefix(ks_uplink_beginnings[i], before));
    }
    g_assert_true(ks_uplink_has_cards_name("eth0"));
    g_assert_false(ks_uplink_has_cards_name("lo"));
    g_assert_false(ks_uplink_has_cards_name("tun0"));
    g_assert_false(ks_uplink_has_cards_name("wg0"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uplink/passing", test_passing);
    g_test_add_func("/uplink/beginnings", test_beginnings);
    return g_test_run();
}
