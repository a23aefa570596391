/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/links.h against reality: what the cache says, kept by notifications, is what somebody sees
 * who looks for the first time. */
#include "namespace.h"

#include "kernel/access-points.h"
#include "kernel/links.h"
#include "kernel/tunnel-removal.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CHANGES     400u
#define MANY_PAIRS  1000u
#define PATIENCE_MS 1000

/* Returns whether it worked. */
static bool run_ip(const char *arguments)
{
    g_autofree char *command = g_strdup_printf("ip %s", arguments);
    g_autofree char *output = NULL;
    g_autofree char *errors = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;

    if (!g_spawn_command_line_sync(command, &output, &errors, &status, &error))
        g_error("%s: %s", command, error->message);
    return status == 0;
}

static void ip(const char *arguments)
{
    if (!run_ip(arguments))
        g_error("ip %s failed", arguments);
}

static int compare_links(const void *a, const void *b)
{
    const KsLink *first = a;
    const KsLink *second = b;

    return first->index < second->index ? -1 : first->index > second->index;
}

static int compare_addresses(const void *a, const void *b)
{
    const KsLinkAddress *first = a;
    const KsLinkAddress *second = b;

    if (first->index != second->index)
        return first->index < second->index ? -1 : 1;
    return ks_address_compare(&first->address, &second->address);
}

static int compare_routes(const void *a, const void *b)
{
    const KsLinkRoute *first = a;
    const KsLinkRoute *second = b;

    if (first->index != second->index)
        return first->index < second->index ? -1 : 1;
    if (first->prefix != second->prefix)
        return first->prefix < second->prefix ? -1 : 1;
    return ks_address_compare(&first->destination, &second->destination);
}

/* A route that two tables have counts once. */
static void drop_duplicates(GArray *routes)
{
    g_array_sort(routes, compare_routes);
    for (unsigned i = 1; i < routes->len; i++)
        if (compare_routes(&g_array_index(routes, KsLinkRoute, i - 1),
                           &g_array_index(routes, KsLinkRoute, i)) == 0)
            g_array_remove_index(routes, i--);
}

static void describe(KsLinks *links, KsWorld *world)
{
    g_assert_cmpint(ks_links_describe(links, world), ==, 0);
    g_array_sort(world->links, compare_links);
    g_array_sort(world->link_addresses, compare_addresses);
    drop_duplicates(world->link_routes);
}

/* What the cache does not know as it is, or NULL. */
static char *difference(const KsWorld *world, const KsWorld *real)
{
    if (world->links->len != real->links->len)
        return g_strdup_printf("%u links instead of %u", world->links->len, real->links->len);
    for (unsigned i = 0; i < real->links->len; i++) {
        const KsLink *cached = &g_array_index(world->links, KsLink, i);
        const KsLink *link = &g_array_index(real->links, KsLink, i);

        if (cached->index != link->index || strcmp(cached->name, link->name) != 0 ||
            cached->up != link->up || cached->loopback != link->loopback ||
            cached->tunnel_kind != link->tunnel_kind)
            return g_strdup_printf("%s is not known as it is", link->name);
        if (cached->leads_out != link->leads_out ||
            cached->carried[KS_IPV4] != link->carried[KS_IPV4] ||
            cached->carried[KS_IPV6] != link->carried[KS_IPV6])
            return g_strdup_printf("what leaves by %s is not known as it is", link->name);
        if (cached->default_route != link->default_route)
            return g_strdup_printf("%s is %sthought to have a default route", link->name,
                                   cached->default_route ? "" : "not ");
    }
    if (world->link_addresses->len != real->link_addresses->len ||
        (real->link_addresses->len > 0 &&
         memcmp(world->link_addresses->data, real->link_addresses->data,
                real->link_addresses->len * sizeof(KsLinkAddress)) != 0))
        return g_strdup("the addresses of tunnels are not known as they are");
    if (world->link_routes->len != real->link_routes->len)
        return g_strdup_printf("%u routes of tunnels instead of %u", world->link_routes->len,
                               real->link_routes->len);
    return NULL;
}

/* Whether the cache has something to read, now or within the time that the kernel may take. */
static bool is_readable(KsLinks *links, int milliseconds)
{
    struct pollfd polled = { .fd = ks_links_fd(links), .events = POLLIN };

    return poll(&polled, 1, milliseconds) == 1;
}

/* Asks the cache, and compares it with a first look. IPv6 takes and tells of addresses a little
 * later: what differs must be told of. */
static void look(KsLinks *links, KsWorld *world, const char *after)
{
    g_autofree char *differs = NULL;

    do {
        g_autoptr(KsWorld) real = ks_world_new();
        KsLinks *fresh;

        g_free(differs);
        describe(links, world);
        g_assert_cmpint(ks_links_open(&fresh), ==, 0);
        describe(fresh, real);
        ks_links_close(fresh);
        differs = difference(world, real);
    } while (differs && is_readable(links, PATIENCE_MS));
    if (differs)
        g_error("%s, after %s", differs, after);
}

/* ---- one thing after another ---- */

typedef enum {
    GONE = 1 << 0,
    DOWN = 1 << 1,
    UP = 1 << 2,
    TUNNEL = 1 << 3,
    DEFAULT = 1 << 4, /* has a default route */
} Expected;

typedef struct {
    const char *command; /* several with ';' between */
    const char *link;
    unsigned expected;
} Step;

static const Step steps[] = {
    { "link add wire0 type veth peer name wire1", "wire0", DOWN },
    { "link set wire0 up; link set wire1 up", "wire0", UP },
    { "address add 192.0.2.2/24 dev wire0", "wire0", UP },
    { "route add default via 192.0.2.1 dev wire0 metric 100", "wire0", UP | DEFAULT },

    /* a tunnel comes, gets its name, its address and its routes */
    { "tuntap add tmp mode tun", "tmp", DOWN | TUNNEL },
    { "link set tmp name tun0", "tmp", GONE },
    { "link set tun0 up", "tun0", UP | TUNNEL },
    { "address add 10.8.0.2/24 dev tun0", "tun0", UP | TUNNEL },
    { "route add 10.9.0.0/16 dev tun0", "tun0", UP | TUNNEL },
    { "route add default dev tun0 metric 50", "tun0", UP | TUNNEL | DEFAULT },
    { "route del default dev tun0 metric 50", "tun0", UP | TUNNEL },

    /* in halves (OpenVPN's redirect-gateway def1): one is not enough */
    { "route add 0.0.0.0/1 dev tun0", "tun0", UP | TUNNEL },
    { "route add 128.0.0.0/1 dev tun0", "tun0", UP | TUNNEL | DEFAULT },
    { "route del 0.0.0.0/1 dev tun0", "tun0", UP | TUNNEL },
    { "route del 128.0.0.0/1 dev tun0", "tun0", UP | TUNNEL },
    /* the halves of two families are no whole */
    { "route add 0.0.0.0/1 dev tun0; -6 route add 8000::/1 dev tun0", "tun0", UP | TUNNEL },
    { "-6 route add ::/1 dev tun0", "tun0", UP | TUNNEL | DEFAULT },
    { "-6 route del ::/1 dev tun0", "tun0", UP | TUNNEL },
    { "route del 0.0.0.0/1 dev tun0; -6 route del 8000::/1 dev tun0", "tun0", UP | TUNNEL },
    { "-6 route add default dev tun0", "tun0", UP | TUNNEL | DEFAULT },
    { "-6 route del default dev tun0", "tun0", UP | TUNNEL },
    { "-6 route add 2000::/3 dev tun0", "tun0", UP | TUNNEL | DEFAULT },
    { "-6 route del 2000::/3 dev tun0", "tun0", UP | TUNNEL },

    /* in pieces, as a list of AllowedIPs is written that leaves something out */
    { "route add 0.0.0.0/2 dev tun0; route add 64.0.0.0/2 dev tun0; route add 128.0.0.0/2 dev tun0",
      "tun0", UP | TUNNEL },
    { "route add 192.0.0.0/3 dev tun0", "tun0", UP | TUNNEL | DEFAULT },
    { "route add 198.51.0.0/16 via 192.0.2.1 dev wire0; route add 10.0.0.0/8 via 192.0.2.1", "tun0",
      UP | TUNNEL | DEFAULT },
    { "route del 64.0.0.0/2 dev tun0", "tun0", UP | TUNNEL },
    { "route del 0.0.0.0/2 dev tun0; route del 128.0.0.0/2 dev tun0; route del 192.0.0.0/3", "tun0",
      UP | TUNNEL },
    { "route del 198.51.0.0/16; route del 10.0.0.0/8", "tun0", UP | TUNNEL },

    /* in another table: what nobody's packets are looked up in carries nothing */
    { "route add default dev tun0 table 51820", "tun0", UP | TUNNEL },
    { "rule add from 198.51.100.128/25 table 51820", "tun0", UP | TUNNEL },
    { "rule add fwmark 7 table 51820", "tun0", UP | TUNNEL },
    { "rule add uidrange 0-0 table 51820", "tun0", UP | TUNNEL },
    { "rule add uidrange 1000-1000 table 51820", "tun0", UP | TUNNEL | DEFAULT },
    { "rule del uidrange 1000-1000 table 51820", "tun0", UP | TUNNEL },
    /* as wg-quick and NetworkManager's WireGuard have it */
    { "rule add not fwmark 51820 table 51820 pref 900", "tun0", UP | TUNNEL | DEFAULT },
    { "rule add table main suppress_prefixlength 0 pref 800", "tun0", UP | TUNNEL | DEFAULT },
    { "route add 0.0.0.0/1 via 192.0.2.1; route add 128.0.0.0/1 via 192.0.2.1", "tun0",
      UP | TUNNEL },
    { "route del 0.0.0.0/1; route del 128.0.0.0/1", "tun0", UP | TUNNEL | DEFAULT },
    { "rule del pref 800; rule del pref 900", "tun0", UP | TUNNEL },
    { "route del default dev tun0 table 51820", "tun0", UP | TUNNEL },
    /* in two, and gone from one */
    { "route add default dev tun0 table 51820; route add default dev tun0 metric 50", "tun0",
      UP | TUNNEL | DEFAULT },
    { "route del default dev tun0 table 51820", "tun0", UP | TUNNEL | DEFAULT },
    /* a second tunnel, which would carry everything if the first went; the uplink always would */
    { "tuntap add tun1 mode tun; link set tun1 up; route add default dev tun1 metric 60", "tun1",
      UP | TUNNEL | DEFAULT },
    { "route del default dev tun0 metric 50", "tun1", UP | TUNNEL | DEFAULT },
    { "route del default dev tun1; route add default dev tun1 metric 160", "tun1", UP | TUNNEL },
    { "link del tun1", "tun1", GONE },
    /* by a nexthop that others share, and that is another link's at once */
    { "link add wire2 type veth peer name wire3; link set wire2 up; link set wire3 up; nexthop add "
      "id 9 dev wire2; route add default nhid 9 metric 50",
      "wire2", UP | DEFAULT },
    { "nexthop replace id 9 via 192.0.2.1 dev wire0", "wire2", UP },
    { "link del wire2; nexthop del id 9", "wire2", GONE },
    /* half of the connections leave by another way: not a tunnel that carries all */
    { "route add default metric 50 nexthop dev tun0 nexthop via 192.0.2.1 dev wire0", "tun0",
      UP | TUNNEL },
    { "route del default metric 50", "tun0", UP | TUNNEL },
    /* better than the tunnel's */
    { "route add default dev tun0 metric 150", "tun0", UP | TUNNEL },
    { "route del default dev tun0 metric 150", "tun0", UP | TUNNEL },
    /* what is no way out is not an uplink */
    { "route add blackhole default metric 60", "tun0", UP | TUNNEL },
    { "route del blackhole default metric 60", "tun0", UP | TUNNEL },

    /* the kernel takes routes away without a word when a link goes down or loses its address */
    { "route add default dev tun0 metric 50", "tun0", UP | TUNNEL | DEFAULT },
    { "link set tun0 down", "tun0", DOWN | TUNNEL },
    { "link set tun0 up", "tun0", UP | TUNNEL },
    { "route add default dev tun0 metric 50 src 10.8.0.2", "tun0", UP | TUNNEL | DEFAULT },
    { "address del 10.8.0.2/24 dev tun0", "tun0", UP | TUNNEL },
    { "route add default via 192.0.2.1 dev wire0 metric 70 onlink; link set wire0 down", "wire0",
      DOWN },
    { "link set wire0 up", "wire0", UP },

    /* a name is no identity */
    { "link del tun0; tuntap add tun0 mode tun", "tun0", DOWN | TUNNEL },
    { "link set tun0 up; route add default dev tun0 metric 50", "tun0", UP | TUNNEL | DEFAULT },
    { "link del tun0; link add tun0 type bridge; link set tun0 up", "tun0", UP },
    { "link del tun0", "tun0", GONE },
    { "link del wire0", "wire1", GONE },
    { "tuntap add tap0 mode tap; link set tap0 up", "tap0", UP | TUNNEL },
    { "link del tap0", "tap0", GONE },
};

static void run_all(const char *commands)
{
    g_auto(GStrv) each = g_strsplit(commands, "; ", -1);

    for (unsigned i = 0; each[i]; i++)
        ip(each[i]);
}

static void check(const KsWorld *world, const Step *step)
{
    const KsLink *link = ks_world_link_by_name(world, step->link);
    unsigned found = GONE;

    if (link)
        found = (link->up ? UP : DOWN) | (link->tunnel_kind ? TUNNEL : 0) |
                (link->default_route ? DEFAULT : 0);
    if (found != step->expected)
        g_error("after %s: %s is %#x instead of %#x", step->command, step->link, found,
                step->expected);
}

static void test_steps(void)
{
    g_autoptr(KsWorld) world = ks_world_new();
    KsLinks *links;

    g_assert_cmpint(ks_links_open(&links), ==, 0);
    look(links, world, "the beginning");
    g_assert_cmpuint(world->links->len, ==, 1);
    g_assert_true(g_array_index(world->links, KsLink, 0).loopback);
    g_assert_true(g_array_index(world->links, KsLink, 0).up);
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        run_all(steps[i].command);
        if (!is_readable(links, PATIENCE_MS))
            g_error("nobody was told of: %s", steps[i].command);
        describe(links, world);
        check(world, &steps[i]);
        look(links, world, steps[i].command);
    }
    ks_links_close(links);
}

static void test_tunnel_facts(void)
{
    g_autoptr(KsWorld) world = ks_world_new();
    const KsLinkRoute *route;
    KsAddress address;
    KsLinks *links;

    g_assert_cmpint(ks_links_open(&links), ==, 0);
    run_all("tuntap add tun0 mode tun; link set tun0 addrgenmode none; link set tun0 up; "
            "address add 10.8.0.2 peer 10.8.0.1 dev tun0; address add fd01::2/128 dev tun0 nodad; "
            "route add 172.20.0.0/14 dev tun0; route add 198.51.100.0/24 dev tun0; "
            "link add wire0 type veth; link set wire0 up; address add 10.1.0.1/24 dev wire0");
    look(links, world, "two addresses");
    g_assert_cmpuint(world->link_addresses->len, ==, 2);   /* the uplink's are nobody's business */
    g_assert_true(ks_address_parse("10.8.0.2", &address)); /* ours, not the peer's */
    g_assert_cmpint(ks_address_compare(
                        &g_array_index(world->link_addresses, KsLinkAddress, 0).address, &address),
                    ==, 0);
    route = NULL;
    for (unsigned i = 0; i < world->link_routes->len; i++)
        if (g_array_index(world->link_routes, KsLinkRoute, i).prefix == 14)
            route = &g_array_index(world->link_routes, KsLinkRoute, i);
    g_assert_nonnull(route);
    g_assert_cmpuint(route->index, ==, if_nametoindex("tun0"));
    g_assert_true(ks_address_parse("172.20.0.0", &address));
    g_assert_cmpint(ks_address_compare(&route->destination, &address), ==, 0);
    run_all("address del fd01::2/128 dev tun0");
    look(links, world, "one address less");
    g_assert_cmpuint(world->link_addresses->len, ==, 1);
    run_all("link del tun0; link del wire0");
    look(links, world, "the end");
    g_assert_cmpuint(world->link_addresses->len, ==, 0);
    g_assert_cmpuint(world->link_routes->len, ==, 0);
    ks_links_close(links);
}

/* ---- at random ---- */

static const char *const changes[] = {
    "tuntap add tun0 mode tun",
    "tuntap add tun1 mode tun",
    "link add wire0 type veth peer name wire1",
    "link del tun0",
    "link del tun1",
    "link del wire0",
    "link set tun0 up",
    "link set tun1 up",
    "link set wire0 up",
    "link set wire1 up",
    "link set tun0 down",
    "link set tun1 down",
    "link set wire0 down",
    "link set tun0 name tun7",
    "link set tun7 name tun0",
    "address add 10.8.0.2/24 dev tun0",
    "address del 10.8.0.2/24 dev tun0",
    "address add 10.8.0.2/24 dev tun1",
    "address add fd01::2/64 dev tun0 nodad",
    "address del fd01::2/64 dev tun0",
    "address add 192.0.2.2/24 dev wire0",
    "address flush dev wire0",
    "route add default dev tun0 metric 50",
    "route del default dev tun0",
    "route add default dev tun1 table 77",
    "route flush table 77",
    "rule add not fwmark 7 table 77 pref 900",
    "rule del pref 900",
    "rule add table main suppress_prefixlength 0 pref 800",
    "rule del pref 800",
    "route add 203.0.113.0/24 via 192.0.2.1",
    "route add default dev wire0 metric 60",
    "route replace default dev tun1",
    "route replace default dev tun0",
    "route add 0.0.0.0/1 dev tun0",
    "route add 128.0.0.0/1 dev tun0",
    "route del 128.0.0.0/1",
    "route replace 0.0.0.0/1 dev tun1",
    "-6 route add default dev tun0 metric 50",
    "-6 route replace default dev tun1 metric 50",
    "-6 route del default",
    "-6 route add ::/1 dev tun1",
    "-6 route add 8000::/1 dev tun1",
    "route add 10.0.0.0/8 dev tun0",
    "route replace 10.0.0.0/8 dev tun1",
    "route del 10.0.0.0/8",
    "route add 192.168.0.0/16 dev tun1 src 10.8.0.2",
    "-6 route add fd00::/8 dev tun0",
};

static void clean_up(void)
{
    static const char *const links[] = { "tun0", "tun1", "tun7", "wire0" };

    for (unsigned i = 0; i < G_N_ELEMENTS(links); i++) {
        g_autofree char *command = g_strdup_printf("link del %s", links[i]);

        (void) run_ip(command);
    }
    while (run_ip("rule del pref 800") || run_ip("rule del pref 900"))
        ;
}

static void test_random(void)
{
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(GString) done = g_string_new(NULL);
    KsLinks *links;

    g_assert_cmpint(ks_links_open(&links), ==, 0);
    for (unsigned i = 0; i < CHANGES; i++) {
        const char *change = changes[g_test_rand_int_range(0, G_N_ELEMENTS(changes))];

        if (run_ip(change))
            g_string_append_printf(done, "; %s", change);
        if (g_test_rand_int_range(0, 3) > 0) /* sometimes several between two looks */
            look(links, world, done->str);
    }
    look(links, world, done->str);
    ks_links_close(links);
    clean_up();
}

/* Notifications that were lost: the world is looked at again. */
static void test_overrun(void)
{
    g_autoptr(KsWorld) world = ks_world_new();
    KsLinks *links;
    int size = 1; /* the kernel makes it the least it can */

    g_assert_cmpint(ks_links_open(&links), ==, 0);
    look(links, world, "the beginning");
    g_assert_cmpint(setsockopt(ks_links_fd(links), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), ==,
                    0);
    for (unsigned round = 0; round < 10; round++) {
        run_all("tuntap add tun0 mode tun; link set tun0 up; route add default dev tun0; "
                "link set tun0 down; link del tun0");
    }
    run_all("tuntap add tun1 mode tun; link set tun1 up; route add default dev tun1");
    look(links, world, "too many notifications");
    g_assert_nonnull(ks_world_link_by_name(world, "tun1"));
    g_assert_null(ks_world_link_by_name(world, "tun0"));
    run_all("link del tun1");
    ks_links_close(links);
}

static void run_batch(const char *verb, const char *rest)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *path = NULL;
    g_autofree char *arguments = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("ks-links-XXXXXX", &path, &error);

    g_assert_no_error(error);
    for (unsigned i = 0; i < MANY_PAIRS; i++)
        g_string_append_printf(text, "link %s a%u %s\n", verb, i, rest);
    g_assert_true(g_file_set_contents(path, text->str, (gssize) text->len, &error));
    arguments = g_strdup_printf("-batch %s", path);
    ip(arguments);
    g_assert_true(g_close(fd, NULL));
    g_assert_cmpint(remove(path), ==, 0);
}

/* Thousands of links: seen all, by notification and at first look, in bounded time. */
static void test_many(void)
{
    g_autoptr(KsWorld) world = ks_world_new();
    gint64 begin;
    KsLinks *links;

    g_assert_cmpint(ks_links_open(&links), ==, 0);
    look(links, world, "the beginning");
    run_batch("add", "type veth");
    begin = g_get_monotonic_time();
    look(links, world, "many links");
    g_test_message("%u links looked at twice in %" G_GINT64_FORMAT " ms", world->links->len,
                   (g_get_monotonic_time() - begin) / 1000);
    g_assert_cmpuint(world->links->len, ==, 1 + 2 * MANY_PAIRS);
    run_batch("del", "");
    look(links, world, "many links deleted");
    g_assert_cmpuint(world->links->len, ==, 1);
    ks_links_close(links);
}

static void test_kinds(void)
{
    static const char *const tunnels[] = { "tun", "wireguard", "ppp", "xfrm", "vti", "gre" };
    static const char *const others[] = { "",      "veth", "bridge", "bond",    "vlan",
                                          "dummy", "tunx", "Tun",    "macvlan", "vrf" };

    for (unsigned i = 0; i < G_N_ELEMENTS(tunnels); i++)
        g_assert_true(ks_link_kind_is_tunnel(tunnels[i]));
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(ks_link_kind_is_tunnel(others[i]));
}

/* Where there is no Wi-Fi, and what the world says of a link does not outlast a look. */
static void test_access_points(void)
{
    g_autoptr(KsWorld) world = ks_world_new();
    KsAccessPoints *points = NULL;
    KsLink link = { .index = 1, .up = true, .access_point = true };

    g_assert_cmpint(ks_access_points_open(&points), ==, 0);
    g_assert_cmpint(ks_access_points_fd(points), >=, 0);
    g_array_append_val(world->links, link);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(ks_access_points_describe(points, world), ==, 0);
        g_assert_false(g_array_index(world->links, KsLink, 0).access_point);
        g_array_index(world->links, KsLink, 0).access_point = true;
    }
    ks_access_points_close(points);
}

/* By index, and only if it is still what it was when somebody looked. */
static void test_removal(void)
{
    int tunnel;
    int card;

    ip("tuntap add dev tun7 mode tun");
    ip("link add card7 type veth peer name card8");
    tunnel = (int) if_nametoindex("tun7");
    card = (int) if_nametoindex("card7");
    g_assert_cmpint(ks_tunnel_remove(0, "tun7"), ==, -ENODEV);
    g_assert_cmpint(ks_tunnel_remove(card, "card7"), ==, -EOPNOTSUPP);
    g_assert_cmpint(ks_tunnel_remove(card, "tun7"), ==, -ENODEV);
    g_assert_cmpint(ks_tunnel_remove(tunnel, "tun8"), ==, -ENODEV);
    g_assert_cmpint((int) if_nametoindex("tun7"), ==, tunnel);
    g_assert_cmpint(ks_tunnel_remove(tunnel, "tun7"), ==, 0);
    g_assert_cmpint((int) if_nametoindex("tun7"), ==, 0);
    g_assert_cmpint(ks_tunnel_remove(tunnel, "tun7"), ==, -ENODEV);
    ip("link del card7");
}

int main(int argc, char **argv)
{
    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/links/kinds", test_kinds);
    g_test_add_func("/links/steps", test_steps);
    g_test_add_func("/links/tunnel-facts", test_tunnel_facts);
    g_test_add_func("/links/overrun", test_overrun);
    g_test_add_func("/links/random", test_random);
    g_test_add_func("/links/many", test_many);
    g_test_add_func("/links/access-points", test_access_points);
    g_test_add_func("/links/removal", test_removal);
    return g_test_run();
}
