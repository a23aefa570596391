/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static bool ipv4_is_unicast(const uint8_t *bytes)
{
    struct in_addr in;
    uint32_t host_order;

    memcpy(&in, bytes, sizeof(in));
    host_order = ntohl(in.s_addr);

    /* 0.0.0.0/8 is "this network" (RFC 6890, table 1): a source, never a destination; 240.0.0.0/4
     * is reserved, and its last address is everybody */
    return (host_order & IN_CLASSA_NET) != INADDR_ANY &&
           host_order >> IN_CLASSA_NSHIFT != IN_LOOPBACKNET && !IN_MULTICAST(host_order) &&
           !IN_BADCLASS(host_order);
}

static bool ipv6_is_unicast(const uint8_t *bytes)
{
    struct in6_addr in6;

    memcpy(&in6, bytes, sizeof(in6));
    return !IN6_IS_ADDR_UNSPECIFIED(&in6) && !IN6_IS_ADDR_LOOPBACK(&in6) &&
           !IN6_IS_ADDR_MULTICAST(&in6) && !IN6_IS_ADDR_V4MAPPED(&in6);
}

size_t ks_address_size(const KsAddress *address)
{
    switch (address->family) {
    case AF_INET:
        return sizeof(struct in_addr);
    case AF_INET6:
        return sizeof(struct in6_addr);
    default:
        return 0;
    }
}

bool ks_address_parse(const char *text, KsAddress *ret_address)
{
    KsAddress address = { .family = AF_UNSPEC };
    struct in_addr in;
    struct in6_addr in6;

    if (!text)
        return false;

    if (inet_pton(AF_INET, text, &in) == 1) {
        address.family = AF_INET;
        memcpy(address.bytes, &in, sizeof(in));
    } else if (inet_pton(AF_INET6, text, &in6) == 1) {
        address.family = AF_INET6;
        memcpy(address.bytes, &in6, sizeof(in6));
    } else {
        return false;
    }

    *ret_address = address;
    return true;
}

const char *ks_address_text(const KsAddress *address, char text[KS_ADDRESS_TEXT_SIZE])
{
    /* AF_UNSPEC makes inet_ntop() fail and leave the text alone */
    text[0] = '\0';
    (void) inet_ntop(address->family, address->bytes, text, KS_ADDRESS_TEXT_SIZE);
    return text;
}

bool ks_address_is_unicast(const KsAddress *address)
{
    switch (address->family) {
    case AF_INET:
        return ipv4_is_unicast(address->bytes);
    case AF_INET6:
        return ipv6_is_unicast(address->bytes);
    default:
        return false;
    }
}

int ks_address_compare(const KsAddress *a, const KsAddress *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, ks_address_size(a));
}

bool ks_bits_are_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

void ks_bits_clear_behind(uint8_t *bytes, size_t size, unsigned bits)
{
    for (unsigned bit = bits; bit < size * 8; bit++)
        bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

bool ks_address_is_in(const KsAddress *address, const KsAddress *network, unsigned prefix)
{
    return address->family == network->family && prefix <= ks_address_size(address) * 8 &&
           ks_bits_are_equal(address->bytes, network->bytes, prefix);
}

typedef struct {
    KsAddress network;
    unsigned prefix;
} Range;

static bool is_in_any(const KsAddress *address, const Range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ks_address_is_in(address, &ranges[i].network, ranges[i].prefix))
            return true;
    return false;
}

bool ks_address_is_private(const KsAddress *address)
{
    static const Range ranges[] = {
        { { AF_INET, { 10 } }, 8 },        { { AF_INET, { 172, 16 } }, 12 },
        { { AF_INET, { 192, 168 } }, 16 }, { { AF_INET, { 169, 254 } }, 16 },
        { { AF_INET6, { 0xfc } }, 7 },     { { AF_INET6, { 0xfe, 0x80 } }, 10 },
    };

    return is_in_any(address, ranges, sizeof(ranges) / sizeof(*ranges));
}

bool ks_address_is_link_local(const KsAddress *address)
{
    static const KsAddress network = { AF_INET6, { 0xfe, 0x80 } };

    return ks_address_is_in(address, &network, 10);
}

bool ks_address_is_loopback(const KsAddress *address)
{
    static const Range ranges[] = {
        { { AF_INET, { 127 } }, 8 },
        { { AF_INET6, { [15] = 1 } }, 128 },
    };

    return is_in_any(address, ranges, sizeof(ranges) / sizeof(*ranges));
}
