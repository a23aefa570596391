/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/batch.h"
#include "rules/skeleton.h"

/* Each function adds one message (elements: as many as needed) to a batch. What fails, fails the
 * whole batch (ks_batch_fail()), so results need no checking one by one. */

/* `comment`: NULL for none. A table that stands keeps what it has. */
void ks_batch_add_table(KsBatch *batch, uint8_t family, const char *name, uint32_t flags,
                        const char *comment);
void ks_batch_delete_table(KsBatch *batch, uint8_t family, const char *name);

/* What is ours in a table goes by its place in the skeleton; what is deleted, by its name. */
void ks_batch_add_chain(KsBatch *batch, const KsSkeleton *skeleton, unsigned chain);
void ks_batch_delete_chain(KsBatch *batch, const KsSkeleton *skeleton, const char *name);
void ks_batch_flush_rules(KsBatch *batch, const KsSkeleton *skeleton); /* of all chains */
void ks_batch_flush_chain(KsBatch *batch, const KsSkeleton *skeleton, unsigned chain);
void ks_batch_add_rule(KsBatch *batch, const KsSkeleton *skeleton, const KsRule *rule);
void ks_batch_add_set(KsBatch *batch, const KsSkeleton *skeleton, unsigned set);
void ks_batch_delete_set(KsBatch *batch, const KsSkeleton *skeleton, const char *name);
void ks_batch_add_constants(KsBatch *batch, const KsSkeleton *skeleton, unsigned set);
void ks_batch_add_counter(KsBatch *batch, const KsSkeleton *skeleton, unsigned counter);

/* Opens everything for so long; the kernel takes the elements away by itself. `set`: the one that
 * holds the pause. */
void ks_batch_add_pause(KsBatch *batch, const KsSkeleton *skeleton, unsigned set,
                        uint64_t milliseconds);
void ks_batch_delete_pause(KsBatch *batch, const KsSkeleton *skeleton, unsigned set);

/* Adds or deletes these keys (element-type KsKey) of a variable set. What stands beside a key goes
 * with it; a key may go and come with something else beside it in one transaction. */
void ks_batch_add_keys(KsBatch *batch, const KsSkeleton *skeleton, unsigned set,
                       const GArray *keys);
void ks_batch_delete_keys(KsBatch *batch, const KsSkeleton *skeleton, unsigned set,
                          const GArray *keys);
