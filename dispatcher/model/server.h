/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/address.h"

#include <glib.h>

/* A VPN's endpoint: where the VPN's own packets go, and nothing wider. */

typedef enum {
    KS_SERVER_FROM_PROFILE,  /* read from the NetworkManager profile */
    KS_SERVER_FROM_OVERRIDE, /* a person corrected what the profile says */
    KS_SERVER_FROM_MANUAL,   /* a VPN that NetworkManager does not run */
} KsServerSource;

typedef struct {
    char *host;        /* a name as the profile writes it, or a literal address in the one form of
                        * ks_address_text(); owned */
    KsAddress address; /* AF_UNSPEC while a name is not resolved */
    uint8_t protocol;  /* IANA protocol number: IPPROTO_UDP, _TCP, _ESP, _GRE, ... */
    uint16_t port;     /* host byte order, 1..65535; 0 for protocols without ports */
    KsServerSource source;
} KsServer;

/* Longest host name a DNS question can carry as text (RFC 1035, 2.3.4), without the final dot. */
#define KS_HOST_MAX 253

/* Copies `host`; a literal address fills `address` at once. Returns NULL if `host` is not valid by
 * ks_server_host_is_valid(). */
KsServer *ks_server_new(const char *host, uint8_t protocol, uint16_t port, KsServerSource source);
KsServer *ks_server_copy(const KsServer *server);
void ks_server_free(KsServer *server);

/* Every field is the same; letter case in a name makes no difference. */
bool ks_server_equal(const KsServer *a, const KsServer *b);

/* A literal address that is unicast, or a host name: letters, digits, '-', '_' and '.', labels of 1
 * to 63, at most KS_HOST_MAX in all, one final dot allowed, the last label not a number (resolvers
 * read "127.1" as an address). Hostile text ends here. */
bool ks_server_host_is_valid(const char *host);

/* Decimal digits and nothing else, 1..65535. */
bool ks_port_parse(const char *text, uint16_t *ret_port);

/* "udp", "tcp", "esp", "ah", "gre", else the number as text; static or `buffer`. */
const char *ks_protocol_name(uint8_t protocol, char buffer[4]);

/* "profile", "override" or "manual". */
const char *ks_server_source_name(KsServerSource source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsServer, ks_server_free)
