/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/exception.h"

#include "model/box.h"
#include "model/server.h"

#include <arpa/inet.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* All exceptions of a machine together open about a thousandth of the public addresses of IPv4. */
#define PREFIX4_MIN        8
#define PREFIX4_PUBLIC_MIN 16
#define PREFIX6_MIN        7 /* fc00::/7, RFC 4193 */
#define PREFIX6_PUBLIC_MIN 32

/* As much of IPv4 behind a translator: its addresses end with IPv4's. */
#define PREFIX_TRANSLATED_MIN 112

/* Wider ones are confirmed, as the sentence says. */
#define PREFIX4_UNCONFIRMED           24
#define PREFIX6_UNCONFIRMED           48
#define PREFIX_TRANSLATED_UNCONFIRMED 120

#define PORT_MAX          65535u
#define PORTS_UNCONFIRMED 1024 /* as the sentence says; of a public address */

/* DNS, and DNS over TLS or QUIC. */
static const uint16_t name_ports[] = { 53, 853 };

static bool is_ipv4(const KsException *exception)
{
    return exception->address.family == AF_INET;
}

static void last_address(const KsException *exception, uint8_t *ret_bytes)
{
    size_t size = ks_address_size(&exception->address);

    memcpy(ret_bytes, exception->address.bytes, size);
    for (unsigned bit = exception->prefix; bit < size * 8; bit++)
        ret_bytes[bit / 8] |= (uint8_t) (0x80u >> bit % 8);
}

/* A whole number without sign or leading zeros. */
static bool read_number(const char *text, unsigned max, unsigned *ret_number)
{
    unsigned number = 0;

    if (!text[0] || (text[0] == '0' && text[1]))
        return false;
    for (; *text; text++) {
        if (!g_ascii_isdigit(*text))
            return false;
        number = number * 10 + (unsigned) (*text - '0');
        if (number > max)
            return false;
    }
    *ret_number = number;
    return true;
}

bool ks_exception_read_to(const char *text, KsException *ret_exception)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 3);
    unsigned prefix;
    KsAddress address;
    size_t size;

    if (!parts[0] || !ks_address_parse(parts[0], &address))
        return false;
    size = ks_address_size(&address);
    prefix = (unsigned) size * 8;
    if (parts[1] && (parts[2] || !read_number(parts[1], prefix, &prefix)))
        return false;
    ks_bits_clear_behind(address.bytes, size, prefix);
    ret_exception->address = address;
    ret_exception->prefix = (uint8_t) prefix;
    return true;
}

const char *ks_exception_to_text(const KsException *exception, char text[KS_EXCEPTION_TO_TEXT_SIZE])
{
    char address[KS_ADDRESS_TEXT_SIZE];

    (void) ks_address_text(&exception->address, address);
    if (exception->prefix == ks_address_size(&exception->address) * 8)
        g_strlcpy(text, address, KS_EXCEPTION_TO_TEXT_SIZE);
    else
        g_snprintf(text, KS_EXCEPTION_TO_TEXT_SIZE, "%s/%u", address, exception->prefix);
    return text;
}

static const struct {
    const char *name;
    uint8_t protocol;
} protocols[] = {
    { "", 0 }, { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "icmp", IPPROTO_ICMP }
};

bool ks_exception_read_protocol(const char *word, KsException *ret_exception)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (strcmp(protocols[i].name, word) != 0)
            continue;
        ret_exception->protocol = protocols[i].protocol;
        return true;
    }
    return false;
}

const char *ks_exception_protocol_name(const KsException *exception)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(protocols); i++)
        if (protocols[i].protocol == exception->protocol)
            return protocols[i].name;
    return "";
}

bool ks_exception_read_ports(const char *text, KsException *ret_exception)
{
    g_auto(GStrv) parts = g_strsplit(text, "-", 3);
    unsigned first = 0;
    unsigned last;

    if (text[0] && !read_number(parts[0], PORT_MAX, &first))
        return false;
    last = first;
    if (text[0] && parts[1] && (parts[2] || !read_number(parts[1], PORT_MAX, &last)))
        return false;
    if (text[0] && (first == 0 || last < first))
        return false;
    ret_exception->first_port = (uint16_t) first;
    ret_exception->last_port = (uint16_t) last;
    return true;
}

const char *ks_exception_ports_text(const KsException *exception,
                                    char text[KS_EXCEPTION_PORT_TEXT_MAX])
{
    if (exception->first_port == 0)
        text[0] = '\0';
    else if (exception->first_port == exception->last_port)
        g_snprintf(text, KS_EXCEPTION_PORT_TEXT_MAX, "%u", exception->first_port);
    else
        g_snprintf(text, KS_EXCEPTION_PORT_TEXT_MAX, "%u-%u", exception->first_port,
                   exception->last_port);
    return text;
}

static bool has_name_port(const KsException *exception)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(name_ports); i++)
        if (exception->first_port <= name_ports[i] && name_ports[i] <= exception->last_port)
            return true;
    return false;
}

bool ks_exceptions_overlap(const KsException *a, const KsException *b)
{
    bool same_ports = a->first_port == 0 || b->first_port == 0 ||
                      (a->first_port <= b->last_port && b->first_port <= a->last_port);

    if (a->incoming != b->incoming || a->address.family != b->address.family ||
        !ks_bits_are_equal(a->address.bytes, b->address.bytes, MIN(a->prefix, b->prefix)))
        return false;
    return (a->protocol == 0 || b->protocol == 0 || a->protocol == b->protocol) && same_ports;
}

/* No public ones (RFC 6598 is carriers' and overlays'). */
static const struct {
    KsAddress address;
    uint8_t prefix;
} private_ranges[] = {
    { { AF_INET, { 10 } }, 8 },           { { AF_INET, { 100, 64 } }, 10 },
    { { AF_INET, { 169, 254 } }, 16 },    { { AF_INET, { 172, 16 } }, 12 },
    { { AF_INET, { 192, 168 } }, 16 },    { { AF_INET6, { 0xfc } }, 7 },
    { { AF_INET6, { 0xfe, 0x80 } }, 10 },
};

bool ks_exception_is_private(const KsException *exception)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(private_ranges); i++)
        if (private_ranges[i].prefix <= exception->prefix &&
            ks_address_is_in(&exception->address, &private_ranges[i].address,
                             private_ranges[i].prefix))
            return true;
    return false;
}

bool ks_exception_holds_private(const KsException *exception)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(private_ranges); i++)
        if (ks_address_is_in(&exception->address, &private_ranges[i].address,
                             MIN(private_ranges[i].prefix, exception->prefix)))
            return true;
    return false;
}

/* Some of its addresses stand for IPv4 ones (RFC 6052, RFC 8215; RFC 7915; Teredo, RFC 4380). */
static bool stands_for_ipv4(const KsException *exception)
{
    static const struct {
        KsAddress address;
        uint8_t prefix;
    } ranges[] = {
        { { AF_INET6, { 0, 0x64, 0xff, 0x9b } }, 96 },
        { { AF_INET6, { 0, 0x64, 0xff, 0x9b, 0, 1 } }, 48 },
        { { AF_INET6, { 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } }, 96 },
        { { AF_INET6, { 0x20, 1 } }, 32 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ranges); i++)
        if (ks_address_is_in(&exception->address, &ranges[i].address,
                             MIN(ranges[i].prefix, exception->prefix)))
            return true;
    return false;
}

/* Addresses of other machines, as far as its first one tells; of all there are, none tells. */
static bool is_of_machines(const KsException *exception)
{
    static const KsAddress this_network = { AF_INET, { 0 } };
    KsAddress first = exception->address;

    if (exception->prefix < (is_ipv4(exception) ? PREFIX4_MIN : PREFIX6_MIN))
        return true;
    first.bytes[ks_address_size(&first) - 1] |= exception->prefix < ks_address_size(&first) * 8;
    return ks_address_is_unicast(&first) && !ks_address_is_in(&first, &this_network, 8);
}

static const char *incoming_refusal(const KsException *exception)
{
    if ((exception->protocol != IPPROTO_TCP && exception->protocol != IPPROTO_UDP) ||
        exception->first_port == 0)
        return N_(
            "A service that others may reach is a port of TCP or UDP on this machine: name both.");
    return is_of_machines(exception) ? NULL : N_("A service is for addresses of other machines.");
}

const char *ks_exception_refusal(const KsException *exception)
{
    bool ipv4 = is_ipv4(exception);
    bool private_range = ks_exception_is_private(exception);

    if (exception->incoming)
        return incoming_refusal(exception);
    if (exception->first_port > 0 && exception->protocol != IPPROTO_TCP &&
        exception->protocol != IPPROTO_UDP)
        return N_("Only TCP and UDP have ports: name one of them as well.");
    if (exception->prefix < (ipv4 ? PREFIX4_MIN : PREFIX6_MIN) ||
        (!private_range && exception->prefix < (ipv4 ? PREFIX4_PUBLIC_MIN : PREFIX6_PUBLIC_MIN)))
        return N_("An exception this wide would be no lock: name at most a /16 of IPv4 or a /32 of "
                  "IPv6, or a private range.");
    if (!ipv4 && exception->prefix < PREFIX_TRANSLATED_MIN && stands_for_ipv4(exception))
        return N_(
            "Addresses of this range stand for IPv4 ones, and an exception this wide would be no "
            "lock: name at most a /112 of it.");
    if (!is_of_machines(exception))
        return N_(
            "An exception is for addresses of other machines; groups and broadcasts of the local "
            "network are for LAN access.");
    return NULL;
}

static bool is_wide(const KsException *exception)
{
    if (is_ipv4(exception))
        return exception->prefix < PREFIX4_UNCONFIRMED;
    return exception->prefix <
           (stands_for_ipv4(exception) ? PREFIX_TRANSLATED_UNCONFIRMED : PREFIX6_UNCONFIRMED);
}

static bool opens_many_ports(const KsException *exception)
{
    if (exception->first_port == 0)
        return exception->protocol != IPPROTO_ICMP;
    return exception->last_port - exception->first_port >= PORTS_UNCONFIRMED;
}

/* Others ask, so what leaks is that this machine is here. */
static const char *incoming_leak(const KsException *exception)
{
    if (ks_exception_is_private(exception))
        return NULL;
    if (is_wide(exception))
        return N_(
            "This lets more public addresses than a /24 of IPv4 or a /48 of IPv6 holds reach "
            "this machine past the VPN: all of them can find out that it is there, at its own "
            "address, and what the service tells of itself (a name, a certificate, a host "
            "key) ties that address to what it tells through the VPN.");
    if (opens_many_ports(exception))
        return N_("This lets a public address reach more than 1024 ports of this machine past the "
                  "VPN: all services there, those too that you do not know of.");
    return NULL;
}

const char *ks_exception_leak(const KsException *exception)
{
    if (exception->incoming)
        return incoming_leak(exception);
    if (exception->first_port > 0 && has_name_port(exception))
        return N_(
            "This opens the port of name servers (53 or 853): those between you and there see, "
            "and can answer, the names of what you visit.");
    if (ks_exception_is_private(exception))
        return NULL;
    if (is_wide(exception))
        return N_(
            "This opens more public addresses than a /24 of IPv4 or a /48 of IPv6 holds: what "
            "is sent there shows your own address to them, and to your provider that you are "
            "in touch with them.");
    if (opens_many_ports(exception))
        return N_("This opens more than 1024 ports of a public address: what is sent there shows "
                  "your own address to it, and to your provider that you are in touch with it.");
    return NULL;
}

bool ks_exception_lets_out(const KsException *exception, const KsAddress *to, uint8_t protocol,
                           uint16_t port)
{
    KsException one = {
        .address = *to,
        .prefix = (uint8_t) (ks_address_size(to) * 8),
        .protocol = protocol == IPPROTO_ICMPV6 ? IPPROTO_ICMP : protocol,
        .first_port = port,
        .last_port = port,
    };

    if (to->family == AF_UNSPEC || !ks_exceptions_overlap(exception, &one))
        return false;
    return exception->first_port > 0 || port == 0 || !has_name_port(&one);
}

/* What stands beside each range of an exception. */
typedef struct {
    KsLock *lock;
    uint32_t until;
    uint32_t index;
} Into;

static KsSetId set_of(const KsException *exception)
{
    if (exception->incoming)
        return is_ipv4(exception) ? KS_SET_SERVICES4 : KS_SET_SERVICES6;
    return is_ipv4(exception) ? KS_SET_EXCEPTIONS4 : KS_SET_EXCEPTIONS6;
}

static bool add_range(const Into *into, const KsException *exception, uint8_t protocol,
                      unsigned first_port, unsigned last_port)
{
    KsSetId set = set_of(exception);
    size_t size = ks_address_size(&exception->address);
    size_t end = ks_key_size(set) / 2;
    uint16_t first = htons((uint16_t) first_port);
    uint16_t last = htons((uint16_t) last_port);
    KsKey key = { .value = into->until > 0, .until = into->until };

    memcpy(key.bytes, exception->address.bytes, size);
    key.bytes[size] = protocol;
    memcpy(key.bytes + size + KS_KEY_FIELD_SIZE, &first, sizeof(first));
    last_address(exception, key.bytes + end);
    key.bytes[end + size] = protocol;
    memcpy(key.bytes + end + size + KS_KEY_FIELD_SIZE, &last, sizeof(last));
    ks_box_set_interface(set, &key, into->index);
    return into->index > 0 ? ks_lock_add_box(into->lock, set, &key)
                           : ks_lock_add_key(into->lock, set, &key);
}

/* All ports, without those of name servers. */
static bool add_ports(const Into *into, const KsException *exception, uint8_t protocol)
{
    unsigned from = 0;
    bool all = true;

    if (exception->first_port > 0)
        return add_range(into, exception, protocol, exception->first_port, exception->last_port);
    for (unsigned i = 0; i < G_N_ELEMENTS(name_ports); i++) {
        all &= add_range(into, exception, protocol, from, name_ports[i] - 1u);
        from = name_ports[i] + 1u;
    }
    return add_range(into, exception, protocol, from, PORT_MAX) && all;
}

bool ks_lock_add_exception(KsLock *lock, const KsException *exception, uint32_t until,
                           uint32_t index)
{
    Into into = { lock, until, index };
    uint8_t protocol = exception->protocol;
    bool all = true;

    if (protocol == 0 || protocol == IPPROTO_ICMP)
        all &= add_range(&into, exception, is_ipv4(exception) ? IPPROTO_ICMP : IPPROTO_ICMPV6, 0,
                         PORT_MAX);
    if (protocol == 0 || protocol == IPPROTO_TCP)
        all &= add_ports(&into, exception, IPPROTO_TCP);
    if (protocol == 0 || protocol == IPPROTO_UDP)
        all &= add_ports(&into, exception, IPPROTO_UDP);
    return all;
}
