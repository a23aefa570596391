/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/skeleton.h"

/* before the kernel's headers, which then leave out what libc has defined */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* nft(8)'s numbers for its data types (nftables, include/datatype.h); a concatenation is six bits
 * a field. Only nft reads them, to print our sets in words. */
#define TYPE_NFPROTO      2
#define TYPE_IPV4_ADDR    7
#define TYPE_IPV6_ADDR    8
#define TYPE_INET_PROTO   12
#define TYPE_INET_SERVICE 13
#define TYPE_IFACE_INDEX  20
#define CONCAT(a, b)      ((a) << 6 | (b))

/* Header offsets: RFC 791, RFC 8200, RFC 768, RFC 9293, RFC 792, RFC 4443. */
#define IPV4_TTL         8
#define IPV4_PROTOCOL    9
#define IPV4_SOURCE      12
#define IPV4_DESTINATION 16
#define IPV4_HEADER      20 /* without options: the kernel quotes its own packets' headers */
#define IPV6_NEXT_HEADER 6
#define IPV6_HOP_LIMIT   7
#define IPV6_SOURCE      8
#define IPV6_DESTINATION 24
#define IPV6_HEADER      40
#define SOURCE_PORT      0
#define DESTINATION_PORT 2
#define ICMP_TYPE        0
#define ICMP_QUOTE       8 /* an ICMP error quotes the packet it answers from here on */

/* Registers as the kernel reports them: four of 16 bytes, each also four of 4 bytes. */
#define R1   NFT_REG_1
#define R1_1 NFT_REG32_01
#define R1_2 NFT_REG32_02
#define R2   NFT_REG_2
#define R2_1 NFT_REG32_05

/* clang-format off: tables, to be read as such */
#define META(what, to)                             \
    {                                              \
        KS_STEP_META, (to), NFT_META_##what, 0, 0, \
        {                                          \
            0                                      \
        }                                          \
    }
#define NETWORK(at, bytes, to)                   \
    {                                            \
        KS_STEP_NETWORK, (to), 0, (at), (bytes), \
        {                                        \
            0                                    \
        }                                        \
    }
#define TRANSPORT(at, bytes, to)                   \
    {                                              \
        KS_STEP_TRANSPORT, (to), 0, (at), (bytes), \
        {                                          \
            0                                      \
        }                                          \
    }
#define MASK(bytes, ...)                 \
    {                                    \
        KS_STEP_MASK, R1, 0, 0, (bytes), \
        {                                \
            __VA_ARGS__                  \
        }                                \
    }
#define COMPARE(op, bytes, ...)                        \
    {                                                  \
        KS_STEP_COMPARE, R1, NFT_CMP_##op, 0, (bytes), \
        {                                              \
            __VA_ARGS__                                \
        }                                              \
    }
#define LOOKUP(set)                      \
    {                                    \
        KS_STEP_LOOKUP, R1, (set), 0, 0, \
        {                                \
            0                            \
        }                                \
    }
#define COUNT(counter)                     \
    {                                      \
        KS_STEP_COUNT, 0, (counter), 0, 0, \
        {                                  \
            0                              \
        }                                  \
    }
#define VERDICT(verdict)                     \
    {                                        \
        KS_STEP_VERDICT, 0, (verdict), 0, 0, \
        {                                    \
            0                                \
        }                                    \
    }
#define JUMP(chain)                     \
    {                                   \
        KS_STEP_JUMP, 0, (chain), 0, 0, \
        {                               \
            0                           \
        }                               \
    }
#define ACCEPT VERDICT(NF_ACCEPT)
#define DROP   VERDICT(NF_DROP)
#define RETURN VERDICT(NFT_RETURN)
#define REJECT(type)                                \
    {                                               \
        KS_STEP_REJECT, 0, NFT_REJECT_##type, 0, 0, \
        {                                           \
            0                                       \
        }                                           \
    }

/* What recurs, in words. */
#define IS_IPV4            META(NFPROTO, R1), COMPARE(EQ, 1, NFPROTO_IPV4)
#define IS_IPV6            META(NFPROTO, R1), COMPARE(EQ, 1, NFPROTO_IPV6)
#define IS_PROTOCOL(proto) META(L4PROTO, R1), COMPARE(EQ, 1, (proto))
#define UDP_PORTS(s, d)                                      \
    IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 4, R1), \
        COMPARE(EQ, 4, (s) >> 8, (s) &0xff, (d) >> 8, (d) &0xff)
#define ICMPV6_TYPE(type) \
    IS_PROTOCOL(IPPROTO_ICMPV6), TRANSPORT(ICMP_TYPE, 1, R1), COMPARE(EQ, 1, (type))
#define ICMPV6_TYPES(a, z)                                                          \
    IS_PROTOCOL(IPPROTO_ICMPV6), TRANSPORT(ICMP_TYPE, 1, R1), COMPARE(GTE, 1, (a)), \
        COMPARE(LTE, 1, (z))
#define HOP_LIMIT(hops) NETWORK(IPV6_HOP_LIMIT, 1, R1), COMPARE(EQ, 1, (hops))
/* fe80::/10 as the source: the kernel's byte-wise mask needs all 16 bytes. */
#define FROM_LINK_LOCAL \
    NETWORK(IPV6_SOURCE, 16, R1), MASK(16, 0xff, 0xc0), COMPARE(EQ, 16, 0xfe, 0x80)
/* clang-format on */

const KsChain ks_chains[KS_CHAIN_MAX] = {
    [KS_CHAIN_OUTPUT] = { "output", true, NF_INET_LOCAL_OUT, KS_PRIORITY_FILTER },
    [KS_CHAIN_FORWARD] = { "forward", true, NF_INET_FORWARD, KS_PRIORITY_FILTER },
    [KS_CHAIN_INPUT] = { "input", true, NF_INET_LOCAL_IN, KS_PRIORITY_FILTER },
    [KS_CHAIN_POSTROUTING] = { "postrouting", true, NF_INET_POST_ROUTING, KS_PRIORITY_LAST },
    [KS_CHAIN_LEAVING] = { "leaving", false, 0, 0 },
    [KS_CHAIN_LAN_OUT] = { "lan_out", false, 0, 0 },
    [KS_CHAIN_LAN_IN] = { "lan_in", false, 0, 0 },
};

const char *const ks_counter_names[KS_COUNTER_MAX] = {
    [KS_COUNTER_BLOCKED_OUT] = "blocked_out",
    [KS_COUNTER_BLOCKED_FORWARD] = "blocked_forward",
    [KS_COUNTER_BLOCKED_IN] = "blocked_in",
};

/* clang-format off */
#define RANGE_END NFT_SET_ELEM_INTERVAL_END

/* LAN access never means "what the interface says is local": a rogue network would then name the
 * whole internet local (TunnelCrack, CVE-2023-36672). */
static const KsConstantElement lan4[] = {
    { { 0 }, RANGE_END },
    { { 10 }, 0 }, /* 10.0.0.0/8, RFC 1918 */
    { { 11 }, RANGE_END },
    { { 169, 254 }, 0 }, /* 169.254.0.0/16, RFC 3927 */
    { { 169, 255 }, RANGE_END },
    { { 172, 16 }, 0 }, /* 172.16.0.0/12, RFC 1918 */
    { { 172, 32 }, RANGE_END },
    { { 192, 168 }, 0 }, /* 192.168.0.0/16, RFC 1918 */
    { { 192, 169 }, RANGE_END },
    { { 224 }, 0 }, /* 224.0.0.0/24, never forwarded: mDNS, LLMNR (RFC 5771) */
    { { 224, 0, 1 }, RANGE_END },
    { { 239 }, 0 }, /* 239.0.0.0/8, administratively scoped: SSDP, WS-Discovery (RFC 2365) */
    { { 240 }, RANGE_END },
    { { 255, 255, 255, 255 }, 0 },
};

static const KsConstantElement lan6[] = {
    { { 0 }, RANGE_END },
    { { 0xfc }, 0 }, /* fc00::/7, RFC 4193 */
    { { 0xfe }, RANGE_END },
    { { 0xfe, 0x80 }, 0 }, /* fe80::/10, RFC 4291 */
    { { 0xfe, 0xc0 }, RANGE_END },
    { { 0xff, 0x02 }, 0 }, /* ff02::/16, link-local multicast */
    { { 0xff, 0x03 }, RANGE_END },
    { { 0xff, 0x05 }, 0 }, /* ff05::/16, site-local multicast */
    { { 0xff, 0x06 }, RANGE_END },
};

/* DNS and DNS over TLS or QUIC: a router that answers names tells the provider each of them. */
static const KsConstantElement resolver_ports[] = {
    { { IPPROTO_TCP, 0, 0, 0, 0, 53 }, 0 },
    { { IPPROTO_UDP, 0, 0, 0, 0, 53 }, 0 },
    { { IPPROTO_TCP, 0, 0, 0, 853 >> 8, 853 & 0xff }, 0 },
    { { IPPROTO_UDP, 0, 0, 0, 853 >> 8, 853 & 0xff }, 0 },
};

/* clang-format on */

#define CONSTANTS(array) .constants = (array), .constants_count = G_N_ELEMENTS(array)

const KsSetDefinition ks_set_definitions[KS_NFT_SET_MAX] = {
    [KS_SET_OPEN_INTERFACES] = {
        .name = "open_interfaces",
        .nft_type = "iface_index",
        .key_type = TYPE_IFACE_INDEX,
        .key_length = 4,
        .size = KS_LOCK_INTERFACES_MAX,
        .host_order = true,
    },
    [KS_SET_LAN_INTERFACES] = {
        .name = "lan_interfaces",
        .nft_type = "iface_index",
        .key_type = TYPE_IFACE_INDEX,
        .key_length = 4,
        .size = KS_LOCK_INTERFACES_MAX,
        .host_order = true,
    },
    [KS_SET_SERVERS4] = {
        .name = "servers4",
        .nft_type = "ipv4_addr . inet_proto . inet_service",
        .key_type = CONCAT(CONCAT(TYPE_IPV4_ADDR, TYPE_INET_PROTO), TYPE_INET_SERVICE),
        .key_length = 12,
    },
    [KS_SET_SERVERS6] = {
        .name = "servers6",
        .nft_type = "ipv6_addr . inet_proto . inet_service",
        .key_type = CONCAT(CONCAT(TYPE_IPV6_ADDR, TYPE_INET_PROTO), TYPE_INET_SERVICE),
        .key_length = 24,
    },
    [KS_SET_DHCP_SERVERS] = {
        .name = "dhcp_servers",
        .nft_type = "ipv4_addr",
        .key_type = TYPE_IPV4_ADDR,
        .key_length = 4,
    },
    [KS_SET_TUNNEL_ROUTES4] = {
        .name = "tunnel_routes4",
        .nft_type = "ipv4_addr",
        .key_type = TYPE_IPV4_ADDR,
        .key_length = 4,
        .flags = NFT_SET_INTERVAL,
    },
    [KS_SET_TUNNEL_ROUTES6] = {
        .name = "tunnel_routes6",
        .nft_type = "ipv6_addr",
        .key_type = TYPE_IPV6_ADDR,
        .key_length = 16,
        .flags = NFT_SET_INTERVAL,
    },
    [KS_NFT_SET_PAUSE] = {
        .name = "pause",
        .nft_type = "nf_proto",
        .key_type = TYPE_NFPROTO,
        .key_length = 1,
        .flags = NFT_SET_TIMEOUT,
        .host_order = true,
    },
    [KS_NFT_SET_LAN4] = {
        .name = "lan4",
        .nft_type = "ipv4_addr",
        .key_type = TYPE_IPV4_ADDR,
        .key_length = 4,
        .flags = NFT_SET_CONSTANT | NFT_SET_INTERVAL,
        CONSTANTS(lan4),
    },
    [KS_NFT_SET_LAN6] = {
        .name = "lan6",
        .nft_type = "ipv6_addr",
        .key_type = TYPE_IPV6_ADDR,
        .key_length = 16,
        .flags = NFT_SET_CONSTANT | NFT_SET_INTERVAL,
        CONSTANTS(lan6),
    },
    [KS_NFT_SET_RESOLVER_PORTS] = {
        .name = "resolver_ports",
        .nft_type = "inet_proto . inet_service",
        .key_type = CONCAT(TYPE_INET_PROTO, TYPE_INET_SERVICE),
        .key_length = 8,
        .flags = NFT_SET_CONSTANT,
        CONSTANTS(resolver_ports),
    },
};

/* clang-format off */
/* The lock. The order is by how often a rule matches on a machine whose VPN is up. */
const KsRule ks_rules[] = {
    /* ---- what programs here send ---- */
    { KS_CHAIN_OUTPUT, "oif @open_interfaces accept",
      { META(OIF, R1), LOOKUP(KS_SET_OPEN_INTERFACES), ACCEPT } },

    { KS_CHAIN_OUTPUT, "jump leaving", { JUMP(KS_CHAIN_LEAVING) } },

    /* Programs are told at once. TCP by a reset: ICMP errors are rate-limited, and a program whose
     * error is not sent would wait. Neither answer can leave: it would come by here again. */
    { KS_CHAIN_OUTPUT, "counter name \"blocked_out\"", { COUNT(KS_COUNTER_BLOCKED_OUT) } },
    { KS_CHAIN_OUTPUT, "meta l4proto tcp reject with tcp reset",
      { IS_PROTOCOL(IPPROTO_TCP), REJECT(TCP_RST) } },
    { KS_CHAIN_OUTPUT, "reject with icmpx admin-prohibited", { REJECT(ICMPX_UNREACH) } },

    /* ---- what containers, guests and hotspot users send through this machine ---- */
    { KS_CHAIN_FORWARD, "oif @open_interfaces accept",
      { META(OIF, R1), LOOKUP(KS_SET_OPEN_INTERFACES), ACCEPT } },

    { KS_CHAIN_FORWARD, "meta nfproto @pause accept",
      { META(NFPROTO, R1), LOOKUP(KS_NFT_SET_PAUSE), ACCEPT } },

    { KS_CHAIN_FORWARD, "counter name \"blocked_forward\"", { COUNT(KS_COUNTER_BLOCKED_FORWARD) } },
    { KS_CHAIN_FORWARD, "meta l4proto tcp reject with tcp reset",
      { IS_PROTOCOL(IPPROTO_TCP), REJECT(TCP_RST) } },
    { KS_CHAIN_FORWARD, "reject with icmpx admin-prohibited", { REJECT(ICMPX_UNREACH) } },

    /* ---- the last look at what leaves, on the interface that it really leaves by ---- */
    { KS_CHAIN_POSTROUTING, "oif @open_interfaces accept",
      { META(OIF, R1), LOOKUP(KS_SET_OPEN_INTERFACES), ACCEPT } },
    { KS_CHAIN_POSTROUTING, "jump leaving", { JUMP(KS_CHAIN_LEAVING) } },
    { KS_CHAIN_POSTROUTING, "counter name \"blocked_out\" drop",
      { COUNT(KS_COUNTER_BLOCKED_OUT), DROP } },

    /* ---- what may leave by an uplink ---- */
    { KS_CHAIN_LEAVING, "ip daddr . meta l4proto . th dport @servers4 accept",
      { IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1),
        TRANSPORT(DESTINATION_PORT, 2, R1_2), LOOKUP(KS_SET_SERVERS4), ACCEPT } },

    { KS_CHAIN_LEAVING, "ip6 daddr . meta l4proto . th dport @servers6 accept",
      { IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2),
        TRANSPORT(DESTINATION_PORT, 2, R2_1), LOOKUP(KS_SET_SERVERS6), ACCEPT } },

    { KS_CHAIN_LEAVING, "meta nfproto @pause accept",
      { META(NFPROTO, R1), LOOKUP(KS_NFT_SET_PAUSE), ACCEPT } },

    /* DHCP, RFC 2131: to everybody while there is no lease, to the lease's server to renew it. */
    { KS_CHAIN_LEAVING, "ip daddr @dhcp_servers udp sport 68 udp dport 67 accept",
      { IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_SET_DHCP_SERVERS), UDP_PORTS(68, 67),
        ACCEPT } },

    /* DHCPv6, RFC 8415, 7.1: All_DHCP_Relay_Agents_and_Servers, never leaves the link. */
    { KS_CHAIN_LEAVING,
      "ip6 saddr fe80::/10 ip6 daddr ff02::1:2 udp sport 546 udp dport 547 accept",
      { IS_IPV6, FROM_LINK_LOCAL, NETWORK(IPV6_DESTINATION, 16, R1),
        COMPARE(EQ, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2), UDP_PORTS(546, 547),
        ACCEPT } },

    /* Neighbour discovery, RFC 4861. With 255 hops it cannot have crossed a router on its way in;
     * neighbours are also asked and answered at their global addresses, so no address is named. */
    { KS_CHAIN_LEAVING, "ip6 daddr ff02::2 ip6 hoplimit 255 icmpv6 type nd-router-solicit accept",
      { IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1),
        COMPARE(EQ, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), HOP_LIMIT(255),
        ICMPV6_TYPE(133), ACCEPT } },
    { KS_CHAIN_LEAVING, "ip6 hoplimit 255 icmpv6 type 135-136 accept",
      { IS_IPV6, HOP_LIMIT(255), ICMPV6_TYPES(135, 136), ACCEPT } },

    /* Multicast listeners, RFC 2710 and RFC 3810: without reports, switches drop what NDP needs. */
    { KS_CHAIN_LEAVING, "ip6 daddr ff00::/8 ip6 hoplimit 1 icmpv6 type 131-132 accept",
      { IS_IPV6, NETWORK(IPV6_DESTINATION, 1, R1), COMPARE(EQ, 1, 0xff), HOP_LIMIT(1),
        ICMPV6_TYPES(131, 132), ACCEPT } },
    { KS_CHAIN_LEAVING, "ip6 daddr ff00::/8 ip6 hoplimit 1 icmpv6 type mld2-listener-report accept",
      { IS_IPV6, NETWORK(IPV6_DESTINATION, 1, R1), COMPARE(EQ, 1, 0xff), HOP_LIMIT(1),
        ICMPV6_TYPE(143), ACCEPT } },

    /* IGMP, RFC 3376: multicast, one hop. */
    { KS_CHAIN_LEAVING, "ip daddr 224.0.0.0/4 ip ttl 1 meta l4proto igmp accept",
      { IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), MASK(4, 0xf0), COMPARE(EQ, 4, 224),
        NETWORK(IPV4_TTL, 1, R1), COMPARE(EQ, 1, 1), IS_PROTOCOL(IPPROTO_IGMP), ACCEPT } },

    { KS_CHAIN_LEAVING, "oif @lan_interfaces jump lan_out",
      { META(OIF, R1), LOOKUP(KS_SET_LAN_INTERFACES), JUMP(KS_CHAIN_LAN_OUT) } },

    /* ---- what reaches programs here ---- */
    { KS_CHAIN_INPUT, "iif @open_interfaces accept",
      { META(IIF, R1), LOOKUP(KS_SET_OPEN_INTERFACES), ACCEPT } },

    { KS_CHAIN_INPUT, "ip saddr . meta l4proto . th sport @servers4 accept",
      { IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), META(L4PROTO, R1_1), TRANSPORT(SOURCE_PORT, 2, R1_2),
        LOOKUP(KS_SET_SERVERS4), ACCEPT } },

    { KS_CHAIN_INPUT, "ip6 saddr . meta l4proto . th sport @servers6 accept",
      { IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), META(L4PROTO, R2), TRANSPORT(SOURCE_PORT, 2, R2_1),
        LOOKUP(KS_SET_SERVERS6), ACCEPT } },

    { KS_CHAIN_INPUT, "meta nfproto @pause accept",
      { META(NFPROTO, R1), LOOKUP(KS_NFT_SET_PAUSE), ACCEPT } },

    { KS_CHAIN_INPUT, "meta nfproto ipv4 udp sport 67 udp dport 68 accept",
      { IS_IPV4, UDP_PORTS(67, 68), ACCEPT } },

    { KS_CHAIN_INPUT, "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
      { IS_IPV6, FROM_LINK_LOCAL, UDP_PORTS(547, 546), ACCEPT } },

    /* Errors about packets to a server, and no others: the packet they quote names one. They carry
     * the path MTU (RFC 1191, RFC 8201), and a dead server's "unreachable". */
    { KS_CHAIN_INPUT,
      "icmp type destination-unreachable @th,192,32 . @th,136,8 . @th,240,16 @servers4 accept",
      { IS_IPV4, IS_PROTOCOL(IPPROTO_ICMP), TRANSPORT(ICMP_TYPE, 1, R1), COMPARE(EQ, 1, 3),
        TRANSPORT(ICMP_QUOTE + IPV4_DESTINATION, 4, R1),
        TRANSPORT(ICMP_QUOTE + IPV4_PROTOCOL, 1, R1_1),
        TRANSPORT(ICMP_QUOTE + IPV4_HEADER + DESTINATION_PORT, 2, R1_2), LOOKUP(KS_SET_SERVERS4),
        ACCEPT } },
    { KS_CHAIN_INPUT, "icmpv6 type 1-4 @th,256,128 . @th,112,8 . @th,400,16 @servers6 accept",
      { IS_IPV6, ICMPV6_TYPES(1, 4), TRANSPORT(ICMP_QUOTE + IPV6_DESTINATION, 16, R1),
        TRANSPORT(ICMP_QUOTE + IPV6_NEXT_HEADER, 1, R2),
        TRANSPORT(ICMP_QUOTE + IPV6_HEADER + DESTINATION_PORT, 2, R2_1), LOOKUP(KS_SET_SERVERS6),
        ACCEPT } },

    { KS_CHAIN_INPUT, "ip6 saddr fe80::/10 ip6 hoplimit 255 icmpv6 type nd-router-advert accept",
      { IS_IPV6, FROM_LINK_LOCAL, HOP_LIMIT(255), ICMPV6_TYPE(134), ACCEPT } },
    { KS_CHAIN_INPUT, "ip6 hoplimit 255 icmpv6 type 135-136 accept",
      { IS_IPV6, HOP_LIMIT(255), ICMPV6_TYPES(135, 136), ACCEPT } },
    { KS_CHAIN_INPUT, "ip6 saddr fe80::/10 ip6 hoplimit 255 icmpv6 type nd-redirect accept",
      { IS_IPV6, FROM_LINK_LOCAL, HOP_LIMIT(255), ICMPV6_TYPE(137), ACCEPT } },
    { KS_CHAIN_INPUT, "ip6 saddr fe80::/10 ip6 hoplimit 1 icmpv6 type mld-listener-query accept",
      { IS_IPV6, FROM_LINK_LOCAL, HOP_LIMIT(1), ICMPV6_TYPE(130), ACCEPT } },
    { KS_CHAIN_INPUT, "ip ttl 1 meta l4proto igmp accept",
      { IS_IPV4, NETWORK(IPV4_TTL, 1, R1), COMPARE(EQ, 1, 1), IS_PROTOCOL(IPPROTO_IGMP), ACCEPT } },

    { KS_CHAIN_INPUT, "iif @lan_interfaces jump lan_in",
      { META(IIF, R1), LOOKUP(KS_SET_LAN_INTERFACES), JUMP(KS_CHAIN_LAN_IN) } },

    { KS_CHAIN_INPUT, "counter name \"blocked_in\" drop",
      { COUNT(KS_COUNTER_BLOCKED_IN), DROP } },

    /* ---- the local network, on interfaces where LAN access is open ---- */
    { KS_CHAIN_LAN_OUT, "meta l4proto . th dport @resolver_ports return",
      { META(L4PROTO, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1), LOOKUP(KS_NFT_SET_RESOLVER_PORTS),
        RETURN } },
    { KS_CHAIN_LAN_OUT, "ip daddr @tunnel_routes4 return",
      { IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_SET_TUNNEL_ROUTES4), RETURN } },
    { KS_CHAIN_LAN_OUT, "ip6 daddr @tunnel_routes6 return",
      { IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP(KS_SET_TUNNEL_ROUTES6), RETURN } },
    { KS_CHAIN_LAN_OUT, "ip daddr @lan4 accept",
      { IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_NFT_SET_LAN4), ACCEPT } },
    { KS_CHAIN_LAN_OUT, "ip6 daddr @lan6 accept",
      { IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP(KS_NFT_SET_LAN6), ACCEPT } },

    { KS_CHAIN_LAN_IN, "ip saddr @tunnel_routes4 return",
      { IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), LOOKUP(KS_SET_TUNNEL_ROUTES4), RETURN } },
    { KS_CHAIN_LAN_IN, "ip6 saddr @tunnel_routes6 return",
      { IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), LOOKUP(KS_SET_TUNNEL_ROUTES6), RETURN } },
    { KS_CHAIN_LAN_IN, "ip saddr @lan4 accept",
      { IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), LOOKUP(KS_NFT_SET_LAN4), ACCEPT } },
    { KS_CHAIN_LAN_IN, "ip6 saddr @lan6 accept",
      { IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), LOOKUP(KS_NFT_SET_LAN6), ACCEPT } },
};

/* clang-format on */

const unsigned ks_rules_count = G_N_ELEMENTS(ks_rules);
