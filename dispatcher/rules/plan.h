/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/batch.h"
#include "rules/readback-seen.h"

/* From what the kernel holds of a table and what should be to one transaction. The table is the one
 * that was read (KsReadback.skeleton). */

/* Writes the transaction that makes the kernel hold `want`:
 * - no table yet: all of it, with `table_flags`;
 * - an intact table: only the keys that differ, so that nothing that is allowed is ever lost;
 * - a table with anything wrong: all rules in place again, without removing a base chain, and then
 *   the keys that differ;
 * - a table with something that cannot be understood: as ks_plan_replace().
 * A batch without messages (batch->messages == 0) has nothing to send. Returns 0 or a negative
 * errno; then the batch must not be sent. */
int ks_plan_lock(KsBatch *batch, const KsReadback *have, const KsLock *want, uint32_t table_flags);

/* Removes the table and installs it again in one transaction: for a table that was changed so much
 * that it cannot be repaired in place. Packets that are allowed may be lost at that moment; none
 * gets out. */
int ks_plan_replace(KsBatch *batch, const KsReadback *have, const KsLock *want,
                    uint32_t table_flags);

/* The transaction that lets everything through for so long, or, with 0, ends a pause. -ENOENT:
 * there is no lock that could be paused. */
int ks_plan_pause(KsBatch *batch, const KsReadback *have, uint64_t milliseconds);

/* The transaction that takes the table out of the packets' way; empty if it is not in it. To be
 * committed before ks_plan_unlock()'s: when a table goes, its maps are empty from the beginning of
 * the commit on (net/netfilter/nf_tables_api.c, nft_map_deactivate()), but its chains stand until
 * the end (nf_tables_unregister_hook()), for some milliseconds, and would stop the way to the
 * servers (ADR 39). */
int ks_plan_unhook(KsBatch *batch, const KsReadback *have);

/* The transaction that removes the table; empty if there is none. */
int ks_plan_unlock(KsBatch *batch, const KsReadback *have);

/* The transaction that makes the sender the owner of an orphan left by a guard before. */
int ks_plan_adopt(KsBatch *batch, const KsReadback *have);
