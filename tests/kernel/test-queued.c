/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs sent before the lock, and what waits since for a neighbour's hardware address: the
 * first layer judged it when there was no lock, so the second one must hold it. */
#include "namespace.h"
#include "traffic.h"

#include "kernel/netfilter.h"
#include "rules/egress-table.h"
#include "rules/lock-table.h"
#include "rules/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINK       "wire0"
#define TEXT       "what was sent before the lock"
#define PACKET_MAX 2048u
#define EACH       3u /* packets: the kernel keeps some more than that for one neighbour */

enum {
    DNS_PORT = 53,
    OTHER_PORT = 5000,
    SERVER_PORT = 1194,
};

static const struct {
    uint16_t port;
    bool leaves; /* when it was sent before the lock */
} rows[] = { { DNS_PORT, false }, { OTHER_PORT, false }, { SERVER_PORT, true } };

static const struct {
    int family;
    const char *server;
    const char *forget; /* the router's hardware address */
    const char *learn;
} families[] = {
    { AF_INET, "198.51.100.1", "ip neighbour del 192.0.2.1 dev " LINK,
      "ip neighbour replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev " LINK " nud permanent" },
    { AF_INET6, "2001:db8:2::1", "ip neighbour del fe80::1 dev " LINK,
      "ip neighbour replace fe80::1 lladdr 02:00:00:00:00:01 dev " LINK " nud permanent" },
};

static KsNetfilter *netfilter;
static KsReadback *held[2];
static int tap;

/* Hears what leaves by the wire, behind both layers. */
static int open_tap(void)
{
    struct sockaddr_ll on = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL), /* a narrower one hears nothing that leaves */
        .sll_ifindex = (int) if_nametoindex(LINK),
    };
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *) &on, sizeof(on)), ==, 0);
    return fd;
}

/* How many of the packets to this port have left. */
static unsigned count_left(uint16_t port)
{
    const size_t text = sizeof(TEXT) - 1;
    uint8_t packet[PACKET_MAX];
    unsigned count = 0;
    ssize_t size;

    while ((size = recv(tap, packet, sizeof(packet), 0)) >= 0) {
        const uint8_t *end = packet + size - text;

        if ((size_t) size < text + 8 || memcmp(end, TEXT, text) != 0)
            continue;
        g_assert_cmpuint(end[-6] << 8 | end[-5], ==, port);
        count++;
    }
    g_assert_cmpint(errno, ==, EAGAIN);
    return count;
}

/* Returns the socket: while it is open the packets have a sender. */
static int send_to(int family, const char *address, uint16_t port)
{
    struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    if (family == AF_INET6) {
        g_assert_cmpint(inet_pton(family, address, &to6.sin6_addr), ==, 1);
        g_assert_cmpint(connect(fd, (struct sockaddr *) &to6, sizeof(to6)), ==, 0);
    } else {
        g_assert_cmpint(inet_pton(family, address, &to4.sin_addr), ==, 1);
        g_assert_cmpint(connect(fd, (struct sockaddr *) &to4, sizeof(to4)), ==, 0);
    }
    for (unsigned i = 0; i < EACH; i++)
        g_assert_cmpint(send(fd, TEXT, sizeof(TEXT) - 1, 0), ==, sizeof(TEXT) - 1);
    return fd;
}

static void commit(KsBatch *batch)
{
    g_assert_cmpint(ks_netfilter_commit(netfilter, batch), ==, 0);
    ks_batch_clear(batch);
}

static void close_lock(void)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    KsBatch batch = { 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(families); i++) {
        KsAddress server;

        g_assert_true(ks_address_parse(families[i].server, &server));
        g_assert_true(
            ks_lock_add_server(lock, &server, IPPROTO_UDP, SERVER_PORT, KS_OPEN_TO_DAEMONS));
    }
    ks_lock_seal(lock);
    for (unsigned i = 0; i < G_N_ELEMENTS(held); i++) {
        g_assert_cmpint(ks_netfilter_read(netfilter, held[i]), ==, 0);
        g_assert_cmpint(ks_plan_lock(&batch, held[i], lock, 0), ==, 0);
        commit(&batch);
        g_assert_cmpint(ks_netfilter_read(netfilter, held[i]), ==, 0);
        g_assert_true(ks_readback_is_intact(held[i]));
    }
}

static void open_lock(void)
{
    KsBatch batch = { 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(held); i++) {
        g_assert_cmpint(ks_plan_unlock(&batch, held[i]), ==, 0);
        commit(&batch);
    }
}

/* One port at a time, so that none pushes the others out of the kernel's queue. */
static void test_queued(gconstpointer data)
{
    unsigned row = GPOINTER_TO_UINT(data) / G_N_ELEMENTS(families);
    unsigned family = GPOINTER_TO_UINT(data) % G_N_ELEMENTS(families);
    unsigned left[2];

    for (unsigned locked = 0; locked < 2; locked++) {
        int sender;

        g_free(namespace_command(families[family].forget));
        sender = send_to(families[family].family, families[family].server, rows[row].port);
        g_assert_cmpuint(count_left(rows[row].port), ==, 0); /* they wait */
        if (locked)
            close_lock();
        g_free(namespace_command(families[family].learn));
        left[locked] = count_left(rows[row].port);
        close(sender);
        if (locked)
            open_lock();
    }
    g_assert_cmpuint(left[0], ==, EACH);
    g_assert_cmpuint(left[1], ==, rows[row].leaves ? EACH : 0);
}

int main(int argc, char **argv)
{
    g_autoptr(GArray) uplinks = g_array_new(FALSE, FALSE, sizeof(KsUplink));
    KsUplink uplink = { .form = KS_UPLINK_ETHERNET, .name = LINK };
    KsEgressTable *egress;
    int status;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    traffic_set_up();
    uplink.index = if_nametoindex(LINK);
    g_array_append_val(uplinks, uplink);
    egress = ks_egress_table_new(uplinks, false);
    held[0] = ks_readback_new(&ks_lock_table);
    held[1] = ks_readback_new(ks_egress_table_skeleton(egress));
    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    tap = open_tap();
    for (unsigned i = 0; i < G_N_ELEMENTS(rows) * G_N_ELEMENTS(families); i++) {
        g_autofree char *name =
            g_strdup_printf("/queued/%s/port-%u", i % G_N_ELEMENTS(families) ? "ipv6" : "ipv4",
                            rows[i / G_N_ELEMENTS(families)].port);

        g_test_add_data_func(name, GUINT_TO_POINTER(i), test_queued);
    }
    status = g_test_run();
    close(tap);
    ks_netfilter_close(netfilter);
    for (unsigned i = 0; i < G_N_ELEMENTS(held); i++)
        ks_readback_free(held[i]);
    ks_egress_table_free(egress);
    traffic_tear_down();
    return status;
}
