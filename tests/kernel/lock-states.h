/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/uplink.h"

/* States of the lock for tests of what can be listed of it, and the cards that it stands on. */

typedef struct {
    const char *name;
    void (*draw)(KsLock *lock);
    unsigned pause_ms; /* 0: no pause */
} KsLockState;

extern const KsLockState ks_lock_states[];
extern const unsigned ks_lock_states_count;

/* Makes a card of each form where this process is, with the same numbers everywhere.
 * Returns them (element-type KsUplink), to be freed. */
GArray *ks_lock_states_make_uplinks(void);

/* Whether this kernel takes a chain by name, and this nft (a command) understands what the kernel
 * tells of one: one that does not tries for ever. */
bool ks_lock_states_kernel_takes_names(void);
bool ks_lock_states_nft_takes_names(const char *nft);
