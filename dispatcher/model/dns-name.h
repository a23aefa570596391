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
 * on purpose), so bit 0x20 of every byte but the final zero is left out on both sides. A name of up
 * to KS_DNS_HEAD_SIZE bytes is one key. Of a longer one the head leads to a number, which only this
 * head has, and the number with the rest is the key. */
#define KS_DNS_FOLD      0xdfu
#define KS_DNS_HEAD_SIZE 64u
#define KS_DNS_ID_SIZE   4u
#define KS_DNS_TAIL_SIZE (KS_DNS_HEAD_SIZE - KS_DNS_ID_SIZE)

/* Longest name on the wire that the kernel can compare; as text it is two characters shorter. */
#define KS_DNS_COMPARED_MAX (KS_DNS_HEAD_SIZE + KS_DNS_TAIL_SIZE)

typedef struct {
    uint8_t head[KS_DNS_HEAD_SIZE]; /* folded, padded with zeros */
    bool is_long;                   /* there is a tail */
    uint32_t id;                    /* of the head; long names only */
    uint8_t tail[KS_DNS_HEAD_SIZE]; /* id and the folded rest, padded with zeros; long names only */
} KsDnsKeys;

/* Returns false for a name longer than KS_DNS_COMPARED_MAX. */
bool ks_dns_name_keys(const KsDnsName *name, KsDnsKeys *ret_keys);

/* For hash tables of host names as text: letter case and a final dot make no difference. */
unsigned ks_host_hash(const void *host);
int ks_host_equal(const void *a, const void *b);
