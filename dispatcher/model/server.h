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

/* Whose packets reach this server, which is what the rules can tell the VPN from other programs by.
 * The sender of a packet is the uid its socket was made with. */
typedef enum {
    KS_SENDER_UNKNOWN,       /* nobody said, as for a VPN that a person described */
    KS_SENDER_DAEMON,        /* a program: root, or a user of its own once it gave root up; never a
                              * person's uid */
    KS_SENDER_LOGIN_AS_USER, /* the same, but the login before it is a program of the person who
                              * connects */
    KS_SENDER_KERNEL,        /* the kernel encrypts: a packet has the uid of the program whose data
                              * is inside it, or none, so that uids say nothing */
} KsSender;

typedef struct {
    char *host;        /* a name as the profile writes it, or a literal address in the one form of
                        * ks_address_text(); owned */
    KsAddress address; /* AF_UNSPEC while a name is not resolved */
    uint8_t protocol;  /* IANA protocol number: IPPROTO_UDP, _TCP, _ESP, _GRE, ... */
    uint16_t port;     /* host byte order, 1..65535; 0 for protocols without ports */
    KsServerSource source;
    KsSender sender;
    bool ipsec_only; /* only inside IPsec: a packet that is not encrypted must not leave */
    bool translated; /* where NAT64 of the network of now has it: on another one, somebody else's */
    bool refused;    /* a name that was answered, with no address that is believed */
    bool floated;    /* where a server answered from (ADR 40): nobody may remember it */
} KsServer;

/* Longest host name a DNS question can carry as text (RFC 1035, 2.3.4), without the final dot. */
#define KS_HOST_MAX 253

/* Copies `host`; a literal address fills `address` at once. `sender` is unknown and `ipsec_only` is
 * false until the caller sets them. Returns NULL if `host` is not valid by
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

/* Where name servers listen (DNS, and DNS over TLS or QUIC): what is let out there lets questions
 * out. */
bool ks_port_is_name_servers(uint16_t port);

/* Decimal digits and nothing else, 1..65535. */
bool ks_port_parse(const char *text, uint16_t *ret_port);

/* "udp", "tcp", "esp", "ah", "gre", else the number as text; static or `buffer`. */
const char *ks_protocol_name(uint8_t protocol, char buffer[4]);

/* The other way round, for the five that have a name. */
bool ks_protocol_parse(const char *name, uint8_t *ret_protocol);

/* "profile", "override" or "manual". */
const char *ks_server_source_name(KsServerSource source);

/* "unknown", "daemon", "login-as-user" or "kernel". */
const char *ks_sender_name(KsSender sender);

/* TCP and UDP; what has no ports is a server with port 0. */
bool ks_protocol_has_ports(uint8_t protocol);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsServer, ks_server_free)
