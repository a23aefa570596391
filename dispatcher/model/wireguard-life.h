/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether a WireGuard tunnel's server still answers. WireGuard has no carrier; what tells is
 * what was sent and what came back. By its protocol (wireguard.com/protocol, and
 * drivers/net/wireguard/messages.h) anyone who is sent data answers within 10 s, with a
 * keepalive if it has nothing else to say, and anyone who sends without an answer tries a new
 * handshake after 15 s and then every 5 s. Keepalives are not answered. So what is idle is never
 * called silent. */

/* Of all peers of a link together: one of them that answers is an answer. */
typedef struct {
    uint32_t peers;
    uint64_t sent;       /* bytes to peers, handshakes and keepalives included */
    uint64_t received;   /* bytes from them that were genuine, each handshake's too */
    uint32_t keepers;    /* peers that get a keepalive from time to time, whatever else is sent */
    uint64_t keepalives; /* bytes of these in 1,000 seconds */
} KsWireguardTraffic;

/* One link's; begins as zeros. */
typedef struct {
    bool begun;
    int64_t silent; /* the verdict: since when something that must be answered was not; 0: it is
                     * not so, or not for long enough */
    KsWireguardTraffic last;
    int64_t looked;     /* when; microseconds of g_get_monotonic_time(), as all times here */
    int64_t heard;      /* when the last look was that found something received */
    int64_t unanswered; /* since when something is; 0: nothing is */
} KsWireguardLife;

#define KS_WIREGUARD_KEEPALIVE 32u /* bytes */

/* How often to look, in seconds, and how long the server may be silent. */
#define KS_WIREGUARD_LOOK    30u
#define KS_WIREGUARD_SILENCE 60u

/* What is so at this moment. Returns since when the server is silent; 0: it is not. */
int64_t ks_wireguard_life_observe(KsWireguardLife *life, int64_t now,
                                  const KsWireguardTraffic *traffic);
