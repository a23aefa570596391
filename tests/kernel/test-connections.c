/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/connections.h against a kernel that tracks connections, because somebody's rules have it
 * do so: those that a judge does not want end, the others go on, however many there are. */
#include "namespace.h"

#include "kernel/connections.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY       100000u
#define PIECE_MAX  1000u /* connections; the kernel tells 32 KiB at a time */
#define STAY_PORT  7000u
#define GO_PORT    7001u
#define SOURCE     "192.0.2.2"
#define TRANSLATED "192.0.2.77"

/* Somebody's firewall and NAT, and a zone of its own for one port. */
static const char *const rules[] = {
    "table inet somebody",
    "chain inet somebody raw { type filter hook output priority -300; }",
    "rule inet somebody raw udp dport 7002 ct zone set 5",
    "chain inet somebody nat { type nat hook postrouting priority 100; }",
    ("rule inet somebody nat meta nfproto ipv4 meta l4proto tcp snat ip to " TRANSLATED),
    "chain inet somebody out { type filter hook output priority 0; }",
    "rule inet somebody out ct state established accept",
};

static void run(const char *command)
{
    g_free(namespace_command(command));
}

static void set_up(void)
{
    run("ip link add wire0 type veth peer name wire1");
    run("ip link set wire1 up");
    run("ip address add " SOURCE "/24 dev wire0");
    run("ip address add 2001:db8::2/64 dev wire0 nodad");
    run("ip link set wire0 up");
    run("ip route add default via 192.0.2.1");
    run("ip neighbour add 192.0.2.1 lladdr 02:00:00:00:00:01 dev wire0 nud permanent");
    run("ip neighbour add 2001:db8::1 lladdr 02:00:00:00:00:01 dev wire0 nud permanent");
}

static void have_connections_tracked(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rules); i++) {
        g_autofree char *command = g_strdup_printf("nft 'add %s'", rules[i]);

        run(command);
    }
}

static int begin(int family, int type, const char *address, uint16_t port)
{
    struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(
        inet_pton(family, address, family == AF_INET ? (void *) &to4.sin_addr : &to6.sin6_addr), ==,
        1);
    result = family == AF_INET ? connect(fd, (struct sockaddr *) &to4, sizeof(to4))
                               : connect(fd, (struct sockaddr *) &to6, sizeof(to6));
    if (type == SOCK_DGRAM)
        result = send(fd, "x", 1, 0) == 1 ? 0 : -1;
    g_assert_true(result == 0 || errno == EINPROGRESS);
    return fd;
}

/* What a look saw: how many connections to each port, and whether TCP's were translated. */
typedef struct {
    unsigned seen[UINT16_MAX + 1];
    unsigned translated;
    bool end_all;
} Judge;

static bool may_stay(const KsConnection *connection, const void *data)
{
    Judge *judge = (Judge *) data;
    KsAddress translated;

    g_assert_true(ks_address_parse(TRANSLATED, &translated));
    judge->seen[connection->to.port]++;
    g_assert_cmpint(ks_address_compare(&connection->to.address, &connection->answers_from.address),
                    ==, 0);
    g_assert_cmpint(connection->to.port, ==, connection->answers_from.port);
    if (connection->protocol == IPPROTO_TCP)
        judge->translated += ks_address_compare(&connection->answers_to.address, &translated) == 0;
    return !judge->end_all && connection->to.port == STAY_PORT;
}

/* Returns how many were ended. */
static unsigned look(Judge *judge, unsigned *ret_pieces)
{
    KsConnections *connections;
    unsigned before = 0;
    unsigned pieces = 0;
    unsigned ended;
    int result;

    memset(judge->seen, 0, sizeof(judge->seen));
    judge->translated = 0;
    result = ks_connections_open(&connections);
    if (result == -ENOENT)
        return 0;
    g_assert_cmpint(result, ==, 0);
    do {
        result = ks_connections_go_on(connections, may_stay, judge);
        g_assert_cmpint(result, >=, 0);
        g_assert_cmpuint(ks_connections_seen(connections) - before, <=, PIECE_MAX);
        before = ks_connections_seen(connections);
        pieces++;
    } while (result > 0);
    ended = ks_connections_ended(connections);
    ks_connections_close(connections);
    if (ret_pieces)
        *ret_pieces = pieces;
    return ended;
}

static void test_nothing_tracked(void)
{
    KsConnections *connections = NULL;
    int fd = begin(AF_INET, SOCK_DGRAM, "203.0.113.9", GO_PORT);

    g_assert_cmpint(ks_connections_open(&connections), ==, -ENOENT);
    g_assert_null(connections);
    close(fd);
    have_connections_tracked();
    g_assert_cmpint(ks_connections_open(&connections), ==, -ENOENT);
}

static void test_some(void)
{
    g_autofree Judge *judge = g_new0(Judge, 1);
    int fds[] = {
        begin(AF_INET, SOCK_DGRAM, "203.0.113.9", STAY_PORT),
        begin(AF_INET, SOCK_STREAM, "203.0.113.9", STAY_PORT),
        begin(AF_INET6, SOCK_DGRAM, "2001:db8::1", STAY_PORT),
        begin(AF_INET, SOCK_DGRAM, "203.0.113.9", GO_PORT),
        begin(AF_INET, SOCK_STREAM, "203.0.113.9", GO_PORT),
        begin(AF_INET6, SOCK_DGRAM, "2001:db8::1", GO_PORT),
        begin(AF_INET6, SOCK_STREAM, "2001:db8::1", GO_PORT),
        begin(AF_INET, SOCK_DGRAM, "203.0.113.9", 7002), /* in a zone */
    };

    g_assert_cmpuint(look(judge, NULL), ==, 5);
    g_assert_cmpuint(judge->seen[STAY_PORT], ==, 3);
    g_assert_cmpuint(judge->seen[GO_PORT], ==, 4);
    g_assert_cmpuint(judge->seen[7002], ==, 1);
    g_assert_cmpuint(judge->translated, ==, 2);
    /* again: they have gone, and the others have not */
    g_assert_cmpuint(look(judge, NULL), ==, 0);
    g_assert_cmpuint(judge->seen[STAY_PORT], ==, 3);
    g_assert_cmpuint(judge->seen[GO_PORT], ==, 0);
    g_assert_cmpuint(judge->seen[7002], ==, 0);
    judge->end_all = true;
    g_assert_cmpuint(look(judge, NULL), ==, 3);
    for (unsigned i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
}

static void test_many(void)
{
    g_autofree Judge *judge = g_new0(Judge, 1);
    struct sockaddr_in to = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int64_t begun;
    unsigned pieces = 0;
    unsigned ended;

    for (uint32_t i = 0; i < MANY; i++) {
        to.sin_port = htons(i % 10 == 0 ? STAY_PORT : GO_PORT);
        to.sin_addr.s_addr = htonl(0x0a000000 + i);
        g_assert_cmpint(sendto(fd, "x", 1, 0, (struct sockaddr *) &to, sizeof(to)), ==, 1);
    }
    begun = g_get_monotonic_time();
    ended = look(judge, &pieces);
    g_test_message("%u connections in %u pieces: %.0f ms", MANY, pieces,
                   (double) (g_get_monotonic_time() - begun) / 1000);
    g_assert_cmpuint(ended, ==, MANY / 10 * 9);
    g_assert_cmpuint(judge->seen[STAY_PORT], ==, MANY / 10);
    (void) look(judge, NULL);
    g_assert_cmpuint(judge->seen[STAY_PORT], ==, MANY / 10);
    g_assert_cmpuint(judge->seen[GO_PORT], ==, 0);
    close(fd);
}

int main(int argc, char **argv)
{
    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    set_up();
    g_test_add_func("/connections/nothing-tracked", test_nothing_tracked);
    g_test_add_func("/connections/some", test_some);
    g_test_add_func("/connections/many", test_many);
    return g_test_run();
}
