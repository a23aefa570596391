/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IPv4 and IPv6 packets by hand, with right checksums, so that every field can be wrong on
 * purpose. Each carries a number at its end, by which anyone who catches it knows it again; one
 * that speaks DNS carries it as its message's number. */

#define PACKET_SIZE_MAX  512u
#define PACKET_BYTES_MAX 384u

typedef struct Packet Packet;

struct Packet {
    const char *from; /* both of one family */
    const char *to;
    uint8_t protocol;
    uint8_t hops;        /* 0: 64 */
    uint16_t source;     /* port, or type of an ICMP message or IGMP message */
    uint16_t target;     /* port, or code of an ICMP message */
    const Packet *quote; /* of an ICMP error: the packet that it is about */
    bool split;          /* sent in two fragments; from here, only the second one */

    /* A DNS message, whose first two bytes are left to the packet's number. With
     * UDP, and not as a quote. */
    const uint8_t *bytes;
    size_t size;           /* at most PACKET_BYTES_MAX */
    uint16_t claims;       /* what UDP's length says; 0: the truth */
    bool first;            /* calls itself the first of several fragments */
    bool options;          /* with options in its IP header, or behind it */
    const char *by_way_of; /* IPv4: `to` is on the way, this is where it goes (RFC 791, 3.1) */
    /* IPv4's options; or IPv6's routing header, whose first byte is written here */
    const uint8_t *way;
    size_t way_size;   /* a multiple of 4; of 8 with IPv6 */
    uint8_t tcp_flags; /* 0: SYN */
    uint32_t head;     /* what its payload begins with; 0: nothing */
};

bool packet_is_ipv6(const Packet *packet);

/* Writes at most PACKET_SIZE_MAX bytes. Returns its size. */
size_t packet_build(const Packet *packet, uint32_t number, uint8_t *buffer);

/* Cuts a UDP packet behind its header: the first fragment (piece = 0) or the second one. Returns
 * the fragment's size, at most PACKET_SIZE_MAX. */
size_t packet_cut(const uint8_t *packet, size_t size, unsigned piece, uint32_t number,
                  uint8_t *buffer);

/* The number of a packet that ends with these bytes; 0: none of ours. */
uint32_t packet_number(const uint8_t *bytes, size_t size);
