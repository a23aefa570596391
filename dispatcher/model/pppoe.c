/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/pppoe.h"

#include <string.h>

/* "0000002A 02:00:00:00:00:01     eth0" (drivers/net/ppp/pppoe.c, pppoe_seq_show()) */
#define NUMBER_DIGITS 8u
#define PEER_AT       (NUMBER_DIGITS + 1)
#define PEER_DIGITS   (3 * KS_PPPOE_ADDRESS_SIZE - 1)

static bool read_peer(const char *line, gsize size, KsPppoePeer *ret_peer)
{
    uint8_t sum = 0;

    if (size <= PEER_AT + PEER_DIGITS || line[NUMBER_DIGITS] != ' ' ||
        line[PEER_AT + PEER_DIGITS] != ' ')
        return false;
    for (gsize i = 0; i < NUMBER_DIGITS; i++)
        if (!g_ascii_isxdigit(line[i]))
            return false;
    for (gsize i = 0; i < KS_PPPOE_ADDRESS_SIZE; i++) {
        const char *digits = line + PEER_AT + 3 * i;

        if (!g_ascii_isxdigit(digits[0]) || !g_ascii_isxdigit(digits[1]) ||
            (i + 1 < KS_PPPOE_ADDRESS_SIZE && digits[2] != ':'))
            return false;
        ret_peer->address[i] =
            (uint8_t) (g_ascii_xdigit_value(digits[0]) << 4 | g_ascii_xdigit_value(digits[1]));
        sum |= ret_peer->address[i];
    }
    return sum != 0 && !(ret_peer->address[0] & 1); /* neither nobody nor a group */
}

static bool is_in(const GArray *peers, const KsPppoePeer *peer)
{
    for (unsigned i = 0; i < peers->len; i++)
        if (memcmp(&g_array_index(peers, KsPppoePeer, i), peer, sizeof(*peer)) == 0)
            return true;
    return false;
}

void ks_pppoe_read(const char *text, gsize size, GArray *peers)
{
    const char *end = text + MIN(size, KS_PPPOE_TEXT_MAX);

    while (text < end && peers->len < KS_PPPOE_PEERS_MAX) {
        const char *line_end = memchr(text, '\n', (gsize) (end - text));
        KsPppoePeer peer;

        if (!line_end)
            break; /* cut off */
        if (read_peer(text, (gsize) (line_end - text), &peer) && !is_in(peers, &peer))
            g_array_append_val(peers, peer);
        text = line_end + 1;
    }
}
