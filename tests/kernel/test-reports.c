/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which reports of multicast listeners leave: each layer by itself, without LAN access. A packet
 * that may not leave is refused to its sender; without a lock none is. */
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

#define LINK         "wire0"
#define IPV6_HEADER  40u
#define ROUTER_ALERT 8u
#define PACKET_MAX   1280u
#define RECORDS_MAX  16u
#define REFILL_US    600000 /* until the rules let another report out */
#define AT_ONCE      20u
#define A_SECOND     2u

enum { REPORT1 = 131, DONE1, REPORT2 = 143 }; /* RFC 2710, RFC 3810 */

#define OWN "ff02::1:ff00:10"

typedef struct {
    bool leaves;
    uint8_t type;
    const char *to;
    const char *groups[RECORDS_MAX];
    unsigned records; /* as the report says; 0: as many as there are groups */
    uint16_t sources; /* of the last record */
    uint8_t hops;     /* 0: one */
    size_t more;      /* bytes behind it all */
} Row;

#define NINE OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN

static const Row rows[] = {
    { true, REPORT2, "ff02::16", { OWN } },
    { true, REPORT2, "ff02::16", { "ff02::1:ffff:ffff" } },
    { true, REPORT2, "ff02::16", { OWN, "ff02::fb", "ff02::1:3", "ff02::c", "ff02::2" } },
    { true, REPORT2, "ff02::16", { NINE, OWN, OWN, OWN, "ff02::1:2" } },
    { true, REPORT1, OWN, { OWN } },
    { true, DONE1, "ff02::2", { OWN } },

    /* too many to look at; one that is none of the link's, wherever it stands */
    { false, REPORT2, "ff02::16", { NINE, OWN, OWN, OWN, OWN, OWN } },
    { false, REPORT2, "ff02::16", { "ff0e::5ec" } },
    { false, REPORT2, "ff02::16", { "ff02::1:fe00:10" } },
    { false, REPORT2, "ff02::16", { "ff02::2:0:0" } },
    { false, REPORT2, "ff02::16", { "ff02::5ec" } },
    { false, REPORT2, "ff02::16", { "2001:db8::1" } },
    { false, REPORT2, "ff02::16", { OWN, "ff0e::5ec" } },
    { false, REPORT2, "ff02::16", { "ff0e::5ec", OWN } },
    { false, REPORT2, "ff02::16", { NINE, OWN, OWN, OWN, "ff0e::5ec" } },
    { false, REPORT1, "ff0e::5ec", { "ff0e::5ec" } },
    { false, REPORT1, "ff02::fb", { "ff02::fb" } }, /* alone: no neighbour is found by it */
    { false, REPORT1, OWN, { "ff0e::5ec" } },
    { false, DONE1, "ff02::2", { "ff0e::5ec" } },

    /* sources, also as many as five records would be long; fewer records than said, and more */
    { false, REPORT2, "ff02::16", { OWN }, .sources = 1 },
    { false, REPORT2, "ff02::16", { OWN }, .sources = 5 },
    { false, REPORT2, "ff02::16", { OWN }, .sources = 60 },
    { false, REPORT2, "ff02::16", { OWN }, .records = 2 },
    { false, REPORT2, "ff02::16", { OWN, OWN }, .records = 1 },
    { false, REPORT2, "ff02::16", { NULL } },

    /* whatever else may stand in it */
    { false, REPORT2, "ff02::16", { OWN }, .more = 8 },
    { false, REPORT1, OWN, { OWN }, .more = 4 },
    { false, REPORT2, "ff02::16", { OWN }, .hops = 64 },
    { false, REPORT1, OWN, { OWN }, .hops = 2 },
    { false, REPORT2, "2001:db8:2::1", { OWN } },
};

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t) (value >> 8);
    at[1] = (uint8_t) value;
}

static void put_address(const char *text, uint8_t *at)
{
    g_assert_cmpint(inet_pton(AF_INET6, text, at), ==, 1);
}

/* Returns the packet's size. Checksums are nobody's business here. */
static size_t build(const Row *row, uint8_t *packet)
{
    static const uint8_t alert[] = { IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0 }; /* RFC 2711, PadN */
    uint8_t *message = packet + IPV6_HEADER + ROUTER_ALERT;
    size_t size = 8;
    unsigned count = 0;

    memset(packet, 0, PACKET_MAX);
    for (; count < RECORDS_MAX && row->groups[count]; count++) {
        if (row->type == REPORT2) {
            message[size] = 4; /* to no sources left out */
            size += 4;
        }
        put_address(row->groups[count], message + size);
        size += 16;
    }
    if (row->sources) {
        put16(message + size - 18, row->sources);
        for (unsigned i = 0; i < row->sources; i++, size += 16)
            put_address(OWN, message + size);
    }
    message[0] = row->type;
    if (row->type == REPORT2)
        put16(message + 6, (uint16_t) (row->records ? row->records : count));
    size += row->more;
    memcpy(packet + IPV6_HEADER, alert, sizeof(alert));
    packet[0] = 0x60;
    put16(packet + 4, (uint16_t) (ROUTER_ALERT + size));
    packet[7] = row->hops ? row->hops : 1;
    put_address("fe80::10", packet + 8);
    put_address(row->to, packet + 24);
    return IPV6_HEADER + ROUTER_ALERT + size;
}

/* Through both layers. False: it was refused. */
static bool sends_packet(const uint8_t *packet, size_t size, const Row *row)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_scope_id = if_nametoindex(LINK) };
    int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    ssize_t sent;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, LINK, sizeof(LINK)), ==, 0);
    put_address(row->to, to.sin6_addr.s6_addr);
    sent = sendto(fd, packet, size, 0, (struct sockaddr *) &to, sizeof(to));
    if (sent < 0)
        g_assert_cmpint(errno, ==, EPERM);
    close(fd);
    return sent >= 0;
}

/* Through the second layer alone. */
static bool sends_frame(const uint8_t *packet, size_t size)
{
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_IPV6),
        .sll_ifindex = (int) if_nametoindex(LINK),
        .sll_halen = ETH_ALEN,
        .sll_addr = { 0x33, 0x33, 0, 0, 0, 0x16 },
    };
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ssize_t sent;

    g_assert_cmpint(fd, >=, 0);
    sent = sendto(fd, packet, size, 0, (struct sockaddr *) &to, sizeof(to));
    if (sent < 0)
        g_assert_cmpint(errno, ==, ENOBUFS);
    close(fd);
    return sent >= 0;
}

static void send_rows(bool locked)
{
    uint8_t packet[PACKET_MAX];

    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        const Row *row = &rows[i / 2];
        size_t size = build(row, packet);
        bool sent = i % 2 ? sends_packet(packet, size, row) : sends_frame(packet, size);

        if (sent == (row->leaves || !locked))
            continue;
        g_test_message("%s, %s: row %u, to %s", locked ? "locked" : "unlocked",
                       i % 2 ? "packet" : "frame", i / 2, row->to);
        g_test_fail();
    }
}

typedef struct {
    KsNetfilter *netfilter;
    KsBatch batch;
    KsReadback *held[2];
    KsLock *lock;
    KsEgressTable *egress;
} Fixture;

static void commit(Fixture *f)
{
    g_assert_cmpint(ks_netfilter_commit(f->netfilter, &f->batch), ==, 0);
}

static void close_lock(Fixture *f)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(f->held); i++) {
        g_assert_cmpint(ks_netfilter_read(f->netfilter, f->held[i]), ==, 0);
        g_assert_cmpint(ks_plan_lock(&f->batch, f->held[i], f->lock, 0), ==, 0);
        commit(f);
        g_assert_cmpint(ks_netfilter_read(f->netfilter, f->held[i]), ==, 0);
        g_assert_true(ks_readback_is_intact(f->held[i]));
    }
}

static void open_lock(Fixture *f)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(f->held); i++) {
        g_assert_cmpint(ks_plan_unlock(&f->batch, f->held[i]), ==, 0);
        commit(f);
    }
}

static void set_up(Fixture *f, const void *data)
{
    g_autoptr(GArray) uplinks = g_array_new(FALSE, FALSE, sizeof(KsUplink));
    KsUplink uplink = { .index = if_nametoindex(LINK), .form = KS_UPLINK_ETHERNET, .name = LINK };

    (void) data;
    g_array_append_val(uplinks, uplink);
    f->egress = ks_egress_table_new(uplinks, false);
    f->held[0] = ks_readback_new(&ks_lock_table);
    f->held[1] = ks_readback_new(ks_egress_table_skeleton(f->egress));
    f->lock = ks_lock_new();
    ks_lock_seal(f->lock);
    g_assert_cmpint(ks_netfilter_open(&f->netfilter), ==, 0);
}

static void tear_down(Fixture *f, const void *data)
{
    (void) data;
    open_lock(f);
    ks_netfilter_close(f->netfilter);
    ks_batch_clear(&f->batch);
    for (unsigned i = 0; i < G_N_ELEMENTS(f->held); i++)
        ks_readback_free(f->held[i]);
    ks_egress_table_free(f->egress);
    ks_lock_free(f->lock);
}

static void test_rows(Fixture *f, const void *data)
{
    (void) data;
    send_rows(false);
    close_lock(f);
    send_rows(true);
}

/* Hears the reports that leave by any link behind the layers: the kernel's own take their share of
 * the rate as well, also for the links that are no uplinks. */
static int listen_to_reports(void)
{
    struct sockaddr_ll on = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL), /* a narrower one hears nothing that leaves */
    };
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *) &on, sizeof(on)), ==, 0);
    return fd;
}

static unsigned count_reports(int fd)
{
    uint8_t packet[PACKET_MAX];
    unsigned count = 0;
    ssize_t size;

    while ((size = recv(fd, packet, sizeof(packet), 0)) >= 0)
        count += size > IPV6_HEADER + ROUTER_ALERT && packet[6] == IPPROTO_HOPOPTS &&
                 packet[IPV6_HEADER + ROUTER_ALERT] == REPORT2;
    g_assert_cmpint(errno, ==, EAGAIN);
    return count;
}

/* A program that joins and leaves all the time says little with that. */
static void test_rate(Fixture *f, const void *data)
{
    static const Row row = { true, REPORT2, "ff02::16", { OWN } };
    uint8_t packet[PACKET_MAX];
    size_t size = build(&row, packet);
    int heard = listen_to_reports();
    int64_t start = g_get_monotonic_time();
    unsigned sent = 0;
    unsigned early;
    unsigned left;

    (void) data;
    (void) count_reports(heard);
    close_lock(f);
    early = count_reports(heard); /* the lock may have let them out already */
    for (unsigned i = 0; i < 500; i++)
        sent += sends_packet(packet, size, &row);
    left = count_reports(heard);
    g_assert_cmpuint(sent, >, 0);
    g_assert_cmpuint(early + left, >=, AT_ONCE);
    g_assert_cmpuint(
        left, <=, AT_ONCE + 1 + A_SECOND * (g_get_monotonic_time() - start) / G_TIME_SPAN_SECOND);
    g_usleep(REFILL_US);
    g_assert_true(sends_packet(packet, size, &row) || count_reports(heard) > 0);
    close(heard);
}

int main(int argc, char **argv)
{
    int status;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    traffic_set_up();
    g_test_add("/reports/rows", Fixture, NULL, set_up, test_rows, tear_down);
    g_test_add("/reports/rate", Fixture, NULL, set_up, test_rate, tear_down);
    status = g_test_run();
    traffic_tear_down();
    return status;
}
