/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"

#include <stdint.h>

/* Which answers about a VPN server's name are believed, and when it is asked for again.
 *
 * Someone who answers our DNS decides where the lock lets the VPN's packets go (TunnelCrack,
 * ServerIP, CVE-2023-36673). An answer that is not an address on the internet is not taken: a
 * VPN server in a private network is written down as an address, by a person. */

/* Why an address that the DNS told is not let out, as the end of a sentence ("which is ..."), or
 * NULL: it may be. */
const char *ks_name_refusal(const KsAddress *address);

/* An address that no answer has contained for so long is dropped when there is another one. */
#define KS_NAME_ADDRESS_AGE (7 * 24 * 3600)

/* So many answers in a row without anything new make a name steady: that it then answers with other
 * addresses only is worth a word. Names that go round a large pool never become steady. */
#define KS_NAME_STEADY 3u

/* How much it matters to know a name now. */
typedef enum {
    KS_NAME_IDLE,       /* its VPN is not in use */
    KS_NAME_IN_USE,     /* it is up, and may have to connect again */
    KS_NAME_CONNECTING, /* its VPN's program is asking for it at this moment */
} KsNameUrgency;

/* Seconds until a name is asked for again, after an answer with this lifetime (seconds), or after
 * so many failures in a row (at least 1). Without jitter. */
uint32_t ks_name_refresh(KsNameUrgency urgency, uint32_t lifetime);
uint32_t ks_name_retry(unsigned failures);
