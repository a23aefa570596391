/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card that comes while nobody looks: made, moved in from another namespace, renamed. Where the
 * second layer goes by names, none of its frames gets out; where it goes by what was there, all do,
 * and so they do without it. Frames are caught at the far end of the card's wire. */
#include "namespace.h"

#include "kernel/netfilter.h"
#include "model/uplink.h"
#include "rules/egress-table.h"
#include "rules/plan.h"
#include "rules/readback-elements.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CARD  "eth7"
#define FAR   "far7" /* no card's name */
#define TEXT  "a frame of root's"
#define FRAME 60
#define EAPOL 0x888e /* may leave */

typedef enum {
    NO_LAYER,
    BY_CARD,
    BY_NAME,
} Layer;

typedef struct {
    Layer layer;
    KsNetfilter *netfilter;
    KsEgressTable *table;
    KsReadback *held;
    KsLock *lock;
    KsBatch batch;
} Fixture;

static int elsewhere;

static void hold(Fixture *f)
{
    g_assert_cmpint(ks_netfilter_read(f->netfilter, f->held), ==, 0);
    g_assert_cmpint(ks_plan_lock(&f->batch, f->held, f->lock, 0), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->netfilter, &f->batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(f->netfilter, f->held), ==, 0);
    g_assert_true(ks_readback_is_intact(f->held));
}

/* Of a machine that has no card yet. */
static void set_up(Fixture *f, gconstpointer layer)
{
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(KsUplink));

    f->layer = (Layer) GPOINTER_TO_UINT(layer);
    g_assert_cmpint(ks_netfilter_open(&f->netfilter), ==, 0);
    f->lock = ks_lock_new();
    ks_lock_seal(f->lock);
    f->table = ks_egress_table_new(none, f->layer == BY_NAME);
    f->held = ks_readback_new(ks_egress_table_skeleton(f->table));
    if (f->layer != NO_LAYER)
        hold(f);
}

static void tear_down(Fixture *f, gconstpointer layer)
{
    (void) layer;
    if (if_nametoindex(FAR))
        g_free(namespace_command("ip link del " FAR));
    if (f->layer != NO_LAYER) {
        g_assert_cmpint(ks_plan_unlock(&f->batch, f->held), ==, 0);
        g_assert_cmpint(ks_netfilter_commit(f->netfilter, &f->batch), ==, 0);
    }
    ks_batch_clear(&f->batch);
    ks_readback_free(f->held);
    ks_egress_table_free(f->table);
    ks_lock_free(f->lock);
    ks_netfilter_close(f->netfilter);
}

static void send_frame(const char *link, uint16_t type)
{
    uint8_t frame[FRAME] = {
        2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 7, (uint8_t) (type >> 8), (uint8_t) type, 0x45
    };
    int fd = namespace_packet_socket(link, 0);

    memcpy(frame + FRAME - sizeof(TEXT), TEXT, sizeof(TEXT));
    (void) send(fd, frame, sizeof(frame), 0); /* ENOBUFS: it was dropped */
    close(fd);
}

/* A veth hands its frames over at once: what does not wait at the far end did not leave. */
static bool gets_out(const char *link, uint16_t type)
{
    int fd = namespace_packet_socket(FAR, ETH_P_ALL);
    uint8_t frame[FRAME + 1];
    bool seen = false;
    ssize_t size;

    send_frame(link, type);
    while ((size = recv(fd, frame, sizeof(frame), 0)) > 0)
        seen |= size == FRAME && memcmp(frame + FRAME - sizeof(TEXT), TEXT, sizeof(TEXT)) == 0;
    close(fd);
    return seen;
}

static void assert_judged(const Fixture *f, const char *link)
{
    g_assert_true(gets_out(link, EAPOL));
    g_assert_true(gets_out(link, ETH_P_IP) == (f->layer != BY_NAME));
    g_assert_true(gets_out(link, 0x1234) == (f->layer != BY_NAME));
}

static void make_card(const char *name)
{
    g_autofree char *command =
        g_strdup_printf("ip link add " FAR " up type veth peer name %s", name);
    g_autofree char *up = g_strdup_printf("ip link set %s up", name);

    g_free(namespace_command(command));
    g_free(namespace_command(up));
}

static void test_made(Fixture *f, gconstpointer layer)
{
    static const char *const names[] = { "bnep0",       "eth7", "enx02", "ib0",    "lan1",
                                         "rmnet_data0", "usb0", "wan",   "wlp3s0", "wwan0" };

    (void) layer;
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        make_card(names[i]);
        assert_judged(f, names[i]);
        g_free(namespace_command("ip link del " FAR)); /* and the chain stays */
    }
}

/* Frames that the kernel itself sends when a card comes up: neighbour discovery may. */
static void test_first_frames(Fixture *f, gconstpointer layer)
{
    uint8_t frame[ETH_FRAME_LEN];
    bool any_other = false;
    ssize_t size;
    int fd;

    (void) layer;
    g_free(namespace_command("ip link add " FAR " up type veth peer name " CARD));
    fd = namespace_packet_socket(FAR, ETH_P_ALL);
    g_free(namespace_command("ip link set " CARD " up address 02:00:00:00:00:07"));
    g_free(namespace_command("ip addr add 192.0.2.7/24 dev " CARD));
    g_free(namespace_command("ip neigh replace 192.0.2.9 lladdr 02:00:00:00:00:09 dev " CARD));
    g_free(namespace_command("bash -c 'echo >/dev/udp/192.0.2.9/9'"));
    while ((size = recv(fd, frame, sizeof(frame), 0)) > 0)
        any_other |=
            size > 34 && frame[6] == 2 && frame[11] == 7 && frame[12] == 8 && frame[13] == 0;
    g_assert_true(any_other == (f->layer != BY_NAME));
    close(fd);
}

static void test_renamed(Fixture *f, gconstpointer layer)
{
    (void) layer;
    make_card("other7");
    g_assert_true(gets_out("other7", ETH_P_IP)); /* it is called like nothing that we know */
    g_free(namespace_command("ip link set other7 down"));
    g_free(namespace_command("ip link set other7 name " CARD));
    g_free(namespace_command("ip link set " CARD " up"));
    assert_judged(f, CARD);
    g_free(namespace_command("ip link set " CARD " down"));
    g_free(namespace_command("ip link set " CARD " name wlan7"));
    g_free(namespace_command("ip link set wlan7 up"));
    assert_judged(f, "wlan7");
}

/* Mobile broadband without Ethernet frames: what root's programs send, as it is. */
static bool leaves_bare(int tun, const uint8_t *packet, size_t size)
{
    int fd = namespace_packet_socket("wwan9", ETH_P_IP);
    uint8_t read_back[FRAME + 1];
    ssize_t got;
    bool seen = false;

    (void) send(fd, packet, size, 0);
    while ((got = read(tun, read_back, sizeof(read_back))) > 0)
        seen |= (size_t) got == size && memcmp(read_back, packet, size) == 0;
    close(fd);
    return seen;
}

static void test_bare(Fixture *f, gconstpointer layer)
{
    struct ifreq request = { .ifr_name = "wwan9", .ifr_flags = IFF_TUN | IFF_NO_PI };
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    /* the source's bytes stand where an Ethernet frame has its type: IPv4's own, EAPOL, ARP */
    static const uint8_t sources[][4] = { { 10, 0, 0, 1 },
                                          { 0x88, 0x8e, 0x88, 0x8e },
                                          { 0x08, 0x06, 0, 1 } };

    (void) layer;
    g_assert_cmpint(tun, >=, 0);
    g_assert_cmpint(ioctl(tun, TUNSETIFF, &request), ==, 0);
    g_free(namespace_command("ip link set wwan9 up"));
    for (unsigned i = 0; i < G_N_ELEMENTS(sources); i++) {
        uint8_t packet[40] = { 0x45, 0, 0, 40,  0, 0, 0, 0, 64, IPPROTO_UDP, 0,  0, 0,
                               0,    0, 0, 192, 0, 2, 9, 0, 99, 0,           99, 0, 20 };

        memcpy(packet + 12, sources[i], sizeof(sources[i]));
        g_assert_cmpint(leaves_bare(tun, packet, sizeof(packet)), ==, f->layer != BY_NAME);
    }
    close(tun);
}

static void run(void *data)
{
    g_free(namespace_command(data));
}

static void test_moved_in(Fixture *f, gconstpointer layer)
{
    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", (int) getpid(), here);
    g_autofree char *make =
        g_strdup_printf("ip link add " CARD " type veth peer name " FAR " netns %s", path);
    g_autofree char *move = g_strdup_printf("ip link set " CARD " netns %s", path);

    (void) layer;
    namespace_run(elsewhere, run, make);
    namespace_run(elsewhere, run, move);
    close(here);
    g_free(namespace_command("ip link set " FAR " up"));
    g_free(namespace_command("ip link set " CARD " up"));
    assert_judged(f, CARD);
}

/* What is known to be judged elsewhere passes, and a change of keys is enough for that. */
static void test_known_to_be_none(Fixture *f, gconstpointer layer)
{
    (void) layer;
    make_card(CARD);
    g_assert_false(gets_out(CARD, ETH_P_IP));
    ks_lock_open_interface(f->lock, if_nametoindex(CARD));
    ks_lock_seal(f->lock);
    hold(f);
    g_assert_true(gets_out(CARD, ETH_P_IP));
}

/* What the kernel holds is another table's, as with a guard of another form or version: mended in
 * place, with the card there. */
static void assert_mended(Fixture *f, const KsSkeleton *other)
{
    KsReadback *ours = f->held;

    f->held = ks_readback_new(other);
    hold(f);
    ks_readback_free(f->held);
    f->held = ours;
    g_assert_true(gets_out(CARD, ETH_P_IP));
    g_assert_cmpint(ks_netfilter_read(f->netfilter, f->held), ==, 0);
    g_assert_false(ks_readback_is_intact(f->held));
    hold(f);
    g_assert_false(gets_out(CARD, ETH_P_IP));
}

static void test_other_form(Fixture *f, gconstpointer layer)
{
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(KsUplink));
    g_autoptr(KsEgressTable) by_card = ks_egress_table_new(none, false);

    (void) layer;
    make_card(CARD);
    assert_mended(f, ks_egress_table_skeleton(by_card));
}

static void test_other_names(Fixture *f, gconstpointer layer)
{
    static const char *const others[] = { "wl", NULL };
    KsSkeleton skeleton = *f->held->skeleton;
    g_autofree KsChain *chains = g_new(KsChain, skeleton.chains_count);

    (void) layer;
    make_card(CARD);
    memcpy(chains, skeleton.chains, skeleton.chains_count * sizeof(KsChain));
    chains[skeleton.chains_count - 1].beginnings = others;
    skeleton.chains = chains;
    assert_mended(f, &skeleton);
}

/* All rules in place again, with the chain that stands. */
static void test_repeated(Fixture *f, gconstpointer layer)
{
    (void) layer;
    make_card(CARD);
    ks_readback_problem(f->held, "anything");
    g_assert_cmpint(ks_plan_lock(&f->batch, f->held, f->lock, 0), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(f->netfilter, &f->batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(f->netfilter, f->held), ==, 0);
    g_assert_true(ks_readback_is_intact(f->held));
    g_assert_false(gets_out(CARD, ETH_P_IP));
}

static void test_nothing_is_left_of_trying(void)
{
    g_autofree char *tables = NULL;
    KsNetfilter *netfilter;

    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    (void) ks_netfilter_takes_names(netfilter);
    tables = namespace_command("nft list tables");
    g_assert_cmpstr(tables, ==, "");
    ks_netfilter_close(netfilter);
}

static bool kernel_takes_names(void)
{
    KsNetfilter *netfilter;
    struct utsname system;
    unsigned major = 0;
    unsigned minor = 0;
    bool taken;

    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    taken = ks_netfilter_takes_names(netfilter);
    ks_netfilter_close(netfilter);
    /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers are small */
    if (uname(&system) < 0 || sscanf(system.release, "%u.%u", &major, &minor) != 2)
        g_error("which kernel this is cannot be told");
    g_assert_true(taken || major < 6 || (major == 6 && minor < 17));
    return taken;
}

typedef struct {
    const char *path;
    Layer layer;
    void (*test)(Fixture *f, gconstpointer layer);
} Test;

static const Test tests[] = {
    { "/new-cards/none/made", NO_LAYER, test_made },
    { "/new-cards/none/first-frames", NO_LAYER, test_first_frames },
    { "/new-cards/none/renamed", NO_LAYER, test_renamed },
    { "/new-cards/none/moved-in", NO_LAYER, test_moved_in },
    { "/new-cards/none/bare", NO_LAYER, test_bare },
    { "/new-cards/by-card/bare", BY_CARD, test_bare },
    { "/new-cards/by-name/bare", BY_NAME, test_bare },
    { "/new-cards/by-card/made", BY_CARD, test_made },
    { "/new-cards/by-card/first-frames", BY_CARD, test_first_frames },
    { "/new-cards/by-card/renamed", BY_CARD, test_renamed },
    { "/new-cards/by-card/moved-in", BY_CARD, test_moved_in },
    { "/new-cards/by-name/made", BY_NAME, test_made },
    { "/new-cards/by-name/first-frames", BY_NAME, test_first_frames },
    { "/new-cards/by-name/renamed", BY_NAME, test_renamed },
    { "/new-cards/by-name/moved-in", BY_NAME, test_moved_in },
    { "/new-cards/by-name/known-to-be-none", BY_NAME, test_known_to_be_none },
    { "/new-cards/by-name/other-form", BY_NAME, test_other_form },
    { "/new-cards/by-name/other-names", BY_NAME, test_other_names },
    { "/new-cards/by-name/repeated", BY_NAME, test_repeated },
};

int main(int argc, char **argv)
{
    bool by_name;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    elsewhere = namespace_new();
    by_name = kernel_takes_names();
    g_test_add_func("/new-cards/nothing-left-of-trying", test_nothing_is_left_of_trying);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++)
        if (by_name || tests[i].layer != BY_NAME)
            g_test_add(tests[i].path, Fixture, GUINT_TO_POINTER(tests[i].layer), set_up,
                       tests[i].test, tear_down);
    return g_test_run();
}
