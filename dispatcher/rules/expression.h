/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/skeleton.h"

struct nftnl_rule;
struct nftnl_expr;

/* A rule of the skeleton as libnftnl's expressions. Returns NULL when memory is short; a rule is
 * whole or not there. The caller frees it with nftnl_rule_free(). */
struct nftnl_rule *ks_rule_build(const KsSkeleton *skeleton, const KsRule *rule);

/* A rule's expressions as libnftnl prints them, one a line: equal text is an equal rule, whether it
 * was built here or read from the kernel. Owned by the caller. */
char *ks_rule_bytecode(const struct nftnl_rule *rule);
