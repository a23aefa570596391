/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What leaves a card below a link that wraps frames: what the second layer has judged and marked on
 * that link, and what the kernel sends on its own for a ring or a mesh. Frames are made here, since
 * not every kernel has MACsec, HSR or batman-adv (tests/vm has the real things); those of a macvlan
 * in another namespace stand for what has no socket. Each is sent without a lock, too. */
#include "frames.h"
#include "namespace.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <string.h>

#define ABOVE "above0" /* a link that wraps, on the wire's card */

enum {
    FRAME_MAX = 128,
    ABOVE_INDEX = 4711, /* of a link that is not there */
    TAG = 0x8100,
    SERVICE_TAG = 0x88a8,
    MACSEC = 0x88e5,
    HSR0 = 0x88fb,
    HSR1 = 0x892f,
    BATMAN = 0x4305,

    WRAPPED = 0x6b737772, /* rules/steps.h */
    JUDGED = 0x6b737070,
    ASKED = 0x6b73646e,
};

typedef enum {
    OF_NONE, /* no link that wraps is there */
    OF_MACSEC,
    OF_BATMAN,
    OF_HSR,
    OF_HSR_WITH_OTHERS,
    OF_VLAN_IN_VLAN,
    WORLDS,
} World;

typedef enum {
    OF_ROOT,
    OF_NOBODY, /* no socket that the rules could see */
    OF_ROOT_ABOVE,
} Author;

#define IN(world)     (1u << (world))
/* worlds in which it leaves what is marked above */
#define WHERE_WRAPPED (IN(OF_MACSEC) | IN(OF_BATMAN) | IN(OF_VLAN_IN_VLAN))
#define WHERE_RELAYED (IN(OF_BATMAN) | IN(OF_HSR))

typedef struct {
    const char *name;
    uint16_t types[3];
    Author author;
    uint32_t mark;
    unsigned leaves; /* in which worlds */
} Row;

static const Row rows[] = {
    { "MACsec", { MACSEC }, OF_ROOT, WRAPPED, WHERE_WRAPPED },
    { "MACsec of PPPoE's", { MACSEC }, OF_ROOT, JUDGED, WHERE_WRAPPED },
    { "MACsec of a question", { MACSEC }, OF_ROOT, ASKED, WHERE_WRAPPED },
    { "MACsec of the kernel's own", { MACSEC }, OF_NOBODY, WRAPPED, WHERE_WRAPPED },
    { "MACsec in a VLAN", { TAG, MACSEC }, OF_ROOT, WRAPPED, WHERE_WRAPPED },
    { "MACsec by a program", { MACSEC }, OF_ROOT, 0, 0 },
    { "MACsec with a person's mark", { MACSEC }, OF_ROOT, 1, 0 },
    { "MACsec of a guest's", { MACSEC }, OF_NOBODY, 0, 0 },
    { "MACsec by a program, above", { MACSEC }, OF_ROOT_ABOVE, 0, 0 },

    { "batman-adv", { BATMAN }, OF_ROOT, WRAPPED, WHERE_WRAPPED },
    { "batman-adv, the kernel's own", { BATMAN }, OF_NOBODY, 0, WHERE_RELAYED },
    { "batman-adv in a VLAN, the kernel's own", { TAG, BATMAN }, OF_NOBODY, 0, WHERE_RELAYED },
    { "batman-adv by a program", { BATMAN }, OF_ROOT, 0, 0 },
    { "batman-adv by a program, above", { BATMAN }, OF_ROOT_ABOVE, 0, 0 },

    { "HSR 0", { HSR0 }, OF_NOBODY, 0, WHERE_RELAYED },
    { "HSR 1", { HSR1 }, OF_NOBODY, 0, WHERE_RELAYED },
    { "HSR behind a tag", { TAG, HSR1 }, OF_NOBODY, 0, WHERE_RELAYED },
    { "HSR 0 by a program", { HSR0 }, OF_ROOT, 0, 0 },
    { "HSR 1 by a program with the mark", { HSR1 }, OF_ROOT, WRAPPED, 0 },

    { "802.1ad", { SERVICE_TAG, ETH_P_IP }, OF_ROOT, WRAPPED, WHERE_WRAPPED },
    { "802.1ad, VLAN in it", { SERVICE_TAG, TAG, ETH_P_IP }, OF_ROOT, WRAPPED, WHERE_WRAPPED },
    { "802.1ad by a program", { SERVICE_TAG, ETH_P_IP }, OF_ROOT, 0, 0 },
    { "802.1ad of a guest's", { SERVICE_TAG, ETH_P_IP }, OF_NOBODY, 0, 0 },
    { "VLAN in VLAN", { TAG, TAG, ETH_P_IP }, OF_ROOT, WRAPPED, WHERE_WRAPPED },
    { "VLAN in VLAN by a program", { TAG, TAG, ETH_P_IP }, OF_ROOT, 0, 0 },

    { "in clear, with the mark", { ETH_P_IP }, OF_ROOT, WRAPPED, 0 },
    { "in a VLAN, with the mark", { TAG, ETH_P_IP }, OF_ROOT, WRAPPED, 0 },
    { "in clear, no socket", { ETH_P_IP }, OF_NOBODY, 0, 0 },
    { "unknown, with the mark", { 0x88b5 }, OF_ROOT, WRAPPED, 0 },
};

/* The link that wraps, as the guard sees it. Its own card is `wire0`. */
static const KsLink links[WORLDS] = {
    [OF_MACSEC] = { .kind = "macsec" },
    [OF_BATMAN] = { .kind = "batadv" },
    [OF_HSR] = { .kind = "hsr" },
    [OF_HSR_WITH_OTHERS] = { .kind = "hsr", .lets_others_in = true },
    [OF_VLAN_IN_VLAN] = { .kind = "vlan" },
};

static const char *link_of(Author author)
{
    return author == OF_NOBODY ? OTHERS : author == OF_ROOT_ABOVE ? ABOVE : WIRE;
}

static void send_row(void *data)
{
    const Row *row = data;
    uint8_t frame[FRAME_MAX] = { 2, 0, 0, 0, 0, 0x99, 2 };
    size_t at = 2 * ETH_ALEN;

    for (unsigned i = 0; i < G_N_ELEMENTS(row->types) && row->types[i]; i++) {
        frame[at++] = (uint8_t) (row->types[i] >> 8);
        frame[at++] = (uint8_t) row->types[i];
        at += row->types[i] == TAG || row->types[i] == SERVICE_TAG ? 2 : 0;
    }
    memcpy(frame + at, TEXT, sizeof(TEXT));
    frames_send(namespace_packet_socket(link_of(row->author), 0), link_of(row->author), frame,
                sizeof(frame), row->types[0], row->mark);
}

static void close_lock(World which)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(KsWorld) world = ks_world_new();
    KsLink card = { .index = if_nametoindex(WIRE), .name = WIRE, .hardware = ARPHRD_ETHER };
    KsLink outer = { .index = ABOVE_INDEX + 1, .name = "outer0", .kind = "vlan" };
    KsLink link = links[which];

    outer.lower = card.index;
    link.index = ABOVE_INDEX;
    link.hardware = ARPHRD_ETHER;
    g_strlcpy(link.name, "clear0", sizeof(link.name));
    if (which == OF_BATMAN)
        card.master = ABOVE_INDEX;
    else if (which == OF_HSR || which == OF_HSR_WITH_OTHERS)
        link.other_lower = card.index;
    else
        link.lower = which == OF_VLAN_IN_VLAN ? outer.index : card.index;
    g_array_append_val(world->links, card);
    g_array_append_val(world->links, outer);
    if (which != OF_NONE)
        g_array_append_val(world->links, link);
    ks_lock_seal(lock);
    frames_close_lock(world, lock);
}

static bool send_and_look(const Row *row)
{
    return frames_leave(send_row, row, row->author == OF_NOBODY);
}

/* For the status; IP's are no news. */
static void assert_told(uint16_t type, bool in_tag)
{
    const KsReadback *held = frames_read();
    bool found = false;

    g_assert_true(ks_readback_is_intact(held));
    for (unsigned i = 0; i < held->frame_types_count; i++)
        found |= held->frame_types[i] == type;
    g_assert_cmpint(found, ==, in_tag ? type == TAG : type != ETH_P_IP);
}

static void test_row(gconstpointer data)
{
    const Row *row = data;

    g_assert_true(send_and_look(row)); /* the control */
    for (World world = 0; world < WORLDS; world++) {
        bool left;

        close_lock(world);
        left = send_and_look(row);
        if (!left)
            assert_told(row->types[0] == TAG ? row->types[1] : row->types[0], row->types[0] == TAG);
        frames_open_lock();
        g_test_message("%s below %s", row->name, links[world].kind);
        g_assert_cmpint(left, ==, (row->leaves & IN(world)) != 0);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GArray) uplinks = g_array_new(FALSE, FALSE, sizeof(KsUplink));
    KsUplink uplink = { .form = KS_UPLINK_ETHERNET, .name = WIRE };
    KsUplink above = { .form = KS_UPLINK_WRAPPED, .name = ABOVE };
    int status;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    frames_set_up();
    g_free(
        namespace_command("ip link add link " WIRE " name " ABOVE " up type macvlan mode bridge"));
    uplink.index = if_nametoindex(WIRE);
    g_array_append_val(uplinks, uplink);
    above.index = if_nametoindex(ABOVE);
    g_array_append_val(uplinks, above);
    frames_cover(uplinks);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strdup_printf("/wrapped/%s", rows[i].name);

        g_test_add_data_func(name, &rows[i], test_row);
    }
    status = g_test_run();
    frames_tear_down();
    return status;
}
