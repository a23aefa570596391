/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

#define CANARY       0x6b73f00du
#define HOPS_DEFAULT 64
#define UDP_HEADER   8u
#define TCP_HEADER   20u
#define ICMP_HEADER  8u
#define IPV4_HEADER  20u
#define IPV6_HEADER  40u
#define ND_BODY      16u /* a target address behind the header */
#define TCP_SYN      0x02

#define FRAGMENT_HEADER 8u
#define FRAGMENT_MORE4  0x2000
#define FRAGMENT_MORE6  1

#define TCP_OFFSET 0x50

#define OPTIONS4     4u /* bytes, RFC 791, 3.1: "no operation" */
#define NO_OPERATION 1
#define OPTIONS6     8u /* destination options, RFC 8200, 4.6, with padding (4.2) */
#define PAD_N        1

#define ROUTE_OPTION 131 /* loose; RFC 791, 3.1 */
#define ROUTE_SIZE   8u  /* type, length, pointer, one address, the end */

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t) (value >> 8);
    at[1] = (uint8_t) value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, (uint16_t) (value >> 16));
    put16(at + 2, (uint16_t) value);
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t) (at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
}

static uint32_t add_up(const uint8_t *bytes, size_t size, uint32_t sum)
{
    for (size_t i = 0; i < size; i++)
        sum += i % 2 ? bytes[i] : (uint32_t) bytes[i] << 8;
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~sum;
}

bool packet_is_ipv6(const Packet *packet)
{
    return strchr(packet->to, ':') != NULL;
}

static size_t header_size(const Packet *packet)
{
    if (packet_is_ipv6(packet))
        return IPV6_HEADER + packet->way_size +
               (packet->options ? OPTIONS6
                : packet->first ? FRAGMENT_HEADER
                                : 0);
    return IPV4_HEADER + packet->way_size + (packet->options ? OPTIONS4 : 0) +
           (packet->by_way_of ? ROUTE_SIZE : 0);
}

static void put_ip_header(const Packet *packet, size_t payload, uint8_t *buffer)
{
    uint8_t hops = packet->hops ? packet->hops : HOPS_DEFAULT;
    size_t extension = header_size(packet) - (packet_is_ipv6(packet) ? IPV6_HEADER : IPV4_HEADER);

    if (packet_is_ipv6(packet)) {
        uint8_t *next = buffer + 6;

        buffer[0] = 0x60;
        put16(buffer + 4, (uint16_t) (extension + payload));
        *next = packet->protocol;
        buffer[7] = hops;
        g_assert_cmpint(inet_pton(AF_INET6, packet->from, buffer + 8), ==, 1);
        g_assert_cmpint(inet_pton(AF_INET6, packet->to, buffer + 24), ==, 1);
        if (packet->way) {
            memcpy(buffer + IPV6_HEADER, packet->way, packet->way_size);
        } else if (packet->options) {
            buffer[IPV6_HEADER + 2] = PAD_N;
            buffer[IPV6_HEADER + 3] = OPTIONS6 - 4;
        } else if (packet->first) {
            put16(buffer + IPV6_HEADER + 2, FRAGMENT_MORE6);
        }
        if (extension > 0) {
            buffer[IPV6_HEADER] = packet->protocol;
            *next = packet->way       ? IPPROTO_ROUTING
                    : packet->options ? IPPROTO_DSTOPTS
                                      : IPPROTO_FRAGMENT;
        }
        return;
    }
    buffer[0] = (uint8_t) (0x40 | (IPV4_HEADER + extension) / 4);
    put16(buffer + 2, (uint16_t) (IPV4_HEADER + extension + payload));
    if (packet->first)
        put16(buffer + 6, FRAGMENT_MORE4);
    buffer[8] = hops;
    buffer[9] = packet->protocol;
    g_assert_cmpint(inet_pton(AF_INET, packet->from, buffer + 12), ==, 1);
    g_assert_cmpint(inet_pton(AF_INET, packet->to, buffer + 16), ==, 1);
    memset(buffer + IPV4_HEADER, NO_OPERATION, extension);
    if (packet->way)
        memcpy(buffer + IPV4_HEADER, packet->way, packet->way_size);
    if (packet->by_way_of) {
        static const uint8_t option[] = { ROUTE_OPTION, ROUTE_SIZE - 1, 4 };

        memcpy(buffer + IPV4_HEADER, option, sizeof(option));
        g_assert_cmpint(
            inet_pton(AF_INET, packet->by_way_of, buffer + IPV4_HEADER + sizeof(option)), ==, 1);
    }
    put16(buffer + 10, fold(add_up(buffer, IPV4_HEADER + extension, 0)));
}

/* Returns where the checksum stands. */
static size_t put_transport(const Packet *packet, uint8_t *at, size_t *ret_size)
{
    switch (packet->protocol) {
    case IPPROTO_UDP:
    case IPPROTO_TCP:
        put16(at, packet->source);
        put16(at + 2, packet->target);
        if (packet->protocol == IPPROTO_TCP) {
            at[12] = TCP_OFFSET;
            at[13] = packet->tcp_flags ? packet->tcp_flags : TCP_SYN;
        }
        *ret_size = packet->protocol == IPPROTO_TCP ? TCP_HEADER : UDP_HEADER;
        return packet->protocol == IPPROTO_TCP ? 16 : 6;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        at[0] = (uint8_t) packet->source;
        at[1] = (uint8_t) packet->target;
        *ret_size = ICMP_HEADER;
        if (packet->quote)
            *ret_size += packet_build(packet->quote, 0, at + ICMP_HEADER);
        else if (packet->protocol == IPPROTO_ICMPV6)
            *ret_size += ND_BODY;
        return 2;
    default:
        at[0] = (uint8_t) packet->source;
        *ret_size = ICMP_HEADER;
        return 2;
    }
}

size_t packet_build(const Packet *packet, uint32_t number, uint8_t *buffer)
{
    bool ipv6 = packet_is_ipv6(packet);
    size_t header = header_size(packet);
    uint8_t *transport = buffer + header;
    size_t checksum;
    size_t size;
    uint32_t sum = 0;

    memset(buffer, 0, header + ICMP_HEADER + TCP_HEADER + ND_BODY + 3 * sizeof(uint32_t));
    checksum = put_transport(packet, transport, &size);
    if (packet->bytes) {
        g_assert_cmpuint(packet->size, <=, PACKET_BYTES_MAX);
        g_assert_cmpuint(number, <=, UINT16_MAX);
        memcpy(transport + size, packet->bytes, packet->size);
        put16(transport + size, (uint16_t) number);
        size += packet->size;
    } else if (number) {
        put32(transport + size, packet->head);
        size += packet->head ? sizeof(packet->head) : 0;
        put32(transport + size, CANARY);
        put32(transport + size + sizeof(uint32_t), number);
        size += 2 * sizeof(uint32_t);
    }
    if (packet->protocol == IPPROTO_UDP)
        put16(transport + 4, packet->claims ? packet->claims : (uint16_t) size);
    put_ip_header(packet, size, buffer);
    /* the pseudo header: addresses, protocol, length */
    if (packet->protocol == IPPROTO_UDP || packet->protocol == IPPROTO_TCP ||
        packet->protocol == IPPROTO_ICMPV6)
        sum = add_up(buffer + (ipv6 ? 8 : 12), ipv6 ? 32 : 8, packet->protocol + (uint32_t) size);
    put16(transport + checksum, fold(add_up(transport, size, sum)));
    return header + size;
}

size_t packet_cut(const uint8_t *packet, size_t size, unsigned piece, uint32_t number,
                  uint8_t *buffer)
{
    bool ipv6 = packet[0] >> 4 == 6;
    size_t header = ipv6 ? IPV6_HEADER : IPV4_HEADER;
    size_t first = header + (piece ? UDP_HEADER : 0);
    size_t length = piece ? size - first : UDP_HEADER;
    size_t extension = ipv6 ? FRAGMENT_HEADER : 0;

    memcpy(buffer, packet, header);
    memset(buffer + header, 0, extension);
    memcpy(buffer + header + extension, packet + first, length);
    if (ipv6) { /* RFC 8200, 4.5: the offset counts eights and stands above three bits */
        put16(buffer + 4, (uint16_t) (extension + length));
        buffer[6] = IPPROTO_FRAGMENT;
        buffer[header] = packet[6];
        put16(buffer + header + 2, piece ? UDP_HEADER : FRAGMENT_MORE6);
        put32(buffer + header + 4, number);
    } else { /* RFC 791, 3.1 */
        put16(buffer + 2, (uint16_t) (header + length));
        put16(buffer + 4, (uint16_t) number);
        put16(buffer + 6, piece ? UDP_HEADER / 8 : FRAGMENT_MORE4);
        put16(buffer + 10, 0);
        put16(buffer + 10, fold(add_up(buffer, IPV4_HEADER, 0)));
    }
    return header + extension + length;
}

/* The number of a DNS message; 0: it is another. A raw socket for IPv6 leaves out what stands
 * before UDP's header. */
static uint32_t message_number(const uint8_t *bytes, size_t size)
{
    uint8_t protocol = IPPROTO_UDP;
    size_t transport = 0;

    if (size >= IPV4_HEADER && bytes[0] >> 4 == 4) {
        transport = (bytes[0] & 0xfu) * 4u;
        protocol = bytes[9];
    } else if (size >= IPV6_HEADER + FRAGMENT_HEADER && bytes[0] >> 4 == 6) {
        transport = IPV6_HEADER;
        protocol = bytes[6];
        if (protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_FRAGMENT) {
            protocol = bytes[transport];
            transport += FRAGMENT_HEADER;
        }
    }
    if (protocol != IPPROTO_UDP || size < transport + UDP_HEADER + 2)
        return 0;
    return get16(bytes + transport + UDP_HEADER);
}

uint32_t packet_number(const uint8_t *bytes, size_t size)
{
    if (size < 2 * sizeof(uint32_t) || get32(bytes + size - 2 * sizeof(uint32_t)) != CANARY)
        return message_number(bytes, size);
    return get32(bytes + size - sizeof(uint32_t));
}
