/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A host name as a DNS question carries it (RFC 1035, 3.1 and 4.1.2): labels, each behind a byte
 * with its length, and a byte of zero at the end. */

#define KS_DNS_WIRE_MAX 255 /* RFC 1035, 2.3.4 */

typedef struct {
    uint8_t bytes[KS_DNS_WIRE_MAX];
    size_t length; /* 3..KS_DNS_WIRE_MAX */
} KsDnsName;

/* Returns false and leaves ret_name alone for what is no host name (ks_server_host_is_valid()), a
 * literal address among it. Letters stay as they are. */
bool ks_dns_name_encode(const char *host, KsDnsName *ret_name);

/* What the kernel compares a question with. Letters may come in any case (resolvers even mix them
 * on purpose), so bit 0x20 of every byte but the final zero is set on both sides. A name of up to
 * KS_DNS_PIECE bytes is one key, which ends with it; what stands before it is KS_DNS_FILL, no
 * label's length. A longer one is two, its first and its last bytes, which overlap by as much as
 * there is: what passes may begin like one name and end like another only if both have the middle
 * in common. */
#define KS_DNS_FOLD  0x20u
#define KS_DNS_FILL  0xffu
#define KS_DNS_PIECE 64u

/* Longest name on the wire that the kernel can compare; as text it is two characters shorter. */
#define KS_DNS_COMPARED_MAX (2 * KS_DNS_PIECE)
#define KS_DNS_COMPARED_MIN 3u

/* How long an EDNS record is without options (RFC 6891, 6.1.2), and systemd-resolved's options
 * (ADR 13). */
#define KS_DNS_EDNS    11u
#define KS_DNS_OPTIONS 23u

/* What may stand behind a question. */
typedef enum {
    KS_DNS_BEHIND_NOTHING,
    KS_DNS_BEHIND_EDNS,   /* without options */
    KS_DNS_BEHIND_DNSSEC, /* with systemd-resolved's */
    KS_DNS_BEHIND_MAX,
} KsDnsBehind;

/* What UDP says of how long a question for a name of so many bytes is, its own header included. */
unsigned ks_dns_question_size(unsigned length, KsDnsBehind behind);

typedef struct {
    uint8_t head[KS_DNS_PIECE]; /* all of a short name, the first bytes of a long one */
    uint8_t tail[KS_DNS_PIECE]; /* the last bytes of a long one */
    bool is_long;
} KsDnsKeys;

/* How many bytes a name of one key has; 0: it is no key. */
unsigned ks_dns_key_length(const uint8_t key[KS_DNS_PIECE]);

/* Returns false for a name longer than KS_DNS_COMPARED_MAX. */
bool ks_dns_name_keys(const KsDnsName *name, KsDnsKeys *ret_keys);

/* For hash tables of host names as text: letter case and a final dot make no difference. */
unsigned ks_host_hash(const void *host);
int ks_host_equal(const void *a, const void *b);
