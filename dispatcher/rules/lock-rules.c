/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/lock-table.h"
#include "rules/reports.h"
#include "rules/steps.h"

/* A source route that names an address takes seven bytes (RFC 791, 3.1), router alert four (RFC
 * 2113): longer headers are refused whatever is in them, for of options that it cannot read the
 * kernel says that there are none (net/netfilter/nft_exthdr.c, ipv4_find_option()). */
#define HEADER_WORDS_MAX 6

/* Going out, what the kernel encapsulates still names the interface that it came from as the one it
 * came in by (net/ipv4/ip_output.c, ip_output()). */
#define COMES_IN META(OIF, R1), COMPARE(EQ, 4, 0, 0, 0, 0)
#define GOES_OUT META(OIF, R1), COMPARE(NEQ, 4, 0, 0, 0, 0)

/* Headers with all options that there is room for (RFC 791, RFC 9293), and nothing in them. */
#define BARE_TCP4 80
#define BARE_TCP6 60

/* What resolvers ask, and whether it is counted already (KS_COUNTED_MS). */
#define A_QUESTION \
    META(L4PROTO, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1), LOOKUP(KS_NFT_SET_RESOLVER_PORTS)
#define ASKER       META(SKUID, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1)
#define WAS_COUNTED ASKER, LOOKUP(KS_NFT_SET_COUNTED)
#define IS_COUNTED  ASKER, REMEMBER(KS_NFT_SET_COUNTED, KS_COUNTED_MS)

#define UNCUT(cut, cut_byte, whole, whole_byte)                                                \
    {                                                                                          \
        KS_CHAIN_TOLD, "udp sport 53 @th,80,8 " cut " udp checksum set 0 @th,80,8 set " whole, \
            DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53), \
               TRANSPORT(DNS_FLAGS, 1, R1), COMPARE(EQ, 1, cut_byte), IMMEDIATE(R1, 2, 0, 0),  \
               WRITE(UDP_CHECKSUM, 2), IMMEDIATE(R1, 1, whole_byte), WRITE(DNS_FLAGS, 1)),     \
            "a cut answer comes in as a whole one"                                             \
    }

/* clang-format off */
/* Most of what leaves by an uplink: before the jump to the rest, which costs more than a rule. */
#define TO_SERVERS(chain)                                                                        \
    { (chain), "ip daddr . meta l4proto . th dport vmap @servers4",                              \
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1),                         \
         TRANSPORT(DESTINATION_PORT, 2, R1_2), VMAP(KS_SET_SERVERS4)),                           \
      "to a VPN server, if the sender may" },                                                    \
    { (chain), "ip6 daddr . meta l4proto . th dport vmap @servers6",                             \
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2),                          \
         TRANSPORT(DESTINATION_PORT, 2, R2_1), VMAP(KS_SET_SERVERS6)),                           \
      "to a VPN server, if the sender may" }

/* The lock. The order is by how often a rule matches on a machine whose VPN is up. */
static const KsRule rules[] = {
    /* ---- what arrives, before it is routed ---- */
    { KS_CHAIN_PREROUTING, "iif ^ 2000000000 == @open_interfaces accept",
      DO(IIF_IN(KS_SET_OPEN_INTERFACES), ACCEPT), "loopback and open tunnels" },
    { KS_CHAIN_PREROUTING, "ip daddr @tunnel_addresses4 jump to_tunnel",
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_SET_TUNNEL_ADDRESSES4),
         JUMP(KS_CHAIN_TO_TUNNEL)), "for a tunnel's address: only from inside" },
    { KS_CHAIN_PREROUTING, "ip6 daddr @tunnel_addresses6 jump to_tunnel",
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP(KS_SET_TUNNEL_ADDRESSES6),
         JUMP(KS_CHAIN_TO_TUNNEL)), "for a tunnel's address: only from inside" },

    /* What names its own way (RFC 791, RFC 8200, RFC 8754) could be meant for a tunnel's address
     * when it is not yet seen. */
    { KS_CHAIN_PREROUTING, "ip hdrlength > 6 counter name \"blocked_in\" drop",
      DO(IS_IPV4, NETWORK(IPV4_VERSION, 1, R1), MASK(1, 0x0f),
         COMPARE(GT, 1, HEADER_WORDS_MAX), COUNT(KS_COUNTER_BLOCKED_IN), DROP),
      "room for a source route" },
    { KS_CHAIN_PREROUTING, "exthdr rt exists counter name \"blocked_in\" drop",
      DO(IS_IPV6, PRESENCE(IPPROTO_ROUTING, R1), COMPARE(EQ, 1, 1), COUNT(KS_COUNTER_BLOCKED_IN),
         DROP), "a packet that names its own way" },

    /* A tunnel's address is for those who come through the tunnel (CVE-2019-14899), for guests, and
     * for what IPsec has decrypted. */
    { KS_CHAIN_TO_TUNNEL, "iif ^ 2000000000 == @guest_interfaces accept",
      DO(IIF_IN(KS_SET_GUEST_INTERFACES), ACCEPT),
      "containers and virtual machines" },
    { KS_CHAIN_TO_TUNNEL, "meta nfproto @ipsec_versions meta ipsec exists accept",
      DO(META(NFPROTO, R1), LOOKUP(KS_SET_IPSEC), WAS_ENCRYPTED, ACCEPT),
      "has come through IPsec" },
    { KS_CHAIN_TO_TUNNEL, "counter name \"blocked_in\" drop",
      DO(COUNT(KS_COUNTER_BLOCKED_IN), DROP), "from outside of the tunnel" },

    /* ---- programs here are told at once that they are locked in. TCP would try again and wait
     * (net/ipv4/tcp_output.c, tcp_connect()), so it gets a reset, which cannot leave: it would come
     * by here itself. All others have EPERM from the call that sends, by the last look. ---- */
    { KS_CHAIN_OUTPUT, "meta l4proto != tcp accept",
      DO(META(L4PROTO, R1), COMPARE(NEQ, 1, IPPROTO_TCP), ACCEPT),
      "postrouting judges all but TCP" },
    { KS_CHAIN_OUTPUT, "oif ^ 2000000000 == @open_interfaces accept",
      DO(OIF_IN(KS_SET_OPEN_INTERFACES), ACCEPT), "loopback and open tunnels" },
    TO_SERVERS(KS_CHAIN_OUTPUT),
    { KS_CHAIN_OUTPUT, "jump leaving", DO(JUMP(KS_CHAIN_LEAVING)) },
    { KS_CHAIN_OUTPUT, "jump refused", DO(JUMP(KS_CHAIN_REFUSED)) },
    { KS_CHAIN_OUTPUT, "tcp sport . tcp dport @told_tcp reject with tcp reset",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(SOURCE_PORT, 2, R1),
         TRANSPORT(DESTINATION_PORT, 2, R1_1), LOOKUP(KS_NFT_SET_TOLD_TCP), REJECT(TCP_RST)),
      "told and counted already, a second ago" },
    { KS_CHAIN_OUTPUT,
      "meta l4proto . tcp dport @resolver_ports meta skuid . tcp dport @counted "
      "reject with tcp reset",
      DO(IS_PROTOCOL(IPPROTO_TCP), A_QUESTION, WAS_COUNTED, REJECT(TCP_RST)),
      "the same question again: not counted" },
    { KS_CHAIN_OUTPUT,
      "meta l4proto . th dport @resolver_ports update @counted { meta skuid . th dport timeout 1s }",
      DO(A_QUESTION, IS_COUNTED), "one user's questions count once a second" },
    { KS_CHAIN_OUTPUT, "counter name \"blocked_out\"", DO(COUNT(KS_COUNTER_BLOCKED_OUT)),
      "what status counts" },
    { KS_CHAIN_OUTPUT, "meta l4proto tcp reject with tcp reset",
      DO(IS_PROTOCOL(IPPROTO_TCP), REJECT(TCP_RST)), "the program is told at once" },
    { KS_CHAIN_OUTPUT, "drop", DO(DROP) },

    /* ---- what guests send through this machine: into a tunnel and to each other ---- */
    { KS_CHAIN_FORWARD,
      "iif ^ 2000000000 == @guest_interfaces oif ^ 2000000000 == @open_interfaces accept",
      DO(IIF_IN(KS_SET_GUEST_INTERFACES), OIF_IN(KS_SET_OPEN_INTERFACES), ACCEPT),
      "guests into the tunnel" },
    { KS_CHAIN_FORWARD,
      "iif ^ 2000000000 == @open_interfaces oif ^ 2000000000 == @guest_interfaces jump to_guests",
      DO(IIF_IN(KS_SET_OPEN_INTERFACES), OIF_IN(KS_SET_GUEST_INTERFACES), JUMP(KS_CHAIN_TO_GUESTS)),
      "answers from the tunnel to guests" },
    { KS_CHAIN_FORWARD,
      "iif ^ 2000000000 == @guest_interfaces oif ^ 2000000000 == @guest_interfaces accept",
      DO(IIF_IN(KS_SET_GUEST_INTERFACES), OIF_IN(KS_SET_GUEST_INTERFACES), ACCEPT),
      "guests to each other" },

    /* ---- the users of a hotspot: the same ---- */
    { KS_CHAIN_FORWARD,
      "iif ^ 2000000000 == @hotspot_interfaces oif ^ 2000000000 == @open_interfaces accept",
      DO(IIF_IN(KS_SET_HOTSPOT_INTERFACES), OIF_IN(KS_SET_OPEN_INTERFACES), ACCEPT),
      "the hotspot's users into the tunnel" },
    { KS_CHAIN_FORWARD,
      "iif ^ 2000000000 == @open_interfaces oif ^ 2000000000 == @hotspot_interfaces jump to_users",
      DO(IIF_IN(KS_SET_OPEN_INTERFACES), OIF_IN(KS_SET_HOTSPOT_INTERFACES),
         JUMP(KS_CHAIN_TO_USERS)),
      "answers from the tunnel to the hotspot's users" },
    { KS_CHAIN_FORWARD,
      "iif ^ 2000000000 == @hotspot_interfaces oif ^ 2000000000 == @hotspot_interfaces accept",
      DO(IIF_IN(KS_SET_HOTSPOT_INTERFACES), OIF_IN(KS_SET_HOTSPOT_INTERFACES), ACCEPT),
      "the hotspot's users to each other" },

    /* the same by IPsec without an interface */
    { KS_CHAIN_FORWARD, "meta nfproto @ipsec_versions iif ^ 2000000000 == @guest_interfaces rt ipsec exists accept",
      DO(META(NFPROTO, R1), LOOKUP(KS_SET_IPSEC), IIF_IN(KS_SET_GUEST_INTERFACES),
         WILL_BE_ENCRYPTED, ACCEPT), "guests into IPsec" },
    { KS_CHAIN_FORWARD, "meta nfproto @ipsec_versions oif ^ 2000000000 == @guest_interfaces meta ipsec exists jump to_guests",
      DO(META(NFPROTO, R1), LOOKUP(KS_SET_IPSEC), OIF_IN(KS_SET_GUEST_INTERFACES),
         WAS_ENCRYPTED, JUMP(KS_CHAIN_TO_GUESTS)), "answers from IPsec to guests" },
    { KS_CHAIN_FORWARD, "meta nfproto @ipsec_versions iif ^ 2000000000 == @hotspot_interfaces rt ipsec exists accept",
      DO(META(NFPROTO, R1), LOOKUP(KS_SET_IPSEC), IIF_IN(KS_SET_HOTSPOT_INTERFACES),
         WILL_BE_ENCRYPTED, ACCEPT), "the hotspot's users into IPsec" },
    { KS_CHAIN_FORWARD, "meta nfproto @ipsec_versions oif ^ 2000000000 == @hotspot_interfaces meta ipsec exists jump to_users",
      DO(META(NFPROTO, R1), LOOKUP(KS_SET_IPSEC), OIF_IN(KS_SET_HOTSPOT_INTERFACES),
         WAS_ENCRYPTED, JUMP(KS_CHAIN_TO_USERS)), "answers from IPsec to the hotspot's users" },

    /* What comes out of a translator of this machine was judged as IPv4 on its way in; what goes in
     * is judged as IPv4 when it has come out. */
    { KS_CHAIN_FORWARD, "iif ^ 2000000000 == @translators ip6 daddr . meta l4proto . th dport vmap @servers6",
      DO(IIF_IN(KS_SET_TRANSLATORS), IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1),
         META(L4PROTO, R2), TRANSPORT(DESTINATION_PORT, 2, R2_1), VMAP(KS_SET_SERVERS6)),
      "IPv4 that became IPv6 on its way to a server" },
    { KS_CHAIN_FORWARD, "meta nfproto ipv6 oif ^ 2000000000 == @translators accept",
      DO(IS_IPV6, OIF_IN(KS_SET_TRANSLATORS), ACCEPT),
      "is judged as IPv4 when it comes out" },
    { KS_CHAIN_FORWARD, "meta nfproto @pause accept",
      DO(META(NFPROTO, R1), LOOKUP(KS_NFT_SET_PAUSE), ACCEPT), "until the pause ends" },

    { KS_CHAIN_FORWARD, "jump refused", DO(JUMP(KS_CHAIN_REFUSED)) },
    { KS_CHAIN_FORWARD, "counter name \"blocked_forward\"", DO(COUNT(KS_COUNTER_BLOCKED_FORWARD)) },
    { KS_CHAIN_FORWARD, "meta l4proto tcp reject with tcp reset",
      DO(IS_PROTOCOL(IPPROTO_TCP), REJECT(TCP_RST)), "the program is told at once" },
    { KS_CHAIN_FORWARD, "reject with icmpx admin-prohibited", DO(REJECT(ICMPX_UNREACH)),
      "the program is told at once" },

    { KS_CHAIN_TO_GUESTS, "ct direction reply ct state established,related accept",
      DO(IS_REPLY, IS_ESTABLISHED, ACCEPT) },

    { KS_CHAIN_TO_USERS, "ct direction reply ct state established,related accept",
      DO(IS_REPLY, IS_ESTABLISHED, ACCEPT) },

    /* ---- the last look at what leaves, on the interface that it really leaves by ---- */
    { KS_CHAIN_POSTROUTING, "oif ^ 2000000000 == @open_interfaces accept",
      DO(OIF_IN(KS_SET_OPEN_INTERFACES), ACCEPT), "loopback and open tunnels" },
    TO_SERVERS(KS_CHAIN_POSTROUTING),
    { KS_CHAIN_POSTROUTING, "jump leaving", DO(JUMP(KS_CHAIN_LEAVING)),
      "an uplink: else only what is listed there" },
    { KS_CHAIN_POSTROUTING, "jump refused", DO(JUMP(KS_CHAIN_REFUSED)) },
    { KS_CHAIN_POSTROUTING,
      "meta l4proto . th dport @resolver_ports meta skuid . th dport @counted drop",
      DO(A_QUESTION, WAS_COUNTED, DROP), "the same question again: not counted" },
    { KS_CHAIN_POSTROUTING,
      "meta l4proto . th dport @resolver_ports update @counted { meta skuid . th dport timeout 1s }",
      DO(A_QUESTION, IS_COUNTED), "one user's questions count once a second" },
    { KS_CHAIN_POSTROUTING, "counter name \"blocked_out\" drop",
      DO(COUNT(KS_COUNTER_BLOCKED_OUT), DROP), "nothing else leaves" },

    /* ---- what may leave by an uplink ---- */
    { KS_CHAIN_LEAVING, "oif ^ 2000000000 == @guest_interfaces accept",
      DO(OIF_IN(KS_SET_GUEST_INTERFACES), ACCEPT),
      "to containers and virtual machines" },

    /* ESP, AH, GRE: what has no ports */
    { KS_CHAIN_LEAVING, "ip daddr . meta l4proto vmap @protocols4",
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1),
         VMAP(KS_SET_PROTOCOLS4)), "to a VPN server: ESP, AH, GRE" },
    { KS_CHAIN_LEAVING, "ip6 daddr . meta l4proto vmap @protocols6",
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2),
         VMAP(KS_SET_PROTOCOLS6)), "to a VPN server: ESP, AH, GRE" },

    /* The guard's own, for all addresses of a server's name: root's alone can bear that mark. */
    { KS_CHAIN_LEAVING, "tcp dport 53 meta skuid 0 meta mark 0x6b73646e jump asked",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, 53),
         META(SKUID, R1), COMPARE(EQ, 4, 0), META(MARK, R1), COMPARE(EQ, 4, ASKED_MARK),
         JUMP(KS_CHAIN_ASKED)), "nm-killswitchd asks for a VPN server's name" },

    /* IPsec without an interface: what its policies will encrypt (net/netfilter/nft_rt.c looks for
     * a transformation on the packet's route). Behind an xfrm interface, the last look sees it so
     * too. */
    { KS_CHAIN_LEAVING, "meta nfproto @ipsec_versions rt ipsec exists accept",
      DO(META(NFPROTO, R1), LOOKUP(KS_SET_IPSEC), WILL_BE_ENCRYPTED, ACCEPT),
      "will be encrypted by IPsec" },

    { KS_CHAIN_LEAVING, "meta nfproto @pause accept",
      DO(META(NFPROTO, R1), LOOKUP(KS_NFT_SET_PAUSE), ACCEPT), "until the pause ends" },

    /* DHCP, RFC 2131: to everybody while there is no lease, to the lease's server to renew it. */
    { KS_CHAIN_LEAVING, "ip daddr @dhcp_servers udp sport 68 udp dport 67 accept",
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_SET_DHCP_SERVERS), UDP_PORTS(68, 67),
         ACCEPT), "link upkeep: DHCP" },

    /* DHCPv6, RFC 8415, 7.1: All_DHCP_Relay_Agents_and_Servers, never leaves the link. */
    { KS_CHAIN_LEAVING,
      "ip6 saddr fe80::/10 ip6 daddr ff02::1:2 udp sport 546 udp dport 547 accept",
      DO(IS_IPV6, FROM_LINK_LOCAL, NETWORK(IPV6_DESTINATION, 16, R1),
         COMPARE(EQ, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2), UDP_PORTS(546, 547),
         ACCEPT), "link upkeep: DHCPv6" },

    /* Neighbour discovery, RFC 4861. With 255 hops it cannot have crossed a router on its way in;
     * neighbours are also asked and answered at their global addresses, so no address is named. */
    { KS_CHAIN_LEAVING, "ip6 daddr ff02::2 ip6 hoplimit 255 icmpv6 type nd-router-solicit accept",
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1),
         COMPARE(EQ, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), HOP_LIMIT(255),
         ICMPV6_TYPE(133), ACCEPT), "link upkeep: who routes here?" },
    { KS_CHAIN_LEAVING,
      "icmpv6 type nd-neighbor-advert @th,64,32 . @th,96,32 . @th,128,32 . @th,160,32 @tunnel_targets6 counter name \"blocked_out\" drop",
      DO(IS_IPV6, ICMPV6_TYPE(136), ND_TARGET_IN(KS_SET_TUNNEL_TARGETS6),
         COUNT(KS_COUNTER_BLOCKED_OUT), DROP), "nobody here learns of a tunnel's address" },
    { KS_CHAIN_LEAVING, "ip6 hoplimit 255 icmpv6 type 135-136 accept",
      DO(IS_IPV6, HOP_LIMIT(255), ICMPV6_TYPES(135, 136), ACCEPT), "link upkeep: neighbours" },

    /* Multicast listeners: what neighbour discovery needs, and no more. */
    REPORTS_OUT(KS_CHAIN_LEAVING, KS_CHAIN_REPORTS,
                "ip6 hoplimit 1 icmpv6 type 131-132 ip6 length 32",
                "ip6 hoplimit 1 ip6 daddr ff02::16 icmpv6 type mld2-listener-report ip6 length",
                KS_NFT_SET_REPORT_LENGTHS, IS_IPV6, HOP_LIMIT(1)),
    REPORT_RECORDS(KS_CHAIN_REPORTS, KS_NFT_SET_LINK_GROUPS),

    { KS_CHAIN_LEAVING, "meta nfproto ipv6 iif != 0 oif ^ 2000000000 == @translators accept",
      DO(IS_IPV6, META(IIF, R1), COMPARE(NEQ, 4, 0, 0, 0, 0), OIF_IN(KS_SET_TRANSLATORS), ACCEPT),
      "is judged as IPv4 when it comes out" },

    { KS_CHAIN_LEAVING, "oif ^ 2000000000 == @hotspot_interfaces jump to_hotspot",
      DO(OIF_IN(KS_SET_HOTSPOT_INTERFACES), JUMP(KS_CHAIN_TO_HOTSPOT)),
      "to the hotspot's users" },

    { KS_CHAIN_LEAVING, "oif ^ 2000000000 == @lan_interfaces jump lan_out",
      DO(OIF_IN(KS_SET_LAN_INTERFACES), JUMP(KS_CHAIN_LAN_OUT)),
      "LAN access is on" },

    /* ---- what reaches programs here ---- */
    { KS_CHAIN_INPUT, "iif ^ 2000000000 == @open_interfaces accept",
      DO(IIF_IN(KS_SET_OPEN_INTERFACES), ACCEPT), "loopback and open tunnels" },

    { KS_CHAIN_INPUT, "jump answers", DO(JUMP(KS_CHAIN_ANSWERS)), "what VPN servers send" },

    { KS_CHAIN_INPUT, "iif ^ 2000000000 == @guest_interfaces accept",
      DO(IIF_IN(KS_SET_GUEST_INTERFACES), ACCEPT),
      "from containers and virtual machines" },

    { KS_CHAIN_INPUT, "ip saddr . meta l4proto vmap @protocols4",
      DO(IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), META(L4PROTO, R1_1), VMAP(KS_SET_PROTOCOLS4)),
      "from a VPN server: ESP, AH, GRE" },
    { KS_CHAIN_INPUT, "ip6 saddr . meta l4proto vmap @protocols6",
      DO(IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), META(L4PROTO, R2), VMAP(KS_SET_PROTOCOLS6)),
      "from a VPN server: ESP, AH, GRE" },

    { KS_CHAIN_INPUT, "meta nfproto @ipsec_versions meta ipsec exists accept",
      DO(META(NFPROTO, R1), LOOKUP(KS_SET_IPSEC), WAS_ENCRYPTED, ACCEPT),
      "has come through IPsec" },

    /* IPv6 fragments are put together behind this hook, and without the first one nothing comes of
     * the others. IPv4's are put together before it (net/ipv4/ip_input.c, ip_local_deliver()). */
    { KS_CHAIN_INPUT, "frag frag-off != 0 accept",
      DO(IS_IPV6, EXTENSION(IPPROTO_FRAGMENT, FRAGMENT_OFFSET, 2, R1), MASK(2, 0xff, 0xf8),
         COMPARE(NEQ, 2, 0, 0), ACCEPT), "nothing without its first fragment" },

    { KS_CHAIN_INPUT, "meta nfproto @pause accept",
      DO(META(NFPROTO, R1), LOOKUP(KS_NFT_SET_PAUSE), ACCEPT), "until the pause ends" },

    { KS_CHAIN_INPUT, "meta nfproto ipv4 udp sport 67 udp dport 68 accept",
      DO(IS_IPV4, UDP_PORTS(67, 68), ACCEPT), "link upkeep: DHCP" },

    { KS_CHAIN_INPUT, "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
      DO(IS_IPV6, FROM_LINK_LOCAL, UDP_PORTS(547, 546), ACCEPT), "link upkeep: DHCPv6" },

    /* Errors about packets to a server, and no others: the packet they quote names one. They carry
     * the path MTU (RFC 1191, RFC 8201), and a dead server's "unreachable". */
    { KS_CHAIN_INPUT,
      "icmp type destination-unreachable @th,192,32 @server_addresses4 accept",
      DO(IS_IPV4, IS_PROTOCOL(IPPROTO_ICMP), TRANSPORT(ICMP_TYPE, 1, R1), COMPARE(EQ, 1, 3),
         TRANSPORT(ICMP_QUOTE + IPV4_DESTINATION, 4, R1), LOOKUP(KS_SET_SERVER_ADDRESSES4),
         ACCEPT), "an error about a packet to a VPN server" },
    { KS_CHAIN_INPUT, "icmpv6 type 1-4 @th,256,128 @server_addresses6 accept",
      DO(IS_IPV6, ICMPV6_TYPES(1, 4), TRANSPORT(ICMP_QUOTE + IPV6_DESTINATION, 16, R1),
         LOOKUP(KS_SET_SERVER_ADDRESSES6), ACCEPT), "an error about a packet to a VPN server" },

    { KS_CHAIN_INPUT, "ip6 saddr fe80::/10 ip6 hoplimit 255 icmpv6 type nd-router-advert accept",
      DO(IS_IPV6, FROM_LINK_LOCAL, HOP_LIMIT(255), ICMPV6_TYPE(134), ACCEPT),
      "link upkeep: a router tells of itself" },
    { KS_CHAIN_INPUT, "ip6 hoplimit 255 icmpv6 type 135-136 accept",
      DO(IS_IPV6, HOP_LIMIT(255), ICMPV6_TYPES(135, 136), ACCEPT), "link upkeep: neighbours" },
    { KS_CHAIN_INPUT, "ip6 saddr fe80::/10 ip6 hoplimit 255 icmpv6 type nd-redirect accept",
      DO(IS_IPV6, FROM_LINK_LOCAL, HOP_LIMIT(255), ICMPV6_TYPE(137), ACCEPT),
      "link upkeep: a router knows a better one" },
    { KS_CHAIN_INPUT, "ip6 saddr fe80::/10 ip6 hoplimit 1 icmpv6 type mld-listener-query accept",
      DO(IS_IPV6, FROM_LINK_LOCAL, HOP_LIMIT(1), ICMPV6_TYPE(130), ACCEPT),
      "link upkeep: who listens to which group?" },
    { KS_CHAIN_INPUT, "ip ttl 1 meta l4proto igmp accept",
      DO(IS_IPV4, NETWORK(IPV4_TTL, 1, R1), COMPARE(EQ, 1, 1), IS_PROTOCOL(IPPROTO_IGMP), ACCEPT),
      "link upkeep: who listens to which group?" },

    /* Answers of the DNS, from whom a question went to and to the port that it came from. */
    { KS_CHAIN_INPUT,
      "udp sport 53 @th,80,32 | 0x7ff0000 == 0x87ff0001 ip saddr . udp dport @asked4 jump told",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53),
         AN_ANSWER, IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1),
         LOOKUP(KS_NFT_SET_ASKED4), JUMP(KS_CHAIN_TOLD)),
      "the answer to a question for a VPN server's name" },
    { KS_CHAIN_INPUT,
      "udp sport 53 @th,80,32 | 0x7ff0000 == 0x87ff0001 ip6 saddr . udp dport @asked6 accept",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53),
         AN_ANSWER, IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), TRANSPORT(DESTINATION_PORT, 2, R2),
         LOOKUP(KS_NFT_SET_ASKED6), ACCEPT), "the answer to a question for a VPN server's name" },
    { KS_CHAIN_INPUT, "tcp sport 53 jump told_by_tcp",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53),
         JUMP(KS_CHAIN_TOLD_BY_TCP)) },

    { KS_CHAIN_INPUT, "iif ^ 2000000000 == @hotspot_interfaces jump from_hotspot",
      DO(IIF_IN(KS_SET_HOTSPOT_INTERFACES), JUMP(KS_CHAIN_FROM_HOTSPOT)),
      "from the hotspot's users" },

    { KS_CHAIN_INPUT, "jump excepted_in", DO(JUMP(KS_CHAIN_EXCEPTED_IN)), "answers by exceptions" },
    { KS_CHAIN_INPUT, "iif ^ 2000000000 == @lan_interfaces jump lan_in",
      DO(IIF_IN(KS_SET_LAN_INTERFACES), JUMP(KS_CHAIN_LAN_IN)), "LAN access is on" },

    { KS_CHAIN_INPUT, "counter name \"blocked_in\" drop",
      DO(COUNT(KS_COUNTER_BLOCKED_IN), DROP), "nothing else comes in" },

    /* ---- what comes from a server's address, protocol and port. Someone who forges these
     * begins no connection, and finds no service: VPN programs use ports of their own, or IKE's.
     * ---- */
    { KS_CHAIN_ANSWERS, "tcp flags syn / syn,ack return",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_SYN | TCP_ACK),
         COMPARE(EQ, 1, TCP_SYN), RETURN), "an answer begins no connection" },
    { KS_CHAIN_ANSWERS, "udp dport @service_ports return",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(DESTINATION_PORT, 2, R1),
         LOOKUP(KS_NFT_SET_SERVICE_PORTS), RETURN), "no service of this machine is reached so" },
    { KS_CHAIN_ANSWERS, "ip saddr . meta l4proto . th sport vmap @servers4",
      DO(IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), META(L4PROTO, R1_1), TRANSPORT(SOURCE_PORT, 2, R1_2),
         VMAP(KS_SET_SERVERS4)), "from a VPN server" },
    { KS_CHAIN_ANSWERS, "ip6 saddr . meta l4proto . th sport vmap @servers6",
      DO(IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), META(L4PROTO, R2), TRANSPORT(SOURCE_PORT, 2, R2_1),
         VMAP(KS_SET_SERVERS6)), "from a VPN server" },

    /* ---- whose packets to and from a server these are. A chain that ends leaves it to the rules
     * behind the one that came here. Packets that come in have the uid of a socket only if that was
     * found already, and then it is a program's of that uid. ---- */
    { KS_CHAIN_FROM_SEVERAL_AND_IPSEC, "jump from_ipsec", DO(JUMP(KS_CHAIN_FROM_IPSEC)) },
    { KS_CHAIN_FROM_SEVERAL_AND_IPSEC, "jump from_several", DO(JUMP(KS_CHAIN_FROM_SEVERAL)) },

    { KS_CHAIN_FROM_SEVERAL, "jump from_wireguard", DO(JUMP(KS_CHAIN_FROM_WIREGUARD)) },
    { KS_CHAIN_FROM_SEVERAL, "jump from_openvpn", DO(JUMP(KS_CHAIN_FROM_OPENVPN)) },
    { KS_CHAIN_FROM_SEVERAL, "jump inside_ipsec", DO(JUMP(KS_CHAIN_INSIDE_IPSEC)) },

    /* WireGuard's data has the uid of the one who sends through the tunnel, so it is known by
     * its mark, which no program can set without privileges, else by its port, which no other
     * socket can have. What it says by itself has no uid, and is known by its length as well:
     * sockets that the kernel makes for a program have none either (RxRPC). What comes in must
     * be a message of WireGuard's, too: a tunnel's port would say more, but one that was set a
     * moment ago is not known yet, and the answer to its first handshake would be lost. */
    { KS_CHAIN_FROM_WIREGUARD, "meta mark @wireguard_marks accept",
      DO(META(MARK, R1), LOOKUP(KS_SET_WIREGUARD_MARKS), ACCEPT),
      "the mark of a WireGuard tunnel" },
    { KS_CHAIN_FROM_WIREGUARD, "oif 0 @th,64,32 @wireguard_messages accept",
      DO(COMES_IN, TRANSPORT(UDP_PAYLOAD, 4, R1),
         LOOKUP(KS_NFT_SET_WIREGUARD_MESSAGES), ACCEPT), "comes in as a WireGuard message" },
    { KS_CHAIN_FROM_WIREGUARD, "udp sport @wireguard_ports @th,64,32 @wireguard_messages accept",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 2, R1), LOOKUP(KS_SET_WIREGUARD_PORTS),
         TRANSPORT(UDP_PAYLOAD, 4, R1), LOOKUP(KS_NFT_SET_WIREGUARD_MESSAGES), ACCEPT),
      "from the port of a WireGuard tunnel" },
    { KS_CHAIN_FROM_WIREGUARD, "meta skuid >= 0 return",
      DO(HAS_SENDER, RETURN), "a program's packet, not WireGuard's" },
    { KS_CHAIN_FROM_WIREGUARD, "oif != 0 iif ^ 2000000000 == @translators accept",
      DO(GOES_OUT, IIF_IN(KS_SET_TRANSLATORS), ACCEPT), "IPv4 that became IPv6" },
    { KS_CHAIN_FROM_WIREGUARD, "udp length . @th,64,32 @wireguard_upkeep accept",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(UDP_LENGTH, 2, R1), TRANSPORT(UDP_PAYLOAD, 4, R1_1),
         LOOKUP(KS_NFT_SET_WIREGUARD_UPKEEP), ACCEPT), "a handshake or keepalive of the kernel's" },
    { KS_CHAIN_FROM_WIREGUARD, "oif 0 meta l4proto != udp accept", /* an error that quotes one */
      DO(COMES_IN, META(L4PROTO, R1),
         COMPARE(NEQ, 1, IPPROTO_UDP), ACCEPT), "an error that comes in" },

    /* OpenVPN's data that the kernel encrypts has the uid of the one who sends through the tunnel,
     * and the port of openvpn's own socket, which no other can have. Its first byte is what it is
     * (P_DATA_V2, 9) and three bits for the key. All else is openvpn's, a daemon. */
    { KS_CHAIN_FROM_OPENVPN, "udp sport @openvpn_ports @th,64,8 | 0x7 == 0x4f accept",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 2, R1), LOOKUP(KS_SET_OPENVPN_PORTS),
         TRANSPORT(UDP_PAYLOAD, 1, R1), SET_BITS(1, 0x07), COMPARE(EQ, 1, 0x4f), ACCEPT),
      "data of OpenVPN's in the kernel" },
    { KS_CHAIN_FROM_OPENVPN, "jump from_daemon", DO(JUMP(KS_CHAIN_FROM_DAEMON)) },

    /* ESP in UDP begins with a number that is not zero (RFC 3948, 2.1) and has the uid of the
     * sender; key exchanges and keepalives are a daemon's. Linux 6.11 and later sends keepalives
     * itself (net/xfrm/xfrm_nat_keepalive.c): one byte, always the same. */
    { KS_CHAIN_FROM_IPSEC, "@th,64,32 != 0x0 accept",
      DO(TRANSPORT(UDP_PAYLOAD, 4, R1), COMPARE(NEQ, 4, 0, 0, 0, 0), ACCEPT),
      "ESP in UDP: already encrypted" },
    { KS_CHAIN_FROM_IPSEC, "jump from_daemon", DO(JUMP(KS_CHAIN_FROM_DAEMON)) },
    { KS_CHAIN_FROM_IPSEC, "meta skuid >= 0 return",
      DO(HAS_SENDER, RETURN), "a program's packet, not the kernel's" },
    { KS_CHAIN_FROM_IPSEC, "udp length 9 @th,64,8 0xff accept",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(UDP_LENGTH, 2, R1), COMPARE(EQ, 2, 0, 9),
         TRANSPORT(UDP_PAYLOAD, 1, R1), COMPARE(EQ, 1, 0xff), ACCEPT),
      "the kernel keeps the way open" },

    /* Who has no uid is no daemon: the kernel makes sockets for programs, too (RxRPC, SMC). What a
     * daemon's connection has to say when its socket is closed has no uid either, and no bytes but
     * TCP's own: the end of it. No connection begins so. */
    { KS_CHAIN_FROM_DAEMON, "meta skuid 0 accept", DO(META(SKUID, R1), COMPARE(EQ, 4, 0), ACCEPT) },
    { KS_CHAIN_FROM_DAEMON, "meta skuid @people return",
      DO(META(SKUID, R1), SWAP(R1), LOOKUP(KS_SET_PEOPLE), RETURN), "not a person's program" },
    { KS_CHAIN_FROM_DAEMON, "oif 0 accept", DO(COMES_IN, ACCEPT), "comes in" },
    { KS_CHAIN_FROM_DAEMON, "iif ^ 2000000000 == @translators accept",
      DO(IIF_IN(KS_SET_TRANSLATORS), ACCEPT), "IPv4 that became IPv6" },
    { KS_CHAIN_FROM_DAEMON, "meta skuid >= 0 accept",
      DO(HAS_SENDER, ACCEPT), "a VPN daemon of another system user" },
    { KS_CHAIN_FROM_DAEMON, "tcp flags & syn == syn return",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_SYN),
         COMPARE(EQ, 1, TCP_SYN), RETURN), "no connection begins without a sender" },
    { KS_CHAIN_FROM_DAEMON, "ip length <= 80 meta l4proto tcp accept",
      DO(IS_IPV4, NETWORK(IPV4_LENGTH, 2, R1), COMPARE(LTE, 2, 0, BARE_TCP4),
         IS_PROTOCOL(IPPROTO_TCP), ACCEPT), "the end of a daemon's connection" },
    { KS_CHAIN_FROM_DAEMON, "ip6 length <= 60 meta l4proto tcp accept",
      DO(IS_IPV6, NETWORK(IPV6_LENGTH, 2, R1), COMPARE(LTE, 2, 0, BARE_TCP6),
         IS_PROTOCOL(IPPROTO_TCP), ACCEPT), "the end of a daemon's connection" },

    /* Who was asked, and from which port: the answer may come in for a while. A question that
     * cannot be noted does not leave. */
    { KS_CHAIN_ASKED, "meta mark set 0x6b73646e", DO(IMMEDIATE(R1, 4, ASKED_MARK), SET_MARK),
      "so the second layer knows that it was judged" },
    { KS_CHAIN_ASKED, "update @asked4 { ip daddr . th sport timeout 15s } accept",
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), TRANSPORT(SOURCE_PORT, 2, R1_1),
         REMEMBER(KS_NFT_SET_ASKED4, KS_ASKED_MS), ACCEPT), "its answer may come in for 15 s" },
    { KS_CHAIN_ASKED, "update @asked6 { ip6 daddr . th sport timeout 15s } accept",
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), TRANSPORT(SOURCE_PORT, 2, R2),
         REMEMBER(KS_NFT_SET_ASKED6, KS_ASKED_MS), ACCEPT), "its answer may come in for 15 s" },

    /* An answer that is cut has programs ask again by TCP, which does not leave. It comes in as if
     * it were whole: each of its addresses is right, and the guard lets all out. Without a
     * checksum, as IPv4 alone allows (RFC 768). Bits of the byte: QR, AA, TC, RD. */
    UNCUT("0x82", 0x82, "0x80", 0x80),
    UNCUT("0x83", 0x83, "0x81", 0x81),
    UNCUT("0x86", 0x86, "0x84", 0x84),
    UNCUT("0x87", 0x87, "0x85", 0x85),
    { KS_CHAIN_TOLD, "accept", DO(ACCEPT) },

    { KS_CHAIN_TOLD_BY_TCP, "tcp flags syn / syn,ack return",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_SYN | TCP_ACK),
         COMPARE(EQ, 1, TCP_SYN), RETURN), "an answer begins no connection" },
    { KS_CHAIN_TOLD_BY_TCP, "ip saddr . tcp dport @asked4 accept",
      DO(IS_IPV4, IS_PROTOCOL(IPPROTO_TCP), NETWORK(IPV4_SOURCE, 4, R1),
         TRANSPORT(DESTINATION_PORT, 2, R1_1), LOOKUP(KS_NFT_SET_ASKED4), ACCEPT),
      "who was asked answers" },
    { KS_CHAIN_TOLD_BY_TCP, "ip6 saddr . tcp dport @asked6 accept",
      DO(IS_IPV6, IS_PROTOCOL(IPPROTO_TCP), NETWORK(IPV6_SOURCE, 16, R1),
         TRANSPORT(DESTINATION_PORT, 2, R2), LOOKUP(KS_NFT_SET_ASKED6), ACCEPT),
      "who was asked answers" },

    { KS_CHAIN_INSIDE_IPSEC, "rt ipsec exists accept", DO(WILL_BE_ENCRYPTED, ACCEPT) },

    /* ---- to the users of a hotspot: what was forwarded to them, judged again, because the card
     * may be something else by now; and answers, with which no program begins anything (ADR 17)
     * ---- */
    { KS_CHAIN_TO_HOTSPOT, "iif ^ 2000000000 == @open_interfaces jump to_users",
      DO(IIF_IN(KS_SET_OPEN_INTERFACES), JUMP(KS_CHAIN_TO_USERS)),
      "from the tunnel" },
    { KS_CHAIN_TO_HOTSPOT, "iif ^ 2000000000 == @hotspot_interfaces accept",
      DO(IIF_IN(KS_SET_HOTSPOT_INTERFACES), ACCEPT), "from another of its users" },
    { KS_CHAIN_TO_HOTSPOT, "meta nfproto @ipsec_versions iif != 0 jump to_users",
      DO(META(NFPROTO, R1), LOOKUP(KS_SET_IPSEC), META(IIF, R1), COMPARE(NEQ, 4, 0, 0, 0, 0),
         JUMP(KS_CHAIN_TO_USERS)), "from IPsec" },

    { KS_CHAIN_TO_HOTSPOT, "meta nfproto ipv4 udp sport 67 udp dport 68 accept",
      DO(IS_IPV4, UDP_PORTS(67, 68), ACCEPT), "DHCP: an address for them" },
    { KS_CHAIN_TO_HOTSPOT, "udp sport 53 @th,80,32 | 0x7ff0000 == 0x87ff0001 accept",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53),
         AN_ANSWER, ACCEPT), "an answer of this machine's DNS" },
    { KS_CHAIN_TO_HOTSPOT, "tcp flags syn / syn,ack return",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_SYN | TCP_ACK),
         COMPARE(EQ, 1, TCP_SYN), RETURN), "an answer begins no connection" },
    { KS_CHAIN_TO_HOTSPOT, "tcp sport 53 accept",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53), ACCEPT),
      "an answer of this machine's DNS" },

    /* what the kernel says to them by itself: refused, too big, reached */
    { KS_CHAIN_TO_HOTSPOT, "tcp flags & rst == rst accept",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_RESET),
         COMPARE(EQ, 1, TCP_RESET), ACCEPT), "what the kernel answers by itself" },
    { KS_CHAIN_TO_HOTSPOT, "icmp type echo-reply accept", DO(ICMP_IS(0), ACCEPT) },
    { KS_CHAIN_TO_HOTSPOT, "icmp type destination-unreachable accept", DO(ICMP_IS(3), ACCEPT) },
    { KS_CHAIN_TO_HOTSPOT, "icmp type time-exceeded accept", DO(ICMP_IS(11), ACCEPT) },
    { KS_CHAIN_TO_HOTSPOT, "icmpv6 type 1-4 accept", DO(IS_IPV6, ICMPV6_TYPES(1, 4), ACCEPT) },
    { KS_CHAIN_TO_HOTSPOT, "icmpv6 type echo-reply accept",
      DO(IS_IPV6, ICMPV6_TYPE(129), ACCEPT) },
    { KS_CHAIN_TO_HOTSPOT,
      "ip6 saddr fe80::/10 ip6 hoplimit 255 icmpv6 type nd-router-advert accept",
      DO(IS_IPV6, FROM_LINK_LOCAL, HOP_LIMIT(255), ICMPV6_TYPE(134), ACCEPT) },

    { KS_CHAIN_FROM_HOTSPOT, "meta nfproto ipv4 udp sport 68 udp dport 67 accept",
      DO(IS_IPV4, UDP_PORTS(68, 67), ACCEPT), "DHCP: an address for them" },
    { KS_CHAIN_FROM_HOTSPOT, "udp dport 53 accept",
      DO(IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, 53),
         ACCEPT), "a question to this machine's DNS" },
    { KS_CHAIN_FROM_HOTSPOT, "tcp dport 53 accept",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(DESTINATION_PORT, 2, R1), COMPARE(EQ, 2, 0, 53),
         ACCEPT), "a question to this machine's DNS" },
    { KS_CHAIN_FROM_HOTSPOT, "icmp type echo-request accept", DO(ICMP_IS(8), ACCEPT) },
    { KS_CHAIN_FROM_HOTSPOT, "icmpv6 type echo-request accept",
      DO(IS_IPV6, ICMPV6_TYPE(128), ACCEPT) },
    { KS_CHAIN_FROM_HOTSPOT, "ip6 hoplimit 255 icmpv6 type nd-router-solicit accept",
      DO(IS_IPV6, HOP_LIMIT(255), ICMPV6_TYPE(133), ACCEPT) },

    /* ---- the local network, on interfaces where LAN access is open ---- */
    /* A fragment here was made on purpose (the kernel's own come later): it could hide its port. */
    { KS_CHAIN_LAN_OUT, "ip frag-off & 8191 != 0 return",
      DO(IS_IPV4, NETWORK(IPV4_FRAGMENT, 2, R1), MASK(2, 0x1f, 0xff), COMPARE(NEQ, 2, 0, 0),
         RETURN), "a fragment could hide its port" },
    { KS_CHAIN_LAN_OUT, "exthdr frag exists return",
      DO(IS_IPV6, PRESENCE(IPPROTO_FRAGMENT, R1), COMPARE(EQ, 1, 1), RETURN),
      "a fragment could hide its port" },
    { KS_CHAIN_LAN_OUT, "ip hdrlength > 6 return",
      DO(IS_IPV4, NETWORK(IPV4_VERSION, 1, R1), MASK(1, 0x0f),
         COMPARE(GT, 1, HEADER_WORDS_MAX), RETURN), "room for a source route: goes on elsewhere" },
    { KS_CHAIN_LAN_OUT, "exthdr rt exists return",
      DO(IS_IPV6, PRESENCE(IPPROTO_ROUTING, R1), COMPARE(EQ, 1, 1), RETURN), "goes on elsewhere" },
    { KS_CHAIN_LAN_OUT, "meta l4proto . th dport @resolver_ports return",
      DO(META(L4PROTO, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1), LOOKUP(KS_NFT_SET_RESOLVER_PORTS),
         RETURN), "no DNS to the router" },
    { KS_CHAIN_LAN_OUT, "ip daddr @tunnel_routes4 return",
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_SET_TUNNEL_ROUTES4), RETURN),
      "this network is reached through the VPN" },
    { KS_CHAIN_LAN_OUT, "ip6 daddr @tunnel_routes6 return",
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP(KS_SET_TUNNEL_ROUTES6), RETURN),
      "this network is reached through the VPN" },
    { KS_CHAIN_LAN_OUT, "ip daddr @lan4 accept",
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), LOOKUP(KS_NFT_SET_LAN4), ACCEPT) },
    { KS_CHAIN_LAN_OUT, "ip6 daddr @lan6 accept",
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), LOOKUP(KS_NFT_SET_LAN6), ACCEPT) },

    { KS_CHAIN_LAN_IN, "ip saddr @tunnel_routes4 return",
      DO(IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), LOOKUP(KS_SET_TUNNEL_ROUTES4), RETURN),
      "this network is reached through the VPN" },
    { KS_CHAIN_LAN_IN, "ip6 saddr @tunnel_routes6 return",
      DO(IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), LOOKUP(KS_SET_TUNNEL_ROUTES6), RETURN),
      "this network is reached through the VPN" },
    { KS_CHAIN_LAN_IN, "ip saddr @lan4 accept",
      DO(IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), LOOKUP(KS_NFT_SET_LAN4), ACCEPT) },
    { KS_CHAIN_LAN_IN, "ip6 saddr @lan6 accept",
      DO(IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), LOOKUP(KS_NFT_SET_LAN6), ACCEPT) },
};

/* clang-format on */

const KsRuleSegment ks_lock_rules = { rules, G_N_ELEMENTS(rules) };
