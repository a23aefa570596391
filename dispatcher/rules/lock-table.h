/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/skeleton.h"

/* The lock's own table, of family inet. Its rules: lock-rules.c, name-rules.c, exception-rules.c,
 * refused-rules.c. */

typedef enum {
    KS_CHAIN_OUTPUT,
    KS_CHAIN_FORWARD,
    KS_CHAIN_INPUT,
    KS_CHAIN_POSTROUTING,
    KS_CHAIN_PREROUTING,
    KS_CHAIN_TO_GUESTS,
    KS_CHAIN_TO_TUNNEL,
    KS_CHAIN_LEAVING,
    KS_CHAIN_REPORTS,
    KS_CHAIN_ANSWERS,
    KS_CHAIN_FROM_SEVERAL_AND_IPSEC,
    KS_CHAIN_FROM_SEVERAL,
    KS_CHAIN_FROM_WIREGUARD,
    KS_CHAIN_FROM_OPENVPN,
    KS_CHAIN_FROM_IPSEC,
    KS_CHAIN_FROM_DAEMON,
    KS_CHAIN_INSIDE_IPSEC,
    KS_CHAIN_NAMES_OUT,
    KS_CHAIN_NAMES_EDNS_OUT,
    KS_CHAIN_ASKED,
    KS_CHAIN_TOLD,
    KS_CHAIN_TOLD_BY_TCP,
    KS_CHAIN_TO_HOTSPOT,
    KS_CHAIN_TO_USERS,
    KS_CHAIN_FROM_HOTSPOT,
    KS_CHAIN_LAN_OUT,
    KS_CHAIN_LAN_IN,
    KS_CHAIN_EXCEPTED,
    KS_CHAIN_EXCEPTED_IN,
    KS_CHAIN_EXCEPTED_BACK,
    KS_CHAIN_SERVICE_IN,
    KS_CHAIN_SERVICE_GOES_ON,
    KS_CHAIN_SERVICE_NOTED,
    KS_CHAIN_SERVICE_PIECES,
    KS_CHAIN_SERVICE_OUT,
    KS_CHAIN_SERVICE_ENDS,
    KS_CHAIN_REFUSED,
    KS_CHAIN_TELLING,
    KS_CHAIN_MAX,
} KsChainId;

/* Of both tables: for who finds them, and wants to be rid of them. */
#define KS_TABLE_COMMENT "VPN kill switch. To open it: nm-killswitch unlock"

/* What leaves is judged in postrouting, behind everything else: a mark or a translation of another
 * table's may send a packet another way in the output hook, and that still names the interface that
 * it was called with (kernel: net/netfilter/nf_tables_core.c). Output and forward judge before, so
 * that the sender can be told. */
#define KS_PRIORITY_FILTER 0
#define KS_PRIORITY_LAST   300 /* behind source translation */

/* What arrives is looked at before anybody else: connection tracking, translation, routing. */
#define KS_PRIORITY_RAW (-300)

/* Sets of the kernel: first the variable ones, with the model's numbers, then those that only the
 * rules know. */
typedef enum {
    KS_NFT_SET_PAUSE = KS_SETS_OF_ELEMENTS,
    KS_NFT_SET_WIREGUARD_MESSAGES,
    KS_NFT_SET_WIREGUARD_UPKEEP,
    KS_NFT_SET_LINK_GROUPS,
    KS_NFT_SET_REPORT_LENGTHS,
    KS_NFT_SET_LAN4,
    KS_NFT_SET_LAN6,
    KS_NFT_SET_RESOLVER_PORTS,
    KS_NFT_SET_SERVICE_PORTS,
    KS_NFT_SET_QUESTION_TYPES,
    KS_NFT_SET_ASKED4,
    KS_NFT_SET_ASKED6,
    KS_NFT_SET_COUNTED,
    KS_NFT_SET_TOLD_TCP,
    KS_NFT_SET_TOLD_TO4,
    KS_NFT_SET_TOLD_TO6,
    KS_NFT_SET_TOLD_FROM,
    KS_NFT_SET_FLOWS4,
    KS_NFT_SET_FLOWS6,
    KS_NFT_SET_CLIENTS4,
    KS_NFT_SET_CLIENTS6,
    KS_NFT_SET_MAX,
} KsNftSet;

typedef enum {
    KS_COUNTER_BLOCKED_OUT,
    KS_COUNTER_BLOCKED_FORWARD,
    KS_COUNTER_BLOCKED_IN,
    KS_COUNTER_MAX,
} KsCounterId;

extern const KsRuleSegment ks_lock_rules;
extern const KsRuleSegment ks_name_rules;
extern const KsRuleSegment ks_exception_rules;
extern const KsRuleSegment ks_refused_rules;
extern const KsNumberedRules ks_numbered_name_rules; /* one of each form for a name's length */

/* How long an answer is waited for. Resolvers give up, or ask again, after a few seconds. */
#define KS_ASKED_MS 15000u

/* A resolver whose question is refused asks the same again, at once and hundreds of times
 * (systemd-resolved: 24 times for each server's protocol, type and link). For so long, all that one
 * user asks counts as one. */
#define KS_COUNTED_MS 1000u

/* How long an answer by UDP may come in after what was sent by an exception: as long as the
 * kernel's own tracking waits for a flow that both spoke in (nf_conntrack_udp_timeout_stream). */
#define KS_FLOW_MS 120000u

/* How long a connection to a service may say nothing while a program holds it, as in the kernel's
 * own tracking (nf_conntrack_tcp_timeout_established): keepalives are two hours apart. */
#define KS_CLIENT_MS 432000000u

/* How long TCP's next try is waited for, which comes after one second, and then after three. */
#define KS_TOLD_TCP_MS 10000u

extern const KsSetDefinition ks_lock_sets[KS_NFT_SET_MAX];
extern const KsSkeleton ks_lock_table;
