/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/lock-table.h"
#include "rules/steps.h"

/* What was told of a refused packet: where it goes, and by which port of this machine's. */
#define GOES_TO4_AGAIN \
    NETWORK(IPV4_DESTINATION, 4, R1), META(L4PROTO, R1_1), TRANSPORT(DESTINATION_PORT, 2, R1_2)
#define GOES_TO6_AGAIN \
    NETWORK(IPV6_DESTINATION, 16, R1), META(L4PROTO, R2), TRANSPORT(DESTINATION_PORT, 2, R2_1)
#define GOES_TO4 IS_IPV4, GOES_TO4_AGAIN
#define GOES_TO6 IS_IPV6, GOES_TO6_AGAIN

/* clang-format off */
static const KsRule rules[] = {
    /* ---- what is refused is told while somebody looks, and only then these rules are there;
     * never more than the rates, however much is refused. First comes what was not told a moment
     * ago: by where it goes, and by the port it comes from, for a program that asks everybody has
     * one, and a program that takes a new one each time asks few (ADR 38) ---- */
    { KS_CHAIN_REFUSED, "tcp sport . tcp dport @told_tcp return",
      DO(IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(SOURCE_PORT, 2, R1),
         TRANSPORT(DESTINATION_PORT, 2, R1_1), LOOKUP(KS_NFT_SET_TOLD_TCP), RETURN),
      "told already: reset it" },
    { KS_CHAIN_REFUSED,
      "ip daddr . meta l4proto . th dport != @told_to4 " NEW_TO_TEXT
      " update @told_to4 { ip daddr . meta l4proto . th dport timeout 5s } goto telling",
      DO(GOES_TO4, LOOKUP_NOT(KS_NFT_SET_TOLD_TO4), NEW_TO, GOES_TO4_AGAIN,
         REMEMBER(KS_NFT_SET_TOLD_TO4, TOLD_MS), GOTO(KS_CHAIN_TELLING)),
      "another destination than those told of" },
    { KS_CHAIN_REFUSED,
      "ip6 daddr . meta l4proto . th dport != @told_to6 " NEW_TO_TEXT
      " update @told_to6 { ip6 daddr . meta l4proto . th dport timeout 5s } goto telling",
      DO(GOES_TO6, LOOKUP_NOT(KS_NFT_SET_TOLD_TO6), NEW_TO, GOES_TO6_AGAIN,
         REMEMBER(KS_NFT_SET_TOLD_TO6, TOLD_MS), GOTO(KS_CHAIN_TELLING)),
      "another destination than those told of" },
    { KS_CHAIN_REFUSED,
      "meta l4proto . th sport != @told_from " NEW_FROM_TEXT
      " update @told_from { meta l4proto . th sport timeout 5s } goto telling",
      DO(COMES_FROM, LOOKUP_NOT(KS_NFT_SET_TOLD_FROM), NEW_FROM, COMES_FROM,
         REMEMBER(KS_NFT_SET_TOLD_FROM, TOLD_MS), GOTO(KS_CHAIN_TELLING)),
      "another socket than those told of" },
    { KS_CHAIN_REFUSED, ANY_MORE_TEXT " goto telling", DO(ANY_MORE, GOTO(KS_CHAIN_TELLING)),
      "as many more as there is room for" },
    { KS_CHAIN_REFUSED, "ip daddr . meta l4proto . th dport @told_to4 return",
      DO(GOES_TO4, LOOKUP(KS_NFT_SET_TOLD_TO4), RETURN), "who looks knows of its like" },
    { KS_CHAIN_REFUSED, "ip6 daddr . meta l4proto . th dport @told_to6 return",
      DO(GOES_TO6, LOOKUP(KS_NFT_SET_TOLD_TO6), RETURN), "who looks knows of its like" },
    { KS_CHAIN_REFUSED, SOME_UNTOLD_TEXT, DO(SOME_UNTOLD),
      "so that who looks hears that some are missing" },

    /* TCP's socket is closed by the reset, and nobody could be found behind it any more: that comes
     * with the next try, a second later, which is not counted again. */
    { KS_CHAIN_TELLING, "meta nfproto @told_versions " TELL_TEXT,
      DO(META(NFPROTO, R1), LOOKUP(KS_SET_TELLING), TELL), "headers only" },
    { KS_CHAIN_TELLING,
      "meta skuid >= 0 update @told_tcp { tcp sport . tcp dport timeout 10s } counter name \"blocked_out\" drop",
      DO(HAS_SENDER, IS_PROTOCOL(IPPROTO_TCP), TRANSPORT(SOURCE_PORT, 2, R1),
         TRANSPORT(DESTINATION_PORT, 2, R1_1), REMEMBER(KS_NFT_SET_TOLD_TCP, KS_TOLD_TCP_MS),
         COUNT(KS_COUNTER_BLOCKED_OUT), DROP),
      "its program can be found until it tries again" },
};

/* clang-format on */

const KsRuleSegment ks_refused_rules = { rules, G_N_ELEMENTS(rules) };
