/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: the attributes of an answer to OVPN_CMD_PEER_GET. */
#include "fuzz.h"
#include "kernel/openvpn.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <string.h>

#define LINK 7u

/* What fits into one answer. */
#define SIZE_MAX_TAKEN 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t taken = MIN(size, SIZE_MAX_TAKEN);
    size_t before = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct genlmsghdr));
    g_autofree uint8_t *buffer = g_malloc0(MNL_ALIGN(before + taken)); /* netlink pads */
    struct nlmsghdr *message = (struct nlmsghdr *) buffer;
    g_autoptr(GArray) peers = g_array_new(FALSE, FALSE, sizeof(KsOpenvpnPeer));

    message->nlmsg_len = (uint32_t) (before + taken);
    if (taken > 0)
        memcpy(buffer + before, data, taken);
    ks_openvpn_take(message, LINK, peers);
    for (unsigned i = 0; i < peers->len; i++) {
        const KsOpenvpnPeer *peer = &g_array_index(peers, KsOpenvpnPeer, i);

        FUZZ_CHECK(peer->index == LINK && peer->port > 0 && peer->from > 0);
        FUZZ_CHECK(ks_address_is_unicast(&peer->address));
    }

    /* a message without room for the header says nothing */
    message->nlmsg_len = MNL_NLMSG_HDRLEN;
    g_array_set_size(peers, 0);
    ks_openvpn_take(message, LINK, peers);
    FUZZ_CHECK(peers->len == 0);
    return 0;
}
