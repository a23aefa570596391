/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: the attributes of an answer to WG_CMD_GET_DEVICE. */
#include "fuzz.h"
#include "kernel/wireguard.h"

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
    g_autofree uint8_t *buffer = g_malloc0(before + taken); /* not a byte more than is told */
    struct nlmsghdr *message = (struct nlmsghdr *) buffer;
    g_autoptr(GArray) endpoints = g_array_new(FALSE, FALSE, sizeof(KsWireguardEndpoint));
    KsLink link = { .index = LINK };

    message->nlmsg_len = (uint32_t) (before + taken);
    if (taken > 0)
        memcpy(buffer + before, data, taken);
    ks_wireguard_take(message, &link, endpoints);
    FUZZ_CHECK(link.index == LINK);
    for (unsigned i = 0; i < endpoints->len; i++) {
        const KsWireguardEndpoint *endpoint = &g_array_index(endpoints, KsWireguardEndpoint, i);

        FUZZ_CHECK(endpoint->index == LINK && endpoint->port > 0);
        FUZZ_CHECK(ks_address_is_unicast(&endpoint->address));
    }

    /* a message without room for the header says nothing */
    message->nlmsg_len = MNL_NLMSG_HDRLEN;
    link.mark = link.port = 0;
    g_array_set_size(endpoints, 0);
    ks_wireguard_take(message, &link, endpoints);
    FUZZ_CHECK(link.mark == 0 && link.port == 0 && endpoints->len == 0);
    return 0;
}
