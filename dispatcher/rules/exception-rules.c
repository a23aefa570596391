/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/lock-table.h"
#include "rules/steps.h"

/* As in lock-rules.c. */
#define HEADER_WORDS_MAX 6

#define IS_NO_UDP META(L4PROTO, R1), COMPARE(NEQ, 1, IPPROTO_UDP)

/* clang-format off */
/* Who speaks to a service, and to which: of what comes in, and of an answer. */
#define CLIENT4                                                                                  \
    IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), NETWORK(IPV4_PROTOCOL, 1, R1_1),                       \
        TRANSPORT(SOURCE_PORT, 2, R1_2), TRANSPORT(DESTINATION_PORT, 2, R1_3)
#define CLIENT6                                                                                  \
    IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), NETWORK(IPV6_NEXT_HEADER, 1, R2),                     \
        TRANSPORT(SOURCE_PORT, 2, R2_1), TRANSPORT(DESTINATION_PORT, 2, R2_2)
#define ANSWERED4                                                                                \
    NETWORK(IPV4_DESTINATION, 4, R1), NETWORK(IPV4_PROTOCOL, 1, R1_1),                           \
        TRANSPORT(DESTINATION_PORT, 2, R1_2), TRANSPORT(SOURCE_PORT, 2, R1_3)
#define ANSWERED6                                                                                \
    NETWORK(IPV6_DESTINATION, 16, R1), NETWORK(IPV6_NEXT_HEADER, 1, R2),                         \
        TRANSPORT(DESTINATION_PORT, 2, R2_1), TRANSPORT(SOURCE_PORT, 2, R2_2)
#define JUDGED IMMEDIATE(R1, 4, ASKED_MARK), SET_MARK, ACCEPT

/* What does not say its port, or goes on elsewhere. */
#define PLAIN_IPV4(chain)                                                                        \
    { (chain), "ip hdrlength > 6 return",                                                        \
      DO(IS_IPV4, NETWORK(IPV4_VERSION, 1, R1), MASK(1, 0x0f),                                   \
         COMPARE(GT, 1, HEADER_WORDS_MAX), RETURN), "room for a source route: goes on elsewhere" }, \
    /* what stands where others have their ports; the kernel's own fragments are made later */   \
    { (chain), "ip frag-off & 8191 != 0 return",                                                 \
      DO(IS_IPV4, NETWORK(IPV4_FRAGMENT, 2, R1), MASK(2, 0x1f, 0xff), COMPARE(NEQ, 2, 0, 0),     \
         RETURN), "a fragment could hide its port" }

/* As with LAN access: a rogue network would only have to call itself by that range. */
#define VPN_REACHES(chain, word, field)                                                          \
    { (chain), "ip " word " @tunnel_routes4 return",                                             \
      DO(IS_IPV4, NETWORK(IPV4_##field, 4, R1), LOOKUP(KS_SET_TUNNEL_ROUTES4), RETURN),          \
      "this network is reached through the VPN" },                                               \
    { (chain), "ip6 " word " @tunnel_routes6 return",                                            \
      DO(IS_IPV6, NETWORK(IPV6_##field, 16, R1), LOOKUP(KS_SET_TUNNEL_ROUTES6), RETURN),         \
      "this network is reached through the VPN" }

/* Exceptions (ADR 42). What was sent is asked for again with each packet, so that all ends at once
 * when an exception does; no rule asks for a connection's state (ADR 5). */
static const KsRule rules[] = {
    { KS_CHAIN_LEAVING, "ip daddr . ip protocol . th dport . oif ^ 2004318071 @allowed_to4 jump excepted",
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), NETWORK(IPV4_PROTOCOL, 1, R1_1),
         TRANSPORT(DESTINATION_PORT, 2, R1_2), OIF_FIELD(R1_3), LOOKUP(KS_SET_EXCEPTIONS4),
         JUMP(KS_CHAIN_EXCEPTED)), "where a person made an exception" },
    { KS_CHAIN_LEAVING, "ip6 daddr . ip6 nexthdr . th dport . oif ^ 2004318071 @allowed_to6 jump excepted",
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), NETWORK(IPV6_NEXT_HEADER, 1, R2),
         TRANSPORT(DESTINATION_PORT, 2, R2_1), OIF_FIELD(R2_2), LOOKUP(KS_SET_EXCEPTIONS6),
         JUMP(KS_CHAIN_EXCEPTED)), "where a person made an exception" },

    /* The protocol is the header's own: what has IPv6 extension headers, a routing header or a
     * fragment's, is not meant. nft loads a set of ranges with the kernel's word otherwise than it
     * lists it. */
    PLAIN_IPV4(KS_CHAIN_EXCEPTED),
    VPN_REACHES(KS_CHAIN_EXCEPTED, "daddr", DESTINATION),
    { KS_CHAIN_EXCEPTED, "meta l4proto tcp accept", DO(IS_PROTOCOL(IPPROTO_TCP), ACCEPT) },
    { KS_CHAIN_EXCEPTED, "icmp type echo-request accept", DO(ICMP_IS(8), ACCEPT) },
    { KS_CHAIN_EXCEPTED, "icmpv6 type echo-request accept", DO(IS_IPV6, ICMPV6_TYPE(128), ACCEPT) },
    { KS_CHAIN_EXCEPTED, "meta l4proto != udp return", DO(IS_NO_UDP, RETURN) },
    { KS_CHAIN_EXCEPTED, "update @flows4 { ip daddr . th sport . th dport timeout 2m } accept",
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), TRANSPORT(SOURCE_PORT, 2, R1_1),
         TRANSPORT(DESTINATION_PORT, 2, R1_2), REMEMBER(KS_NFT_SET_FLOWS4, KS_FLOW_MS), ACCEPT),
      "its answer may come in for 2 minutes" },
    { KS_CHAIN_EXCEPTED, "update @flows6 { ip6 daddr . th sport . th dport timeout 2m } accept",
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), TRANSPORT(SOURCE_PORT, 2, R2),
         TRANSPORT(DESTINATION_PORT, 2, R2_1), REMEMBER(KS_NFT_SET_FLOWS6, KS_FLOW_MS), ACCEPT),
      "its answer may come in for 2 minutes" },

    /* A service here: who began is noted, each packet asks for the exception and for the note, and
     * no connection begins from here (ADR 45). The second layer knows an answer by its mark. */
    { KS_CHAIN_LEAVING, "ip daddr . ip protocol . th sport . oif ^ 2004318071 @allowed_from4 jump service_out",
      DO(IS_IPV4, NETWORK(IPV4_DESTINATION, 4, R1), NETWORK(IPV4_PROTOCOL, 1, R1_1),
         TRANSPORT(SOURCE_PORT, 2, R1_2), OIF_FIELD(R1_3), LOOKUP(KS_SET_SERVICES4),
         JUMP(KS_CHAIN_SERVICE_OUT)), "from a service that others may reach" },
    { KS_CHAIN_LEAVING, "ip6 daddr . ip6 nexthdr . th sport . oif ^ 2004318071 @allowed_from6 jump service_out",
      DO(IS_IPV6, NETWORK(IPV6_DESTINATION, 16, R1), NETWORK(IPV6_NEXT_HEADER, 1, R2),
         TRANSPORT(SOURCE_PORT, 2, R2_1), OIF_FIELD(R2_2), LOOKUP(KS_SET_SERVICES6),
         JUMP(KS_CHAIN_SERVICE_OUT)), "from a service that others may reach" },

    PLAIN_IPV4(KS_CHAIN_SERVICE_OUT),
    VPN_REACHES(KS_CHAIN_SERVICE_OUT, "daddr", DESTINATION),
    { KS_CHAIN_SERVICE_OUT, "tcp flags syn / syn,ack return",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_SYN | TCP_ACK),
         COMPARE(EQ, 1, TCP_SYN), RETURN), "an answer begins no connection" },
    { KS_CHAIN_SERVICE_OUT, "tcp flags & fin == fin jump service_ends",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_FIN),
         COMPARE(EQ, 1, TCP_FIN), JUMP(KS_CHAIN_SERVICE_ENDS)) },
    { KS_CHAIN_SERVICE_OUT, "tcp flags & rst == rst jump service_ends",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_RESET),
         COMPARE(EQ, 1, TCP_RESET), JUMP(KS_CHAIN_SERVICE_ENDS)) },
    { KS_CHAIN_SERVICE_OUT,
      "ip daddr . ip protocol . th dport . th sport @clients4 meta mark set 0x6b73646e accept",
      DO(IS_IPV4, ANSWERED4, LOOKUP(KS_NFT_SET_CLIENTS4), JUDGED),
      "to who began it" },
    { KS_CHAIN_SERVICE_OUT,
      "ip6 daddr . ip6 nexthdr . th dport . th sport @clients6 meta mark set 0x6b73646e accept",
      DO(IS_IPV6, ANSWERED6, LOOKUP(KS_NFT_SET_CLIENTS6), JUDGED),
      "to who began it" },

    { KS_CHAIN_SERVICE_ENDS,
      "ip daddr . ip protocol . th dport . th sport @clients4 "
      "update @clients4 { ip daddr . ip protocol . th dport . th sport timeout 2m }",
      DO(IS_IPV4, ANSWERED4, LOOKUP(KS_NFT_SET_CLIENTS4), ANSWERED4,
         REMEMBER(KS_NFT_SET_CLIENTS4, KS_FLOW_MS)), "no longer for five days" },
    { KS_CHAIN_SERVICE_ENDS,
      "ip6 daddr . ip6 nexthdr . th dport . th sport @clients6 "
      "update @clients6 { ip6 daddr . ip6 nexthdr . th dport . th sport timeout 2m }",
      DO(IS_IPV6, ANSWERED6, LOOKUP(KS_NFT_SET_CLIENTS6), ANSWERED6,
         REMEMBER(KS_NFT_SET_CLIENTS6, KS_FLOW_MS)), "no longer for five days" },

    /* Put together, a packet has lost the connection that the kernel knew it by: what begins one
     * could be of one of ours. The first piece says the port. */
    { KS_CHAIN_PREROUTING,
      "ip frag-off & 16383 != 0 ip saddr . ip protocol . th dport . iif ^ 2004318071 @allowed_from4 jump service_pieces",
      DO(IS_IPV4, NETWORK(IPV4_FRAGMENT, 2, R1), MASK(2, 0x3f, 0xff), COMPARE(NEQ, 2, 0, 0),
         NETWORK(IPV4_SOURCE, 4, R1), NETWORK(IPV4_PROTOCOL, 1, R1_1),
         TRANSPORT(DESTINATION_PORT, 2, R1_2), IIF_FIELD(R1_3), LOOKUP(KS_SET_SERVICES4),
         JUMP(KS_CHAIN_SERVICE_PIECES)), "in pieces to a service" },
    { KS_CHAIN_SERVICE_PIECES, "meta l4proto tcp counter name \"blocked_in\" drop",
      DO(IS_PROTOCOL(IPPROTO_TCP), COUNT(KS_COUNTER_BLOCKED_IN), DROP) },

    { KS_CHAIN_EXCEPTED_IN, "ip saddr . ip protocol . th dport . iif ^ 2004318071 @allowed_from4 jump service_in",
      DO(IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), NETWORK(IPV4_PROTOCOL, 1, R1_1),
         TRANSPORT(DESTINATION_PORT, 2, R1_2), IIF_FIELD(R1_3), LOOKUP(KS_SET_SERVICES4),
         JUMP(KS_CHAIN_SERVICE_IN)) },
    { KS_CHAIN_EXCEPTED_IN, "ip6 saddr . ip6 nexthdr . th dport . iif ^ 2004318071 @allowed_from6 jump service_in",
      DO(IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), NETWORK(IPV6_NEXT_HEADER, 1, R2),
         TRANSPORT(DESTINATION_PORT, 2, R2_1), IIF_FIELD(R2_2), LOOKUP(KS_SET_SERVICES6),
         JUMP(KS_CHAIN_SERVICE_IN)) },

    VPN_REACHES(KS_CHAIN_SERVICE_IN, "saddr", SOURCE),
    /* An answer of root's to that port bears the mark of the guard's questions, and would be noted
     * as one of them: what comes from there would come in when the exception has ended. */
    { KS_CHAIN_SERVICE_IN, "tcp sport 53 return",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(SOURCE_PORT, 2, R1), COMPARE(EQ, 2, 0, 53), RETURN),
      "an answer there would look like a question" },
    { KS_CHAIN_SERVICE_IN, "meta l4proto udp jump service_noted",
      DO(IS_PROTOCOL(IPPROTO_UDP), JUMP(KS_CHAIN_SERVICE_NOTED)) },
    { KS_CHAIN_SERVICE_IN, "ip saddr . ip protocol . th sport . th dport @clients4 jump service_goes_on",
      DO(CLIENT4, LOOKUP(KS_NFT_SET_CLIENTS4), JUMP(KS_CHAIN_SERVICE_GOES_ON)) },
    { KS_CHAIN_SERVICE_IN, "ip6 saddr . ip6 nexthdr . th sport . th dport @clients6 jump service_goes_on",
      DO(CLIENT6, LOOKUP(KS_NFT_SET_CLIENTS6), JUMP(KS_CHAIN_SERVICE_GOES_ON)) },
    /* Who answers a connection of ours from before the lock could else make a client of himself. */
    { KS_CHAIN_SERVICE_IN, "tcp flags syn / syn,ack meta skuid >= 0 return",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_SYN | TCP_ACK),
         COMPARE(EQ, 1, TCP_SYN), HAS_SENDER, RETURN), "there is a connection, of no client" },
    { KS_CHAIN_SERVICE_IN, "tcp flags syn / syn,ack jump service_noted",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_SYN | TCP_ACK),
         COMPARE(EQ, 1, TCP_SYN), JUMP(KS_CHAIN_SERVICE_NOTED)), "a client begins" },

    /* The kernel finds a connection that a program holds before this hook; of one that has ended,
     * or that a forged packet means, there is none. A SYN finds who listens. */
    { KS_CHAIN_SERVICE_GOES_ON, "tcp flags syn / syn,ack jump service_noted",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_SYN | TCP_ACK),
         COMPARE(EQ, 1, TCP_SYN), JUMP(KS_CHAIN_SERVICE_NOTED)), "it has not begun yet" },
    { KS_CHAIN_SERVICE_GOES_ON, "tcp flags & fin == fin jump service_noted",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_FIN),
         COMPARE(EQ, 1, TCP_FIN), JUMP(KS_CHAIN_SERVICE_NOTED)), "the end of it" },
    { KS_CHAIN_SERVICE_GOES_ON, "tcp flags & rst == rst jump service_noted",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_RESET),
         COMPARE(EQ, 1, TCP_RESET), JUMP(KS_CHAIN_SERVICE_NOTED)), "the end of it" },
    { KS_CHAIN_SERVICE_GOES_ON,
      "meta skuid >= 0 update @clients4 { ip saddr . ip protocol . th sport . th dport timeout 5d } accept",
      DO(HAS_SENDER, CLIENT4, REMEMBER(KS_NFT_SET_CLIENTS4, KS_CLIENT_MS), ACCEPT),
      "a program here holds it: it may be silent for long" },
    { KS_CHAIN_SERVICE_GOES_ON,
      "meta skuid >= 0 update @clients6 { ip6 saddr . ip6 nexthdr . th sport . th dport timeout 5d } accept",
      DO(HAS_SENDER, CLIENT6, REMEMBER(KS_NFT_SET_CLIENTS6, KS_CLIENT_MS), ACCEPT),
      "a program here holds it: it may be silent for long" },
    { KS_CHAIN_SERVICE_GOES_ON, "jump service_noted", DO(JUMP(KS_CHAIN_SERVICE_NOTED)) },

    /* The kernel keeps what an element was made with, and takes none back, of a saved copy, that
     * ends later than that. */
    { KS_CHAIN_SERVICE_NOTED, "update @clients4 { ip saddr . ip protocol . th sport . th dport timeout 5d }",
      DO(CLIENT4, REMEMBER(KS_NFT_SET_CLIENTS4, KS_CLIENT_MS)), "it may last" },
    { KS_CHAIN_SERVICE_NOTED, "update @clients6 { ip6 saddr . ip6 nexthdr . th sport . th dport timeout 5d }",
      DO(CLIENT6, REMEMBER(KS_NFT_SET_CLIENTS6, KS_CLIENT_MS)), "it may last" },
    { KS_CHAIN_SERVICE_NOTED,
      "update @clients4 { ip saddr . ip protocol . th sport . th dport timeout 2m } accept",
      DO(CLIENT4, REMEMBER(KS_NFT_SET_CLIENTS4, KS_FLOW_MS), ACCEPT),
      "it may be answered for 2 minutes" },
    { KS_CHAIN_SERVICE_NOTED,
      "update @clients6 { ip6 saddr . ip6 nexthdr . th sport . th dport timeout 2m } accept",
      DO(CLIENT6, REMEMBER(KS_NFT_SET_CLIENTS6, KS_FLOW_MS), ACCEPT),
      "it may be answered for 2 minutes" },

    { KS_CHAIN_EXCEPTED_IN, "ip saddr . ip protocol . th sport . iif ^ 2004318071 @allowed_to4 jump excepted_back",
      DO(IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), NETWORK(IPV4_PROTOCOL, 1, R1_1),
         TRANSPORT(SOURCE_PORT, 2, R1_2),
         IIF_FIELD(R1_3), LOOKUP(KS_SET_EXCEPTIONS4), JUMP(KS_CHAIN_EXCEPTED_BACK)) },
    { KS_CHAIN_EXCEPTED_IN, "ip6 saddr . ip6 nexthdr . th sport . iif ^ 2004318071 @allowed_to6 jump excepted_back",
      DO(IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), NETWORK(IPV6_NEXT_HEADER, 1, R2),
         TRANSPORT(SOURCE_PORT, 2, R2_1),
         IIF_FIELD(R2_2), LOOKUP(KS_SET_EXCEPTIONS6), JUMP(KS_CHAIN_EXCEPTED_BACK)) },

    VPN_REACHES(KS_CHAIN_EXCEPTED_BACK, "saddr", SOURCE),
    { KS_CHAIN_EXCEPTED_BACK, "tcp flags syn / syn,ack return",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(TCP_FLAGS, 1, R1), MASK(1, TCP_SYN | TCP_ACK),
         COMPARE(EQ, 1, TCP_SYN), RETURN), "an answer begins no connection" },
    { KS_CHAIN_EXCEPTED_BACK, "meta l4proto tcp accept", DO(IS_PROTOCOL(IPPROTO_TCP), ACCEPT) },
    { KS_CHAIN_EXCEPTED_BACK, "icmp type echo-reply accept", DO(ICMP_IS(0), ACCEPT) },
    { KS_CHAIN_EXCEPTED_BACK, "icmpv6 type echo-reply accept",
      DO(IS_IPV6, ICMPV6_TYPE(129), ACCEPT) },
    { KS_CHAIN_EXCEPTED_BACK, "meta l4proto != udp return", DO(IS_NO_UDP, RETURN) },
    { KS_CHAIN_EXCEPTED_BACK, "ip saddr . th dport . th sport @flows4 accept",
      DO(IS_IPV4, NETWORK(IPV4_SOURCE, 4, R1), TRANSPORT(DESTINATION_PORT, 2, R1_1),
         TRANSPORT(SOURCE_PORT, 2, R1_2), LOOKUP(KS_NFT_SET_FLOWS4), ACCEPT),
      "from where and to where it was sent" },
    { KS_CHAIN_EXCEPTED_BACK, "ip6 saddr . th dport . th sport @flows6 accept",
      DO(IS_IPV6, NETWORK(IPV6_SOURCE, 16, R1), TRANSPORT(DESTINATION_PORT, 2, R2),
         TRANSPORT(SOURCE_PORT, 2, R2_1), LOOKUP(KS_NFT_SET_FLOWS6), ACCEPT),
      "from where and to where it was sent" },
};
/* clang-format on */

const KsRuleSegment ks_exception_rules = { rules, G_N_ELEMENTS(rules) };
