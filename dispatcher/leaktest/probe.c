/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leaktest/probe.h"

#include <errno.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* What everybody uses, and what a lock with holes is most likely to let through. */
#define HTTPS_PORT 443u
#define DNS_PORT   53u

#define DNS_HEADER_SIZE   12u
#define DNS_CLASS_IN      1u
#define DNS_TYPE_A        1u
#define DNS_TYPE_AAAA     28u
#define DNS_RECURSION     0x01u
#define ECHO_REQUEST4     8u
#define ECHO_REQUEST6     128u
#define ICMP_HEADER_SIZE  8u
#define UDP_HEADER_SIZE   8u
#define IPV4_HEADER_SIZE  20u
#define IPV6_HEADER_SIZE  40u
#define FRAME_SOURCE_PORT 40000u
#define HOPS              64u

/* All canaries of a run begin alike: one comparison of a byte tells most others apart. */
#define SHARED 4u

static const uint8_t documentation4[] = { 203, 0, 113 };            /* RFC 5737 */
static const uint8_t documentation6[] = { 0x20, 0x01, 0x0d, 0xb8 }; /* RFC 3849 */

void ks_probe_random(void *ret_bytes, size_t size)
{
    uint8_t *bytes = ret_bytes;

    for (size_t at = 0; at < size;) {
        ssize_t part = getrandom(bytes + at, size - at, 0);

        if (part > 0)
            at += (size_t) part;
        else if (errno != EINTR)
            abort(); /* a canary that can be foreseen proves nothing */
    }
}

static uint16_t checksum(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += (uint32_t) data[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~sum;
}

static void put16(uint8_t *bytes, size_t at, unsigned value)
{
    bytes[at] = (uint8_t) (value >> 8);
    bytes[at + 1] = (uint8_t) value;
}

/* An address for documentation that nobody knew before. */
static KsAddress nobodys_address(KsFamily family)
{
    KsAddress address = { .family = family == KS_IPV4 ? AF_INET : AF_INET6 };

    ks_probe_random(address.bytes, ks_address_size(&address));
    if (family == KS_IPV4) {
        memcpy(address.bytes, documentation4, sizeof(documentation4));
        address.bytes[3] = (uint8_t) (1 + address.bytes[3] % 254);
    } else {
        memcpy(address.bytes, documentation6, sizeof(documentation6));
    }
    return address;
}

/* ---- what is sent ---- */

/* Names under "invalid." are nobody's, and name servers that know it ask no others (RFC 6761). */
static size_t write_question(const KsProbe *probe, uint8_t *payload)
{
    static const uint8_t top[] = { 7, 'i', 'n', 'v', 'a', 'l', 'i', 'd', 0 };
    size_t at = DNS_HEADER_SIZE;

    memset(payload, 0, DNS_HEADER_SIZE);
    memcpy(payload, probe->canary + SHARED, 2); /* the question's number */
    payload[2] = DNS_RECURSION;
    put16(payload, 4, 1);
    payload[at++] = KS_MARK_SIZE;
    memcpy(payload + at, probe->mark, KS_MARK_SIZE);
    at += KS_MARK_SIZE;
    memcpy(payload + at, top, sizeof(top));
    at += sizeof(top);
    put16(payload, at, probe->family == KS_IPV4 ? DNS_TYPE_A : DNS_TYPE_AAAA);
    put16(payload, at + 2, DNS_CLASS_IN);
    return at + 4;
}

static size_t write_echo(const KsProbe *probe, uint8_t *payload)
{
    size_t size = ICMP_HEADER_SIZE + KS_CANARY_SIZE;

    memset(payload, 0, ICMP_HEADER_SIZE);
    payload[0] = probe->family == KS_IPV4 ? ECHO_REQUEST4 : ECHO_REQUEST6;
    memcpy(payload + 4, probe->canary + SHARED, 4); /* identifier and sequence */
    memcpy(payload + ICMP_HEADER_SIZE, probe->canary, KS_CANARY_SIZE);
    if (probe->family == KS_IPV4) /* IPv6's is the kernel's business */
        put16(payload, 2, checksum(payload, size));
    return size;
}

/* A UDP datagram from nobody to nobody. Without UDP's checksum: what IPv6 thinks of that, the
 * receiver would say, and there is none. */
static size_t write_packet(const KsProbe *probe, uint8_t *payload)
{
    size_t body = UDP_HEADER_SIZE + KS_CANARY_SIZE;
    KsAddress source = nobodys_address(probe->family);
    size_t width = ks_address_size(&source);
    size_t header;

    if (probe->family == KS_IPV4) {
        header = IPV4_HEADER_SIZE;
        memset(payload, 0, header);
        payload[0] = 0x45;
        put16(payload, 2, (unsigned) (header + body));
        payload[8] = HOPS;
        payload[9] = IPPROTO_UDP;
    } else {
        header = IPV6_HEADER_SIZE;
        memset(payload, 0, header);
        payload[0] = 0x60;
        put16(payload, 4, (unsigned) body);
        payload[6] = IPPROTO_UDP;
        payload[7] = HOPS;
    }
    memcpy(payload + header - 2 * width, source.bytes, width);
    memcpy(payload + header - width, probe->destination.bytes, width);
    if (probe->family == KS_IPV4)
        put16(payload, 10, checksum(payload, header));
    put16(payload, header, FRAME_SOURCE_PORT);
    put16(payload, header + 2, probe->port);
    put16(payload, header + 4, (unsigned) body);
    put16(payload, header + 6, 0);
    memcpy(payload + header + UDP_HEADER_SIZE, probe->canary, KS_CANARY_SIZE);
    return header + body;
}

size_t ks_probe_payload(const KsProbe *probe, uint8_t ret_payload[KS_PAYLOAD_SIZE])
{
    switch (probe->kind) {
    case KS_PROBE_UDP:
        memcpy(ret_payload, probe->canary, KS_CANARY_SIZE);
        return KS_CANARY_SIZE;
    case KS_PROBE_ECHO:
        return write_echo(probe, ret_payload);
    case KS_PROBE_DNS_NETWORK:
    case KS_PROBE_DNS_PUBLIC:
    case KS_PROBE_DNS_TUNNEL:
        return write_question(probe, ret_payload);
    case KS_PROBE_FRAME:
        return write_packet(probe, ret_payload);
    case KS_PROBE_TCP:
    case KS_PROBE_KINDS:
    default:
        return 0;
    }
}

size_t ks_probe_arp(const uint8_t hardware[6], const uint8_t canary[KS_CANARY_SIZE],
                    uint8_t ret_payload[KS_PAYLOAD_SIZE])
{
    struct arphdr header = {
        .ar_hrd = htons(ARPHRD_ETHER),
        .ar_pro = htons(0x0800),
        .ar_hln = 6,
        .ar_pln = 4,
        .ar_op = htons(ARPOP_REQUEST),
    };
    KsAddress target = nobodys_address(KS_IPV4);
    size_t at = sizeof(header);

    /* a question in the name of no address tells neighbours nothing (RFC 5227, 2.1.1) */
    memset(ret_payload, 0, KS_PAYLOAD_SIZE);
    memcpy(ret_payload, &header, sizeof(header));
    memcpy(ret_payload + at, hardware, 6);
    at += 6 + 4 + 6;
    memcpy(ret_payload + at, target.bytes, 4);
    at += 4;
    memcpy(ret_payload + at, canary, KS_CANARY_SIZE);
    return at + KS_CANARY_SIZE;
}

void ks_probe_mark_tcp(KsProbe *probe, uint16_t source_port)
{
    size_t width = ks_address_size(&probe->destination);

    memcpy(probe->mark, probe->destination.bytes, width);
    put16(probe->mark, width, source_port);
    put16(probe->mark, width + 2, probe->port);
    probe->mark_size = width + 4;
}

/* ---- the plan ---- */

static bool is_question(KsProbeKind kind)
{
    return kind == KS_PROBE_DNS_NETWORK || kind == KS_PROBE_DNS_PUBLIC ||
           kind == KS_PROBE_DNS_TUNNEL;
}

static void make_mark(KsProbe *probe)
{
    static const char letters[] = "0123456789abcdef";

    if (is_question(probe->kind)) {
        for (size_t i = 0; i < KS_CANARY_SIZE; i++) {
            probe->mark[2 * i] = (uint8_t) letters[probe->canary[i] >> 4];
            probe->mark[2 * i + 1] = (uint8_t) letters[probe->canary[i] & 15];
        }
        probe->mark_size = KS_MARK_SIZE;
    } else if (probe->kind != KS_PROBE_TCP) {
        memcpy(probe->mark, probe->canary, KS_CANARY_SIZE);
        probe->mark_size = KS_CANARY_SIZE;
    }
}

/* The name server that this card's network named; else any network's; else none. */
static const KsProbedNameServer *find_resolver(const KsSurroundings *around, const KsProbe *probe)
{
    bool of_vpn = probe->kind == KS_PROBE_DNS_TUNNEL;
    uint8_t family = probe->family == KS_IPV4 ? AF_INET : AF_INET6;
    const KsProbedNameServer *any = NULL;

    for (unsigned i = 0; i < around->resolvers->len; i++) {
        const KsProbedNameServer *resolver =
            &g_array_index(around->resolvers, KsProbedNameServer, i);

        if (resolver->of_vpn != of_vpn || resolver->address.family != family)
            continue;
        if (probe->card && strcmp(resolver->interface, probe->interface) == 0)
            return resolver;
        /* one behind a link is asked on that link alone */
        if (!any && (!resolver->scope || !probe->card || resolver->scope == probe->card))
            any = resolver;
    }
    return any;
}

/* False: there is nothing to ask. */
static bool aim(const KsSurroundings *around, KsProbe *probe)
{
    const KsProbedNameServer *resolver;

    probe->port = is_question(probe->kind) ? DNS_PORT : HTTPS_PORT;
    if (probe->kind != KS_PROBE_DNS_NETWORK && probe->kind != KS_PROBE_DNS_TUNNEL) {
        probe->destination = nobodys_address(probe->family);
        return true;
    }
    resolver = find_resolver(around, probe);
    if (!resolver)
        return false;
    probe->destination = resolver->address;
    probe->scope = resolver->scope;
    return true;
}

static void add(GArray *probes, const KsSurroundings *around, const uint8_t shared[SHARED],
                KsProbe probe)
{
    if (!aim(around, &probe))
        return;
    memcpy(probe.canary, shared, SHARED);
    ks_probe_random(probe.canary + SHARED, KS_CANARY_SIZE - SHARED);
    make_mark(&probe);
    g_array_append_val(probes, probe);
}

/* A frame made by hand has no way but a card, and nobody but root may make one; the tunnel's name
 * server is asked by the way that leads there. */
static bool is_tried(KsProbeKind kind, bool bound, bool by_root)
{
    if (kind == KS_PROBE_FRAME)
        return bound && by_root;
    return kind != KS_PROBE_DNS_TUNNEL || !bound;
}

static void add_all(GArray *probes, const KsSurroundings *around, const uint8_t shared[SHARED],
                    const KsCard *card)
{
    for (int kind = 0; kind < KS_PROBE_KINDS; kind++)
        for (int family = 0; family < KS_FAMILIES; family++)
            for (int by_root = 0; by_root < 2; by_root++) {
                KsProbe probe = {
                    .kind = (KsProbeKind) kind,
                    .family = (KsFamily) family,
                    .by_root = by_root,
                    .card = card ? card->index : 0,
                };

                if (!is_tried(probe.kind, card != NULL, probe.by_root))
                    continue;
                if (card)
                    g_strlcpy(probe.interface, card->name, sizeof(probe.interface));
                add(probes, around, shared, probe);
            }
}

GArray *ks_probes_plan(const KsSurroundings *around)
{
    GArray *probes = g_array_new(FALSE, TRUE, sizeof(KsProbe));
    uint8_t shared[SHARED];

    ks_probe_random(shared, sizeof(shared));
    add_all(probes, around, shared, NULL);
    for (unsigned i = 0; i < around->cards->len; i++)
        add_all(probes, around, shared, &g_array_index(around->cards, KsCard, i));
    for (unsigned i = 0; i < around->above->len; i++)
        add_all(probes, around, shared, &g_array_index(around->above, KsCard, i));
    return probes;
}

const char *ks_probe_kind_word(KsProbeKind kind)
{
    static const char *const words[KS_PROBE_KINDS] = {
        [KS_PROBE_TCP] = "tcp",
        [KS_PROBE_UDP] = "udp",
        [KS_PROBE_ECHO] = "icmp",
        [KS_PROBE_DNS_NETWORK] = "dns-network",
        [KS_PROBE_DNS_PUBLIC] = "dns-public",
        [KS_PROBE_DNS_TUNNEL] = "dns-tunnel",
        [KS_PROBE_FRAME] = "frame",
    };

    return words[kind];
}

static uint8_t protocol_of(const KsProbe *probe)
{
    if (probe->kind == KS_PROBE_TCP)
        return IPPROTO_TCP;
    return probe->kind == KS_PROBE_ECHO ? IPPROTO_ICMP : IPPROTO_UDP;
}

/* What was tied to an interface left by that; else the card that it was seen on has to be it. */
static bool went_by(const KsProbe *probe, const char *interface)
{
    return !interface[0] ||
           strcmp(probe->interface[0] ? probe->interface : probe->seen_on, interface) == 0;
}

static bool is_excepted(const KsSurroundings *around, const KsProbe *probe)
{
    uint16_t port = probe->kind == KS_PROBE_ECHO ? 0 : probe->port;

    for (unsigned i = 0; i < around->exceptions->len; i++) {
        const KsLetOut *one = &g_array_index(around->exceptions, KsLetOut, i);

        if (went_by(probe, one->interface) &&
            ks_exception_lets_out(&one->what, &probe->destination, protocol_of(probe), port))
            return true;
    }
    return false;
}

static bool is_closed(const KsSurroundings *around)
{
    return strcmp(around->state, "protected") == 0 || strcmp(around->state, "blocked") == 0;
}

/* As in the lock, a private range that a VPN leads to is nobody's to let out. A VPN that went makes
 * another state, in which it may be. */
static bool is_carried(const KsSurroundings *before, const KsSurroundings *after,
                       const KsProbe *probe)
{
    if (strcmp(before->state, after->state) != 0)
        return false;
    for (unsigned i = 0; i < before->carried->len; i++) {
        const KsLinkRoute *route = &g_array_index(before->carried, KsLinkRoute, i);

        if (ks_address_is_in(&probe->destination, &route->destination, route->prefix))
            return true;
    }
    return false;
}

bool ks_probes_excuse(GArray *probes, const KsSurroundings *before, const KsSurroundings *after)
{
    bool has_changed = false;

    if (!is_closed(before) || !is_closed(after))
        return false;
    for (unsigned i = 0; i < probes->len; i++) {
        KsProbe *probe = &g_array_index(probes, KsProbe, i);
        bool was = is_excepted(before, probe);
        bool is = is_excepted(after, probe);

        if (probe->fate != KS_FATE_LEFT || !(was || is) || is_carried(before, after, probe))
            continue;
        probe->fate = KS_FATE_EXCEPTION;
        has_changed |= was != is;
    }
    return has_changed;
}

const char *ks_fate_word(KsFate fate)
{
    static const char *const words[] = {
        [KS_FATE_HELD] = "held", [KS_FATE_REFUSED] = "refused", [KS_FATE_NO_WAY] = "no-way",
        [KS_FATE_VPN] = "vpn",   [KS_FATE_LEFT] = "left",       [KS_FATE_EXCEPTION] = "exception",
    };

    return words[fate];
}
