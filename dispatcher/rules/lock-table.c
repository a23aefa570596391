/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/lock-table.h"

#include "model/names.h"
#include "rules/exception-sets.h"
#include "rules/steps.h"

static const KsChain chains[KS_CHAIN_MAX] = {
    [KS_CHAIN_OUTPUT] = { "output", true, NF_INET_LOCAL_OUT, KS_PRIORITY_FILTER,
                          .comment = "sent by this machine: TCP is refused with an answer" },
    [KS_CHAIN_FORWARD] = { "forward", true, NF_INET_FORWARD, KS_PRIORITY_FILTER,
                           .comment = "what guests and the hotspot's users send" },
    [KS_CHAIN_INPUT] = { "input", true, NF_INET_LOCAL_IN, KS_PRIORITY_FILTER,
                         .comment = "what reaches programs here" },
    [KS_CHAIN_POSTROUTING] = { "postrouting", true, NF_INET_POST_ROUTING, KS_PRIORITY_LAST,
                               .comment =
                                   "the last look at what leaves, by the card it leaves by" },
    /* Its policy decides nothing but what the chains behind it decide. */
    [KS_CHAIN_PREROUTING] = { "prerouting", true, NF_INET_PRE_ROUTING, KS_PRIORITY_RAW,
                              .policy = NF_ACCEPT, .comment = "what arrives, before it is routed" },
    /* Whatever asks for a connection's state has the kernel track all of them (ADR 14). */
    [KS_CHAIN_TO_GUESTS] = { "to_guests", .conditional = true, .with = KS_SET_GUEST_INTERFACES,
                             .comment = "guests hear answers only" },
    [KS_CHAIN_TO_TUNNEL] = { "to_tunnel", .comment = "who may send to a tunnel's address" },
    [KS_CHAIN_LEAVING] = { "leaving", .comment = "what may leave by an uplink" },
    [KS_CHAIN_REPORTS] = { "reports", .comment = "multicast reports: link upkeep's groups only" },
    [KS_CHAIN_ANSWERS] = { "answers", .comment = "what VPN servers may send" },
    [KS_CHAIN_FROM_SEVERAL_AND_IPSEC] = { "from_several_and_ipsec",
                                          .comment = "the same, and one of them is IPsec in UDP" },
    [KS_CHAIN_FROM_SEVERAL] = { "from_several", .comment = "a server of VPNs of several kinds" },
    [KS_CHAIN_FROM_WIREGUARD] = { "from_wireguard", .comment = "WireGuard's own packets only" },
    [KS_CHAIN_FROM_OPENVPN] = { "from_openvpn",
                                .comment = "OpenVPN in the kernel, and its daemon" },
    [KS_CHAIN_FROM_IPSEC] = { "from_ipsec", .comment = "IPsec's own packets only" },
    [KS_CHAIN_FROM_DAEMON] = { "from_daemon",
                               .comment = "a VPN daemon's packets, no desktop program's" },
    [KS_CHAIN_INSIDE_IPSEC] = { "inside_ipsec", .comment = "only what IPsec encrypts" },
    [KS_CHAIN_NAMES_OUT] = { "names_out", .comment = "questions for exactly a VPN server's name" },
    [KS_CHAIN_NAMES_EDNS_OUT] = { "names_edns_out", .comment = "the same with an EDNS record" },
    [KS_CHAIN_ASKED] = { "asked", .comment = "such a question leaves, and is remembered" },
    [KS_CHAIN_TOLD] = { "told", .comment = "answers to such questions" },
    [KS_CHAIN_TOLD_BY_TCP] = { "told_by_tcp", .comment = "the same by TCP" },
    [KS_CHAIN_TO_HOTSPOT] = { "to_hotspot", .comment = "what the hotspot's users may receive" },
    [KS_CHAIN_TO_USERS] = { "to_users", .conditional = true, .with = KS_SET_HOTSPOT_INTERFACES,
                            .comment = "the hotspot's users hear answers only" },
    [KS_CHAIN_FROM_HOTSPOT] = { "from_hotspot",
                                .comment = "what the hotspot's users may ask this machine" },
    [KS_CHAIN_LAN_OUT] = { "lan_out", .comment = "LAN access: private addresses, never DNS" },
    [KS_CHAIN_LAN_IN] = { "lan_in", .comment = "LAN access: private addresses" },
    EXCEPTION_CHAINS,
    [KS_CHAIN_REFUSED] = { "refused", .conditional = true, .with = KS_SET_TELLING,
                           .comment = "tells of what is refused, while somebody looks" },
    [KS_CHAIN_TELLING] = { "telling", .conditional = true, .with = KS_SET_TELLING,
                           .comment = "what is told" },
};

static const char *const counters[KS_COUNTER_MAX] = {
    [KS_COUNTER_BLOCKED_OUT] = "blocked_out",
    [KS_COUNTER_BLOCKED_FORWARD] = "blocked_forward",
    [KS_COUNTER_BLOCKED_IN] = "blocked_in",
};

static const KsRuleSegment *const segments[] = { &ks_lock_rules, &ks_name_rules,
                                                 &ks_exception_rules, &ks_refused_rules };

const KsSkeleton ks_lock_table = {
    .family = NFPROTO_INET,
    .name = KS_TABLE,
    .comment = KS_TABLE_COMMENT,
    .chains = chains,
    .chains_count = G_N_ELEMENTS(chains),
    .sets = ks_lock_sets,
    .sets_count = KS_NFT_SET_MAX,
    .counters = counters,
    .counters_count = G_N_ELEMENTS(counters),
    .segments = segments,
    .segments_count = G_N_ELEMENTS(segments),
    .numbered = &ks_numbered_name_rules,
};
