/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: a byte for the family, then the attributes of what NFLOG tells of a packet. */
#include "fuzz.h"
#include "kernel/packet-log.h"
#include "kernel/sockets.h"

#include <glib.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <string.h>

#define HEADERS (MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg)))

static bool is_bare(uint32_t interface)
{
    return interface & 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_NETDEV };
    /* whole words, as the kernel pads what it tells */
    size_t taken = size > 0 ? MIN(size - 1, 65536u) & ~(size_t) (MNL_ALIGNTO - 1) : 0;
    g_autofree uint8_t *buffer = g_malloc0(HEADERS + taken); /* not a byte more than is told */
    struct nlmsghdr *message = (struct nlmsghdr *) buffer;
    KsRefusedPacket packet;

    if (size == 0)
        return 0;
    message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
    message->nlmsg_len = (uint32_t) (HEADERS + taken);
    buffer[MNL_NLMSG_HDRLEN] = families[data[0] % G_N_ELEMENTS(families)];
    if (taken > 0)
        memcpy(buffer + HEADERS, data + 1, taken);
    if (ks_packet_log_read(message, is_bare, &packet) == 0) {
        char text[KS_ADDRESS_TEXT_SIZE];

        FUZZ_CHECK(packet.way < KS_REFUSED_WAYS);
        FUZZ_CHECK(ks_address_text(&packet.destination, text) && strlen(text) < sizeof(text));
        FUZZ_CHECK(packet.destination.family == packet.source.family);
        FUZZ_CHECK(packet.destination.family == AF_UNSPEC || packet.frame_type == 0);
        FUZZ_CHECK(ks_refused_packet_rule(&packet)[0] != '\0');
    }
    (void) ks_sockets_read(message, packet.uid);
    return 0;
}
