/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/refused-packet.h"

#include <netinet/in.h>

#include <string.h>

#define DNS_PORT          53
#define DNS_OVER_TLS_PORT 853

/* IEEE 802.3, 802.1Q */
#define ETHER_TYPE     12u
#define ETHER_HEADER   14u
#define VLAN_HEADER    4u
#define ETHERTYPE_VLAN 0x8100u
#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu

/* RFC 791, RFC 8200, RFC 792, RFC 4443 */
#define IPV4_HEADER     20u
#define IPV6_HEADER     40u
#define IPV6_EXTENSIONS 8u
#define ICMP_ECHO       8
#define ICMPV6_ECHO     128

static uint16_t number16(const uint8_t *bytes)
{
    return (uint16_t) (bytes[0] << 8 | bytes[1]);
}

static bool is_for_everybody(const KsAddress *address)
{
    return address->family == AF_INET ? address->bytes[0] >= 224 : address->bytes[0] == 0xff;
}

const char *ks_refused_packet_rule(const KsRefusedPacket *packet)
{
    bool has_ports = packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP;

    if (packet->way == KS_REFUSED_FORWARDED)
        return "forwarded";
    if (packet->way == KS_REFUSED_FRAME)
        return "frame";
    if (has_ports && (packet->port == DNS_PORT || packet->port == DNS_OVER_TLS_PORT))
        return "dns";
    if (ks_address_is_private(&packet->destination) || is_for_everybody(&packet->destination))
        return "local";
    return "outside";
}

static void read_transport(KsRefusedPacket *packet, const uint8_t *bytes, size_t size)
{
    if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP) {
        if (size < 4)
            return;
        packet->source_port = number16(bytes);
        packet->port = number16(bytes + 2);
    } else if ((packet->protocol == IPPROTO_ICMP && size >= 6 && bytes[0] == ICMP_ECHO) ||
               (packet->protocol == IPPROTO_ICMPV6 && size >= 6 && bytes[0] == ICMPV6_ECHO)) {
        packet->source_port = number16(bytes + 4);
    }
}

static void read_ipv4(KsRefusedPacket *packet, const uint8_t *bytes, size_t size)
{
    size_t header = size > 0 ? (size_t) (bytes[0] & 0x0f) * 4 : 0;

    if (size < IPV4_HEADER || bytes[0] >> 4 != 4 || header < IPV4_HEADER)
        return;
    packet->source.family = packet->destination.family = AF_INET;
    memcpy(packet->source.bytes, bytes + 12, 4);
    memcpy(packet->destination.bytes, bytes + 16, 4);
    packet->protocol = bytes[9];
    if (size > header && (number16(bytes + 6) & 0x1fff) == 0)
        read_transport(packet, bytes + header, size - header);
}

static bool is_extension(uint8_t protocol)
{
    return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
           protocol == IPPROTO_DSTOPTS;
}

static void read_ipv6(KsRefusedPacket *packet, const uint8_t *bytes, size_t size)
{
    size_t at = IPV6_HEADER;

    if (size < IPV6_HEADER || bytes[0] >> 4 != 6)
        return;
    packet->source.family = packet->destination.family = AF_INET6;
    memcpy(packet->source.bytes, bytes + 8, 16);
    memcpy(packet->destination.bytes, bytes + 24, 16);
    packet->protocol = bytes[6];
    for (unsigned i = 0; i < IPV6_EXTENSIONS && is_extension(packet->protocol); i++) {
        if (size < at + 8)
            return;
        packet->protocol = bytes[at];
        at += ((size_t) bytes[at + 1] + 1) * 8;
    }
    if (size > at)
        read_transport(packet, bytes + at, size - at);
}

static void read_frame(KsRefusedPacket *packet, const uint8_t *bytes, size_t size)
{
    size_t at = ETHER_HEADER;

    if (size < ETHER_HEADER)
        return;
    packet->frame_type = number16(bytes + ETHER_TYPE);
    if (packet->frame_type == ETHERTYPE_VLAN && size >= at + VLAN_HEADER) {
        packet->frame_type = number16(bytes + at + 2);
        at += VLAN_HEADER;
    }
    if (packet->frame_type == ETHERTYPE_IPV4)
        read_ipv4(packet, bytes + at, size - at);
    else if (packet->frame_type == ETHERTYPE_IPV6)
        read_ipv6(packet, bytes + at, size - at);
    if (packet->destination.family != AF_UNSPEC)
        packet->frame_type = 0;
}

void ks_refused_packet_read(KsRefusedPacket *ret_packet, const uint8_t *bytes, size_t size)
{
    if (ret_packet->way == KS_REFUSED_FRAME && !ret_packet->is_bare)
        read_frame(ret_packet, bytes, size);
    else if (size > 0 && bytes[0] >> 4 == 4)
        read_ipv4(ret_packet, bytes, size);
    else
        read_ipv6(ret_packet, bytes, size);
}
