/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* More rows of test-traffic.c: with exceptions (ADR 42), and never by a range that the VPN leads
 * to. */

#include "traffic-rows.h"

#define PINGED  "203.0.113.6"
#define MARKED  "203.0.113.7"
#define ALL_OF  "203.0.113.8"
#define ALL_OF6 "2001:db8:9::8"

static const struct {
    const char *to;
    const char *protocol;
    const char *ports;
    bool incoming; /* a service here, for those at `to` */
} exceptions[] = {
    { PUBLIC, "tcp", "443" },
    { PUBLIC6, "udp", "8000-8010" },
    { PUBLIC6, "udp", "5000" },
    { PINGED, "icmp", "" },
    { MARKED, "udp", "5000" },
    { "10.0.0.0/8", "tcp", "443" },
    { "fd01::/32", "tcp", "443" },
    { ALL_OF, "", "" },
    { ALL_OF6, "", "" },
    { "203.0.113.0/24", "tcp", "22", true },
    { "2001:db8:9::/48", "tcp", "22", true },
    { "0.0.0.0/0", "udp", "2300-2310", true },
    { "2001:db8:9::/48", "udp", "2300-2310", true },
    { "0.0.0.0/0", "tcp", "2300-2320", true },
    { "2001:db8:9::/48", "tcp", "2300-2320", true },
    { PUBLIC, "udp", "2320", true },
    { PUBLIC6, "udp", "2320", true },
    { "10.0.0.0/8", "tcp", "22", true },
    { "fd01::/32", "tcp", "22", true },
};

#define FRAGMENT(from, to)                                                      \
    {                                                                           \
        from, to, IPPROTO_UDP, 0, 5000, 443, .split = true /* the second one */ \
    }

#define ANSWER(from, source, to)                                                 \
    {                                                                            \
        from, to, IPPROTO_TCP, 0, source, 5000, .tcp_flags = 0x12 /* SYN, ACK */ \
    }

#define FLAGGED(from, source, to, target, flags)                       \
    {                                                                  \
        from, to, IPPROTO_TCP, 0, source, target, .tcp_flags = (flags) \
    }
#define F_ACK     0x10
#define F_SYN_ACK 0x12
#define F_FIN_ACK 0x11
#define F_RESET   0x04

static const Row excepted_out[] = {
    { ALWAYS, TCP(HERE, 5000, PUBLIC, 443) },
    { NEVER, TCP(HERE, 5000, PUBLIC, 444) },
    { NEVER, TCP(HERE, 443, PUBLIC, 5000) },
    { NEVER, UDP(HERE, 5000, PUBLIC, 443) },
    { NEVER, ICMP(HERE, PUBLIC, 8, 0) },
    { NEVER, TCP(HERE, 5000, "203.0.113.4", 443) },
    { NEVER, UDP(HERE6, 5000, PUBLIC6, 7999) },
    { ALWAYS, UDP(HERE6, 5000, PUBLIC6, 8000) },
    { ALWAYS, UDP(HERE6, 5000, PUBLIC6, 8010) },
    { NEVER, UDP(HERE6, 5000, PUBLIC6, 8011) },
    { NEVER, UDP(HERE6, 5000, "2001:db8:9::2", 8000) },
    { ALWAYS, ICMP(HERE, PINGED, 8, 0) },
    { ALWAYS, UDP(HERE, 9, MARKED, 5000) },
    { NEVER, BY(HERE, MARKED, route_used) },
    { ALWAYS, UDP(HERE6, 9, PUBLIC6, 5000) },
    { NEVER, BY(HERE6, PUBLIC6, routing_header) },

    /* all is TCP, UDP and ping, but for name servers; not what else IP carries, nor a fragment that
     * does not say what it is of */
    { ALWAYS, UDP(HERE, 5000, ALL_OF, 443) },
    { ALWAYS, TCP(HERE6, 5000, ALL_OF6, 443) },
    { ALWAYS, ICMP(HERE, ALL_OF, 8, 0) },
    { NEVER, UDP(HERE, 5000, ALL_OF, 853) },
    { NEVER, BARE(HERE, ALL_OF, IPPROTO_SCTP) },
    { NEVER, BARE(HERE6, ALL_OF6, IPPROTO_SCTP) },
    { NEVER, BARE(HERE, ALL_OF, IPPROTO_GRE) },
    { NEVER, BARE(HERE6, ALL_OF6, IPPROTO_GRE) },
    { NEVER, FRAGMENT(HERE, ALL_OF) },
    { NEVER, FRAGMENT(HERE6, ALL_OF6) },

    /* a service says nothing to who did not begin */
    { NEVER, TCP(HERE, 22, PUBLIC, 5000) },
    { NEVER, FLAGGED(HERE, 22, PUBLIC, 5000, F_ACK) },
    { NEVER, FLAGGED(HERE, 22, PUBLIC, 5000, F_SYN_ACK) },
    { NEVER, FLAGGED(HERE6, 22, PUBLIC6, 5001, F_ACK) },
    { NEVER, UDP(HERE, 2300, "8.8.8.8", 5000) },
    { NEVER, UDP(HERE6, 2300, PUBLIC6, 5001) },

    /* private, but the VPN carries it */
    { NEVER, TCP(HERE, 5000, IN_TUN, 443) },
    { NEVER, TCP(HERE, 5000, "10.8.255.255", 443) },
    { ALWAYS, TCP(HERE, 5000, "10.9.0.0", 443) },
    { NEVER, TCP(HERE6, 5000, IN_TUN6, 443) },
    { ALWAYS, TCP(HERE6, 5000, "fd01:0:1::1", 443) },
};

static const Row excepted_in[] = {
    { ALWAYS, ANSWER(PUBLIC, 443, HERE) },
    { NEVER, ANSWER(PUBLIC, 444, HERE) },
    { NEVER, TCP(PUBLIC, 443, HERE, 5000) }, /* a connection that it begins */
    { NEVER, UDP(MARKED, 5000, HERE, 9) },   /* nothing was sent there */
    { NEVER, UDP(PUBLIC6, 8000, HERE6, 5000) },
    { ALWAYS, ICMP(PINGED, HERE, 0, 0) },
    { NEVER, ICMP(PINGED, HERE, 8, 0) },
    { NEVER, ICMP(PUBLIC, HERE, 0, 0) },
    { NEVER, ANSWER(IN_TUN, 443, HERE) },
    { ALWAYS, ANSWER("10.9.0.1", 443, HERE) },
    { NEVER, ANSWER(IN_TUN6, 443, HERE6) },
    { ALWAYS, ANSWER("fd01:0:1::1", 443, HERE6) },

    /* a service here: who begins, and who was never heard of */
    { ALWAYS, TCP(PUBLIC, 5000, HERE, 22) },
    { NEVER, TCP(PUBLIC, 5000, HERE, 23) },
    { NEVER, TCP("203.0.112.5", 5000, HERE, 22) },
    { NEVER, UDP(PUBLIC, 5000, HERE, 22) },
    { NEVER, TCP(PUBLIC, 5000, HERE, 2299) },
    { NEVER, FLAGGED(PUBLIC, 5001, HERE, 22, F_ACK) },
    { NEVER, FLAGGED(PUBLIC, 5001, HERE, 22, F_SYN_ACK) },
    { NEVER, FLAGGED(PUBLIC, 5001, HERE, 22, F_FIN_ACK) },
    { NEVER, FLAGGED(PUBLIC, 5001, HERE, 22, F_RESET) },
    { ALWAYS, UDP("8.8.8.8", 5000, HERE, 2300) },
    { ALWAYS, UDP("8.8.8.8", 53, HERE, 2310) },
    { NEVER, UDP("8.8.8.8", 5000, HERE, 2311) },
    { ALWAYS, TCP("8.8.8.8", 54, HERE, 2310) },
    { NEVER, TCP("8.8.8.8", 53, HERE, 2310) }, /* its answer would look like a question */
    { ALWAYS, TCP(PUBLIC6, 5000, HERE6, 22) },
    { NEVER, TCP("2001:db8:a::1", 5000, HERE6, 22) },
    { NEVER, FLAGGED(PUBLIC6, 5001, HERE6, 22, F_ACK) },
    { ALWAYS, UDP(PUBLIC6, 5000, HERE6, 2305) },
    { NEVER, UDP(PUBLIC6, 5000, HERE6, 2299) },
    { NEVER, ICMP("8.8.8.8", HERE, 8, 0) },
    { NEVER, TCP(IN_TUN, 5000, HERE, 22) },
    { ALWAYS, TCP("10.9.0.1", 5000, HERE, 22) },
    { NEVER, TCP(IN_TUN6, 5000, HERE6, 22) },
    { ALWAYS, TCP("fd01:0:1::1", 5000, HERE6, 22) },
};

/* Clients of services: what they begin with, and what follows. */
static const Packet clients_begin[] = {
    TCP(PUBLIC, 5000, HERE, 22),    TCP(PUBLIC6, 5000, HERE6, 22),
    TCP(PUBLIC, 5000, HERE, 2320),  TCP(PUBLIC6, 5003, HERE6, 2320),
    UDP("8.8.8.8", 53, HERE, 2300), UDP(PUBLIC6, 6000, HERE6, 2300),
};
static const Packet clients_go_on[] = {
    FLAGGED(PUBLIC, 5000, HERE, 22, F_ACK),
    FLAGGED(PUBLIC6, 5000, HERE6, 22, F_ACK),
    FLAGGED(PUBLIC, 5000, HERE, 22, F_FIN_ACK),
    FLAGGED(PUBLIC6, 5000, HERE6, 22, F_RESET),
};
static const Packet clients_answers[] = {
    FLAGGED(HERE, 22, PUBLIC, 5000, F_SYN_ACK),
    FLAGGED(HERE6, 22, PUBLIC6, 5000, F_SYN_ACK),
    FLAGGED(HERE, 22, PUBLIC, 5000, F_ACK),
    FLAGGED(HERE6, 22, PUBLIC6, 5000, F_FIN_ACK),
    FLAGGED(HERE, 22, PUBLIC, 5000, F_RESET),
    UDP(HERE, 2300, "8.8.8.8", 53),
    UDP(HERE6, 2300, PUBLIC6, 6000),
};
/* An answer of root's to port 53 by TCP, which the guard's own questions go to. */
static const Packet clients_ask_back[] = {
    FLAGGED(HERE, 2310, "8.8.8.8", 53, F_SYN_ACK),
    FLAGGED(HERE6, 2310, PUBLIC6, 53, F_SYN_ACK),
};
static const Packet clients_of_port_53[] = {
    TCP("8.8.8.8", 53, HERE, 2310),
    TCP(PUBLIC6, 53, HERE6, 2310),
    FLAGGED("8.8.8.8", 53, HERE, 2310, F_ACK),
    FLAGGED(PUBLIC6, 53, HERE6, 2310, F_ACK),
};
static const Packet clients_never[] = {
    TCP(HERE, 22, PUBLIC, 5000), /* a connection of our own from there */
    TCP(HERE6, 22, PUBLIC6, 5000),
    FLAGGED(HERE, 22, PUBLIC, 5001, F_ACK),
    FLAGGED(HERE, 23, PUBLIC, 5000, F_ACK),
    FLAGGED(HERE, 22, "203.0.113.4", 5000, F_ACK),
    FLAGGED(HERE6, 22, "2001:db8:9::3", 5000, F_ACK),
    UDP(HERE, 2301, "8.8.8.8", 53),
    UDP(HERE, 2300, "8.8.4.4", 53),
    UDP(HERE, 2300, "8.8.8.8", 5000),
    UDP(HERE6, 2301, PUBLIC6, 6000),
    UDP(HERE, 22, PUBLIC, 5000),
    /* a client of the one protocol is none of the other, over the same port */
    FLAGGED(HERE, 2300, "8.8.8.8", 53, F_ACK),
    FLAGGED(HERE6, 2300, PUBLIC6, 6000, F_ACK),
    UDP(HERE, 2320, PUBLIC, 5000),
    UDP(HERE6, 2320, PUBLIC6, 5003),
    { HERE, "8.8.8.8", IPPROTO_UDP, 0, 2300, 53, .split = true },
};
