/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/name-policy.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>

#define RETRY_MAX 300u

typedef struct {
    uint8_t bytes[16];
    uint8_t prefix; /* bits */
    const char *why;
} Range;

#define LOOPBACK   "this machine itself"
#define LINK_LOCAL "on the local network only"
#define MULTICAST  "a group, not one machine"
#define PRIVATE    "a private address"
#define RESERVED   "no address of a machine on the internet"

/* IANA's special-purpose address registries (RFC 6890), as far as they are not on the internet. The
 * ranges for documentation lead nowhere and are left alone: tests speak to each other by them. */
static const Range ranges4[] = {
    { { 0 }, 8, RESERVED },           { { 10 }, 8, PRIVATE }, /* RFC 1918 */
    { { 100, 64 }, 10, PRIVATE },     /* RFC 6598, behind a provider's translation */
    { { 127 }, 8, LOOPBACK },         /* RFC 1122 */
    { { 169, 254 }, 16, LINK_LOCAL }, /* RFC 3927 */
    { { 172, 16 }, 12, PRIVATE },     /* RFC 1918 */
    { { 192, 0, 0 }, 24, RESERVED },  /* RFC 6890 */
    { { 192, 168 }, 16, PRIVATE },    /* RFC 1918 */
    { { 198, 18 }, 15, PRIVATE },     /* RFC 2544; proxies invent answers from it */
    { { 224 }, 4, MULTICAST },        /* RFC 5771 */
    { { 240 }, 4, RESERVED },         /* RFC 1112, and the broadcast address */
};

/* The first that fits counts. */
static const Range ranges6[] = {
    { { [15] = 1 }, 128, LOOPBACK }, /* RFC 4291 */
    { { 0xfc }, 7, PRIVATE },        /* RFC 4193 */
    { { 0xfe, 0x80 }, 10, LINK_LOCAL },
    { { 0xfe, 0xc0 }, 10, PRIVATE }, /* site-local, RFC 3879 */
    { { 0xff }, 8, MULTICAST },
    { { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, PRIVATE }, /* translation, RFC 8215 */
};

/* IPv6 addresses that carry an IPv4 address: what that one is counts. */
static const struct {
    Range range;
    unsigned offset;
} carriers[] = {
    { { { 0x00, 0x64, 0xff, 0x9b }, 96, NULL }, 12 }, /* NAT64, RFC 6052 */
    { { { 0x20, 0x02 }, 16, NULL }, 2 },              /* 6to4, RFC 3056 */
};

/* Global unicast is 2000::/3 and nothing else (RFC 4291, 2.4; IANA). */
static const Range global6 = { { 0x20 }, 3, NULL };

static bool is_in(const Range *range, const KsAddress *address)
{
    return ks_bits_are_equal(range->bytes, address->bytes, range->prefix);
}

static const char *find(const Range *ranges, size_t count, const KsAddress *address)
{
    for (size_t i = 0; i < count; i++)
        if (is_in(&ranges[i], address))
            return ranges[i].why;
    return NULL;
}

static const char *refusal6(const KsAddress *address)
{
    const char *why = find(ranges6, G_N_ELEMENTS(ranges6), address);

    if (why)
        return why;
    for (unsigned i = 0; i < G_N_ELEMENTS(carriers); i++) {
        KsAddress carried = { .family = AF_INET };

        if (!is_in(&carriers[i].range, address))
            continue;
        memcpy(carried.bytes, address->bytes + carriers[i].offset, 4);
        return ks_name_refusal(&carried);
    }
    return is_in(&global6, address) ? NULL : RESERVED;
}

const char *ks_name_refusal(const KsAddress *address)
{
    switch (address->family) {
    case AF_INET:
        return find(ranges4, G_N_ELEMENTS(ranges4), address);
    case AF_INET6:
        return refusal6(address);
    default:
        return RESERVED;
    }
}

uint32_t ks_name_refresh(KsNameUrgency urgency, uint32_t lifetime)
{
    static const struct {
        uint32_t least;
        uint32_t most;
    } bounds[] = {
        /* ten thousand idle profiles stay a trickle; a VPN that begins to connect asks again */
        [KS_NAME_IDLE] = { 6 * 3600, 24 * 3600 },
        [KS_NAME_IN_USE] = { 60, 3600 },
        /* its program asks by itself, and may be told something else than we were */
        [KS_NAME_CONNECTING] = { 3, 30 },
    };

    return CLAMP(lifetime, bounds[urgency].least, bounds[urgency].most);
}

uint32_t ks_name_retry(unsigned failures)
{
    return failures > 9 ? RETRY_MAX : MIN(1u << (failures - 1), RETRY_MAX);
}
