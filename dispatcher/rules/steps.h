/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The words that rules and sets are written in; for the files of this folder that hold tables. */

#include "model/box.h"
#include "model/names.h"
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
#define TYPE_ETHER_ADDR   9
#define TYPE_INET_PROTO   12
#define TYPE_INET_SERVICE 13
#define TYPE_MARK         19
#define TYPE_IFACE_INDEX  20
#define TYPE_UID          24
#define TYPE_INTEGER      4
#define CONCAT(a, b)      ((a) << 6 | (b))

#define CONCAT3(a, b, c) CONCAT(CONCAT(a, b), c)

/* The same for fields (nftables, include/proto.h). */
#define BASE_LINK      1
#define BASE_NETWORK   2
#define BASE_TRANSPORT 3
#define RAW_LINK(offset, bits)                       \
    {                                                \
        KS_FIELD_RAW, BASE_LINK, 0, (offset), (bits) \
    }
#define RAW_NETWORK(offset, bits)                       \
    {                                                   \
        KS_FIELD_RAW, BASE_NETWORK, 0, (offset), (bits) \
    }
#define RAW_TRANSPORT(offset, bits)                       \
    {                                                     \
        KS_FIELD_RAW, BASE_TRANSPORT, 0, (offset), (bits) \
    }
#define UDP_LENGTH_FIELD             \
    {                                \
        KS_FIELD_HEADER, 6, 3, 0, 16 \
    }
#define IPV6_LENGTH_FIELD             \
    {                                 \
        KS_FIELD_HEADER, 13, 5, 0, 16 \
    }
#define SOURCE_PORT_FIELD            \
    {                                \
        KS_FIELD_HEADER, 11, 1, 0, 0 \
    }
#define DESTINATION_PORT_FIELD       \
    {                                \
        KS_FIELD_HEADER, 11, 2, 0, 0 \
    }
#define META_FIELD(key)                        \
    {                                          \
        KS_FIELD_META, NFT_META_##key, 0, 0, 0 \
    }

/* Header offsets: RFC 791, RFC 8200, RFC 768, RFC 9293, RFC 792, RFC 4443. */
#define IPV4_VERSION     0 /* and the header's length in words */
#define IPV4_LENGTH      2
#define IPV4_FRAGMENT    6
#define IPV4_TTL         8
#define IPV4_PROTOCOL    9
#define IPV4_SOURCE      12
#define IPV4_DESTINATION 16
#define IPV4_HEADER      20 /* without options: the kernel quotes its own packets' headers */
#define IPV6_LENGTH      4  /* of what follows this header */
#define IPV6_NEXT_HEADER 6
#define IPV6_HOP_LIMIT   7
#define IPV6_SOURCE      8
#define IPV6_DESTINATION 24
#define IPV6_HEADER      40
#define SOURCE_PORT      0
#define DESTINATION_PORT 2
#define UDP_LENGTH       4 /* with the header */
#define UDP_CHECKSUM     6
#define UDP_PAYLOAD      8
#define DNS_FLAGS        10 /* of DNS in UDP: the header's third byte (RFC 1035, 4.1.1) */
#define TCP_FLAGS        13
#define TCP_FIN          0x01
#define TCP_SYN          0x02
#define TCP_RESET        0x04
#define TCP_ACK          0x10
#define FRAGMENT_OFFSET  2 /* of the fragment header */
#define ICMP_TYPE        0
#define ND_TARGET        8 /* of a neighbour advertisement, RFC 4861, 4.4 */
#define ICMP_QUOTE       8 /* an ICMP error quotes the packet it answers from here on */

/* Registers as the kernel reports them: four of 16 bytes, each also four of 4 bytes. */
#define R1   NFT_REG_1
#define R1_1 NFT_REG32_01
#define R1_2 NFT_REG32_02
#define R1_3 NFT_REG32_03
#define R2   NFT_REG_2
#define R2_1 NFT_REG32_05
#define R2_2 NFT_REG32_06

/* clang-format off: tables, to be read as such */
#define STEP(name, ...)                     \
    {                                       \
        .kind = KS_STEP_##name, __VA_ARGS__ \
    }
#define BYTES(...) .data = { __VA_ARGS__ }

/* A rule's steps, in order. */
#define DO(...) ((const KsStep[]){ __VA_ARGS__, { .kind = KS_STEP_END } })

#define META(what, into)           STEP(META, .key = NFT_META_##what, .reg = (into))
#define SET_MARK                   STEP(MARK, .reg = R1)
#define SET_TRACE                  STEP(TRACE, .reg = R1)
#define ROUTE(what, into)          STEP(ROUTE, .key = NFT_RT_##what, .reg = (into))
#define TRACKED(what, into)        STEP(TRACKED, .key = NFT_CT_##what, .reg = (into))
#define LINK(at, bytes, into)      STEP(LINK, .offset = (at), .length = (bytes), .reg = (into))
#define NETWORK(at, bytes, into)   STEP(NETWORK, .offset = (at), .length = (bytes), .reg = (into))
#define TRANSPORT(at, bytes, into) STEP(TRANSPORT, .offset = (at), .length = (bytes), .reg = (into))
#define WRITE(at, bytes)           STEP(WRITE, .offset = (at), .length = (bytes), .reg = R1)
#define IMMEDIATE(into, bytes, ...) \
    STEP(IMMEDIATE, .reg = (into), .length = (bytes), BYTES(__VA_ARGS__))
#define EXTENSION(header, at, bytes, into) \
    STEP(EXTENSION, .key = (header), .offset = (at), .length = (bytes), .reg = (into))
#define PRESENCE(header, into)  STEP(PRESENCE, .key = (header), .length = 1, .reg = (into))
#define OPTION(number, into)    STEP(OPTION, .key = (number), .length = 1, .reg = (into))
#define SWAP(in)                STEP(SWAP, .reg = (in))
#define MASK(bytes, ...)        STEP(MASK, .reg = R1, .length = (bytes), BYTES(__VA_ARGS__))
/* A mask of bytes that nft knows by their place alone: nft 1.1 lists ANDs with gaps wrongly, and
 * none of the bits set that do not count (ADR 27). */
#define SET_BITS(bytes, ...)    STEP(SET_BITS, .reg = R1, .length = (bytes), BYTES(__VA_ARGS__))
#define FLIP_BITS(bytes, ...)   FLIP_IN(R1, bytes, __VA_ARGS__)
#define FLIP_IN(in, bytes, ...) STEP(FLIP_BITS, .reg = (in), .length = (bytes), BYTES(__VA_ARGS__))
#define COMPARE(op, bytes, ...) \
    STEP(COMPARE, .reg = R1, .key = NFT_CMP_##op, .length = (bytes), BYTES(__VA_ARGS__))
#define LOOKUP(set)        STEP(LOOKUP, .reg = R1, .key = (set))
#define LOOKUP_NOT(set)    STEP(LOOKUP, .reg = R1, .key = (set), .length = NFT_LOOKUP_F_INV)
#define VMAP(set)          STEP(VMAP, .reg = R1, .key = (set))
#define REMEMBER(set, ms)  STEP(REMEMBER, .reg = R1, .key = (set), .length = (ms))
#define LIMIT(rate, burst) STEP(LIMIT, .key = (rate), .length = (burst))
#define LOG(group, bytes)  STEP(LOG, .key = (group), .length = (bytes))
#define COUNT(counter)     STEP(COUNT, .key = (counter))
#define VERDICT(verdict)   STEP(VERDICT, .key = (verdict))
#define JUMP(to_chain)     STEP(JUMP, .key = (to_chain))
#define GOTO(to_chain)     STEP(GOTO, .key = (to_chain))
#define ACCEPT             VERDICT(NF_ACCEPT)
#define DROP               VERDICT(NF_DROP)
#define RETURN             VERDICT(NFT_RETURN)
#define REJECT(type)       STEP(REJECT, .key = NFT_REJECT_##type)

/* What recurs, in words. */
#define IS_IPV4            META(NFPROTO, R1), COMPARE(EQ, 1, NFPROTO_IPV4)
#define IS_IPV6            META(NFPROTO, R1), COMPARE(EQ, 1, NFPROTO_IPV6)
#define IS_PROTOCOL(proto) META(L4PROTO, R1), COMPARE(EQ, 1, (proto))
#define UDP_PORTS(s, d)                                      \
    IS_PROTOCOL(IPPROTO_UDP), TRANSPORT(SOURCE_PORT, 4, R1), \
        COMPARE(EQ, 4, (s) >> 8, (s) &0xff, (d) >> 8, (d) &0xff)
#define ICMP_IS(type) \
    IS_IPV4, IS_PROTOCOL(IPPROTO_ICMP), TRANSPORT(ICMP_TYPE, 1, R1), COMPARE(EQ, 1, (type))
#define ICMPV6_TYPE(type) \
    IS_PROTOCOL(IPPROTO_ICMPV6), TRANSPORT(ICMP_TYPE, 1, R1), COMPARE(EQ, 1, (type))
#define ND_TARGET_IN(targets)                                       \
    TRANSPORT(ND_TARGET, 4, R1), TRANSPORT(ND_TARGET + 4, 4, R1_1), \
        TRANSPORT(ND_TARGET + 8, 4, R1_2), TRANSPORT(ND_TARGET + 12, 4, R1_3), LOOKUP(targets)
#define ICMPV6_TYPES(a, z)                                                          \
    IS_PROTOCOL(IPPROTO_ICMPV6), TRANSPORT(ICMP_TYPE, 1, R1), COMPARE(GTE, 1, (a)), \
        COMPARE(LTE, 1, (z))
/* Somebody's socket: any uid. In the order of bytes in which nft compares. */
#define HAS_SENDER      META(SKUID, R1), SWAP(R1), COMPARE(GTE, 4, 0)
#define HOP_LIMIT(hops) NETWORK(IPV6_HOP_LIMIT, 1, R1), COMPARE(EQ, 1, (hops))
/* fe80::/10 as the source: the kernel's byte-wise mask needs all 16 bytes. */
#define FROM_LINK_LOCAL \
    NETWORK(IPV6_SOURCE, 16, R1), MASK(16, 0xff, 0xc0), COMPARE(EQ, 16, 0xfe, 0x80)

/* Of the DNS in UDP, header bits of an answer (RFC 1035, 4.1.1): one question, and what it says
 * stands behind it. */
#define AN_ANSWER \
    TRANSPORT(DNS_FLAGS, 4, R1), SET_BITS(4, 0x07, 0xff), COMPARE(EQ, 4, 0x87, 0xff, 0, 1)

/* A number of four bytes as the kernel keeps it in registers. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_ORDER(n) (n) & 0xff, (n) >> 8 & 0xff, (n) >> 16 & 0xff, (n) >> 24 & 0xff
#else
#define HOST_ORDER(n) (n) >> 24 & 0xff, (n) >> 16 & 0xff, (n) >> 8 & 0xff, (n) &0xff
#endif

/* The packet's interface, as sets hold it. */
#define IIF_FLIPPED     META(IIF, R1), FLIP_BITS(4, HOST_ORDER(KS_INDEX_FLIP))
#define OIF_FLIPPED     META(OIF, R1), FLIP_BITS(4, HOST_ORDER(KS_INDEX_FLIP))
#define IIF_IN(set)     IIF_FLIPPED, LOOKUP(set)
#define OIF_IN(set)     OIF_FLIPPED, LOOKUP(set)
#define OIF_NOT_IN(set) OIF_FLIPPED, LOOKUP_NOT(set)

/* The same as a field of exceptions' ranges (model/box.h): nft compares ranges on the wire's
 * order. */
#define IIF_FIELD(in) META(IIF, in), FLIP_IN(in, 4, HOST_ORDER(KS_BOX_FLIP)), SWAP(in)
#define OIF_FIELD(in) META(OIF, in), FLIP_IN(in, 4, HOST_ORDER(KS_BOX_FLIP)), SWAP(in)

/* The same of two. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_ORDER16(n) (n) & 0xff, (n) >> 8 & 0xff
#else
#define HOST_ORDER16(n) (n) >> 8 & 0xff, (n) &0xff
#endif

/* What the first layer gives to a question for a VPN server's name that it lets out, and the second
 * asks for: of one that was let out before the lock, and has waited for a neighbour's address
 * since, it would know no name. */
#define ASKED_MARK HOST_ORDER(KS_ASKED_MARK)

/* What the second layer gives to what it lets out by way of ppp, and asks for where the same packet
 * leaves in a PPPoE session: nothing else tells it from what a program writes into a session of its
 * own. Its letters are "kspp". */
#define JUDGED_MARK HOST_ORDER(0x6b737070)

/* The same where a link wraps frames that the card below it then sends: "kswr". */
#define WRAPPED_MARK HOST_ORDER(0x6b737772)

/* A packet of a connection that was there before it, or an error about one (the kernel's
 * enum ip_conntrack_info and NF_CT_STATE_BIT()). */
#define STATE_ESTABLISHED_RELATED (1 << 1 | 1 << 2)
#define IS_ESTABLISHED \
    TRACKED(STATE, R1), MASK(4, HOST_ORDER(STATE_ESTABLISHED_RELATED)), COMPARE(NEQ, 4, 0, 0, 0, 0)
#define IS_REPLY TRACKED(DIRECTION, R1), COMPARE(EQ, 1, 1)

/* A transformation waits on the packet's route, or has been undone. */
#define WILL_BE_ENCRYPTED ROUTE(XFRM, R1), COMPARE(EQ, 1, 1)
#define WAS_ENCRYPTED     META(SECPATH, R1), COMPARE(EQ, 1, 1)

/* Packets a second that anyone who looks is told of: each part of them has a limit of its own, so
 * that what was told a moment ago takes nothing from what was not (ADR 38). With one of the first
 * for each IP version they are 100. */
#define NEW_TO        LIMIT(30, 30)
#define NEW_FROM      LIMIT(20, 20)
#define ANY_MORE      LIMIT(20, 20)
#define NEW_TO_TEXT   "limit rate 30/second burst 30 packets"
#define NEW_FROM_TEXT "limit rate 20/second burst 20 packets"
#define ANY_MORE_TEXT NEW_FROM_TEXT

/* How long what was told is not new. Long enough for some hundred destinations to take their turns,
 * short enough that each is told twice while somebody looks for ten seconds. */
#define TOLD_MS 5000u

/* Headers, and no more: what programs say is nobody's business. */
#define TOLD_BYTES 96
#define TELL       LOG(KS_LOG_GROUP, TOLD_BYTES)
#define TELL_TEXT  "log group 27507 snaplen 96 queue-threshold 1"

/* Which socket of a protocol's; of ICMP its type and code. */
#define COMES_FROM META(L4PROTO, R1), TRANSPORT(SOURCE_PORT, 2, R1_1)

/* Once a second: where others went was not told. */
#define SOME_UNTOLD LIMIT(1, 1), STEP(LOG, .key = KS_LOG_GROUP, .offset = 1, .length = TOLD_BYTES)
#define SOME_UNTOLD_TEXT                                                                           \
    "limit rate 1/second burst 1 packets log prefix \"" KS_LOG_UNTOLD "\" group 27507 snaplen 96 " \
    "queue-threshold 1"

#define RANGE_END NFT_SET_ELEM_INTERVAL_END

#define CONSTANTS(array, text)                                                                     \
    .holds = KS_SET_HOLDS_CONSTANTS, .constants = (array), .constants_count = G_N_ELEMENTS(array), \
    .constants_text = (text)
/* clang-format on */
