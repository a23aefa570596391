/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An IPv4 or IPv6 address in network byte order, a plain value. */

typedef struct {
    uint8_t family;    /* AF_INET, AF_INET6, or AF_UNSPEC: no address is known */
    uint8_t bytes[16]; /* the first ks_address_size() are used, the rest are zero */
} KsAddress;

/* Long enough for any address as text, with its final zero. */
#define KS_ADDRESS_TEXT_SIZE 46

/* 4, 16, or 0 for AF_UNSPEC. */
size_t ks_address_size(const KsAddress *address);

/* A literal address as inet_pton(3) reads it: no brackets, no zone, no leading zeros in IPv4.
 * Returns false and leaves ret_address alone for everything else. */
bool ks_address_parse(const char *text, KsAddress *ret_address);

/* Writes the address as inet_ntop(3) does; "" for AF_UNSPEC. Returns `text`. */
const char *ks_address_text(const KsAddress *address, char text[KS_ADDRESS_TEXT_SIZE]);

/* Whether a packet to this address can leave the machine towards one other machine: neither
 * unspecified, loopback, multicast, reserved (240.0.0.0/4, with the limited broadcast) nor
 * IPv4-mapped. Private ranges are routable
 * (a VPN server may stand in the same house). */
bool ks_address_is_unicast(const KsAddress *address);

/* Whether the first bits of both are the same. */
bool ks_bits_are_equal(const uint8_t *a, const uint8_t *b, unsigned bits);

/* Those behind the first `bits` of so many bytes become zero. */
void ks_bits_clear_behind(uint8_t *bytes, size_t size, unsigned bits);

/* Whether the first `prefix` bits are those of the network's. */
bool ks_address_is_in(const KsAddress *address, const KsAddress *network, unsigned prefix);

/* In a range that no network on the internet has (RFC 1918, 3927, 4193), or link-local. */
bool ks_address_is_private(const KsAddress *address);

/* fe80::/10 (RFC 4291): every link has these, and says which one is meant. */
bool ks_address_is_link_local(const KsAddress *address);

/* 127.0.0.0/8, ::1. */
bool ks_address_is_loopback(const KsAddress *address);

int ks_address_compare(const KsAddress *a, const KsAddress *b);
