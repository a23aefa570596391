/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/egress-table.h"
#include "rules/reports.h"
#include "rules/steps.h"

/* Link header offsets: IEEE 802.3, 802.1Q. The kernel shows a VLAN tag there even if it is kept
 * beside the frame (net/netfilter/nft_payload.c, nft_payload_copy_vlan()). */
#define ETHER_DESTINATION 0
#define ETHER_TYPE        12
#define ETHER_PAYLOAD     14
#define VLAN_TYPE         16
#define VLAN_PAYLOAD      18
#define ARP_SENDER        14 /* RFC 826: the sender's IPv4 address */

/* In a PPPoE session (RFC 2516, 4), which is the kernel's network header: RFC 1661, 2. */
#define PPP_PROTOCOL 6

/* The longest frame with PPP's control: a name and a password of 80 letters each. */
#define PPP_CONTROL_MAX 192

#define PPP_CONTROL(high, low, text)                                            \
    {                                                                           \
        KS_EGRESS_PPPOE, (text),                                                \
        {                                                                       \
            NETWORK(PPP_PROTOCOL, 2, R1), COMPARE(EQ, 2, (high), (low)), ACCEPT \
        }                                                                       \
    }

#define IPV4_FRAGMENT        6  /* RFC 791: flags and offset, in units of eight bytes */
#define IPV6_FRAGMENT_OFFSET 42 /* RFC 8200, 4.5, in a header right behind the first */
#define NEXT_IS_FRAGMENT     44

#define ETHER_IS(high, low) LINK(ETHER_TYPE, 2, R1), COMPARE(EQ, 2, (high), (low))
#define VLAN_IS(high, low) \
    ETHER_IS(0x81, 0x00), LINK(VLAN_TYPE, 2, R1), COMPARE(EQ, 2, (high), (low))
/* Ethernet addresses for IPv4 addresses, a question or an answer: no other kind carries IP's. */
#define ARP_AT(payload) LINK((payload), 6, R1), COMPARE(EQ, 6, 0, 1, 8, 0, 6, 4)

#define NOT_FOR_FRAGMENTS COMPARE_IN(R3, NEQ, 4, HOST_ORDER(KS_OPEN_TO_FRAGMENTS))

#define QUESTION_WAS_JUDGED                                                              \
    IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, 53), \
        META(SKUID, R1), COMPARE(NEQ, 4, 0xff, 0xff, 0xff, 0xff), META(MARK, R1),        \
        COMPARE(EQ, 4, ASKED_MARK)

#define GUARD_ASKS_BY_TCP                                                                \
    IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, 53), \
        META(SKUID, R1), COMPARE(EQ, 4, 0), META(MARK, R1), COMPARE(EQ, 4, ASKED_MARK)

#define FROM_ROOT META(SKUID, R1), COMPARE(EQ, 4, 0, 0, 0, 0)

#define PAUSED(version) IMMEDIATE(R1, 1, (version)), LOOKUP(KS_EGRESS_SET_PAUSE), ACCEPT

/* clang-format off */
static const KsRule rules[] = {
    /* ---- by what the frame says that it is: the kernel's own word (meta protocol) is the sender's
     * wish where programs make frames themselves ---- */
    { KS_EGRESS_ETHERNET, "ether type ip jump ipv4",
      { ETHER_IS(0x08, 0x00), JUMP(KS_EGRESS_IPV4) } },
    { KS_EGRESS_ETHERNET, "ether type ip6 jump ipv6",
      { ETHER_IS(0x86, 0xdd), JUMP(KS_EGRESS_IPV6) } },
    /* the local network hears nothing of a tunnel's address: no answer that it is here, and no
     * question in its name */
    { KS_EGRESS_ETHERNET,
      "ether type arp @ll,224,32 @tunnel_addresses4 counter name \"blocked_frames\" drop",
      { ETHER_IS(0x08, 0x06), LINK(ETHER_PAYLOAD + ARP_SENDER, 4, R1),
        LOOKUP(KS_EGRESS_SET_TUNNEL_ADDRESSES4), COUNT(KS_EGRESS_BLOCKED), DROP } },
    { KS_EGRESS_ETHERNET, "ether type arp @ll,112,48 0x000108000604 accept",
      { ETHER_IS(0x08, 0x06), ARP_AT(ETHER_PAYLOAD), ACCEPT } },

    { KS_EGRESS_ETHERNET, "ether type vlan vlan type ip jump ipv4",
      { VLAN_IS(0x08, 0x00), JUMP(KS_EGRESS_IPV4) } },
    { KS_EGRESS_ETHERNET, "ether type vlan vlan type ip6 jump ipv6",
      { VLAN_IS(0x86, 0xdd), JUMP(KS_EGRESS_IPV6) } },
    { KS_EGRESS_ETHERNET,
      "ether type vlan vlan type arp @ll,256,32 @tunnel_addresses4 counter name "
      "\"blocked_frames\" drop",
      { VLAN_IS(0x08, 0x06), LINK(VLAN_PAYLOAD + ARP_SENDER, 4, R1),
        LOOKUP(KS_EGRESS_SET_TUNNEL_ADDRESSES4), COUNT(KS_EGRESS_BLOCKED), DROP } },
    { KS_EGRESS_ETHERNET, "ether type vlan vlan type arp @ll,144,48 0x000108000604 accept",
      { VLAN_IS(0x08, 0x06), ARP_AT(VLAN_PAYLOAD), ACCEPT } },

    /* IEEE 802.1X: without it there is no Wi-Fi with a password */
    { KS_EGRESS_ETHERNET, "ether type 0x888e accept", { ETHER_IS(0x88, 0x8e), ACCEPT } },
    /* IEEE 802.1AX, 802.1D: bonds and bridges agree with the switch, which passes none of it on */
    { KS_EGRESS_ETHERNET, "ether daddr 01:80:c2:00:00:02 ether type 0x8809 accept",
      { LINK(ETHER_DESTINATION, 6, R1), COMPARE(EQ, 6, 0x01, 0x80, 0xc2, 0, 0, 2),
        ETHER_IS(0x88, 0x09), ACCEPT } },
    { KS_EGRESS_ETHERNET, "ether daddr 01:80:c2:00:00:00 @ll,112,24 0x424203 accept",
      { LINK(ETHER_DESTINATION, 6, R1), COMPARE(EQ, 6, 0x01, 0x80, 0xc2, 0, 0, 0),
        LINK(ETHER_TYPE, 2, R1), COMPARE(LT, 2, 0x06, 0x00),
        LINK(ETHER_PAYLOAD, 3, R1), COMPARE(EQ, 3, 0x42, 0x42, 0x03), ACCEPT } },

    /* PPPoE, RFC 2516: pppd finds the access concentrator, by frames of its own; and the session */
    { KS_EGRESS_ETHERNET, "ether type 0x8863 meta skuid 0 accept",
      { ETHER_IS(0x88, 0x63), FROM_ROOT, ACCEPT } },
    { KS_EGRESS_ETHERNET, "ether type vlan vlan type 0x8863 meta skuid 0 accept",
      { VLAN_IS(0x88, 0x63), FROM_ROOT, ACCEPT } },
    { KS_EGRESS_ETHERNET, "ether type 0x8864 jump pppoe",
      { ETHER_IS(0x88, 0x64), JUMP(KS_EGRESS_PPPOE) } },
    { KS_EGRESS_ETHERNET, "ether type vlan vlan type 0x8864 jump pppoe",
      { VLAN_IS(0x88, 0x64), JUMP(KS_EGRESS_PPPOE) } },

    /* who reads it on the card below a PPPoE session knows that it was judged here */
    { KS_EGRESS_BARE, "meta mark != 0x6b73646e meta mark set 0x6b737070",
      { META(MARK, R1), COMPARE(NEQ, 4, ASKED_MARK), IMMEDIATE(R1, 4, JUDGED_MARK), SET_MARK } },
    { KS_EGRESS_BARE, "meta protocol ip jump ipv4",
      { META(PROTOCOL, R1), COMPARE(EQ, 2, 0x08, 0x00), JUMP(KS_EGRESS_IPV4) } },
    { KS_EGRESS_BARE, "meta protocol ip6 jump ipv6",
      { META(PROTOCOL, R1), COMPARE(EQ, 2, 0x86, 0xdd), JUMP(KS_EGRESS_IPV6) } },

    /* ---- IPv4 ---- */
    { KS_EGRESS_IPV4, "ip daddr . meta l4proto . th dport @servers4 accept",
      { NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1), TRANSPORT(DESTINATION_PORT, 2, R1_2),
        LOOKUP(KS_EGRESS_SET_SERVERS4), ACCEPT } },
    { KS_EGRESS_IPV4, "ip daddr . meta l4proto map @protocols4 != 0x00000100 accept",
      { NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1), MAP(KS_EGRESS_SET_PROTOCOLS4, R3),
        NOT_FOR_FRAGMENTS, ACCEPT } },
    { KS_EGRESS_IPV4,
      "ip frag-off & 0x1fff != 0x0 ip daddr . meta l4proto map @protocols4 0x00000100 accept",
      { NETWORK(IPV4_FRAGMENT, 2, R1), MASK(2, 0x1f, 0xff), COMPARE(NEQ, 2, 0, 0),
        NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1), MAP(KS_EGRESS_SET_PROTOCOLS4, R3),
        ACCEPT } },
    { KS_EGRESS_IPV4, "ipv4 @pause accept", { PAUSED(NFPROTO_IPV4) } },
    { KS_EGRESS_IPV4, "ip daddr @dhcp_servers udp sport 68 udp dport 67 accept",
      { NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_EGRESS_SET_DHCP_SERVERS), UDP_PORTS(68, 67),
        ACCEPT } },
    /* Questions of this machine's own programs that the first layer has judged. What guests ask has
     * no socket here. */
    { KS_EGRESS_IPV4, "udp dport 53 meta skuid != 4294967295 meta mark 0x6b73646e accept",
      { QUESTION_WAS_JUDGED, ACCEPT } },
    { KS_EGRESS_IPV4, "tcp dport 53 meta skuid 0 meta mark 0x6b73646e accept",
      { GUARD_ASKS_BY_TCP, ACCEPT } },
    { KS_EGRESS_IPV4, "oif @lan_uplinks jump lan_out4",
      { META(OIF, R1), LOOKUP(KS_EGRESS_SET_LAN_UPLINKS), JUMP(KS_EGRESS_LAN4) } },

    /* ---- IPv6 ---- */
    { KS_EGRESS_IPV6, "ip6 daddr . meta l4proto . th dport @servers6 accept",
      { NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2), TRANSPORT(DESTINATION_PORT, 2, R2_1),
        LOOKUP(KS_EGRESS_SET_SERVERS6), ACCEPT } },
    { KS_EGRESS_IPV6, "ip6 daddr . meta l4proto map @protocols6 != 0x00000100 accept",
      { NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2), MAP(KS_EGRESS_SET_PROTOCOLS6, R3),
        NOT_FOR_FRAGMENTS, ACCEPT } },
    { KS_EGRESS_IPV6,
      "ip6 nexthdr 44 @nh,336,16 & 0xfff8 != 0x0 ip6 daddr . meta l4proto map @protocols6 "
      "0x00000100 accept",
      { NETWORK(IPV6_NEXT_HEADER, 1, R1), COMPARE(EQ, 1, NEXT_IS_FRAGMENT),
        NETWORK(IPV6_FRAGMENT_OFFSET, 2, R1), MASK(2, 0xff, 0xf8), COMPARE(NEQ, 2, 0, 0),
        NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2), MAP(KS_EGRESS_SET_PROTOCOLS6, R3),
        ACCEPT } },
    { KS_EGRESS_IPV6, "ipv6 @pause accept", { PAUSED(NFPROTO_IPV6) } },
    { KS_EGRESS_IPV6, "ip6 saddr fe80::/10 ip6 daddr ff02::1:2 udp sport 546 udp dport 547 accept",
      { FROM_LINK_LOCAL, NETWORK(IPV6_DESTINATION, 16, R1),
        COMPARE(EQ, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2), UDP_PORTS(546, 547),
        ACCEPT } },
    { KS_EGRESS_IPV6, "ip6 daddr ff02::2 ip6 hoplimit 255 icmpv6 type nd-router-solicit accept",
      { NETWORK(IPV6_DESTINATION, 16, R1),
        COMPARE(EQ, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), HOP_LIMIT(255),
        ICMPV6_TYPE(133), ACCEPT } },
    { KS_EGRESS_IPV6,
      "icmpv6 type nd-neighbor-advert @th,64,128 @tunnel_addresses6 counter name "
      "\"blocked_frames\" drop",
      { ICMPV6_TYPE(136), TRANSPORT(ND_TARGET, 16, R1), LOOKUP(KS_EGRESS_SET_TUNNEL_ADDRESSES6),
        COUNT(KS_EGRESS_BLOCKED), DROP } },
    { KS_EGRESS_IPV6, "ip6 hoplimit 255 icmpv6 type 135-136 accept",
      { HOP_LIMIT(255), ICMPV6_TYPES(135, 136), ACCEPT } },
    REPORTS_OUT(KS_EGRESS_IPV6, KS_EGRESS_REPORTS, KS_EGRESS_SET_LINK_GROUPS,
                KS_EGRESS_SET_REPORT_LENGTHS, HOP_LIMIT(1)),
    REPORT_RECORDS(KS_EGRESS_REPORTS, KS_EGRESS_SET_LINK_GROUPS),
    { KS_EGRESS_IPV6, "udp dport 53 meta skuid != 4294967295 meta mark 0x6b73646e accept",
      { QUESTION_WAS_JUDGED, ACCEPT } },
    { KS_EGRESS_IPV6, "tcp dport 53 meta skuid 0 meta mark 0x6b73646e accept",
      { GUARD_ASKS_BY_TCP, ACCEPT } },
    { KS_EGRESS_IPV6, "oif @lan_uplinks jump lan_out6",
      { META(OIF, R1), LOOKUP(KS_EGRESS_SET_LAN_UPLINKS), JUMP(KS_EGRESS_LAN6) } },

    /* ---- PPPoE, to a peer that this machine has a session with. What came by way of ppp was
     * judged there. PPP's control has no socket: the kernel writes it for pppd. What a program
     * writes into a session of its own has one (AF_PPPOX takes no privilege), but what the kernel
     * passes on between two of them has none: so control is short ---- */
    { KS_EGRESS_PPPOE, "ether daddr != @pppoe_peers return",
      { LINK(ETHER_DESTINATION, 6, R1), LOOKUP_NOT(KS_EGRESS_SET_PPPOE_PEERS), RETURN } },
    { KS_EGRESS_PPPOE, "meta mark 0x6b737070 accept",
      { META(MARK, R1), COMPARE(EQ, 4, JUDGED_MARK), ACCEPT } },
    { KS_EGRESS_PPPOE, "meta mark 0x6b73646e accept",
      { META(MARK, R1), COMPARE(EQ, 4, ASKED_MARK), ACCEPT } },
    { KS_EGRESS_PPPOE, "meta skuid >= 0 return", { META(SKUID, R1), COMPARE(GTE, 4, 0), RETURN } },
    { KS_EGRESS_PPPOE, "meta length > 192 return",
      { META(LEN, R1), SWAP(R1), COMPARE(GT, 4, 0, 0, 0, PPP_CONTROL_MAX), RETURN } },
    PPP_CONTROL(0xc0, 0x21, "@nh,48,16 0xc021 accept"), /* LCP */
    PPP_CONTROL(0xc0, 0x23, "@nh,48,16 0xc023 accept"), /* PAP */
    PPP_CONTROL(0xc2, 0x23, "@nh,48,16 0xc223 accept"), /* CHAP */
    PPP_CONTROL(0xc2, 0x27, "@nh,48,16 0xc227 accept"), /* EAP */
    PPP_CONTROL(0x80, 0x21, "@nh,48,16 0x8021 accept"), /* IPCP */
    PPP_CONTROL(0x80, 0x57, "@nh,48,16 0x8057 accept"), /* IPV6CP */
    PPP_CONTROL(0x80, 0xfd, "@nh,48,16 0x80fd accept"), /* CCP */

    /* ---- to the users of a hotspot: what was forwarded to them, and what the kernel answers them,
     * has no socket, and the first layer has judged it; programs may answer what it lets them, by
     * any socket ---- */
    { KS_EGRESS_TO_HOTSPOT, "ether type != ip ether type != ip6 return",
      { LINK(ETHER_TYPE, 2, R1), COMPARE(NEQ, 2, 0x08, 0x00), LINK(ETHER_TYPE, 2, R1),
        COMPARE(NEQ, 2, 0x86, 0xdd), RETURN } },
    { KS_EGRESS_TO_HOTSPOT, "udp sport 67 udp dport 68 accept", { UDP_PORTS(67, 68), ACCEPT } },
    { KS_EGRESS_TO_HOTSPOT, "udp sport 53 @th,80,32 & 0xf800ffff == 0x80000001 accept",
      { IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53),
        AN_ANSWER, ACCEPT } },
    { KS_EGRESS_TO_HOTSPOT, "tcp sport 53 accept",
      { IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53), ACCEPT } },
    { KS_EGRESS_TO_HOTSPOT,
      "ip6 saddr fe80::/10 ip6 hoplimit 255 icmpv6 type nd-router-advert accept",
      { FROM_LINK_LOCAL, HOP_LIMIT(255), ICMPV6_TYPE(134), ACCEPT } },
    { KS_EGRESS_TO_HOTSPOT, "meta skuid >= 0 return",
      { META(SKUID, R1), COMPARE(GTE, 4, 0), RETURN } },
    { KS_EGRESS_TO_HOTSPOT, "accept", { ACCEPT } },

    /* ---- the local network ---- */
    { KS_EGRESS_LAN4, "meta l4proto . th dport @resolver_ports return",
      { META(L4PROTO, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1),
        LOOKUP(KS_EGRESS_SET_RESOLVER_PORTS), RETURN } },
    { KS_EGRESS_LAN4, "ip daddr @tunnel_routes4 return",
      { NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_EGRESS_SET_TUNNEL_ROUTES4), RETURN } },
    { KS_EGRESS_LAN4, "ip daddr @lan4 accept",
      { NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_EGRESS_SET_LAN4), ACCEPT } },
    { KS_EGRESS_LAN6, "meta l4proto . th dport @resolver_ports return",
      { META(L4PROTO, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1),
        LOOKUP(KS_EGRESS_SET_RESOLVER_PORTS), RETURN } },
    { KS_EGRESS_LAN6, "ip6 daddr @tunnel_routes6 return",
      { NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP(KS_EGRESS_SET_TUNNEL_ROUTES6), RETURN } },
    { KS_EGRESS_LAN6, "ip6 daddr @lan6 accept",
      { NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP(KS_EGRESS_SET_LAN6), ACCEPT } },
};
/* clang-format on */

const KsRuleSegment ks_egress_rules = { rules, G_N_ELEMENTS(rules) };
