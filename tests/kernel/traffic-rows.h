/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is sent, and when it may arrive: the rows of test-traffic.c, and nobody else's. */

#include "traffic.h"

#include <netinet/in.h>

#define HERE    "192.0.2.10"
#define HERE6   "2001:db8:1::10"
#define HERE_LL "fe80::10"
#define SERVER  "198.51.100.1"
#define SERVER6 "2001:db8:2::1"
#define ROUTER  "192.168.1.1"
#define PUBLIC  "203.0.113.5"
#define PUBLIC6 "2001:db8:9::1"
#define DHCP    "192.0.2.254"
#define GUEST   "10.99.0.2"
#define GUEST6  "fd99::2"
#define IN_TUN  "10.8.1.1" /* what the VPN carries */
#define IN_TUN6 "fd01:0:0:1::1"

typedef enum {
    NEVER,
    ON_LAN, /* with LAN access */
    ALWAYS,
} Verdict;

typedef struct {
    Verdict verdict;
    Packet packet;
} Row;

#define UDP(from, source, to, target)                  \
    {                                                  \
        from, to, IPPROTO_UDP, 0, source, target, NULL \
    }
#define TCP(from, source, to, target)                  \
    {                                                  \
        from, to, IPPROTO_TCP, 0, source, target, NULL \
    }
#define ICMP(from, to, type, hops)                  \
    {                                               \
        from, to, IPPROTO_ICMP, hops, type, 0, NULL \
    }
#define ICMP6(from, to, type, hops)                   \
    {                                                 \
        from, to, IPPROTO_ICMPV6, hops, type, 0, NULL \
    }
#define IGMP(from, to, type, hops)                  \
    {                                               \
        from, to, IPPROTO_IGMP, hops, type, 0, NULL \
    }
#define WIREGUARD(from, source, to, target, message)                      \
    {                                                                     \
        from, to, IPPROTO_UDP, 0, source, target, .head = (message) << 24 \
    }
#define SPLIT(from, source, to, target)                      \
    {                                                        \
        from, to, IPPROTO_UDP, 0, source, target, NULL, true \
    }
#define BARE(from, to, protocol)          \
    {                                     \
        from, to, protocol, 0, 1, 0, NULL \
    }
#define ERROR4(from, type, code, about)                   \
    {                                                     \
        from, HERE, IPPROTO_ICMP, 0, type, code, &(about) \
    }
#define ERROR6(from, type, about)                         \
    {                                                     \
        from, HERE6, IPPROTO_ICMPV6, 0, type, 0, &(about) \
    }

#define BY(from, to, by)                                                       \
    {                                                                          \
        from, to, IPPROTO_UDP, 0, 9, 5000, .way = (by), .way_size = sizeof(by) \
    }
#define WITH_ALERT(from, to, type)                                                 \
    {                                                                              \
        from, to, IPPROTO_IGMP, 1, type, 0, NULL, .way = router_alert,             \
                                                  .way_size = sizeof(router_alert) \
    }

#define IGMP_REPORT 0x22
#define IGMP_QUERY  0x11

enum { RS = 133, RA, NS, NA, REDIRECT }; /* RFC 4861 */
enum { MLD_QUERY = 130, MLD_REPORT, MLD_DONE, MLD2_REPORT = 143 };

/* Options that the kernel refuses to read for nft (RFC 791, 3.1): a loose source route of which one
 * address is used, or in front of a record of the way that is full; and to the tunnel's address. */
static const uint8_t route_used[] = { 131, 11, 8, 192, 168, 1, 1, 203, 0, 113, 5, 0 };
static const uint8_t route_recorded[] = {
    131, 7, 4, 203, 0, 113, 5, 7, 7, 8, 192, 168, 1, 1, 0, 0
};
static const uint8_t route_inside[] = { 131, 11, 8, 192, 0, 2, 10, 10, 8, 0, 2, 0 };
static const uint8_t router_alert[] = { 148, 4, 0, 0 }; /* RFC 2113 */
static const uint8_t routing_header[24] = { 0, 2, 0, 1, [8] = 0x20, 0x01, 0x0d, 0xb8 };

/* ---- from programs here to the world ---- */

static const Row output[] = {
    /* the server, and near misses: port, protocol, address */
    { ALWAYS, UDP(HERE, 5000, SERVER, 1194) },
    { NEVER, UDP(HERE, 5000, SERVER, 1195) },
    { NEVER, UDP(HERE, 1194, SERVER, 5000) },
    { NEVER, TCP(HERE, 5000, SERVER, 1194) },
    { NEVER, UDP(HERE, 5000, "198.51.100.2", 1194) },
    { NEVER, UDP(HERE, 5000, "198.51.100.0", 1194) },
    { ALWAYS, TCP(HERE, 5000, SERVER, 443) },
    { NEVER, UDP(HERE, 5000, SERVER, 443) },
    { NEVER, TCP(HERE, 443, SERVER, 80) },
    { NEVER, UDP(HERE, 5000, SERVER, 53) },
    { NEVER, ICMP(HERE, SERVER, 8, 0) },
    { ALWAYS, UDP(HERE6, 5000, SERVER6, 51820) },
    { NEVER, UDP(HERE6, 5000, SERVER6, 51821) },
    { NEVER, UDP(HERE6, 51820, SERVER6, 5000) },
    { NEVER, TCP(HERE6, 5000, SERVER6, 51820) },
    { NEVER, UDP(HERE6, 5000, "2001:db8:2::2", 51820) },
    { NEVER, ICMP6(HERE6, SERVER6, 128, 0) },

    /* a server's protocol without ports */
    { ALWAYS, BARE(HERE, SERVER, IPPROTO_ESP) },
    { ALWAYS, BARE(HERE6, SERVER6, IPPROTO_GRE) },
    { NEVER, BARE(HERE, SERVER, IPPROTO_GRE) },
    { NEVER, BARE(HERE, SERVER, IPPROTO_AH) },
    { NEVER, BARE(HERE, PUBLIC, IPPROTO_ESP) },
    { NEVER, BARE(HERE6, PUBLIC6, IPPROTO_GRE) },

    /* everybody else */
    { NEVER, TCP(HERE, 5000, PUBLIC, 80) },
    { NEVER, UDP(HERE, 5000, PUBLIC, 53) },
    { NEVER, UDP(HERE, 5000, PUBLIC, 1194) },
    { NEVER, ICMP(HERE, PUBLIC, 8, 0) },
    { NEVER, TCP(HERE6, 5000, PUBLIC6, 443) },
    { NEVER, UDP(HERE6, 5000, PUBLIC6, 53) },
    { NEVER, ICMP6(HERE6, PUBLIC6, 128, 255) },

    /* DHCP: to all, and to the lease's server */
    { ALWAYS, UDP("0.0.0.0", 68, "255.255.255.255", 67) },
    { ALWAYS, UDP(HERE, 68, DHCP, 67) },
    { NEVER, UDP(HERE, 68, "192.0.2.253", 67) },
    { NEVER, UDP(HERE, 68, PUBLIC, 67) },
    { NEVER, UDP(HERE, 5000, DHCP, 67) },
    { NEVER, UDP(HERE, 68, DHCP, 53) },
    { NEVER, TCP(HERE, 68, DHCP, 67) },
    { ON_LAN, UDP(HERE, 68, "255.255.255.255", 68) },
    { ON_LAN, UDP(HERE, 5000, "255.255.255.255", 67) },
    { ALWAYS, UDP(HERE_LL, 546, "ff02::1:2", 547) },
    { ON_LAN, UDP(HERE6, 546, "ff02::1:2", 547) },
    { ON_LAN, UDP(HERE_LL, 546, "ff02::1:3", 547) },
    { ON_LAN, UDP(HERE_LL, 547, "ff02::1:2", 546) },
    { NEVER, UDP(HERE6, 546, PUBLIC6, 547) },

    /* neighbours, routers, listeners */
    { ALWAYS, ICMP6(HERE_LL, "ff02::2", RS, 255) },
    { ON_LAN, ICMP6(HERE_LL, "ff02::2", RS, 64) },
    { ON_LAN, ICMP6(HERE_LL, "ff02::1", RS, 255) },
    { NEVER, ICMP6(HERE6, PUBLIC6, RS, 255) },
    { ALWAYS, ICMP6(HERE_LL, "ff02::1:ff00:1", NS, 255) },
    { ALWAYS, ICMP6(HERE6, "2001:db8:1::1", NS, 255) },
    { ALWAYS, ICMP6(HERE6, "2001:db8:1::1", NA, 255) },
    { NEVER, ICMP6(HERE6, "2001:db8:1::1", NS, 254) },
    { NEVER, ICMP6(HERE6, PUBLIC6, NA, 64) },
    { NEVER, ICMP6(HERE6, "2001:db8:1::1", RA, 255) },
    { NEVER, ICMP6(HERE6, "2001:db8:1::1", REDIRECT, 255) },
    /* of no group that link upkeep needs; those that it needs: test-reports.c */
    { ON_LAN, ICMP6(HERE_LL, "ff02::16", MLD2_REPORT, 1) },
    { ON_LAN, ICMP6(HERE_LL, "ff02::1:ff00:1", MLD_REPORT, 1) },
    { ON_LAN, ICMP6(HERE_LL, "ff02::2", MLD_DONE, 1) },
    { ON_LAN, ICMP6(HERE_LL, "ff02::16", MLD2_REPORT, 64) },
    { ON_LAN, ICMP6(HERE_LL, "ff02::1", MLD_QUERY, 1) },
    { NEVER, ICMP6(HERE6, PUBLIC6, MLD2_REPORT, 1) },
    { ON_LAN, IGMP(HERE, "224.0.0.22", IGMP_REPORT, 1) },
    { ON_LAN, IGMP(HERE, "239.1.2.3", IGMP_REPORT, 1) },
    { ON_LAN, IGMP(HERE, "224.0.0.22", IGMP_REPORT, 64) },
    { NEVER, IGMP(HERE, PUBLIC, IGMP_REPORT, 1) },

    /* the local network: fixed ranges with their edges, and no DNS */
    { ON_LAN, UDP(HERE, 5000, "192.168.1.5", 5000) },
    { ON_LAN, TCP(HERE, 5000, ROUTER, 80) },
    { ON_LAN, ICMP(HERE, ROUTER, 8, 0) },
    /* which the router would send on to somebody else */
    { NEVER, { HERE, ROUTER, IPPROTO_UDP, 0, 5000, 9, .by_way_of = PUBLIC } },
    { NEVER, BY(HERE, ROUTER, route_used) },
    { NEVER, BY(HERE, ROUTER, route_recorded) },
    { NEVER, BY(HERE6, "fd00::5", routing_header) },
    { ON_LAN, WITH_ALERT(HERE, "224.0.0.22", IGMP_REPORT) },
    { NEVER, UDP(HERE, 5000, ROUTER, 53) },
    { NEVER, TCP(HERE, 5000, ROUTER, 53) },
    { NEVER, UDP(HERE, 5000, ROUTER, 853) },
    { NEVER, TCP(HERE, 5000, ROUTER, 853) },
    { NEVER, UDP(HERE, 5000, "9.255.255.255", 9) },
    { ON_LAN, UDP(HERE, 5000, "10.0.0.0", 9) },
    { ON_LAN, UDP(HERE, 5000, "10.255.255.255", 9) },
    { NEVER, UDP(HERE, 5000, "11.0.0.0", 9) },
    { NEVER, UDP(HERE, 5000, "172.15.255.255", 9) },
    { ON_LAN, UDP(HERE, 5000, "172.16.0.0", 9) },
    { ON_LAN, UDP(HERE, 5000, "172.31.255.255", 9) },
    { NEVER, UDP(HERE, 5000, "172.32.0.0", 9) },
    { NEVER, UDP(HERE, 5000, "192.167.255.255", 9) },
    { NEVER, UDP(HERE, 5000, "192.169.0.0", 9) },
    { NEVER, UDP(HERE, 5000, "169.253.255.255", 9) },
    { ON_LAN, UDP(HERE, 5000, "169.254.0.0", 9) },
    { NEVER, UDP(HERE, 5000, "169.255.0.0", 9) },
    { ON_LAN, UDP(HERE, 5353, "224.0.0.251", 5353) },
    { NEVER, UDP(HERE, 5353, "224.0.0.251", 53) },
    { NEVER, UDP(HERE, 5000, "224.0.1.0", 9) },
    { NEVER, UDP(HERE, 5000, "238.255.255.255", 9) },
    { ON_LAN, UDP(HERE, 5000, "239.255.255.250", 1900) },
    { NEVER, SPLIT(HERE, 5000, "192.168.1.5", 5000) }, /* its port cannot be seen */
    { NEVER, SPLIT(HERE6, 5000, "fd00::5", 5000) },
    { NEVER, SPLIT(HERE, 5000, SERVER, 1194) },
    { NEVER, SPLIT(HERE6, 5000, SERVER6, 51820) },
    { NEVER, UDP(HERE, 5000, DHCP, 9) }, /* it is next door, and no private address */
    { ON_LAN, UDP(HERE6, 5000, "fd00::5", 5000) },
    { NEVER, UDP(HERE6, 5000, "fd00::1", 53) },
    { NEVER, TCP(HERE6, 5000, "fd00::1", 853) },
    { ON_LAN, UDP(HERE6, 5000, "fc00::", 9) },
    { NEVER, UDP(HERE6, 5000, "fbff::1", 9) },
    { ON_LAN, UDP(HERE_LL, 5000, "fe80::5", 5000) },
    { NEVER, UDP(HERE_LL, 5000, "fe80::5", 53) },
    { ON_LAN, UDP(HERE_LL, 5353, "ff02::fb", 5353) },
    { ON_LAN, UDP(HERE_LL, 5000, "ff05::c", 1900) },
    { NEVER, UDP(HERE6, 5000, "ff0e::1", 9) },

    /* private, but the VPN carries it (a rogue network only has to call itself so) */
    { NEVER, UDP(HERE, 5000, IN_TUN, 9) },
    { NEVER, UDP(HERE, 5000, "10.8.0.0", 9) },
    { NEVER, UDP(HERE, 5000, "10.8.255.255", 9) },
    { ON_LAN, UDP(HERE, 5000, "10.7.255.255", 9) },
    { ON_LAN, UDP(HERE, 5000, "10.9.0.0", 9) },
    { NEVER, UDP(HERE6, 5000, IN_TUN6, 9) },
    { ON_LAN, UDP(HERE6, 5000, "fd01:0:1::1", 9) },
};

/* ---- from the world to programs here ---- */

static const Packet to_server = UDP(HERE, 5000, SERVER, 1194);
static const Packet to_server_tcp = TCP(HERE, 5000, SERVER, 443);
static const Packet to_other_port = UDP(HERE, 5000, SERVER, 1195);
static const Packet to_other_protocol = TCP(HERE, 5000, SERVER, 1194);
static const Packet to_other_address = UDP(HERE, 5000, PUBLIC, 1194);
static const Packet to_server6 = UDP(HERE6, 5000, SERVER6, 51820);
static const Packet to_other_port6 = UDP(HERE6, 5000, SERVER6, 51821);
static const Packet to_other_address6 = UDP(HERE6, 5000, PUBLIC6, 51820);

static const Packet to_wireguard = UDP(HERE, 5000, SERVER, 51820);
static const Packet to_wireguard6 = UDP(HERE6, 5000, SERVER6, 51822);

static const Packet to_server_esp = BARE(HERE, SERVER, IPPROTO_ESP);
static const Packet to_server_ah = BARE(HERE, SERVER, IPPROTO_AH);

static const Row input[] = {
    { ALWAYS, BARE(SERVER, HERE, IPPROTO_ESP) },
    { NEVER, BARE(SERVER, HERE, IPPROTO_GRE) },
    { NEVER, BARE(PUBLIC, HERE, IPPROTO_ESP) },
    { ALWAYS, BARE(SERVER6, HERE6, IPPROTO_GRE) },
    { NEVER, BARE(PUBLIC6, HERE6, IPPROTO_GRE) },
    { ALWAYS, SPLIT(SERVER, 1194, HERE, 5000) },
    { NEVER, SPLIT(SERVER, 1195, HERE, 5000) },
    { ALWAYS, SPLIT(SERVER6, 51820, HERE6, 5000) },
    { NEVER, SPLIT(SERVER6, 51821, HERE6, 5000) },
    { NEVER, SPLIT(PUBLIC6, 51820, HERE6, 5000) },
    { ALWAYS, ERROR4(PUBLIC, 3, 4, to_server_esp) },
    { ALWAYS, ERROR4(PUBLIC, 3, 4, to_server_ah) }, /* which it is not asked for */
    { ALWAYS, UDP(SERVER, 1194, HERE, 5000) },
    { NEVER, UDP(SERVER, 1195, HERE, 5000) },
    { NEVER, UDP(SERVER, 5000, HERE, 1194) },
    { NEVER, TCP(SERVER, 1194, HERE, 5000) },
    { NEVER, UDP("198.51.100.2", 1194, HERE, 5000) },
    { NEVER, TCP(SERVER, 443, HERE, 5000) }, /* a connection that it begins */
    { ALWAYS, { SERVER, HERE, IPPROTO_TCP, 0, 443, 5000, .tcp_flags = 0x12 } },
    { ALWAYS, { SERVER, HERE, IPPROTO_TCP, 0, 443, 5000, .tcp_flags = 0x10 } },
    { ALWAYS, { SERVER, HERE, IPPROTO_TCP, 0, 443, 5000, .tcp_flags = 0x04 } },
    { NEVER, UDP(SERVER, 1194, HERE, 53) }, /* services here */
    { NEVER, UDP(SERVER, 1194, HERE, 499) },
    { ALWAYS, UDP(SERVER, 1194, HERE, 500) },
    { NEVER, UDP(SERVER, 1194, HERE, 1023) },
    { ALWAYS, UDP(SERVER, 1194, HERE, 1024) },
    { NEVER, UDP(SERVER, 1194, HERE, 5353) },
    { NEVER, UDP(SERVER6, 51820, HERE6, 5355) },
    { ALWAYS, WIREGUARD(SERVER, 51820, HERE, 5000, 1u) },
    { ALWAYS, WIREGUARD(SERVER, 51820, HERE, 5000, 4u) },
    { NEVER, WIREGUARD(SERVER, 51820, HERE, 5000, 5u) },
    { NEVER, UDP(SERVER, 51820, HERE, 5000) }, /* anything else from there */
    { NEVER, WIREGUARD(SERVER, 51820, HERE, 53, 4u) },
    { NEVER, WIREGUARD(PUBLIC, 51820, HERE, 5000, 4u) },
    { ALWAYS, WIREGUARD(SERVER6, 51822, HERE6, 5000, 2u) },
    { NEVER, UDP(SERVER6, 51822, HERE6, 5000) },
    { NEVER, TCP(SERVER, 80, HERE, 443) },
    { NEVER, ICMP(SERVER, HERE, 8, 0) },
    { ALWAYS, UDP(SERVER6, 51820, HERE6, 5000) },
    { NEVER, UDP(SERVER6, 5000, HERE6, 51820) },
    { NEVER, TCP(SERVER6, 51820, HERE6, 5000) },
    { NEVER, UDP(PUBLIC6, 51820, HERE6, 5000) },
    { NEVER, TCP(PUBLIC, 80, HERE, 22) },
    { NEVER, ICMP(PUBLIC, HERE, 8, 0) },
    { NEVER, ICMP6(PUBLIC6, HERE6, 128, 0) },

    /* errors about packets to a server, at whatever port (ADR 27), and about no others */
    { ALWAYS, ERROR4(PUBLIC, 3, 4, to_server) }, /* too big, from any router */
    { ALWAYS, ERROR4(SERVER, 3, 3, to_server) },
    { ALWAYS, ERROR4(PUBLIC, 3, 4, to_wireguard) },
    { ALWAYS, ERROR6(PUBLIC6, 2, to_wireguard6) },
    { ALWAYS, ERROR4(PUBLIC, 3, 4, to_server_tcp) },
    { ALWAYS, ERROR4(PUBLIC, 3, 4, to_other_port) },
    { ALWAYS, ERROR4(PUBLIC, 3, 4, to_other_protocol) },
    { NEVER, ERROR4(PUBLIC, 3, 4, to_other_address) },
    { NEVER, ERROR4(PUBLIC, 11, 0, to_server) },
    { NEVER, ERROR4(PUBLIC, 5, 1, to_server) }, /* a redirect */
    { NEVER, ERROR4(SERVER, 0, 0, to_server) },
    { ALWAYS, ERROR6(PUBLIC6, 1, to_server6) },
    { ALWAYS, ERROR6(PUBLIC6, 2, to_server6) },
    { ALWAYS, ERROR6(PUBLIC6, 3, to_server6) },
    { ALWAYS, ERROR6(PUBLIC6, 4, to_server6) },
    { NEVER, ERROR6(PUBLIC6, 5, to_server6) },
    { NEVER, ERROR6(PUBLIC6, 129, to_server6) },
    { ALWAYS, ERROR6(PUBLIC6, 2, to_other_port6) },
    { NEVER, ERROR6(PUBLIC6, 2, to_other_address6) },

    { ALWAYS, UDP(DHCP, 67, HERE, 68) },
    { ALWAYS, UDP(ROUTER, 67, "255.255.255.255", 68) },
    { NEVER, UDP(DHCP, 5000, HERE, 68) },
    { NEVER, UDP(DHCP, 67, HERE, 67) },
    { ALWAYS, UDP("fe80::1", 547, HERE_LL, 546) },
    { NEVER, UDP(PUBLIC6, 547, HERE6, 546) },
    { ON_LAN, UDP("fe80::1", 546, HERE_LL, 547) },

    { ALWAYS, ICMP6("fe80::1", "ff02::1", RA, 255) },
    { ON_LAN, ICMP6("fe80::1", "ff02::1", RA, 254) },
    { NEVER, ICMP6("2001:db8:1::1", "ff02::1", RA, 255) },
    { ALWAYS, ICMP6("2001:db8:1::1", HERE6, NS, 255) },
    { ALWAYS, ICMP6("2001:db8:1::1", HERE6, NA, 255) },
    { NEVER, ICMP6("2001:db8:1::1", HERE6, NS, 64) },
    { ALWAYS, ICMP6("fe80::1", HERE6, REDIRECT, 255) },
    { NEVER, ICMP6("2001:db8:1::1", HERE6, REDIRECT, 255) },
    { NEVER, ICMP6("2001:db8:1::1", HERE6, RS, 255) },
    { ALWAYS, ICMP6("fe80::1", "ff02::1", MLD_QUERY, 1) },
    { ON_LAN, ICMP6("fe80::1", "ff02::1", MLD_QUERY, 64) },
    { NEVER, ICMP6("2001:db8:1::1", HERE6, MLD_QUERY, 1) },
    { ALWAYS, IGMP(ROUTER, "224.0.0.1", IGMP_QUERY, 1) },
    { ALWAYS, WITH_ALERT(ROUTER, "224.0.0.1", IGMP_QUERY) },
    { ON_LAN, IGMP(ROUTER, "224.0.0.1", IGMP_QUERY, 64) },

    { ON_LAN, UDP("192.168.1.5", 5000, HERE, 5000) },
    { ON_LAN, TCP(ROUTER, 80, HERE, 5000) },
    { ON_LAN, ICMP("10.1.2.3", HERE, 8, 0) },
    { NEVER, UDP("11.0.0.1", 5000, HERE, 5000) },
    { ON_LAN, UDP("fd00::5", 5000, HERE6, 5000) },
    { ON_LAN, UDP("fe80::5", 5000, HERE_LL, 5000) },
    { NEVER, UDP(IN_TUN, 5000, HERE, 5000) },
    { NEVER, UDP(IN_TUN6, 5000, HERE6, 5000) },
};

/* To this machine's address inside the tunnel: by the tunnel and by guests, not by the wire, from
 * whomever it says that it is. A source route names it where nobody sees it before routing. */
#define TUNNEL_ADDRESS  "10.8.0.2"
#define TUNNEL_ADDRESS6 "fd01:0:0:2::2"
#define SYN_ACK         0x12

static const Row in_for_tunnel[] = {
    { NEVER, UDP(SERVER, 1194, TUNNEL_ADDRESS, 5000) },
    { NEVER, { SERVER, TUNNEL_ADDRESS, IPPROTO_TCP, 0, 443, 5000, .tcp_flags = SYN_ACK } },
    { NEVER, UDP("192.168.1.5", 5000, TUNNEL_ADDRESS, 5000) },
    { NEVER, UDP(IN_TUN, 5000, TUNNEL_ADDRESS, 5000) },
    { NEVER, ICMP("192.168.1.5", TUNNEL_ADDRESS, 8, 0) },
    { NEVER, UDP(SERVER6, 51820, TUNNEL_ADDRESS6, 5000) },
    { NEVER, UDP("fd00::5", 5000, TUNNEL_ADDRESS6, 5000) },
    { NEVER, { SERVER, HERE, IPPROTO_UDP, 0, 1194, 5000, .by_way_of = TUNNEL_ADDRESS } },
    { NEVER, { "192.168.1.5", HERE, IPPROTO_UDP, 0, 9, 5000, .by_way_of = TUNNEL_ADDRESS } },
    { NEVER, BY("192.168.1.5", HERE, route_inside) },
    { ALWAYS, UDP(SERVER, 1194, HERE, 5000) },
};

static const Row tunnel_for_tunnel[] = {
    { ALWAYS, UDP(PUBLIC, 53, TUNNEL_ADDRESS, 5000) },
    { ALWAYS, UDP(PUBLIC6, 53, TUNNEL_ADDRESS6, 5000) },
};

static const Row guest_for_tunnel[] = {
    { ALWAYS, UDP(GUEST, 5000, TUNNEL_ADDRESS, 5000) },
    { ALWAYS, UDP(GUEST6, 5000, TUNNEL_ADDRESS6, 5000) },
};

/* ---- from a guest through this machine ---- */

static const Row forward[] = {
    { NEVER, UDP(GUEST, 5000, PUBLIC, 53) },
    { NEVER, TCP(GUEST, 5000, PUBLIC, 443) },
    { NEVER, ICMP(GUEST, PUBLIC, 8, 0) },
    { NEVER, UDP(GUEST, 5000, SERVER, 1194) }, /* the server is for this machine's VPN */
    { NEVER, UDP(GUEST, 5000, ROUTER, 5000) },
    { NEVER, UDP(GUEST6, 5000, PUBLIC6, 53) },
    { NEVER, TCP(GUEST6, 5000, SERVER6, 51820) },
    { NEVER, UDP(GUEST6, 5000, "fd00::5", 5000) },
};

/* Other guests, this machine, and what this machine or the tunnel sends to them. */
#define OTHER_GUEST "10.99.0.3"
#define GUEST_GATE  "10.99.0.1"
#define GUEST_GATE6 "fd99::1"

static const Row guest_to_guest[] = {
    { ALWAYS, UDP(GUEST, 5000, OTHER_GUEST, 53) },
    { ALWAYS, TCP(GUEST, 5000, OTHER_GUEST, 80) },
};

static const Row from_guest[] = {
    { ALWAYS, UDP(GUEST, 5000, GUEST_GATE, 53) }, /* libvirt's and docker's DNS */
    { ALWAYS, UDP("0.0.0.0", 68, "255.255.255.255", 67) },
    { ALWAYS, TCP(GUEST, 5000, GUEST_GATE, 80) },
    { ALWAYS, ICMP(GUEST, GUEST_GATE, 8, 0) },
    { ALWAYS, UDP(GUEST6, 5000, GUEST_GATE6, 53) },
};

static const Row to_guest[] = {
    { ALWAYS, UDP(GUEST_GATE, 5000, GUEST, 53) },
    { ALWAYS, UDP(GUEST_GATE, 67, GUEST, 68) },
    { ALWAYS, TCP(GUEST_GATE, 5000, GUEST, 80) },
    { ALWAYS, UDP(GUEST_GATE6, 5000, GUEST6, 53) },
};

/* What comes for a guest that did not begin: from the tunnel, from the world. */
static const Row tunnel_to_guest[] = {
    { NEVER, UDP(IN_TUN, 53, GUEST, 5001) },
    { NEVER, TCP(IN_TUN, 443, GUEST, 22) },
    { NEVER, ICMP(IN_TUN, GUEST, 8, 0) },
    { NEVER, UDP(IN_TUN6, 53, GUEST6, 5001) },
};

static const Row wire_to_guest[] = {
    { NEVER, UDP(PUBLIC, 53, GUEST, 5001) },
    { NEVER, UDP(SERVER, 1194, GUEST, 5000) },
    { NEVER, TCP(ROUTER, 5000, GUEST, 22) },
    { NEVER, UDP(PUBLIC6, 53, GUEST6, 5001) },
};

/* ---- a translator of this machine's, behind the guest's interface: to servers alone ---- */

static const Row out_of_translator[] = {
    { ALWAYS, UDP(GUEST6, 5000, SERVER6, 51820) },
    { ALWAYS, UDP(GUEST6, 5000, SERVER6, 1195) },
    { ALWAYS, TCP(GUEST6, 5000, SERVER6, 443) },
    /* its mark is gone, and a port may be another's */
    { ALWAYS, WIREGUARD(GUEST6, 5000, SERVER6, 51822, 4) },
    { ALWAYS, UDP(GUEST6, 5000, SERVER6, 4500) },
    { NEVER, UDP(GUEST6, 5000, SERVER6, 1701) }, /* inside IPsec alone */
    { NEVER, UDP(GUEST6, 5000, SERVER6, 53) },
    { NEVER, TCP(GUEST6, 5000, SERVER6, 51820) },
    { NEVER, UDP(GUEST6, 5000, PUBLIC6, 51820) },
    { NEVER, UDP(GUEST6, 5000, PUBLIC6, 53) },
    { NEVER, ICMP6(GUEST6, SERVER6, 128, 64) },
    { NEVER, UDP(GUEST, 5000, PUBLIC, 53) },
    { NEVER, UDP(GUEST, 5000, SERVER, 1194) }, /* it forwards no IPv4 */
};

/* What it makes of these is judged as IPv4. */
static const Row into_translator[] = {
    { ALWAYS, UDP(SERVER6, 51820, GUEST6, 5000) },
    { ALWAYS, ICMP6(PUBLIC6, GUEST6, 2, 64) },
    { NEVER, UDP(SERVER, 1194, GUEST, 5000) },
    { NEVER, TCP(PUBLIC, 443, GUEST, 22) },
};

/* ---- the users of a hotspot: what they may ask this machine, and be answered ---- */

#define DNS(from, source, to, target, message)                                                \
    {                                                                                         \
        from, to, IPPROTO_UDP, 0, source, target, .bytes = (message), .size = sizeof(message) \
    }

static const uint8_t dns_question[] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1 };
static const uint8_t dns_answer[] = { 0, 0, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1 };

static const Row from_hotspot[] = {
    { ALWAYS, UDP("0.0.0.0", 68, "255.255.255.255", 67) },
    { ALWAYS, UDP(GUEST, 68, GUEST_GATE, 67) },
    { NEVER, UDP(GUEST, 5000, GUEST_GATE, 67) },
    { ALWAYS, DNS(GUEST, 5000, GUEST_GATE, 53, dns_question) },
    { ALWAYS, TCP(GUEST, 5000, GUEST_GATE, 53) },
    { ALWAYS, DNS(GUEST6, 5000, GUEST_GATE6, 53, dns_question) },
    { ALWAYS, ICMP(GUEST, GUEST_GATE, 8, 0) },
    { ALWAYS, ICMP6(GUEST6, GUEST_GATE6, 128, 64) },
    { NEVER, UDP(GUEST, 53, GUEST_GATE, 5000) },
    { NEVER, UDP(GUEST, 5000, GUEST_GATE, 5353) },
    { NEVER, TCP(GUEST, 5000, GUEST_GATE, 22) },
    { NEVER, { GUEST, GUEST_GATE, IPPROTO_TCP, 0, 5000, 22, .tcp_flags = 0x10 } },
    { NEVER, ICMP(GUEST, GUEST_GATE, 0, 0) },
    { NEVER, TCP(GUEST6, 5000, GUEST_GATE6, 22) },
    { ALWAYS, ICMP6("fe80::2", "ff02::2", RS, 255) },
    { NEVER, ICMP6("fe80::2", "ff02::2", RS, 64) },
};

static const Row to_hotspot[] = {
    { ALWAYS, UDP(GUEST_GATE, 67, GUEST, 68) },
    { NEVER, UDP(GUEST_GATE, 67, GUEST, 67) },
    { NEVER, UDP(GUEST_GATE, 5000, GUEST, 68) },
    { ALWAYS, DNS(GUEST_GATE, 53, GUEST, 5000, dns_answer) },
    { ALWAYS, DNS(GUEST_GATE6, 53, GUEST6, 5000, dns_answer) },
    { NEVER, DNS(GUEST_GATE, 53, GUEST, 53, dns_question) }, /* a server that asks from its port */
    { NEVER, DNS(GUEST_GATE, 5000, GUEST, 53, dns_question) },
    { NEVER, UDP(GUEST_GATE, 53, GUEST, 5000) },
    { ALWAYS, { GUEST_GATE, GUEST, IPPROTO_TCP, 0, 53, 5000, .tcp_flags = SYN_ACK } },
    { ALWAYS, { GUEST_GATE, GUEST, IPPROTO_TCP, 0, 53, 5000, .tcp_flags = 0x10 } },
    { NEVER, TCP(GUEST_GATE, 53, GUEST, 5000) }, /* a connection that begins here */
    { NEVER, TCP(GUEST_GATE, 5000, GUEST, 80) },
    { NEVER, { GUEST_GATE, GUEST, IPPROTO_TCP, 0, 22, 5000, .tcp_flags = SYN_ACK } },
    { NEVER, { GUEST_GATE, GUEST, IPPROTO_TCP, 0, 22, 5000, .tcp_flags = 0x10 } },
    { NEVER, UDP(GUEST_GATE, 5000, GUEST, 5000) },
    { NEVER, UDP(GUEST_GATE, 5353, "224.0.0.251", 5353) },
    { NEVER, ICMP(GUEST_GATE, GUEST, 8, 0) },
    { NEVER, UDP(GUEST_GATE6, 5000, GUEST6, 53) },
    { NEVER, TCP(GUEST_GATE6, 5000, GUEST6, 80) },
    { NEVER, ICMP6(GUEST_GATE6, GUEST6, 128, 64) },
};

/* A program that makes frames may answer, and nothing else, however forwarded it looks. */
static const Row frames_to_hotspot[] = {
    { ALWAYS, UDP(GUEST_GATE, 67, GUEST, 68) },
    { ALWAYS, DNS(GUEST_GATE, 53, GUEST, 5000, dns_answer) },
    { NEVER, DNS(GUEST_GATE, 53, GUEST, 5000, dns_question) },
    { NEVER, UDP(IN_TUN, 443, GUEST, 5000) },
    { NEVER, { IN_TUN, GUEST, IPPROTO_TCP, 0, 443, 5000, .tcp_flags = 0x10 } },
    { NEVER, UDP(HERE, 5000, PUBLIC, 9) },
    { NEVER, TCP(HERE, 5000, PUBLIC, 443) },
    { NEVER, ICMP(GUEST_GATE, GUEST, 8, 0) },
    { NEVER, UDP(IN_TUN6, 443, GUEST6, 5000) },
    { ALWAYS, ICMP6("fe80::1", "ff02::1", RA, 255) },
    { NEVER, ICMP6("fe80::1", "ff02::1", RA, 64) },
    { ALWAYS, ICMP6(GUEST_GATE6, GUEST6, NS, 255) },
};

/* Among themselves; and this machine's kernel sends back what it is pinged with. */
static const Row hotspot_to_hotspot[] = {
    { ALWAYS, UDP(GUEST, 5000, OTHER_GUEST, 53) },
    { ALWAYS, TCP(GUEST, 5000, OTHER_GUEST, 80) },
    { ALWAYS, ICMP(GUEST, GUEST_GATE, 8, 0) },
    { ALWAYS, ICMP6(GUEST6, GUEST_GATE6, 128, 64) },
};

static const Row hotspot_for_tunnel[] = {
    { NEVER, UDP(GUEST, 5000, TUNNEL_ADDRESS, 53) },
    { NEVER, ICMP(GUEST, TUNNEL_ADDRESS, 8, 0) },
    { NEVER, UDP(GUEST6, 5000, TUNNEL_ADDRESS6, 53) },
};

static const Row wire_to_tunnel[] = {
    { NEVER, UDP(PUBLIC, 5000, IN_TUN, 53) },
    { NEVER, TCP(ROUTER, 5000, IN_TUN, 22) },
    { NEVER, UDP(PUBLIC6, 5000, IN_TUN6, 53) },
};

static const Row forward_to_tunnel[] = {
    { ALWAYS, UDP(GUEST, 5000, IN_TUN, 53) },
    { ALWAYS, TCP(GUEST, 5000, IN_TUN, 443) },
    { ALWAYS, UDP(GUEST6, 5000, IN_TUN6, 53) },
};

/* What programs here send into the tunnel, and what comes out of it. */
static const Row into_tunnel[] = {
    { ALWAYS, UDP(HERE, 5000, IN_TUN, 53) },
    { ALWAYS, TCP(HERE, 5000, IN_TUN, 443) },
    { ALWAYS, ICMP6(HERE6, IN_TUN6, 128, 0) },
};

static const Row out_of_tunnel[] = {
    { ALWAYS, UDP(PUBLIC, 53, HERE, 5000) },
    { ALWAYS, TCP(IN_TUN, 443, HERE, 5000) },
    { ALWAYS, UDP(IN_TUN6, 53, HERE6, 5000) },
};

/* ---- frames that a program here makes, to the world ---- */

static const Row frames_out[] = {
    { ON_LAN, UDP(HERE, 5000, "192.168.1.5", 5000) },
    { ON_LAN, UDP(HERE6, 5000, "fd00::5", 5000) },
    { ON_LAN, WITH_ALERT(HERE, "224.0.0.22", IGMP_REPORT) },
    { ALWAYS, UDP(HERE, 5000, SERVER, 1194) },
    { NEVER, UDP(HERE, 5000, PUBLIC, 9) },
    { NEVER, BY(HERE, ROUTER, route_used) },
    { NEVER, BY(HERE, ROUTER, route_recorded) },
    { NEVER, BY(HERE6, "fd00::5", routing_header) },
};
