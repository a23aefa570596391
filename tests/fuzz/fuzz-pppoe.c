/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: the text of /proc/net/pppoe. */
#include "fuzz.h"
#include "model/pppoe.h"

#include <stdlib.h>
#include <string.h>

static bool is_usable(const KsPppoePeer *peer)
{
    static const KsPppoePeer nobody;

    return !(peer->address[0] & 1) && memcmp(peer, &nobody, sizeof(nobody)) != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* a copy of just this size: what is read behind it is found */
    char *text = malloc(size ? size : 1);
    GArray *peers = g_array_new(FALSE, FALSE, sizeof(KsPppoePeer));
    unsigned count;

    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    ks_pppoe_read(text, size, peers);
    count = peers->len;
    FUZZ_CHECK(count <= KS_PPPOE_PEERS_MAX);
    for (unsigned i = 0; i < count; i++)
        FUZZ_CHECK(is_usable(&g_array_index(peers, KsPppoePeer, i)));
    /* each once */
    ks_pppoe_read(text, size, peers);
    FUZZ_CHECK(peers->len == count);
    g_array_unref(peers);
    free(text);
    return 0;
}
