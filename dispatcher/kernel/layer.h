/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "kernel/netfilter.h"

/* One table of ours in the kernel: looked at, changed as a plan says, looked at again. Both layers
 * of the lock are one of these, in the guard's hands and in the rescue's. Functions return 0 or a
 * negative errno; then what the kernel held it still holds. */

typedef struct {
    KsReadback *held; /* the kernel's word, or, after a change of keys alone, what it agreed to */
    bool known;       /* the last look at it succeeded */
    KsBatch batch;
} KsLayer;

/* Which table it is. `skeleton` outlives the layer, or stays until the next call has returned. */
void ks_layer_describe(KsLayer *layer, const KsSkeleton *skeleton);
void ks_layer_clear(KsLayer *layer); /* leaves the kernel as it is */

int ks_layer_read(KsLayer *layer, KsNetfilter *netfilter);

/* Becomes the owner of a table that a guard before us left; read before. */
int ks_layer_adopt(KsLayer *layer, KsNetfilter *netfilter);

/* Makes the kernel hold `want`, with these table flags, or nothing if not `locked`; read before.
 * What somebody else changed meanwhile is looked at once more, and replaced if it cannot be mended
 * in place. After a change of keys alone it is not read back: that is left for later. */
int ks_layer_hold(KsLayer *layer, KsNetfilter *netfilter, bool locked, const KsLock *want,
                  uint32_t table_flags);

/* Lets everything through for so many milliseconds, or, with 0, ends a pause; reads before and
 * after. -ENOENT: there is no lock. */
int ks_layer_pause(KsLayer *layer, KsNetfilter *netfilter, uint64_t milliseconds);
