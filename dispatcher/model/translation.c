/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/translation.h"

#include <string.h>
#include <sys/socket.h>

#define IPV4_SIZE 4u

/* Bits 64 to 71 of every such address are zero, and stand between the bytes of the IPv4 one (RFC
 * 6052, 2.2). */
#define ZERO_AT 8u

static const uint8_t lengths[] = { 32, 40, 48, 56, 64, 96 };

/* RFC 7050, 8.2. */
static const uint8_t known[][IPV4_SIZE] = { { 192, 0, 0, 170 }, { 192, 0, 0, 171 } };

const KsTranslation ks_translation_well_known = { { 0x00, 0x64, 0xff, 0x9b }, 96 };

static const KsAddress local_use = { AF_INET6, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 } };
static const KsAddress unique_local = { AF_INET6, { 0xfc } };
static const KsAddress global = { AF_INET6, { 0x20 } };
static const KsAddress six_to_four = { AF_INET6, { 0x20, 0x02 } };

static KsAddress prefix_of(const KsTranslation *translation)
{
    KsAddress prefix = { .family = AF_INET6 };

    memcpy(prefix.bytes, translation->bytes, sizeof(translation->bytes));
    return prefix;
}

bool ks_translation_equal(const KsTranslation *a, const KsTranslation *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ks_translation_is_local(const KsTranslation *translation)
{
    KsAddress prefix = prefix_of(translation);

    return (translation->length >= 48 && ks_address_is_in(&prefix, &local_use, 48)) ||
           ks_address_is_in(&prefix, &unique_local, 7);
}

static bool is_believed(const KsTranslation *translation)
{
    KsAddress prefix = prefix_of(translation);

    return ks_translation_equal(translation, &ks_translation_well_known) ||
           ks_translation_is_local(translation) ||
           (ks_address_is_in(&prefix, &global, 3) && !ks_address_is_in(&prefix, &six_to_four, 16));
}

KsAddress ks_translation_embed(const KsTranslation *translation, const KsAddress *ipv4)
{
    KsAddress made = prefix_of(translation);
    unsigned at = translation->length / 8;

    for (unsigned i = 0; i < IPV4_SIZE; i++, at++) {
        at += at == ZERO_AT;
        made.bytes[at] = ipv4->bytes[i];
    }
    return made;
}

bool ks_translation_extract(const KsTranslation *translation, const KsAddress *ipv6,
                            KsAddress *ret_ipv4)
{
    KsAddress carried = { .family = AF_INET };
    unsigned at = translation->length / 8;
    KsAddress again;

    if (ipv6->family != AF_INET6)
        return false;
    for (unsigned i = 0; i < IPV4_SIZE; i++, at++) {
        at += at == ZERO_AT;
        carried.bytes[i] = ipv6->bytes[at];
    }
    again = ks_translation_embed(translation, &carried);
    if (ks_address_compare(&again, ipv6) != 0)
        return false;
    *ret_ipv4 = carried;
    return true;
}

bool ks_translation_find(const KsAddress *address, KsTranslation *ret_translation)
{
    for (unsigned i = 0; address->family == AF_INET6 && i < sizeof(lengths); i++) {
        KsTranslation translation = { .length = lengths[i] };
        KsAddress ipv4;

        memcpy(translation.bytes, address->bytes, lengths[i] / 8);
        if (!ks_translation_extract(&translation, address, &ipv4))
            continue;
        for (unsigned j = 0; j < sizeof(known) / sizeof(known[0]); j++) {
            if (memcmp(ipv4.bytes, known[j], IPV4_SIZE) != 0 || !is_believed(&translation))
                continue;
            *ret_translation = translation;
            return true;
        }
    }
    return false;
}
