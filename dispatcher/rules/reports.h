/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/steps.h"

/* What a multicast listener's report may say; for the tables of this folder. The kernel sends
 * reports for every program that joins a group, privileged or not, and puts what the program chose
 * into them: the group, and with MLDv2 (RFC 3810) a list of sources. Switches that snoop need those
 * for solicited-node groups (RFC 4541, 3), or neighbours are not found. Nothing needs IGMP's: ARP
 * is a broadcast.
 *
 * An MLDv1 message names one group, and leaves for a solicited-node one (RFC 4291, 2.7.1). An MLDv2
 * answer to a general query names all groups in one packet. Each of its records is compared: a
 * length that leaves no room for sources, then every group. nf_tables reaches the first 13
 * (net/netfilter/nft_payload.c of Linux before 6.18: an offset is one byte). */

#define REPORT_RECORDS_MAX 13

#define LISTENER_ZEROS   5 /* three bytes of an MLDv1 report (RFC 2710, 3); then comes the group */
#define REPORT_COUNT     6 /* of records, in an MLDv2 report (RFC 3810, 5.2) */
#define REPORTS_A_SECOND 2
#define REPORTS_AT_ONCE  20

/* ff02::16, all MLDv2-capable routers. */
#define TO_LISTENING_ROUTERS           \
    NETWORK(IPV6_DESTINATION, 16, R1), \
        COMPARE(EQ, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16)

#define REPORTS_COMMENT "link upkeep: which groups it listens to"

/* clang-format off: tables */
/* The rules that come where the others of link upkeep stand, MLDv1's and MLDv2's. Each is said in
 * the table's own words. The steps that are given come first: IPv6, in one hop. */
#define REPORTS_OUT(in_chain, reports_chain, words1, words2, lengths, ...)                        \
    { (in_chain),                                                                                 \
      words1 " @th,40,128 0xff0200000000000000000001ff "                                          \
             "limit rate 2/second burst 20 packets accept",                                       \
      DO(__VA_ARGS__, ICMPV6_TYPES(131, 132), NETWORK(IPV6_LENGTH, 2, R1), COMPARE(EQ, 2, 0, 32), \
         TRANSPORT(LISTENER_ZEROS, 16, R1),                                                       \
         COMPARE(EQ, 16, 0, 0, 0, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff),                   \
         LIMIT(REPORTS_A_SECOND, REPORTS_AT_ONCE), ACCEPT),                                       \
      REPORTS_COMMENT },                                                                          \
    {                                                                                             \
        (in_chain), words2 " . @th,48,16 @report_lengths jump reports",                           \
            DO(__VA_ARGS__, TO_LISTENING_ROUTERS, ICMPV6_TYPE(143), NETWORK(IPV6_LENGTH, 2, R1),  \
               TRANSPORT(REPORT_COUNT, 2, R1_1), LOOKUP(lengths), JUMP(reports_chain)),           \
            REPORTS_COMMENT                                                                       \
    }

/* A record that is not there cannot be loaded, and its rule is passed by. */
#define REPORT_RECORD(chain, groups, bit)                                \
    {                                                                    \
        (chain), "@th," #bit ",128 != @link_groups return",              \
            DO(TRANSPORT((bit) / 8, 16, R1), LOOKUP_NOT(groups), RETURN) \
    }

#define REPORT_RECORDS(chain, groups)                                           \
    REPORT_RECORD(chain, groups, 96), REPORT_RECORD(chain, groups, 256),        \
        REPORT_RECORD(chain, groups, 416), REPORT_RECORD(chain, groups, 576),   \
        REPORT_RECORD(chain, groups, 736), REPORT_RECORD(chain, groups, 896),   \
        REPORT_RECORD(chain, groups, 1056), REPORT_RECORD(chain, groups, 1216), \
        REPORT_RECORD(chain, groups, 1376), REPORT_RECORD(chain, groups, 1536), \
        REPORT_RECORD(chain, groups, 1696), REPORT_RECORD(chain, groups, 1856), \
        REPORT_RECORD(chain, groups, 2016),                                     \
    {                                                                           \
        (chain), "limit rate 2/second burst 20 packets accept",                 \
            DO(LIMIT(REPORTS_A_SECOND, REPORTS_AT_ONCE), ACCEPT)                \
    }
/* clang-format on */
