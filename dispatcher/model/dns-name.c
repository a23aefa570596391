/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/dns-name.h"

#include "model/address.h"
#include "model/server.h"

#include <glib.h>
#include <string.h>

/* RFC 768; RFC 1035, 4.1.1 and 4.1.2 */
#define UDP_HEADER     8u
#define HEADER         12u
#define TYPE_AND_CLASS 4u

static size_t length_without_dot(const char *host)
{
    size_t length = strlen(host);

    return length > 0 && host[length - 1] == '.' ? length - 1 : length;
}

bool ks_dns_name_encode(const char *host, KsDnsName *ret_name)
{
    KsAddress address;
    size_t length;
    size_t label = 0; /* where the length of the current label stands */

    if (!ks_server_host_is_valid(host) || ks_address_parse(host, &address))
        return false;

    length = length_without_dot(host); /* at most KS_HOST_MAX, so that two bytes more fit */
    ret_name->length = length + 2;
    for (size_t i = 0; i < length; i++) {
        ret_name->bytes[i + 1] = (uint8_t) host[i];
        if (host[i] != '.')
            continue;
        ret_name->bytes[label] = (uint8_t) (i - label);
        label = i + 1;
    }
    ret_name->bytes[label] = (uint8_t) (length - label);
    ret_name->bytes[length + 1] = 0;
    return true;
}

/* The key of the bytes that stand here. */
static void fold(uint8_t key[KS_DNS_PIECE], const KsDnsName *name, size_t from, size_t length)
{
    size_t fill = KS_DNS_PIECE - length;

    memset(key, KS_DNS_FILL, fill);
    for (size_t i = 0; i < length; i++)
        key[fill + i] = name->bytes[from + i] | (from + i + 1 == name->length ? 0 : KS_DNS_FOLD);
}

bool ks_dns_name_keys(const KsDnsName *name, KsDnsKeys *ret_keys)
{
    KsDnsKeys keys = { .is_long = name->length > KS_DNS_PIECE };

    if (name->length > KS_DNS_COMPARED_MAX)
        return false;
    fold(keys.head, name, 0, MIN(name->length, KS_DNS_PIECE));
    if (keys.is_long)
        fold(keys.tail, name, name->length - KS_DNS_PIECE, KS_DNS_PIECE);
    *ret_keys = keys;
    return true;
}

unsigned ks_dns_key_length(const uint8_t key[KS_DNS_PIECE])
{
    unsigned fill = 0;

    while (fill < KS_DNS_PIECE && key[fill] == KS_DNS_FILL)
        fill++;
    return fill + KS_DNS_COMPARED_MIN <= KS_DNS_PIECE ? KS_DNS_PIECE - fill : 0;
}

unsigned ks_dns_question_size(unsigned length, KsDnsBehind behind)
{
    static const unsigned sizes[KS_DNS_BEHIND_MAX] = {
        [KS_DNS_BEHIND_EDNS] = KS_DNS_EDNS,
        [KS_DNS_BEHIND_DNSSEC] = KS_DNS_EDNS + KS_DNS_OPTIONS,
    };

    return UDP_HEADER + HEADER + length + TYPE_AND_CLASS + sizes[behind];
}

unsigned ks_host_hash(const void *host)
{
    const char *text = host;
    size_t length = length_without_dot(text);
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t) g_ascii_tolower(text[i])) * 16777619u;
    return hash;
}

int ks_host_equal(const void *a, const void *b)
{
    size_t length = length_without_dot(a);

    return length == length_without_dot(b) && g_ascii_strncasecmp(a, b, length) == 0;
}
