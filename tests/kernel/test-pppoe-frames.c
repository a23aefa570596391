/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PPPoE frames at the second layer: who may send which to whom. What the kernel writes into a
 * session for pppd has no socket; frames of a macvlan in another namespace stand for that, since
 * not every kernel has PPPoE (tests/vm has the real thing). Each is sent without a lock, too. */
#include "frames.h"
#include "namespace.h"

#include <linux/if_ether.h>
#include <net/if.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOP "lo"

enum {
    DISCOVERY = 0x8863,
    SESSION = 0x8864,
    PERSON = 1000,
    FRAME_MAX = 1514,
    VLAN_ID = 7,

    LCP = 0xc021,
    IPCP = 0x8021,
    IPV4 = 0x0021,
    IPV6 = 0x0057,
    SPANNING_TREE = 0x0201,

    JUDGED = 0x6b737070, /* rules/steps.h */
    ASKED = 0x6b73646e,
};

typedef enum {
    OF_ROOT,
    OF_A_PERSON,
    OF_NOBODY, /* no socket that the rules could see */
} Author;

typedef enum {
    THE_PEER,
    ANOTHER,
    EVERYBODY,
} To;

typedef struct {
    const char *name;
    uint16_t type;
    bool in_vlan;
    To to;
    uint16_t protocol;
    unsigned size; /* of PPP's packet, at least TEXT's */
    Author author;
    uint32_t mark;
    bool leaves;
} Row;

static const Row rows[] = {
    { "pppd looks for peers", DISCOVERY, false, EVERYBODY, 0, 0, OF_ROOT, 0, true },
    { "pppd asks a peer", DISCOVERY, false, ANOTHER, 0, 0, OF_ROOT, 0, true },
    { "pppd in a VLAN", DISCOVERY, true, ANOTHER, 0, 0, OF_ROOT, 0, true },
    { "a person looks for peers", DISCOVERY, false, EVERYBODY, 0, 0, OF_A_PERSON, 0, false },
    { "a person asks the peer", DISCOVERY, false, THE_PEER, 0, 0, OF_A_PERSON, 0, false },
    { "a person in a VLAN", DISCOVERY, true, THE_PEER, 0, 0, OF_A_PERSON, 0, false },
    { "a guest looks for peers", DISCOVERY, false, EVERYBODY, 0, 0, OF_NOBODY, 0, false },

    { "LCP", SESSION, false, THE_PEER, LCP, 0, OF_NOBODY, 0, true },
    { "LCP in a VLAN", SESSION, true, THE_PEER, LCP, 0, OF_NOBODY, 0, true },
    { "IPCP", SESSION, false, THE_PEER, IPCP, 0, OF_NOBODY, 0, true },
    { "LCP with a long name and password", SESSION, false, THE_PEER, 0xc023, 166, OF_NOBODY, 0,
      true },
    { "long LCP", SESSION, false, THE_PEER, LCP, 180, OF_NOBODY, 0, false },
    { "longest LCP", SESSION, false, THE_PEER, LCP, 1400, OF_NOBODY, 0, false },
    { "LCP to another", SESSION, false, ANOTHER, LCP, 0, OF_NOBODY, 0, false },
    { "LCP to all", SESSION, false, EVERYBODY, LCP, 0, OF_NOBODY, 0, false },
    { "LCP of a person's socket", SESSION, false, THE_PEER, LCP, 0, OF_A_PERSON, 0, false },
    { "IPCP of a person's socket", SESSION, false, THE_PEER, IPCP, 0, OF_A_PERSON, 0, false },
    { "LCP of root's socket", SESSION, false, THE_PEER, LCP, 0, OF_ROOT, 0, false },
    { "no protocol of PPP's control", SESSION, false, THE_PEER, SPANNING_TREE, 0, OF_NOBODY, 0,
      false },
    { "IPv4 of a person's socket", SESSION, false, THE_PEER, IPV4, 0, OF_A_PERSON, 0, false },
    { "IPv6 of a person's socket", SESSION, false, THE_PEER, IPV6, 0, OF_A_PERSON, 0, false },
    { "IPv4 of a guest's", SESSION, false, THE_PEER, IPV4, 0, OF_NOBODY, 0, false },
    { "IPv4 by way of ppp", SESSION, false, THE_PEER, IPV4, 0, OF_A_PERSON, JUDGED, true },
    { "IPv6 by way of ppp", SESSION, false, THE_PEER, IPV6, 0, OF_A_PERSON, JUDGED, true },
    { "IPv6 by way of ppp in a VLAN", SESSION, true, THE_PEER, IPV6, 0, OF_A_PERSON, JUDGED, true },
    { "a question by way of ppp", SESSION, false, THE_PEER, IPV4, 0, OF_A_PERSON, ASKED, true },
    { "IPv4 by way of ppp to another", SESSION, false, ANOTHER, IPV4, 0, OF_A_PERSON, JUDGED,
      false },
};

static const uint8_t addresses[][ETH_ALEN] = {
    [THE_PEER] = { 2, 0, 0, 0, 0, 0x99 },
    [ANOTHER] = { 2, 0, 0, 0, 0, 0x98 },
    [EVERYBODY] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
};

static size_t put_number(uint8_t *frame, size_t at, unsigned number)
{
    frame[at] = (uint8_t) (number >> 8);
    frame[at + 1] = (uint8_t) number;
    return at + 2;
}

static size_t make_frame(const Row *row, uint8_t *frame)
{
    unsigned size = MAX(row->size, (unsigned) sizeof(TEXT));
    size_t at = 2 * ETH_ALEN;

    memset(frame, 0, FRAME_MAX);
    memcpy(frame, addresses[row->to], ETH_ALEN);
    frame[ETH_ALEN] = 2;
    if (row->in_vlan) {
        at = put_number(frame, at, ETH_P_8021Q);
        at = put_number(frame, at, VLAN_ID);
    }
    at = put_number(frame, at, row->type);
    at = put_number(frame, at, 0x1100);
    at = put_number(frame, at, 1);
    at = put_number(frame, at, size + 2);
    at = put_number(frame, at, row->protocol);
    memcpy(frame + at, TEXT, sizeof(TEXT));
    g_assert_cmpuint(at + size, <=, FRAME_MAX);
    return at + size;
}

static void send_row(void *data)
{
    const Row *row = data;
    const char *link = row->author == OF_NOBODY ? OTHERS : WIRE;
    uint8_t frame[FRAME_MAX];
    size_t size = make_frame(row, frame);
    int fd;

    (void) setfsuid(row->author == OF_A_PERSON ? PERSON : 0);
    fd = namespace_packet_socket(link, 0);
    (void) setfsuid(0);
    /* the kernel then takes what is behind the tag for the network header, as PPPoE does */
    frames_send(fd, link, frame, size, row->in_vlan ? ETH_P_8021Q : row->type, row->mark);
}

static void close_lock(bool with_session)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(KsWorld) world = ks_world_new();
    KsPppoePeer peer;

    memcpy(peer.address, addresses[THE_PEER], sizeof(peer.address));
    if (with_session)
        g_assert_true(ks_lock_add_pppoe_peer(lock, &peer));
    ks_lock_seal(lock);
    frames_close_lock(world, lock);
}

static bool send_and_look(const Row *row)
{
    return frames_leave(send_row, row, row->author == OF_NOBODY);
}

static void test_row(gconstpointer data)
{
    const Row *row = data;
    bool left;

    if (row->author == OF_A_PERSON && namespace_is_of_user()) {
        g_test_skip("an ordinary user is nobody else");
        return;
    }
    g_assert_true(send_and_look(row)); /* the control */
    close_lock(true);
    left = send_and_look(row);
    frames_open_lock();
    g_assert_cmpint(left, ==, row->leaves);

    close_lock(false);
    left = send_and_look(row);
    frames_open_lock();
    g_assert_cmpint(left, ==, row->leaves && row->type == DISCOVERY);
}

/* What is read there would leave by another session: the kernel passes it on (PPPOEIOCSFWD). */
static void test_loopback(void)
{
    static const struct {
        uint16_t type;
        bool arrives; /* while locked */
    } kinds[] = { { SESSION, false }, { DISCOVERY, true }, { ETH_P_LOOPBACK, true } };

    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(kinds); i++) {
        uint16_t type = kinds[i / 2].type;
        int listener = namespace_packet_socket(LOOP, type);
        int sender = namespace_packet_socket(LOOP, 0);
        uint8_t frame[60] = { [12] = (uint8_t) (type >> 8), [13] = (uint8_t) type };
        uint8_t heard[sizeof(frame)];

        if (i % 2)
            close_lock(true);
        (void) !send(sender, frame, sizeof(frame), 0);
        g_assert_cmpint(recv(listener, heard, sizeof(heard), 0) > 0, ==,
                        i % 2 == 0 || kinds[i / 2].arrives);
        if (i % 2)
            frames_open_lock();
        close(sender);
        close(listener);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GArray) uplinks = g_array_new(FALSE, FALSE, sizeof(KsUplink));
    KsUplink uplink = { .form = KS_UPLINK_ETHERNET, .name = WIRE };
    KsUplink loopback = { .form = KS_UPLINK_LOOPBACK, .name = LOOP, .index = 1 };
    int status;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    frames_set_up();
    uplink.index = if_nametoindex(WIRE);
    g_array_append_val(uplinks, loopback);
    g_array_append_val(uplinks, uplink);
    frames_cover(uplinks);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strdup_printf("/pppoe/%s", rows[i].name);

        g_test_add_data_func(name, &rows[i], test_row);
    }
    g_test_add_func("/pppoe/from one session to another", test_loopback);
    status = g_test_run();
    frames_tear_down();
    return status;
}
