/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of refused packets while there are more than can be told: a program that is hardly
 * heard beside one that sends all the time is told of all the same, and where that cannot be, it is
 * said. */
#include "namespace.h"
#include "traffic.h"

#include "kernel/netfilter.h"
#include "kernel/packet-log.h"
#include "rules/egress-table.h"
#include "rules/lock-table.h"
#include "rules/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINK "wire0"

/* Each is told because it is new, so that they are fewer than the smallest burst of the limits. */
#define QUIET_ONES 15u

/* Packets of the noise before each: more than all limits together, at any speed. */
#define NOISE 400u

/* Packets that are told at once, and in a second. */
#define TOLD_AT_ONCE  100u
#define TOLD_A_SECOND 100u

enum {
    QUIET_PORT = 8000,
    NOISY_PORT = 9000,
    NOISY_TYPE = 0x88b5,
    QUIET_TYPE = 0x88b6,
};

static KsNetfilter *netfilter;
static KsPacketLog *packet_log;
static KsReadback *held[2];

/* What was heard since the table came. */
static struct {
    gint64 since;
    unsigned told;
    unsigned quiet[QUIET_ONES];
    bool untold;
} heard;

static void take(void *data, const KsRefusedPacket *packet)
{
    unsigned n = packet->frame_type != 0 ? (unsigned) (packet->frame_type - QUIET_TYPE)
                                         : (unsigned) (packet->port - QUIET_PORT);

    (void) data;
    heard.untold |= packet->others_untold;
    heard.told += !packet->others_untold;
    if (n < QUIET_ONES && !packet->others_untold)
        heard.quiet[n]++;
}

static void listen_to_kernel(void)
{
    g_assert_false(ks_packet_log_drain(packet_log, take, NULL));
}

/* The table from the beginning: nothing was told, and all limits are whole. */
static void begin(void)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    KsBatch batch = { 0 };

    ks_lock_set_versions(lock, KS_SET_TELLING, true);
    ks_lock_seal(lock);
    for (unsigned i = 0; i < G_N_ELEMENTS(held); i++) {
        g_assert_cmpint(ks_netfilter_read(netfilter, held[i]), ==, 0);
        g_assert_cmpint(ks_plan_unlock(&batch, held[i]), ==, 0);
        g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
        g_assert_cmpint(ks_netfilter_read(netfilter, held[i]), ==, 0);
        g_assert_cmpint(ks_plan_lock(&batch, held[i], lock, 0), ==, 0);
        g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
    }
    ks_batch_clear(&batch);
    listen_to_kernel();
    memset(&heard, 0, sizeof(heard));
    heard.since = g_get_monotonic_time();
}

/* `port`: its own, 0: a new one. */
static int socket_of(int family, unsigned port)
{
    struct sockaddr_in6 from6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port) };
    struct sockaddr_in from4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int bound = family == AF_INET6 ? bind(fd, (struct sockaddr *) &from6, sizeof(from6))
                                   : bind(fd, (struct sockaddr *) &from4, sizeof(from4));

    g_assert_cmpint(bound, ==, 0);
    return fd;
}

static void send_refused(int fd, int family, unsigned host, unsigned port)
{
    struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port) };
    struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };
    ssize_t sent;

    g_assert_cmpint(inet_pton(AF_INET6, "2001:db8:2::", &to6.sin6_addr), ==, 1);
    to6.sin6_addr.s6_addr[15] = (uint8_t) host;
    to4.sin_addr.s_addr = htonl(0xc6336400 | (host & 0xff)); /* 198.51.100.0/24 */
    sent = family == AF_INET6 ? sendto(fd, "x", 1, 0, (struct sockaddr *) &to6, sizeof(to6))
                              : sendto(fd, "x", 1, 0, (struct sockaddr *) &to4, sizeof(to4));
    g_assert_cmpint(sent, <, 0);
    g_assert_cmpint(errno, ==, EPERM);
}

typedef enum {
    ONE_TO_ONE,  /* a program that asks one host again and again */
    ONE_TO_MANY, /* by one socket to everybody, as file sharing does */
    MANY_TO_ONE, /* a new socket each time */
    MANY_TO_MANY,
} Noise;

static void make_noise(Noise noise, int family, int fd, unsigned round)
{
    for (unsigned i = 0; i < NOISE; i++) {
        bool fresh = noise == MANY_TO_ONE || noise == MANY_TO_MANY;
        bool everywhere = noise == ONE_TO_MANY || noise == MANY_TO_MANY;
        unsigned n = everywhere ? round * NOISE + i : 0;
        int by = fresh ? socket_of(family, 0) : fd;

        send_refused(by, family, 1 + n % 250, NOISY_PORT + n);
        if (fresh)
            close(by);
    }
}

static void check_rate(void)
{
    gint64 microseconds = g_get_monotonic_time() - heard.since;
    unsigned more = (unsigned) (microseconds * TOLD_A_SECOND / G_USEC_PER_SEC) + 1;

    g_assert_cmpuint(heard.told, <=, TOLD_AT_ONCE + more);
    g_assert_cmpuint(heard.told, >, QUIET_ONES);
}

static void check_quiet(Noise noise, int family)
{
    int noisy = socket_of(family, NOISY_PORT);

    begin();
    for (unsigned i = 0; i < QUIET_ONES; i++) {
        int quiet = socket_of(family, QUIET_PORT + i);

        make_noise(noise, family, noisy, i);
        send_refused(quiet, family, 251, QUIET_PORT + i);
        close(quiet);
        listen_to_kernel();
        if (noise != MANY_TO_MANY && heard.quiet[i] != 1)
            g_error("noise %d, family %d: number %u was told %u times", noise, family, i,
                    heard.quiet[i]);
    }
    check_rate();
    /* of the noise that goes to one host, who looks knows */
    g_assert_cmpint(heard.untold, ==, noise == ONE_TO_MANY || noise == MANY_TO_MANY);
    close(noisy);
}

static void test_quiet(void)
{
    static const int families[] = { AF_INET, AF_INET6 };

    for (unsigned i = 0; i < G_N_ELEMENTS(families); i++) {
        check_quiet(ONE_TO_ONE, families[i]);
        check_quiet(ONE_TO_MANY, families[i]);
        check_quiet(MANY_TO_ONE, families[i]);
        check_quiet(MANY_TO_MANY, families[i]);
    }
}

static void send_frame(int fd, uint16_t type)
{
    uint8_t frame[60] = {
        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, [12] = (uint8_t) (type >> 8), (uint8_t) type
    };

    g_assert_cmpint(send(fd, frame, sizeof(frame), 0), <, 0);
    g_assert_cmpint(errno, ==, ENOBUFS); /* net/core/dev.c: dropped on its way out */
}

static void test_frames(void)
{
    int fd = namespace_packet_socket(LINK, 0);

    begin();
    for (unsigned i = 0; i < QUIET_ONES; i++) {
        for (unsigned j = 0; j < NOISE; j++)
            send_frame(fd, NOISY_TYPE);
        send_frame(fd, (uint16_t) (QUIET_TYPE + i));
        listen_to_kernel();
        g_assert_cmpuint(heard.quiet[i], ==, 1);
    }
    check_rate();
    g_assert_true(heard.untold);
    close(fd);
}

/* Nobody looks: nothing is told, and nothing is remembered of it. */
static void test_nobody(void)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    KsBatch batch = { 0 };
    int fd = socket_of(AF_INET, QUIET_PORT);

    begin();
    ks_lock_seal(lock);
    for (unsigned i = 0; i < G_N_ELEMENTS(held); i++) {
        g_assert_cmpint(ks_netfilter_read(netfilter, held[i]), ==, 0);
        g_assert_cmpint(ks_plan_lock(&batch, held[i], lock, 0), ==, 0);
        g_assert_cmpint(ks_netfilter_commit(netfilter, &batch), ==, 0);
    }
    send_refused(fd, AF_INET, 251, QUIET_PORT);
    listen_to_kernel();
    g_assert_cmpuint(heard.told, ==, 0);
    close(fd);
    ks_batch_clear(&batch);
}

int main(int argc, char **argv)
{
    g_autoptr(GArray) uplinks = g_array_new(FALSE, TRUE, sizeof(KsUplink));
    KsUplink wire = { .form = KS_UPLINK_ETHERNET };
    KsEgressTable *egress;
    int status;

    namespace_enter();
    g_test_init(&argc, &argv, NULL);
    traffic_set_up();
    wire.index = traffic_interface(TRAFFIC_WIRE);
    g_strlcpy(wire.name, LINK, sizeof(wire.name));
    g_array_append_val(uplinks, wire);
    egress = ks_egress_table_new(uplinks, false);
    held[0] = ks_readback_new(&ks_lock_table);
    held[1] = ks_readback_new(ks_egress_table_skeleton(egress));
    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    g_assert_cmpint(ks_packet_log_open(&packet_log), ==, 0);
    g_test_add_func("/telling/quiet", test_quiet);
    g_test_add_func("/telling/frames", test_frames);
    g_test_add_func("/telling/nobody", test_nobody);
    status = g_test_run();
    ks_packet_log_close(packet_log);
    ks_netfilter_close(netfilter);
    for (unsigned i = 0; i < G_N_ELEMENTS(held); i++)
        ks_readback_free(held[i]);
    ks_egress_table_free(egress);
    traffic_tear_down();
    return status;
}
