/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"

#include "namespace.h"
#include "traffic.h"

#include "kernel/netfilter.h"
#include "rules/egress-table.h"
#include "rules/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX 1514

static KsNetfilter *netfilter;
static KsEgressTable *egress;
static KsReadback *held;
static int others; /* the namespace */
static int tap;

static void raise_others(void *data)
{
    (void) data;
    g_free(namespace_command("ip link set " OTHERS " up"));
}

void frames_set_up(void)
{
    g_autofree char *move = NULL;

    traffic_set_up();
    others = namespace_new();
    g_free(namespace_command("ip link add link " WIRE " name " OTHERS " type macvlan mode bridge"));
    move = g_strdup_printf("ip link set " OTHERS " netns /proc/%d/fd/%d", (int) getpid(), others);
    g_free(namespace_command(move));
    namespace_run(others, raise_others, NULL);
}

void frames_cover(const GArray *uplinks)
{
    egress = ks_egress_table_new(uplinks, false);
    held = ks_readback_new(ks_egress_table_skeleton(egress));
    g_assert_cmpint(ks_netfilter_open(&netfilter), ==, 0);
    (void) frames_read();
    tap = namespace_packet_socket(WIRE, ETH_P_ALL);
}

void frames_tear_down(void)
{
    close(tap);
    close(others);
    ks_netfilter_close(netfilter);
    ks_readback_free(held);
    ks_egress_table_free(egress);
    traffic_tear_down();
}

const KsReadback *frames_read(void)
{
    g_assert_cmpint(ks_netfilter_read(netfilter, held), ==, 0);
    return held;
}

static void commit(KsBatch *batch)
{
    g_assert_cmpint(ks_netfilter_commit(netfilter, batch), ==, 0);
    ks_batch_clear(batch);
    (void) frames_read();
}

void frames_close_lock(const KsWorld *world, const KsLock *lock)
{
    g_autoptr(KsLock) frames = ks_lock_new();
    KsBatch batch = { 0 };

    g_assert_true(ks_uplinks_draw(world, lock, frames));
    g_assert_cmpint(ks_plan_lock(&batch, held, frames, 0), ==, 0);
    commit(&batch);
    g_assert_true(ks_readback_is_intact(held));
}

void frames_open_lock(void)
{
    KsBatch batch = { 0 };

    g_assert_cmpint(ks_plan_unlock(&batch, held), ==, 0);
    commit(&batch);
}

void frames_send(int fd, const char *link, const uint8_t *frame, size_t size, uint16_t protocol,
                 uint32_t mark)
{
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET,
        .sll_halen = ETH_ALEN,
        .sll_ifindex = (int) if_nametoindex(link),
        .sll_protocol = htons(protocol),
    };

    if (mark)
        g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), ==, 0);
    if (sendto(fd, frame, size, 0, (struct sockaddr *) &to, sizeof(to)) < 0)
        g_assert_cmpint(errno, ==, ENOBUFS); /* how the kernel says that it was dropped */
    close(fd);
}

static bool has_left(void)
{
    uint8_t frame[FRAME_MAX];
    bool left = false;
    ssize_t size;

    while ((size = recv(tap, frame, sizeof(frame), 0)) >= 0)
        left |= memmem(frame, (size_t) size, TEXT, sizeof(TEXT)) != NULL;
    g_assert_cmpint(errno, ==, EAGAIN);
    return left;
}

bool frames_leave(void (*send)(void *data), const void *data, bool among_others)
{
    if (among_others)
        namespace_run(others, send, (void *) data);
    else
        send((void *) data);
    return has_left();
}
