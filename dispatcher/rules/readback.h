/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/readback-seen.h"

struct nlmsghdr;

/* A table of ours is read message by message from the kernel's dumps. */

/* `skeleton` outlives the readback. */
KsReadback *ks_readback_new(const KsSkeleton *skeleton);
void ks_readback_free(KsReadback *readback);
void ks_readback_clear(KsReadback *readback);

/* Takes one NFT_MSG_NEW{TABLE,CHAIN,RULE,SET,SETELEM,OBJ} message of a dump; messages about other
 * tables are passed by. Rules must come in the kernel's order. Returns 0 or a negative errno. A
 * message about our table that cannot be understood is a problem of the table's, and no error. */
int ks_readback_take(KsReadback *readback, const struct nlmsghdr *message);

/* After the last message: what is missing becomes a problem too. */
void ks_readback_finish(KsReadback *readback);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsReadback, ks_readback_free)
