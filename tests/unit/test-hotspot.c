/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which cards are hotspots: what the kernel tells of them, and what it never would. */
#include "kernel/access-points.h"
#include "model/hotspot.h"
#include "model/uplink.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_arp.h>
#include <linux/nl80211.h>
#include <string.h>

#define CARD 7u

static const KsLink hotspot = {
    .index = CARD,
    .name = "wlan0",
    .up = true,
    .hardware = ARPHRD_ETHER,
    .access_point = true,
};

static KsUplinkForm form_of(const KsLink *link, bool *ret_is_hotspot)
{
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(GArray) uplinks = g_array_new(FALSE, FALSE, sizeof(KsUplink));

    g_array_append_val(world->links, *link);
    g_assert_true(ks_hotspots_draw(world, lock));
    ks_lock_seal(lock);
    *ret_is_hotspot = ks_lock_has_hotspot(lock, CARD);
    g_assert_false(ks_lock_has_guests(lock, CARD));
    g_assert_false(ks_lock_has_interface(lock, CARD));
    g_assert_true(ks_uplinks_find(world, lock, uplinks));
    g_assert_cmpuint(uplinks->len, ==, 1);
    return g_array_index(uplinks, KsUplink, 0).form;
}

/* Anything that is not just an access point is a card like others, in both layers. */
static void test_cards(void)
{
    KsLink links[] = { hotspot, hotspot, hotspot, hotspot, hotspot };
    bool is_hotspot;

    links[0].access_point = false;
    links[1].up = false;
    links[2].master = 3;
    links[3].leads_out = true;
    links[4].hardware = ARPHRD_IEEE80211_RADIOTAP;
    g_assert_cmpint(form_of(&hotspot, &is_hotspot), ==, KS_UPLINK_HOTSPOT);
    g_assert_true(is_hotspot);
    for (unsigned i = 0; i < G_N_ELEMENTS(links); i++) {
        g_assert_cmpint(form_of(&links[i], &is_hotspot), !=, KS_UPLINK_HOTSPOT);
        g_assert_false(is_hotspot);
    }
}

/* ---- a card with a cable that a person named ---- */

#define PLACE "wired 802-3-ethernet eth1 02:00:00:00:00:01"

static KsSharing judge(const KsLink *link, const KsNetwork *like, const char *place,
                       bool *ret_drawn)
{
    char *cards[] = { (char *) "eth0", (char *) "eth1", NULL };
    char *places[] = { (char *) PLACE, (char *) PLACE, NULL };
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsLock) lock = ks_lock_new();
    KsNetwork *network = ks_network_new("uuid", "name", like->interface);

    network->up = like->up;
    network->external = like->external;
    network->leads_out = like->leads_out;
    network->shared = like->shared;
    network->index = like->index;
    network->place = g_strdup(place);
    g_ptr_array_add(world->networks, network);
    g_array_append_val(world->links, *link);
    g_assert_true(ks_hotspots_draw(world, lock));
    g_assert_true(ks_hotspots_draw_named(world, NULL, NULL, lock));
    ks_lock_seal(lock);
    g_assert_false(ks_lock_has_hotspot(lock, CARD)); /* nobody has named it */
    g_assert_true(ks_hotspots_draw_named(world, cards, places, lock));
    ks_lock_seal(lock);
    *ret_drawn = ks_lock_has_hotspot(lock, CARD);
    return ks_hotspots_judge(world, "eth1", PLACE);
}

/* Nothing but a named card that NetworkManager shares, and that leads nowhere out, is served. */
static void test_named(void)
{
    static const KsLink card = {
        .index = CARD, .name = "eth1", .up = true, .hardware = ARPHRD_ETHER
    };
    static const KsNetwork shared = {
        .interface = "eth1", .index = CARD, .up = true, .shared = true
    };
    struct {
        KsLink link;
        KsNetwork network;
        const char *place;
        KsSharing sharing;
    } rows[] = {
        { card, shared, PLACE, KS_SHARING_SERVED },
        { card, shared, PLACE, KS_SHARING_AWAY },
        { card, shared, PLACE, KS_SHARING_AWAY },
        { card, shared, PLACE, KS_SHARING_LEADS_OUT },
        { card, shared, PLACE, KS_SHARING_LEADS_OUT },
        { card, shared, PLACE, KS_SHARING_NOT_SHARED },
        { card, shared, PLACE, KS_SHARING_NOT_SHARED },
        { card, shared, PLACE, KS_SHARING_NOT_SHARED },
        { card, shared, PLACE, KS_SHARING_NOT_SHARED },
        { card, shared, PLACE, KS_SHARING_NOT_SHARED },
        { card, shared, PLACE, KS_SHARING_NOT_SHARED },
        { card, shared, PLACE, KS_SHARING_NOT_SHARED },
        { card, shared, "wired 802-3-ethernet eth1 02:00:00:00:00:02", KS_SHARING_OTHER_CARD },
        { card, shared, "wired vlan eth1 02:00:00:00:00:01", KS_SHARING_OTHER_CARD },
        { card, shared, NULL, KS_SHARING_OTHER_CARD },
        { card, shared, PLACE, KS_SHARING_OTHER_CARD },
    };

    rows[1].link.up = false;
    g_strlcpy(rows[2].link.name, "eth2", sizeof(rows[2].link.name));
    rows[3].link.leads_out = true;
    rows[4].network.leads_out = true;
    rows[5].network.shared = false;
    rows[6].network.up = false;
    rows[7].network.external = true;
    rows[8].link.master = 3;
    rows[9].link.tunnel_kind = true;
    rows[10].link.hardware = ARPHRD_PPP;
    g_strlcpy(rows[11].network.interface, "eth2", sizeof(rows[11].network.interface));
    rows[11].network.index = CARD + 1;
    rows[15].network.index = CARD + 1; /* the card that had this name before */
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool drawn;

        g_assert_cmpint(judge(&rows[i].link, &rows[i].network, rows[i].place, &drawn), ==,
                        rows[i].sharing);
        g_assert_cmpint(drawn, ==, rows[i].sharing == KS_SHARING_SERVED);
    }
}

/* ---- */

static struct nlmsghdr *begin(void *buffer, uint8_t command)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct genlmsghdr *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

    header->cmd = command;
    return message;
}

static void take(GArray *found, uint8_t command, uint32_t index, uint32_t type)
{
    uint8_t buffer[256] = { 0 };
    struct nlmsghdr *message = begin(buffer, command);

    mnl_attr_put_u32(message, NL80211_ATTR_WIPHY, 0);
    mnl_attr_put_u32(message, NL80211_ATTR_IFINDEX, index);
    mnl_attr_put_strz(message, NL80211_ATTR_IFNAME, "wlan0");
    mnl_attr_put_u32(message, NL80211_ATTR_IFTYPE, type);
    ks_access_points_take(message, found);
}

/* A card comes as a station, becomes an access point and something else again, and goes. */
static void test_messages(void)
{
    static const uint32_t others[] = {
        NL80211_IFTYPE_UNSPECIFIED, NL80211_IFTYPE_STATION,    NL80211_IFTYPE_AP_VLAN,
        NL80211_IFTYPE_MESH_POINT,  NL80211_IFTYPE_P2P_CLIENT, 0xffffffff,
    };
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(KsAccessPoint));

    take(found, NL80211_CMD_NEW_INTERFACE, CARD, NL80211_IFTYPE_STATION);
    g_assert_cmpuint(found->len, ==, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        take(found, NL80211_CMD_SET_INTERFACE, CARD, NL80211_IFTYPE_AP);
        take(found, NL80211_CMD_NEW_INTERFACE, CARD, NL80211_IFTYPE_AP);
        g_assert_cmpuint(found->len, ==, 1);
        g_assert_cmpuint(g_array_index(found, KsAccessPoint, 0).index, ==, CARD);
        take(found, NL80211_CMD_SET_INTERFACE, CARD + 1, others[i]);
        g_assert_cmpuint(found->len, ==, 1);
        take(found, NL80211_CMD_SET_INTERFACE, CARD, others[i]);
        g_assert_cmpuint(found->len, ==, 0);
    }
    take(found, NL80211_CMD_NEW_INTERFACE, CARD, NL80211_IFTYPE_AP);
    take(found, NL80211_CMD_DEL_INTERFACE, CARD, NL80211_IFTYPE_AP);
    g_assert_cmpuint(found->len, ==, 0);
}

static void test_odd(void)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(KsAccessPoint));
    uint8_t buffer[256] = { 0 };
    struct nlmsghdr *message = begin(buffer, NL80211_CMD_NEW_INTERFACE);

    ks_access_points_take(message, found); /* of no interface */
    mnl_attr_put_u16(message, NL80211_ATTR_IFINDEX, CARD);
    mnl_attr_put_u8(message, NL80211_ATTR_IFTYPE, NL80211_IFTYPE_AP);
    ks_access_points_take(message, found);
    mnl_attr_put_u32(message, NL80211_ATTR_IFTYPE, NL80211_IFTYPE_AP);
    ks_access_points_take(message, found);
    message->nlmsg_len = MNL_NLMSG_HDRLEN;
    ks_access_points_take(message, found);
    take(found, NL80211_CMD_NEW_SCAN_RESULTS, CARD, NL80211_IFTYPE_AP);
    take(found, NL80211_CMD_NEW_INTERFACE, 0, NL80211_IFTYPE_AP);
    g_assert_cmpuint(found->len, ==, 0);
    for (uint32_t index = 1; index < 5000; index++)
        take(found, NL80211_CMD_NEW_INTERFACE, index, NL80211_IFTYPE_AP);
    g_assert_cmpuint(found->len, <=, 1024);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hotspot/cards", test_cards);
    g_test_add_func("/hotspot/named", test_named);
    g_test_add_func("/hotspot/messages", test_messages);
    g_test_add_func("/hotspot/odd", test_odd);
    return g_test_run();
}
