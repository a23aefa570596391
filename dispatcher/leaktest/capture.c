/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leaktest/capture.h"

#include "leaktest/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Frames wait in memory shared with the kernel: a burst of so many is not lost while this process
 * waits for its turn. */
#define SLOT_SIZE  1024u
#define BLOCK_SIZE (64u * 1024)
#define BLOCKS     64u
#define SLOTS      (BLOCKS * BLOCK_SIZE / SLOT_SIZE)

/* A probe is short, in another packet too: what is longer is other traffic, and the kernel keeps
 * it. */
#define PACKET_SIZE_MAX 1024u

struct KsCapture {
    KsCard card;
    int fd;
    uint8_t hardware[6];
    uint8_t *slots;
    unsigned next;
};

static int bind_to(int fd, const KsCard *card)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int) card->index,
    };

    return bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
}

static int make_ring(KsCapture *capture)
{
    struct tpacket_req ring = {
        .tp_block_size = BLOCK_SIZE,
        .tp_block_nr = BLOCKS,
        .tp_frame_size = SLOT_SIZE,
        .tp_frame_nr = SLOTS,
    };
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, PACKET_SIZE_MAX, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, KS_FRAME_SIZE),
    };
    struct sock_fprog filter = { .len = G_N_ELEMENTS(steps), .filter = steps };
    int version = TPACKET_V2;
    void *slots;

    if (setsockopt(capture->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
        setsockopt(capture->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
        setsockopt(capture->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) < 0)
        return -errno;
    slots = mmap(NULL, (size_t) BLOCKS * BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                 capture->fd, 0);
    if (slots == MAP_FAILED)
        return -errno;
    capture->slots = slots;
    return 0;
}

static void read_hardware(KsCapture *capture)
{
    struct sockaddr_ll own = { 0 };
    socklen_t length = sizeof(own);

    if (getsockname(capture->fd, (struct sockaddr *) &own, &length) == 0 &&
        own.sll_halen == sizeof(capture->hardware))
        memcpy(capture->hardware, own.sll_addr, sizeof(capture->hardware));
}

int ks_capture_open(const KsCard *card, KsCapture **ret_capture)
{
    KsCapture *capture = g_new0(KsCapture, 1);
    int error;

    capture->card = *card;
    /* of no protocol until it is bound: nothing of another card gets in before */
    capture->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    error = capture->fd < 0 ? -errno : make_ring(capture);
    if (error == 0)
        error = bind_to(capture->fd, card);
    if (error) {
        ks_capture_close(capture);
        return error;
    }
    read_hardware(capture);
    *ret_capture = capture;
    return 0;
}

void ks_capture_close(KsCapture *capture)
{
    if (!capture)
        return;
    if (capture->slots)
        (void) munmap(capture->slots, (size_t) BLOCKS * BLOCK_SIZE);
    if (capture->fd >= 0)
        close(capture->fd);
    g_free(capture);
}

int ks_capture_fd(const KsCapture *capture)
{
    return capture->fd;
}

static void take_slot(const KsCapture *capture, const uint8_t *slot, KsCaptureSaw saw, void *data)
{
    struct tpacket2_hdr header;
    struct sockaddr_ll from;

    memcpy(&header, slot, sizeof(header));
    memcpy(&from, slot + TPACKET_ALIGN(sizeof(header)), sizeof(from));
    if (header.tp_net >= SLOT_SIZE)
        return;
    saw(data, &capture->card, from.sll_pkttype == PACKET_OUTGOING, slot + header.tp_net,
        MIN(header.tp_snaplen, MIN(KS_FRAME_SIZE, SLOT_SIZE - header.tp_net)));
}

void ks_capture_read(KsCapture *capture, KsCaptureSaw saw, void *data)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        uint8_t *slot = capture->slots + (size_t) capture->next * SLOT_SIZE;
        _Atomic uint32_t *status =
            (_Atomic uint32_t *) (void *) (slot + offsetof(struct tpacket2_hdr, tp_status));

        if (!(atomic_load_explicit(status, memory_order_acquire) & TP_STATUS_USER))
            return;
        take_slot(capture, slot, saw, data);
        atomic_store_explicit(status, TP_STATUS_KERNEL, memory_order_release);
        capture->next = (capture->next + 1) % SLOTS;
    }
}

unsigned ks_capture_lost(KsCapture *capture)
{
    struct tpacket_stats statistics = { 0 };
    socklen_t length = sizeof(statistics);

    if (getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) < 0)
        return 1; /* not known, so not none */
    return statistics.tp_drops;
}

int ks_capture_send_control(KsCapture *capture, const uint8_t *canary)
{
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ARP),
        .sll_ifindex = (int) capture->card.index,
        .sll_halen = 6,
        .sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
    };
    struct ether_header header = { .ether_type = htons(ETH_P_ARP) };
    uint8_t frame[sizeof(header) + KS_PAYLOAD_SIZE];
    size_t size;
    int error = 0;
    /* another socket than the one that listens, which never sees its own */
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    memset(header.ether_dhost, 0xff, sizeof(header.ether_dhost));
    memcpy(header.ether_shost, capture->hardware, sizeof(header.ether_shost));
    /* a switch must not learn a bond's address where the bond does not listen now */
    if (capture->card.port) {
        ks_probe_random(header.ether_shost, sizeof(header.ether_shost));
        header.ether_shost[0] = 0x02; /* made by us, and one machine's (IEEE 802) */
    }
    memcpy(frame, &header, sizeof(header));
    size = sizeof(header) + ks_probe_arp(header.ether_shost, canary, frame + sizeof(header));
    if (sendto(fd, frame, size, 0, (struct sockaddr *) &to, sizeof(to)) < 0)
        error = -errno;
    close(fd);
    return error;
}
