/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"

#include <stdbool.h>

/* NAT64: where an IPv6-only network has the internet's IPv4 addresses (RFC 6052). */

/* The name whose IPv4 addresses everybody knows, so that what a DNS64 makes of them tells its
 * prefixes (RFC 7050). */
#define KS_TRANSLATION_NAME "ipv4only.arpa"

/* Of one network, and of what a VPN's name server says besides. */
#define KS_TRANSLATIONS_MAX 3u

typedef struct {
    uint8_t bytes[12]; /* the rest, up to 96 bits, is zero */
    uint8_t length;    /* bits: 32, 40, 48, 56, 64 or 96 */
} KsTranslation;

/* 64:ff9b::/96, of every network. */
extern const KsTranslation ks_translation_well_known;

/* Reads the prefix out of an address of KS_TRANSLATION_NAME. False: there is none in it, or not one
 * that a network may have: the well-known one, a local one (RFC 8215, RFC 4193) or one on the
 * internet. */
bool ks_translation_find(const KsAddress *address, KsTranslation *ret_translation);

bool ks_translation_equal(const KsTranslation *a, const KsTranslation *b);

/* Private, or reserved for local networks' translation: an answer with an address of it is believed
 * by the IPv4 address inside alone. */
bool ks_translation_is_local(const KsTranslation *translation);

/* The IPv6 address for an IPv4 one. */
KsAddress ks_translation_embed(const KsTranslation *translation, const KsAddress *ipv4);

/* The other way round. False: the address is none of this prefix's. */
bool ks_translation_extract(const KsTranslation *translation, const KsAddress *ipv6,
                            KsAddress *ret_ipv4);
