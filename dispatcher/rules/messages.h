/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/batch.h"
#include "rules/skeleton.h"

/* Each function adds one message (elements: as many as needed) to a batch. What fails, fails the
 * whole batch (ks_batch_fail()), so results need no checking one by one. */

void ks_batch_add_table(KsBatch *batch, const char *name, uint32_t flags);
void ks_batch_delete_table(KsBatch *batch, const char *name);
void ks_batch_add_chain(KsBatch *batch, KsChainId chain);
void ks_batch_delete_chain(KsBatch *batch, const char *name);
void ks_batch_flush_rules(KsBatch *batch); /* of all chains */
void ks_batch_add_rule(KsBatch *batch, const KsRule *rule);
void ks_batch_add_set(KsBatch *batch, KsNftSet set);
void ks_batch_delete_set(KsBatch *batch, const char *name);
void ks_batch_add_constants(KsBatch *batch, KsNftSet set);
void ks_batch_add_counter(KsBatch *batch, KsCounterId counter);

/* Opens everything for so long; the kernel takes the elements away by itself. */
void ks_batch_add_pause(KsBatch *batch, uint64_t milliseconds);
void ks_batch_delete_pause(KsBatch *batch);

/* Adds or deletes these keys (element-type KsKey) of a variable set. */
void ks_batch_add_keys(KsBatch *batch, KsSetId set, const GArray *keys);
void ks_batch_delete_keys(KsBatch *batch, KsSetId set, const GArray *keys);
