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

/* Links that wrap frames, each with what stands below it, and which of these are told as what. */
#define CARD       1u
#define SECOND     2u
#define OUTER      3u
#define CLEAR      4u
#define BIT(index) (1u << (index))

static const struct {
    const char *kind;
    uint32_t lower;
    uint32_t other_lower;
    uint32_t cards_master;
    const char *outer_kind;
    bool service_tag;
    bool lower_elsewhere;
    bool lets_others_in;
    bool is_uplink;
    bool is_wrapped;
    unsigned wrapping; /* a bit for each index */
    unsigned relaying;
} wrappings[] = {
    { "macsec", CARD, 0, 0, "vlan", .is_uplink = true, .is_wrapped = true, .wrapping = BIT(CARD) },
    { "macsec", OUTER, 0, 0, "vlan", .is_uplink = true, .is_wrapped = true,
      .wrapping = BIT(CARD) | BIT(OUTER) },
    { "macsec", CARD, 0, 0, "vlan", .lower_elsewhere = true, .is_uplink = true },
    { "batadv", 0, 0, CLEAR, "vlan", .is_uplink = true, .is_wrapped = true, .wrapping = BIT(CARD),
      .relaying = BIT(CARD) },
    { "hsr", CARD, SECOND, 0, "vlan", .is_uplink = true, .relaying = BIT(CARD) | BIT(SECOND) },
    { "hsr", CARD, SECOND, 0, "vlan", .lets_others_in = true, .is_uplink = true },
    { "vlan", CARD, 0, 0, "vlan" },
    { "vlan", CARD, 0, 0, "vlan", .service_tag = true, .is_uplink = true, .is_wrapped = true,
      .wrapping = BIT(CARD) },
    { "vlan", OUTER, 0, 0, "vlan", .is_uplink = true, .is_wrapped = true,
      .wrapping = BIT(CARD) | BIT(OUTER) },
    { "vlan", OUTER, 0, 0, "macvlan" },
    { "vlan", OUTER, 0, OUTER, "bridge" },
    { "macvlan", OUTER, 0, 0, "vlan" },
    /* on itself, as the kernel makes none: the search ends */
    { "vlan", CLEAR, 0, 0, "macvlan", .is_uplink = true, .is_wrapped = true },
};

static unsigned bits_of(const GArray *keys)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < keys->len; i++)
        bits |= BIT(ks_key_number(&g_array_index(keys, KsKey, i)));
    return bits;
}

static void test_wrapping(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(wrappings); i++) {
        g_autoptr(KsWorld) world = ks_world_new();
        g_autoptr(KsLock) lock = ks_lock_new();
        g_autoptr(KsLock) drawn = ks_lock_new();
        g_autoptr(GArray) uplinks = g_array_new(FALSE, FALSE, sizeof(KsUplink));
        KsLink links[] = {
            { .index = CARD, .name = "eth0", .master = wrappings[i].cards_master },
            { .index = SECOND, .name = "eth1" },
            { .index = OUTER, .name = "outer0", .lower = CARD },
            { .index = CLEAR,
              .name = "clear0",
              .lower = wrappings[i].lower,
              .other_lower = wrappings[i].other_lower,
              .lower_elsewhere = wrappings[i].lower_elsewhere,
              .service_tag = wrappings[i].service_tag,
              .lets_others_in = wrappings[i].lets_others_in },
        };
        const KsUplink *found = NULL;

        g_strlcpy(links[2].kind, wrappings[i].outer_kind, sizeof(links[2].kind));
        g_strlcpy(links[3].kind, wrappings[i].kind, sizeof(links[3].kind));
        for (unsigned j = 0; j < G_N_ELEMENTS(links); j++) {
            links[j].hardware = ARPHRD_ETHER;
            g_array_append_val(world->links, links[j]);
        }
        ks_lock_seal(lock);
        g_test_message("row %u, %s", i, wrappings[i].kind);
        g_assert_true(ks_uplinks_find(world, lock, uplinks));
        for (unsigned j = 0; j < uplinks->len; j++)
            if (g_array_index(uplinks, KsUplink, j).index == CLEAR)
                found = &g_array_index(uplinks, KsUplink, j);
        g_assert_cmpint(found != NULL, ==, wrappings[i].is_uplink);
        if (found)
            g_assert_cmpint(found->form == KS_UPLINK_WRAPPED, ==, wrappings[i].is_wrapped);
        g_assert_true(ks_uplinks_draw(world, lock, drawn));
        g_assert_cmpuint(bits_of(drawn->sets[KS_SET_WRAPPING_UPLINKS]), ==, wrappings[i].wrapping);
        g_assert_cmpuint(bits_of(drawn->sets[KS_SET_RELAYING_UPLINKS]), ==, wrappings[i].relaying);
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
    g_test_add_func("/uplink/wrapping", test_wrapping);
    g_test_add_func("/uplink/beginnings", test_beginnings);
    return g_test_run();
}
