/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/egress-table.h"
#include "rules/reports.h"
#include "rules/steps.h"

/* Link header offsets: IEEE 802.3, 802.1Q. The kernel shows a VLAN tag there even if it is kept
 * beside the frame (net/netfilter/nft_payload.c, nft_payload_copy_vlan()). */
#define ETHER_DESTINATION 0
#define ETHER_SOURCE      6
#define ETHER_TYPE        12
#define ETHER_PAYLOAD     14
#define VLAN_TYPE         16
#define VLAN_PAYLOAD      18
#define ARP_SENDER        14 /* RFC 826: the sender's IPv4 address */

/* In a PPPoE session (RFC 2516, 4), which is the kernel's network header: RFC 1661, 2. */
#define PPP_PROTOCOL 6

/* The longest frame with PPP's control: a name and a password of 80 letters each. */
#define PPP_CONTROL_MAX 192

#define PPP_CONTROL(high, low, text, name)                                                  \
    {                                                                                       \
        KS_EGRESS_PPPOE, (text),                                                            \
            DO(NETWORK(PPP_PROTOCOL, 2, R1), COMPARE(EQ, 2, (high), (low)), ACCEPT), (name) \
    }

#define UNTOLD(text, ...)                                                                    \
    {                                                                                        \
        KS_EGRESS_UNCOMMON, text " return", DO(LINK(ETHER_TYPE, 2, R1), __VA_ARGS__, RETURN) \
    }
#define LEAVES(chain, high, low, text, name)                                            \
    {                                                                                   \
        (chain), "@ll,96,16 " text " accept", DO(ETHER_IS((high), (low)), ACCEPT), name \
    }
#define LEAVES_TAGGED(chain, high, low, text, name)                       \
    {                                                                     \
        (chain), "@ll,96,16 0x8100 @ll,128,16 " text " accept",           \
            DO(VLAN_IS((high), (low)), ACCEPT), name " behind a VLAN tag" \
    }

#define IPV6_FRAGMENT_OFFSET 42 /* RFC 8200, 4.5, in a header right behind the first */
#define NEXT_IS_FRAGMENT     44

#define ETHER_IS(high, low) LINK(ETHER_TYPE, 2, R1), COMPARE(EQ, 2, (high), (low))
#define VLAN_IS(high, low) \
    ETHER_IS(0x81, 0x00), LINK(VLAN_TYPE, 2, R1), COMPARE(EQ, 2, (high), (low))
/* Ethernet addresses for IPv4 addresses, a question or an answer: no other kind carries IP's. */
#define ARP_AT(type) LINK((type), 8, R1), COMPARE(EQ, 8, 0x08, 0x06, 0, 1, 8, 0, 6, 4)

#define QUESTION_WAS_JUDGED                                                              \
    IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, 53), \
        META(SKUID, R1), COMPARE(NEQ, 4, 0xff, 0xff, 0xff, 0xff), META(MARK, R1),        \
        COMPARE(EQ, 4, ASKED_MARK)

#define GUARD_ASKS_BY_TCP                                                                \
    IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, 53), \
        META(SKUID, R1), COMPARE(EQ, 4, 0), META(MARK, R1), COMPARE(EQ, 4, ASKED_MARK)

/* Who made the frame, as it says, and what it carries. */
#define SENDER_AND_TYPE LINK(ETHER_SOURCE, 8, R1)

#define FROM_ROOT META(SKUID, R1), COMPARE(EQ, 4, 0, 0, 0, 0)

/* The version that the packet names, whatever else stands in that byte. */
#define PAUSED NETWORK(IPV4_VERSION, 1, R1), SET_BITS(1, 0x0f), LOOKUP(KS_EGRESS_SET_PAUSE), ACCEPT

/* nft reads ICMPv6 only in what the kernel says is IPv6. */
#undef ICMPV6_TYPE
#undef ICMPV6_TYPES
#define IS_KERNELS_IPV6   META(PROTOCOL, R1), COMPARE(EQ, 2, 0x86, 0xdd)
#define IN_IPV6           IS_KERNELS_IPV6, IS_PROTOCOL(IPPROTO_ICMPV6)
#define ICMPV6_TYPE(type) IN_IPV6, TRANSPORT(ICMP_TYPE, 1, R1), COMPARE(EQ, 1, (type))
#define ICMPV6_TYPES(a, z) \
    IN_IPV6, TRANSPORT(ICMP_TYPE, 1, R1), COMPARE(GTE, 1, (a)), COMPARE(LTE, 1, (z))

/* As nft says it of a header that it does not know: the two bytes in which the prefix ends. */
#undef FROM_LINK_LOCAL
#define FROM_LINK_LOCAL NETWORK(IPV6_SOURCE, 2, R1), MASK(2, 0xff, 0xc0), COMPARE(EQ, 2, 0xfe, 0x80)

/* clang-format off */
static const KsRule rules[] = {
    /* ---- by what the frame says that it is: the kernel's own word (meta protocol) is the sender's
     * wish where programs make frames themselves ---- */
    { KS_EGRESS_ETHERNET, "@ll,96,16 0x800 jump ipv4",
      DO(ETHER_IS(0x08, 0x00), JUMP(KS_EGRESS_IPV4)) },
    { KS_EGRESS_ETHERNET, "@ll,96,16 0x86dd jump ipv6",
      DO(ETHER_IS(0x86, 0xdd), JUMP(KS_EGRESS_IPV6)) },
    /* the local network hears nothing of a tunnel's address: no answer that it is here, and no
     * question in its name */
    { KS_EGRESS_ETHERNET,
      "@ll,96,16 0x806 @ll,224,32 @tunnel_senders4 counter name \"blocked_frames\" drop",
      DO(ETHER_IS(0x08, 0x06), LINK(ETHER_PAYLOAD + ARP_SENDER, 4, R1),
         LOOKUP(KS_EGRESS_SET_TUNNEL_SENDERS4), COUNT(KS_EGRESS_BLOCKED), DROP),
      "nobody here learns of a tunnel's address" },
    { KS_EGRESS_ETHERNET, "@ll,96,64 0x806000108000604 accept", DO(ARP_AT(ETHER_TYPE), ACCEPT),
      "link upkeep: ARP" },

    { KS_EGRESS_ETHERNET, "@ll,96,16 0x8100 @ll,128,16 0x800 jump ipv4",
      DO(VLAN_IS(0x08, 0x00), JUMP(KS_EGRESS_IPV4)), "the same behind a VLAN tag" },
    { KS_EGRESS_ETHERNET, "@ll,96,16 0x8100 @ll,128,16 0x86dd jump ipv6",
      DO(VLAN_IS(0x86, 0xdd), JUMP(KS_EGRESS_IPV6)), "the same behind a VLAN tag" },
    { KS_EGRESS_ETHERNET,
      "@ll,96,16 0x8100 @ll,128,16 0x806 @ll,256,32 @tunnel_senders4 counter name "
      "\"blocked_frames\" drop",
      DO(VLAN_IS(0x08, 0x06), LINK(VLAN_PAYLOAD + ARP_SENDER, 4, R1),
         LOOKUP(KS_EGRESS_SET_TUNNEL_SENDERS4), COUNT(KS_EGRESS_BLOCKED), DROP),
      "nobody here learns of a tunnel's address" },
    { KS_EGRESS_ETHERNET, "@ll,96,16 0x8100 @ll,128,64 0x806000108000604 accept",
      DO(ETHER_IS(0x81, 0x00), ARP_AT(VLAN_TYPE), ACCEPT), "link upkeep: ARP" },

    /* IEEE 802.1X: without it there is no Wi-Fi with a password */
    { KS_EGRESS_ETHERNET, "@ll,96,16 0x888e accept", DO(ETHER_IS(0x88, 0x8e), ACCEPT),
      "link upkeep: Wi-Fi keys and 802.1X" },
    /* IEEE 802.1AX, 802.1D: bonds and bridges agree with the switch, which passes none of it on */
    { KS_EGRESS_ETHERNET, "@ll,0,48 0x180c2000002 @ll,96,16 0x8809 accept",
      DO(LINK(ETHER_DESTINATION, 6, R1), COMPARE(EQ, 6, 0x01, 0x80, 0xc2, 0, 0, 2),
         ETHER_IS(0x88, 0x09), ACCEPT), "link upkeep: LACP of a bond" },
    { KS_EGRESS_ETHERNET, "@ll,0,48 0x180c2000000 @ll,96,16 < 0x600 @ll,112,24 0x424203 accept",
      DO(LINK(ETHER_DESTINATION, 6, R1), COMPARE(EQ, 6, 0x01, 0x80, 0xc2, 0, 0, 0),
         LINK(ETHER_TYPE, 2, R1), COMPARE(LT, 2, 0x06, 0x00),
         LINK(ETHER_PAYLOAD, 3, R1), COMPARE(EQ, 3, 0x42, 0x42, 0x03), ACCEPT),
      "link upkeep: STP of a bridge" },

    /* PPPoE, RFC 2516: pppd finds the access concentrator, by frames of its own; and the session */
    { KS_EGRESS_ETHERNET, "@ll,96,16 0x8863 meta skuid 0 accept",
      DO(ETHER_IS(0x88, 0x63), FROM_ROOT, ACCEPT), "pppd looks for its provider" },
    { KS_EGRESS_ETHERNET, "@ll,96,16 0x8100 @ll,128,16 0x8863 meta skuid 0 accept",
      DO(VLAN_IS(0x88, 0x63), FROM_ROOT, ACCEPT), "pppd looks for its provider" },
    { KS_EGRESS_ETHERNET, "@ll,96,16 0x8864 jump pppoe",
      DO(ETHER_IS(0x88, 0x64), JUMP(KS_EGRESS_PPPOE)), "a session with the provider" },
    { KS_EGRESS_ETHERNET, "@ll,96,16 0x8100 @ll,128,16 0x8864 jump pppoe",
      DO(VLAN_IS(0x88, 0x64), JUMP(KS_EGRESS_PPPOE)), "a session with the provider" },

    /* who reads it on the card below a PPPoE session knows that it was judged here */
    { KS_EGRESS_BARE, "meta mark != 0x6b73646e meta mark set 0x6b737070",
      DO(META(MARK, R1), COMPARE(NEQ, 4, ASKED_MARK), IMMEDIATE(R1, 4, JUDGED_MARK), SET_MARK),
      "judged here: the card below knows by the mark" },
    { KS_EGRESS_BARE, "meta protocol ip jump ipv4",
      DO(META(PROTOCOL, R1), COMPARE(EQ, 2, 0x08, 0x00), JUMP(KS_EGRESS_IPV4)) },
    { KS_EGRESS_BARE, "meta protocol ip6 jump ipv6",
      DO(META(PROTOCOL, R1), COMPARE(EQ, 2, 0x86, 0xdd), JUMP(KS_EGRESS_IPV6)) },

    /* ---- IPv4 ---- */
    { KS_EGRESS_IPV4, "@nh,128,32 . meta l4proto . th dport @servers4 accept",
      DO(NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1),
         TRANSPORT(DESTINATION_PORT, 2, R1_2),
         LOOKUP(KS_EGRESS_SET_SERVERS4), ACCEPT), "to a VPN server" },
    { KS_EGRESS_IPV4, "@nh,128,32 . meta l4proto @protocols4 accept",
      DO(NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1), LOOKUP(KS_EGRESS_SET_PROTOCOLS4),
         ACCEPT), "to a VPN server: ESP, AH, GRE" },
    { KS_EGRESS_IPV4, "@nh,48,16 & 0x1fff != 0x0 @nh,128,32 . meta l4proto @fragments4 accept",
      DO(NETWORK(IPV4_FRAGMENT, 2, R1), MASK(2, 0x1f, 0xff), COMPARE(NEQ, 2, 0, 0),
         NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1), LOOKUP(KS_EGRESS_SET_FRAGMENTS4),
         ACCEPT), "a fragment to a VPN server" },
    { KS_EGRESS_IPV4, "@nh,0,8 | 0xf == @pause accept", DO(PAUSED), "until the pause ends" },
    { KS_EGRESS_IPV4, "@nh,128,32 @dhcp_servers udp sport 68 udp dport 67 accept",
      DO(NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_EGRESS_SET_DHCP_SERVERS), UDP_PORTS(68, 67),
         ACCEPT), "link upkeep: DHCP" },
    /* Questions of this machine's own programs that the first layer has judged. What guests ask has
     * no socket here. */
    { KS_EGRESS_IPV4, "udp dport 53 meta skuid != 4294967295 meta mark 0x6b73646e accept",
      DO(QUESTION_WAS_JUDGED, ACCEPT), "a question for a VPN server's name, judged before" },
    { KS_EGRESS_IPV4, "tcp dport 53 meta skuid 0 meta mark 0x6b73646e accept",
      DO(GUARD_ASKS_BY_TCP, ACCEPT), "nm-killswitchd asks for a VPN server's name" },
    { KS_EGRESS_IPV4,
      "@nh,0,8 <= 0x46 @nh,48,16 & 0x1fff == 0x0 @nh,128,32 . @nh,72,8 . th dport . oif ^ 2004318071 @allowed_to4 "
      "@nh,128,32 != @tunnel_routes4 accept",
      DO(NETWORK(IPV4_VERSION, 1, R1), COMPARE(LTE, 1, 0x46), NETWORK(IPV4_FRAGMENT, 2, R1),
         MASK(2, 0x1f, 0xff), COMPARE(EQ, 2, 0, 0), NETWORK(IPV4_DESTINATION, 4, R1),
         NETWORK(IPV4_PROTOCOL, 1, R1_1), TRANSPORT(DESTINATION_PORT, 2, R1_2),
         OIF_FIELD(R1_3), LOOKUP(KS_EGRESS_SET_EXCEPTIONS4), NETWORK(IPV4_DESTINATION, 4, R1),
         LOOKUP_NOT(KS_EGRESS_SET_TUNNEL_ROUTES4), ACCEPT), "where a person made an exception" },
    /* Neither a guest's frame nor a program's bears that mark, unless it may set marks (ADR 45). */
    { KS_EGRESS_IPV4,
      "meta mark 0x6b73646e @nh,0,8 <= 0x46 @nh,48,16 & 0x1fff == 0x0 "
      "@nh,128,32 . @nh,72,8 . th sport . oif ^ 2004318071 @allowed_from4 accept",
      DO(META(MARK, R1), COMPARE(EQ, 4, ASKED_MARK), NETWORK(IPV4_VERSION, 1, R1),
         COMPARE(LTE, 1, 0x46), NETWORK(IPV4_FRAGMENT, 2, R1), MASK(2, 0x1f, 0xff),
         COMPARE(EQ, 2, 0, 0), NETWORK(IPV4_DESTINATION, 4, R1), NETWORK(IPV4_PROTOCOL, 1, R1_1),
         TRANSPORT(SOURCE_PORT, 2, R1_2), OIF_FIELD(R1_3), LOOKUP(KS_EGRESS_SET_SERVICES4), ACCEPT),
      "a service answers, judged before" },
    { KS_EGRESS_IPV4, "oif ^ 2000000000 == @lan_uplinks jump lan_out4",
      DO(OIF_IN(KS_EGRESS_SET_LAN_UPLINKS), JUMP(KS_EGRESS_LAN4)),
      "LAN access is on" },

    /* ---- IPv6 ---- */
    { KS_EGRESS_IPV6, "@nh,192,128 . meta l4proto . th dport @servers6 accept",
      DO(NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2), TRANSPORT(DESTINATION_PORT, 2, R2_1),
         LOOKUP(KS_EGRESS_SET_SERVERS6), ACCEPT), "to a VPN server" },
    { KS_EGRESS_IPV6, "@nh,192,128 . meta l4proto @protocols6 accept",
      DO(NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2), LOOKUP(KS_EGRESS_SET_PROTOCOLS6),
         ACCEPT), "to a VPN server: ESP, AH, GRE" },
    { KS_EGRESS_IPV6,
      "@nh,48,8 0x2c @nh,336,16 & 0xfff8 != 0x0 @nh,192,128 . meta l4proto @fragments6 accept",
      DO(NETWORK(IPV6_NEXT_HEADER, 1, R1), COMPARE(EQ, 1, NEXT_IS_FRAGMENT),
         NETWORK(IPV6_FRAGMENT_OFFSET, 2, R1), MASK(2, 0xff, 0xf8), COMPARE(NEQ, 2, 0, 0),
         NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2), LOOKUP(KS_EGRESS_SET_FRAGMENTS6),
         ACCEPT), "a fragment to a VPN server" },
    { KS_EGRESS_IPV6, "@nh,0,8 | 0xf == @pause accept", DO(PAUSED), "until the pause ends" },
    { KS_EGRESS_IPV6, "@nh,64,16 & 0xffc0 == 0xfe80 @nh,192,128 0xff020000000000000000000000010002 "
      "udp sport 546 udp dport 547 accept",
      DO(FROM_LINK_LOCAL, NETWORK(IPV6_DESTINATION, 16, R1),
         COMPARE(EQ, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2), UDP_PORTS(546, 547),
         ACCEPT), "link upkeep: DHCPv6" },
    { KS_EGRESS_IPV6, "@nh,192,128 0xff020000000000000000000000000002 @nh,56,8 0xff icmpv6 type nd-router-solicit accept",
      DO(NETWORK(IPV6_DESTINATION, 16, R1),
         COMPARE(EQ, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), HOP_LIMIT(255),
         ICMPV6_TYPE(133), ACCEPT), "link upkeep: who routes here?" },
    { KS_EGRESS_IPV6,
      "icmpv6 type nd-neighbor-advert @th,64,32 . @th,96,32 . @th,128,32 . @th,160,32 @tunnel_targets6 counter name "
      "\"blocked_frames\" drop",
      DO(ICMPV6_TYPE(136), ND_TARGET_IN(KS_EGRESS_SET_TUNNEL_TARGETS6),
         COUNT(KS_EGRESS_BLOCKED), DROP), "nobody here learns of a tunnel's address" },
    { KS_EGRESS_IPV6, "@nh,56,8 0xff icmpv6 type 135-136 accept",
      DO(HOP_LIMIT(255), ICMPV6_TYPES(135, 136), ACCEPT), "link upkeep: neighbours" },
    REPORTS_OUT(KS_EGRESS_IPV6, KS_EGRESS_REPORTS,
                "@nh,56,8 0x1 icmpv6 type 131-132 ip6 length 32",
                "@nh,56,8 0x1 @nh,192,128 0xff020000000000000000000000000016 "
                "icmpv6 type mld2-listener-report ip6 length",
                KS_EGRESS_SET_REPORT_LENGTHS, HOP_LIMIT(1)),
    REPORT_RECORDS(KS_EGRESS_REPORTS, KS_EGRESS_SET_LINK_GROUPS),
    { KS_EGRESS_IPV6, "udp dport 53 meta skuid != 4294967295 meta mark 0x6b73646e accept",
      DO(QUESTION_WAS_JUDGED, ACCEPT), "a question for a VPN server's name, judged before" },
    { KS_EGRESS_IPV6, "tcp dport 53 meta skuid 0 meta mark 0x6b73646e accept",
      DO(GUARD_ASKS_BY_TCP, ACCEPT), "nm-killswitchd asks for a VPN server's name" },
    { KS_EGRESS_IPV6,
      "@nh,192,128 . @nh,48,8 . th dport . oif ^ 2004318071 @allowed_to6 @nh,192,128 != @tunnel_routes6 accept",
      DO(NETWORK(IPV6_DESTINATION, 16, R1), NETWORK(IPV6_NEXT_HEADER, 1, R2),
         TRANSPORT(DESTINATION_PORT, 2, R2_1), OIF_FIELD(R2_2), LOOKUP(KS_EGRESS_SET_EXCEPTIONS6),
         NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP_NOT(KS_EGRESS_SET_TUNNEL_ROUTES6), ACCEPT),
      "where a person made an exception" },
    { KS_EGRESS_IPV6,
      "meta mark 0x6b73646e @nh,192,128 . @nh,48,8 . th sport . oif ^ 2004318071 @allowed_from6 accept",
      DO(META(MARK, R1), COMPARE(EQ, 4, ASKED_MARK), NETWORK(IPV6_DESTINATION, 16, R1),
         NETWORK(IPV6_NEXT_HEADER, 1, R2), TRANSPORT(SOURCE_PORT, 2, R2_1),
         OIF_FIELD(R2_2), LOOKUP(KS_EGRESS_SET_SERVICES6), ACCEPT), "a service answers, judged before" },
    { KS_EGRESS_IPV6, "oif ^ 2000000000 == @lan_uplinks jump lan_out6",
      DO(OIF_IN(KS_EGRESS_SET_LAN_UPLINKS), JUMP(KS_EGRESS_LAN6)),
      "LAN access is on" },

    /* ---- PPPoE, to a peer that this machine has a session with. What came by way of ppp was
     * judged there. PPP's control has no socket: the kernel writes it for pppd. What a program
     * writes into a session of its own has one (AF_PPPOX takes no privilege), but what the kernel
     * passes on between two of them has none: so control is short ---- */
    { KS_EGRESS_PPPOE, "@ll,0,48 != @pppoe_peers return",
      DO(LINK(ETHER_DESTINATION, 6, R1), LOOKUP_NOT(KS_EGRESS_SET_PPPOE_PEERS), RETURN),
      "not to a provider that we have a session with" },
    { KS_EGRESS_PPPOE, "meta mark 0x6b737070 accept",
      DO(META(MARK, R1), COMPARE(EQ, 4, JUDGED_MARK), ACCEPT), "judged on the ppp link" },
    { KS_EGRESS_PPPOE, "meta mark 0x6b73646e accept",
      DO(META(MARK, R1), COMPARE(EQ, 4, ASKED_MARK), ACCEPT),
      "a question for a VPN server's name, judged before" },
    { KS_EGRESS_PPPOE, "meta skuid >= 0 return", DO(HAS_SENDER, RETURN), "a program's own frame" },
    { KS_EGRESS_PPPOE, "meta length > 192 return",
      DO(META(LEN, R1), SWAP(R1), COMPARE(GT, 4, 0, 0, 0, PPP_CONTROL_MAX), RETURN),
      "too long for the control of a session" },
    PPP_CONTROL(0xc0, 0x21, "@nh,48,16 0xc021 accept", "LCP"),
    PPP_CONTROL(0xc0, 0x23, "@nh,48,16 0xc023 accept", "PAP"),
    PPP_CONTROL(0xc2, 0x23, "@nh,48,16 0xc223 accept", "CHAP"),
    PPP_CONTROL(0xc2, 0x27, "@nh,48,16 0xc227 accept", "EAP"),
    PPP_CONTROL(0x80, 0x21, "@nh,48,16 0x8021 accept", "IPCP"),
    PPP_CONTROL(0x80, 0x57, "@nh,48,16 0x8057 accept", "IPV6CP"),
    PPP_CONTROL(0x80, 0xfd, "@nh,48,16 0x80fd accept", "CCP"),

    /* ---- MACsec, batman-adv, VLANs of 802.1ad and in a VLAN: what they wrap was judged where
     * they are, which marked it ---- */
    { KS_EGRESS_WRAPPED, "oif ^ 2000000000 == @relaying_uplinks jump relayed",
      DO(OIF_IN(KS_EGRESS_SET_RELAYING_UPLINKS), JUMP(KS_EGRESS_RELAYED)) },
    { KS_EGRESS_WRAPPED, "oif ^ 2000000000 != @wrapping_uplinks return",
      DO(OIF_NOT_IN(KS_EGRESS_SET_WRAPPING_UPLINKS), RETURN),
      "no link above wraps frames here" },
    { KS_EGRESS_WRAPPED,
      "meta mark != 0x6b737772 meta mark != 0x6b737070 meta mark != 0x6b73646e return",
      DO(META(MARK, R1), COMPARE(NEQ, 4, WRAPPED_MARK), META(MARK, R1),
         COMPARE(NEQ, 4, JUDGED_MARK), META(MARK, R1), COMPARE(NEQ, 4, ASKED_MARK), RETURN),
      "not judged by a link above" },
    LEAVES(KS_EGRESS_WRAPPED, 0x88, 0xe5, "0x88e5", "MACsec"),
    LEAVES(KS_EGRESS_WRAPPED, 0x43, 0x05, "0x4305", "batman-adv"),
    LEAVES(KS_EGRESS_WRAPPED, 0x88, 0xa8, "0x88a8", "VLAN (802.1ad)"),
    LEAVES_TAGGED(KS_EGRESS_WRAPPED, 0x88, 0xe5, "0x88e5", "MACsec"),
    LEAVES_TAGGED(KS_EGRESS_WRAPPED, 0x43, 0x05, "0x4305", "batman-adv"),
    LEAVES_TAGGED(KS_EGRESS_WRAPPED, 0x81, 0x00, "0x8100", "another VLAN tag"),

    /* ---- what else was dropped lately, for who looks for the cause: IP, ARP, what is a length
     * instead of a type, and LLDP, which nothing waits for, say nothing ---- */
    UNTOLD("@ll,96,16 < 0x600", COMPARE(LT, 2, 0x06, 0x00)),
    UNTOLD("@ll,96,16 0x800", COMPARE(EQ, 2, 0x08, 0x00)),
    UNTOLD("@ll,96,16 0x806", COMPARE(EQ, 2, 0x08, 0x06)),
    UNTOLD("@ll,96,16 0x86dd", COMPARE(EQ, 2, 0x86, 0xdd)),
    UNTOLD("@ll,96,16 0x88cc", COMPARE(EQ, 2, 0x88, 0xcc)),
    { KS_EGRESS_UNCOMMON, "@ll,96,16 0x8100 @ll,128,16 != 0x8100 return",
      DO(ETHER_IS(0x81, 0x00), LINK(VLAN_TYPE, 2, R1), COMPARE(NEQ, 2, 0x81, 0x00), RETURN) },
    { KS_EGRESS_UNCOMMON, "update @blocked_types { @ll,96,16 timeout 1m }",
      DO(LINK(ETHER_TYPE, 2, R1), REMEMBER(KS_EGRESS_SET_BLOCKED_TYPES, KS_FRAME_TYPE_MS)),
      "status names the type" },

    /* ---- HSR's two types, batman-adv's: what the kernel sends for them, on its own or for others,
     * has no socket, and a program's frames have one ---- */
    { KS_EGRESS_RELAYED, "meta skuid >= 0 return", DO(HAS_SENDER, RETURN),
      "a program's own frame" },
    LEAVES(KS_EGRESS_RELAYED, 0x88, 0xfb, "0x88fb", "HSR and PRP"),
    LEAVES(KS_EGRESS_RELAYED, 0x89, 0x2f, "0x892f", "HSR"),
    LEAVES(KS_EGRESS_RELAYED, 0x43, 0x05, "0x4305", "batman-adv"),
    LEAVES_TAGGED(KS_EGRESS_RELAYED, 0x88, 0xfb, "0x88fb", "HSR and PRP"),
    LEAVES_TAGGED(KS_EGRESS_RELAYED, 0x89, 0x2f, "0x892f", "HSR"),
    LEAVES_TAGGED(KS_EGRESS_RELAYED, 0x43, 0x05, "0x4305", "batman-adv"),

    /* ---- to the users of a hotspot: what was forwarded to them, and what the kernel answers them,
     * has no socket, and the first layer has judged it; programs may answer what it lets them, by
     * any socket ---- */
    { KS_EGRESS_TO_HOTSPOT, "@ll,96,16 != 0x800 @ll,96,16 != 0x86dd return",
      DO(LINK(ETHER_TYPE, 2, R1), COMPARE(NEQ, 2, 0x08, 0x00), LINK(ETHER_TYPE, 2, R1),
         COMPARE(NEQ, 2, 0x86, 0xdd), RETURN) },
    { KS_EGRESS_TO_HOTSPOT, "udp sport 67 udp dport 68 accept", DO(UDP_PORTS(67, 68), ACCEPT),
      "DHCP: an address for them" },
    { KS_EGRESS_TO_HOTSPOT, "udp sport 53 @th,80,32 | 0x7ff0000 == 0x87ff0001 accept",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53),
         AN_ANSWER, ACCEPT), "an answer of this machine's DNS" },
    { KS_EGRESS_TO_HOTSPOT, "tcp sport 53 accept",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53), ACCEPT),
      "an answer of this machine's DNS" },
    { KS_EGRESS_TO_HOTSPOT,
      "@nh,64,16 & 0xffc0 == 0xfe80 @nh,56,8 0xff icmpv6 type nd-router-advert accept",
      DO(FROM_LINK_LOCAL, HOP_LIMIT(255), ICMPV6_TYPE(134), ACCEPT),
      "link upkeep: this machine routes" },
    { KS_EGRESS_TO_HOTSPOT, "meta skuid >= 0 return",
      DO(HAS_SENDER, RETURN), "a program's own frame" },
    { KS_EGRESS_TO_HOTSPOT, "accept", DO(ACCEPT), "forwarded, and judged by the first layer" },

    /* ---- the local network ---- */
    { KS_EGRESS_LAN4, "@nh,0,8 > 0x46 return",
      DO(NETWORK(IPV4_VERSION, 1, R1), COMPARE(GT, 1, 0x46), RETURN),
      "room for a source route: goes on elsewhere" },
    { KS_EGRESS_LAN4, "meta l4proto . th dport @resolver_ports return",
      DO(META(L4PROTO, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1),
         LOOKUP(KS_EGRESS_SET_RESOLVER_PORTS), RETURN), "no DNS to the router" },
    { KS_EGRESS_LAN4, "@nh,128,32 @tunnel_routes4 return",
      DO(NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_EGRESS_SET_TUNNEL_ROUTES4), RETURN),
      "this network is reached through the VPN" },
    { KS_EGRESS_LAN4, "@nh,128,32 @lan4 accept",
      DO(NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_EGRESS_SET_LAN4), ACCEPT) },
    { KS_EGRESS_LAN6, "@nh,48,8 0x2b return",
      DO(NETWORK(IPV6_NEXT_HEADER, 1, R1), COMPARE(EQ, 1, IPPROTO_ROUTING), RETURN),
      "goes on elsewhere" },
    { KS_EGRESS_LAN6, "meta l4proto . th dport @resolver_ports return",
      DO(META(L4PROTO, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1),
         LOOKUP(KS_EGRESS_SET_RESOLVER_PORTS), RETURN), "no DNS to the router" },
    { KS_EGRESS_LAN6, "@nh,192,128 @tunnel_routes6 return",
      DO(NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP(KS_EGRESS_SET_TUNNEL_ROUTES6), RETURN),
      "this network is reached through the VPN" },
    { KS_EGRESS_LAN6, "@nh,192,128 @lan6 accept",
      DO(NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP(KS_EGRESS_SET_LAN6), ACCEPT) },

    /* ---- what is refused here is told, as in the first layer (ADR 38) ---- */
    { KS_EGRESS_REFUSED,
      "@ll,48,64 != @told_frames " NEW_TO_TEXT
      " update @told_frames { @ll,48,64 timeout 5s } goto telling",
      DO(SENDER_AND_TYPE, LOOKUP_NOT(KS_EGRESS_SET_TOLD_FRAMES), NEW_TO, SENDER_AND_TYPE,
         REMEMBER(KS_EGRESS_SET_TOLD_FRAMES, TOLD_MS), GOTO(KS_EGRESS_TELLING)),
      "another machine or another type than those told of" },
    { KS_EGRESS_REFUSED,
      "meta l4proto . th sport != @told_from " NEW_FROM_TEXT
      " update @told_from { meta l4proto . th sport timeout 5s } goto telling",
      DO(COMES_FROM, LOOKUP_NOT(KS_EGRESS_SET_TOLD_FROM), NEW_FROM, COMES_FROM,
         REMEMBER(KS_EGRESS_SET_TOLD_FROM, TOLD_MS), GOTO(KS_EGRESS_TELLING)),
      "another socket than those told of" },
    { KS_EGRESS_REFUSED, ANY_MORE_TEXT " goto telling", DO(ANY_MORE, GOTO(KS_EGRESS_TELLING)),
      "as many more as there is room for" },
    { KS_EGRESS_REFUSED, SOME_UNTOLD_TEXT, DO(SOME_UNTOLD),
      "so that who looks hears that some are missing" },
    { KS_EGRESS_TELLING, TELL_TEXT, DO(TELL), "headers only" },
};
/* clang-format on */

const KsRuleSegment ks_egress_rules = { rules, G_N_ELEMENTS(rules) };
