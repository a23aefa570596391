/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/box.h"

#include "model/server.h"

#include <arpa/inet.h>
#include <string.h>

#define ANY_LAST 0x7fffffffu /* no index is above, and nft takes no number that is */

static size_t half(KsSetId set)
{
    return ks_key_size(set) / 2;
}

static size_t address_size(KsSetId set)
{
    return half(set) - (size_t) 3 * KS_KEY_FIELD_SIZE;
}

size_t ks_box_interface_at(KsSetId set)
{
    return half(set) - KS_KEY_FIELD_SIZE;
}

static uint32_t interface_number(KsSetId set, const KsKey *key, bool last)
{
    uint32_t number;

    memcpy(&number, key->bytes + (last ? half(set) : 0) + ks_box_interface_at(set), sizeof(number));
    return ntohl(number);
}

void ks_box_set_interface(KsSetId set, KsKey *key, uint32_t index)
{
    uint32_t first = index > 0 ? htonl(index ^ KS_BOX_FLIP) : 0;
    uint32_t last = index > 0 ? first : htonl(ANY_LAST);

    memcpy(key->bytes + ks_box_interface_at(set), &first, sizeof(first));
    memcpy(key->bytes + half(set) + ks_box_interface_at(set), &last, sizeof(last));
}

uint32_t ks_box_interface(KsSetId set, const KsKey *key)
{
    uint32_t first = interface_number(set, key, false);

    return first == interface_number(set, key, true) ? first ^ KS_BOX_FLIP : 0;
}

static bool field_overlaps(const KsKey *a, const KsKey *b, size_t half_size, size_t at, size_t size)
{
    return memcmp(a->bytes + at, b->bytes + half_size + at, size) <= 0 &&
           memcmp(b->bytes + at, a->bytes + half_size + at, size) <= 0;
}

static bool overlap(KsSetId set, const KsKey *a, const KsKey *b)
{
    bool all = field_overlaps(a, b, half(set), 0, address_size(set));

    for (size_t at = address_size(set); all && at < half(set); at += KS_KEY_FIELD_SIZE)
        all = field_overlaps(a, b, half(set), at, KS_KEY_FIELD_SIZE);
    return all;
}

bool ks_lock_add_box(KsLock *lock, KsSetId set, const KsKey *key)
{
    for (unsigned i = 0; i < lock->sets[set]->len; i++)
        if (overlap(set, &g_array_index(lock->sets[set], KsKey, i), key))
            return true;
    return ks_lock_add_key(lock, set, key);
}

static uint16_t port_at(const uint8_t *bytes)
{
    return (uint16_t) (bytes[0] << 8 | bytes[1]);
}

char *ks_box_text(KsSetId set, const KsKey *key)
{
    size_t size = address_size(set);
    const uint8_t *last = key->bytes + half(set);
    KsAddress from = { .family = size == 4 ? AF_INET : AF_INET6 };
    KsAddress to = from;
    char from_text[KS_ADDRESS_TEXT_SIZE];
    char to_text[KS_ADDRESS_TEXT_SIZE];
    char protocol[4];
    uint16_t ports[] = { port_at(key->bytes + size + KS_KEY_FIELD_SIZE),
                         port_at(last + size + KS_KEY_FIELD_SIZE) };
    GString *text = g_string_new(NULL);

    memcpy(from.bytes, key->bytes, size);
    memcpy(to.bytes, last, size);
    g_string_append(text, ks_address_text(&from, from_text));
    if (memcmp(from.bytes, to.bytes, size) != 0)
        g_string_append_printf(text, "-%s", ks_address_text(&to, to_text));
    g_string_append_printf(text, " . %s . %u", ks_protocol_name(key->bytes[size], protocol),
                           ports[0]);
    if (ports[0] != ports[1])
        g_string_append_printf(text, "-%u", ports[1]);
    g_string_append_printf(text, " . %u", interface_number(set, key, false));
    if (ks_box_interface(set, key) == 0)
        g_string_append_printf(text, "-%u", interface_number(set, key, true));
    return g_string_free(text, FALSE);
}
