/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/lock-table.h"
#include "rules/messages.h"

/* What another program may do to our table: messages that the product never writes. Everything is
 * added to a batch, as by rules/messages.h. */

#define INTRUDER_CHAIN "intruder"
#define INTRUDER_SET   "intruders"

/* A rule that accepts everything, behind the others or before them. `chain`: any name. */
void intruder_add_rule(KsBatch *batch, const char *chain, bool first);

/* A rule that accepts what goes to one of two addresses, with the set that nft makes for it. */
void intruder_add_anonymous_set_rule(KsBatch *batch, const char *chain);

/* A rule that looks into INTRUDER_SET. */
void intruder_add_set_rule(KsBatch *batch, const char *chain);

/* A chain with its own hook before ours that accepts, or, with base = false, one to jump to. */
void intruder_add_chain(KsBatch *batch, bool base);

/* A chain of any name, without a hook. */
void intruder_add_named_chain(KsBatch *batch, const char *name);

/* Our chain with this policy and priority (only its policy can change while it stands). */
void intruder_change_chain(KsBatch *batch, KsChainId chain, int32_t priority, uint32_t policy);

void intruder_flush_chain(KsBatch *batch, const char *chain);
void intruder_delete_counter(KsBatch *batch, const char *name);

/* A set of this name, of interface indices and flags as given. */
void intruder_add_set(KsBatch *batch, const char *name, uint32_t key_length, uint32_t flags);

/* INTRUDER_SET as a map from protocol numbers to verdicts that jump to INTRUDER_CHAIN. */
void intruder_add_verdict_map(KsBatch *batch);

/* An element by its bytes; key = NULL: one that matches everything ("*"). */
void intruder_add_element(KsBatch *batch, const char *set, const void *key, uint32_t length,
                          uint32_t flags);

/* The same of a verdict map. */
void intruder_add_map_element(KsBatch *batch, const char *map, const void *key, uint32_t length,
                              uint32_t verdict);
