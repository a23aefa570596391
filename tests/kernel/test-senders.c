/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose packets a server's exception lets out: real sockets of many users, with marks, ports and
 * first bytes as the kernel's own tunnels have them. A packet that may not leave is refused to its
 * sender; without a lock none is. */
#include "namespace.h"
#include "traffic.h"

#include "kernel/netfilter.h"
#include "rules/lock-table.h"
#include "rules/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER4 "198.51.100.1"
#define SERVER6 "2001:db8:2::1"

#define ROOT       0u
#define DAEMON     102u
#define PERSON     1000u
#define LAST       60000u
#define NOBODY     65534u
#define CONTAINER  100000u
#define MARK       0xcbcau
#define OTHER_MARK 0xcbcbu

enum {
    DAEMON_PORT = 1194,
    LOGIN_PORT = 443,
    WIREGUARD_PORT = 51820,
    NATT_PORT = 4500,
    L2TP_PORT = 1701,
    SEVERAL_PORT = 5555,
    OTHER_PORT = 5556,
    SEVERAL_AND_IPSEC_PORT = 5557,
    OFFLOAD_PORT = 1195,
    LISTEN_PORT = 40000,
    OPENVPN_PORT = 41000,
};

/* The first bytes of what is sent. */
#define TEXT       "hello, server"
#define INITIATE   "\1\0\0\0 and more"
#define DATA       "\4\0\0\0 and more"
#define NO_TYPE    "\5\0\0\0 and more"
#define NO_ZERO    "\4\0\1\0 and more"
#define IKE        "\0\0\0\0 and more"
#define ESP        "\0\0\1\0 and more"
#define KEEPALIVE  "\xff"
#define P_DATA_V2  "\x4a and more" /* 9, and the key 2 */
#define P_DATA_V1  "\x32 and more"
#define P_CONTROL  "\x22 and more"
#define SENT(text) .bytes = (text), .size = sizeof(text) - 1

typedef struct {
    uint32_t uid;
    uint16_t port;
    bool leaves;
    const char *bytes;
    size_t size;
    uint32_t mark;
    uint16_t from; /* source port; 0: any */
} Row;

static const Row rows[] = {
    { ROOT, DAEMON_PORT, true, SENT(TEXT) },
    { DAEMON, DAEMON_PORT, true, SENT(TEXT) },
    { PERSON - 1, DAEMON_PORT, true, SENT(TEXT) },
    { PERSON, DAEMON_PORT, false, SENT(TEXT) },
    { LAST, DAEMON_PORT, false, SENT(TEXT) },
    { LAST + 1, DAEMON_PORT, true, SENT(TEXT) },
    { NOBODY, DAEMON_PORT, true, SENT(TEXT) },
    { CONTAINER, DAEMON_PORT, false, SENT(TEXT) },
    { PERSON, DAEMON_PORT, false, SENT(DATA), .mark = MARK },
    { PERSON, DAEMON_PORT, false, SENT(DATA), .from = LISTEN_PORT },
    { ROOT, OTHER_PORT, false, SENT(TEXT) },
    { PERSON, OTHER_PORT, false, SENT(DATA), .mark = MARK },

    { PERSON, LOGIN_PORT, true, SENT(TEXT) },
    { DAEMON, LOGIN_PORT, true, SENT(TEXT) },

    { PERSON, WIREGUARD_PORT, true, SENT(DATA), .mark = MARK },
    { ROOT, WIREGUARD_PORT, true, SENT(INITIATE), .mark = MARK },
    { PERSON, WIREGUARD_PORT, false, SENT(DATA), .mark = OTHER_MARK },
    { PERSON, WIREGUARD_PORT, false, SENT(DATA) },
    { PERSON, WIREGUARD_PORT, false, SENT(INITIATE) },
    { ROOT, WIREGUARD_PORT, false, SENT(INITIATE) },
    { PERSON, WIREGUARD_PORT, true, SENT(DATA), .from = LISTEN_PORT },
    { PERSON, WIREGUARD_PORT, true, SENT(INITIATE), .from = LISTEN_PORT },
    { PERSON, WIREGUARD_PORT, false, SENT(TEXT), .from = LISTEN_PORT },
    { PERSON, WIREGUARD_PORT, false, SENT(NO_TYPE), .from = LISTEN_PORT },
    { PERSON, WIREGUARD_PORT, false, SENT(NO_ZERO), .from = LISTEN_PORT },
    { PERSON, WIREGUARD_PORT, false, SENT(KEEPALIVE), .from = LISTEN_PORT },
    { PERSON, WIREGUARD_PORT, false, SENT(DATA), .from = LISTEN_PORT + 1 },

    { PERSON, NATT_PORT, true, SENT(ESP) },
    { PERSON, NATT_PORT, false, SENT(IKE) },
    { PERSON, NATT_PORT, false, SENT(KEEPALIVE) },
    { ROOT, NATT_PORT, true, SENT(IKE) },
    { ROOT, NATT_PORT, true, SENT(KEEPALIVE) },

    { PERSON, OFFLOAD_PORT, true, SENT(P_DATA_V2), .from = OPENVPN_PORT },
    { ROOT, OFFLOAD_PORT, true, SENT(P_DATA_V2), .from = OPENVPN_PORT },
    { PERSON, OFFLOAD_PORT, false, SENT(P_DATA_V2) },
    { PERSON, OFFLOAD_PORT, false, SENT(P_DATA_V2), .from = OPENVPN_PORT + 1 },
    { PERSON, OFFLOAD_PORT, false, SENT(P_DATA_V2), .from = LISTEN_PORT },
    { PERSON, OFFLOAD_PORT, false, SENT(P_DATA_V1), .from = OPENVPN_PORT },
    { PERSON, OFFLOAD_PORT, false, SENT(P_CONTROL), .from = OPENVPN_PORT },
    { PERSON, OFFLOAD_PORT, false, SENT(TEXT), .from = OPENVPN_PORT },
    { DAEMON, OFFLOAD_PORT, true, SENT(P_CONTROL), .from = OPENVPN_PORT },
    { DAEMON, OFFLOAD_PORT, true, SENT(P_CONTROL) },
    { PERSON, DAEMON_PORT, false, SENT(P_DATA_V2), .from = OPENVPN_PORT },
    { PERSON, WIREGUARD_PORT, false, SENT(P_DATA_V2), .from = OPENVPN_PORT },
    { PERSON, OTHER_PORT, false, SENT(P_DATA_V2), .from = OPENVPN_PORT },

    { ROOT, L2TP_PORT, false, SENT(TEXT) }, /* nothing encrypts it */
    { PERSON, L2TP_PORT, false, SENT(TEXT), .mark = MARK },

    { ROOT, SEVERAL_PORT, true, SENT(TEXT) },
    { PERSON, SEVERAL_PORT, true, SENT(DATA), .mark = MARK },
    { PERSON, SEVERAL_PORT, false, SENT(IKE) },
    { PERSON, SEVERAL_PORT, false, SENT(TEXT) },
    { PERSON, SEVERAL_PORT, false, SENT(P_DATA_V2) },
    { PERSON, SEVERAL_AND_IPSEC_PORT, true, SENT(DATA), .mark = MARK },
    { PERSON, SEVERAL_AND_IPSEC_PORT, true, SENT(TEXT) },
    { PERSON, SEVERAL_AND_IPSEC_PORT, false, SENT(IKE) },
    { DAEMON, SEVERAL_AND_IPSEC_PORT, true, SENT(IKE) },
};

/* The sender is the one who made the socket. False: it was refused. */
static bool sends(const Row *row, bool ipv6)
{
    struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(row->port) };
    struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(row->port) };
    struct sockaddr_in6 from6 = { .sin6_family = AF_INET6, .sin6_port = htons(row->from) };
    struct sockaddr_in from4 = { .sin_family = AF_INET, .sin_port = htons(row->from) };
    ssize_t sent;
    int fd;

    g_assert_cmpint(seteuid(row->uid), ==, 0);
    fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(seteuid(0), ==, 0);
    g_assert_cmpint(fd, >=, 0);
    if (row->mark)
        g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_MARK, &row->mark, sizeof(row->mark)), ==, 0);
    g_assert_cmpint(inet_pton(AF_INET6, SERVER6, &to6.sin6_addr), ==, 1);
    g_assert_cmpint(inet_pton(AF_INET, SERVER4, &to4.sin_addr), ==, 1);
    if (ipv6) {
        g_assert_cmpint(bind(fd, (struct sockaddr *) &from6, sizeof(from6)), ==, 0);
        sent = sendto(fd, row->bytes, row->size, 0, (struct sockaddr *) &to6, sizeof(to6));
    } else {
        g_assert_cmpint(bind(fd, (struct sockaddr *) &from4, sizeof(from4)), ==, 0);
        sent = sendto(fd, row->bytes, row->size, 0, (struct sockaddr *) &to4, sizeof(to4));
    }
    if (sent < 0)
        g_assert_cmpint(errno, ==, EPERM);
    close(fd);
    return sent >= 0;
}

typedef enum {
    UNLOCKED,
    LOCKED,
    PAUSED,
} State;

static void send_rows(State state)
{
    static const char *const names[] = { "unlocked", "locked", "paused" };

    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        const Row *row = &rows[i / 2];
        bool ipv6 = i % 2;

        if (sends(row, ipv6) == (row->leaves || state != LOCKED))
            continue;
        g_test_message("%s: row %u (uid %u, port %u, mark %x, from %u) by %s", names[state], i / 2,
                       row->uid, row->port, row->mark, row->from, ipv6 ? "IPv6" : "IPv4");
        g_test_fail();
    }
}

static void fill(KsLock *lock)
{
    static const struct {
        uint16_t port;
        uint32_t open_to;
    } servers[] = {
        { DAEMON_PORT, KS_OPEN_TO_DAEMONS },
        { LOGIN_PORT, KS_OPEN_TO_ALL },
        { LOGIN_PORT, KS_OPEN_TO_DAEMONS },
        { WIREGUARD_PORT, KS_OPEN_TO_WIREGUARD },
        { NATT_PORT, KS_OPEN_TO_IPSEC },
        { L2TP_PORT, KS_OPEN_INSIDE_IPSEC },
        { SEVERAL_PORT, KS_OPEN_TO_WIREGUARD },
        { SEVERAL_PORT, KS_OPEN_TO_DAEMONS },
        { OFFLOAD_PORT, KS_OPEN_TO_OPENVPN },
        { OFFLOAD_PORT, KS_OPEN_TO_DAEMONS },
        { SEVERAL_AND_IPSEC_PORT, KS_OPEN_TO_IPSEC },
        { SEVERAL_AND_IPSEC_PORT, KS_OPEN_TO_WIREGUARD },
    };
    KsAddress server4;
    KsAddress server6;

    g_assert_true(ks_address_parse(SERVER4, &server4));
    g_assert_true(ks_address_parse(SERVER6, &server6));
    for (unsigned i = 0; i < G_N_ELEMENTS(servers); i++) {
        g_assert_true(
            ks_lock_add_server(lock, &server4, IPPROTO_UDP, servers[i].port, servers[i].open_to));
        g_assert_true(
            ks_lock_add_server(lock, &server6, IPPROTO_UDP, servers[i].port, servers[i].open_to));
    }
    g_assert_true(ks_lock_add_people(lock, PERSON, LAST));
    g_assert_true(ks_lock_add_people(lock, CONTAINER, CONTAINER + 65535));
    g_assert_true(ks_lock_add_wireguard_mark(lock, MARK));
    g_assert_true(ks_lock_add_port(lock, KS_SET_WIREGUARD_PORTS, LISTEN_PORT));
    g_assert_true(ks_lock_add_port(lock, KS_SET_OPENVPN_PORTS, OPENVPN_PORT));
    ks_lock_seal(lock);
}

static void test_senders(void)
{
    g_autoptr(KsReadback) held = ks_readback_new(&ks_lock_table);
    g_autoptr(KsLock) lock = ks_lock_new();
    KsNetfilter *netfilter;
    KsBatch batch = { 0 };

    if (namespace_is_of_user()) {
        g_test_skip("other users' sockets need the machine's own root");
        return;
    }
    send_rows(UNLOCKED);
    fill(lock);
    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    g_assert_cmpint(ks_netfilter_read(netfilter, held), ==, 0);
    g_assert_cmpint(ks_plan_lock(&batch, held, lock, 0), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
    g_assert_cmpint(ks_netfilter_read(netfilter, held), ==, 0);
    g_assert_true(ks_readback_is_intact(held));
    g_assert_true(ks_lock_equal(held->lock, lock));
    send_rows(LOCKED);

    g_assert_cmpint(ks_plan_pause(&batch, held, 60000), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
    send_rows(PAUSED);
    g_assert_cmpint(ks_netfilter_read(netfilter, held), ==, 0);
    g_assert_cmpint(ks_plan_pause(&batch, held, 0), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
    send_rows(LOCKED);

    g_assert_cmpint(ks_plan_unlock(&batch, held), ==, 0);
    g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
    ks_netfilter_close(netfilter);
    ks_batch_clear(&batch);
}

int main(int argc, char **argv)
{
    int status;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    traffic_set_up();
    g_test_add_func("/senders/all", test_senders);
    status = g_test_run();
    traffic_tear_down();
    return status;
}
