/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/readback-seen.h"

struct nftnl_rule;

/* The rules of chains, for readback.c alone. */

/* A list for KsReadback.seen_right. */
GPtrArray *ks_readback_right_rules_new(void);

/* The rule that this message tells of, the chain's next one, is as it was when it was found to be
 * ours, and is taken. False: it has to be judged. */
bool ks_readback_was_right(KsReadback *readback, unsigned chain, const struct nlmsghdr *message);
void ks_readback_judge_rule(KsReadback *readback, unsigned chain, const struct nlmsghdr *message,
                            const struct nftnl_rule *rule);

/* The numbers whose rules were seen become keys of the lock, once all rules are taken; none where
 * rules of one are missing: then they say nothing. */
void ks_readback_add_numbers(KsReadback *readback);

/* All constant rules of the chain were seen, and its form of each number of which any was. */
bool ks_readback_has_all_rules(const KsReadback *readback, unsigned chain);
