/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/second-layer.h"
#include "model/world.h"
#include "rules/readback.h"

/* Keeps the lock in the kernel: the one place that changes it, and that knows by the kernel's own
 * word what it holds. Each function returns false when the kernel could not be asked or changed;
 * then what it held it still holds, and ks_keeper_trouble() says why in a sentence for people. */

typedef struct KsKeeper KsKeeper;

KsKeeper *ks_keeper_new(void);

/* Leaves the kernel as it is. */
void ks_keeper_free(KsKeeper *keeper);

/* Reads everything back. */
bool ks_keeper_read(KsKeeper *keeper);

/* The same, unless it was read a moment ago and we have tried to change nothing since. What others
 * change in that moment is heard of by the monitor. */
bool ks_keeper_read_lately(KsKeeper *keeper);

/* Takes over a lock that a guard before us left. `pause_end` is what ks_keeper_pause_end() was
 * there, 0: not known. */
bool ks_keeper_adopt(KsKeeper *keeper, int64_t pause_end);

/* Makes the kernel hold `want`, or nothing when not `locked`, and ends a pause that others made.
 * After a change of keys alone ks_keeper_held() is what was agreed to, until the next
 * ks_keeper_read(): that is left for later, off the event's path. The second layer follows, on the
 * uplinks of this world; what it lacks is no failure. */
bool ks_keeper_hold(KsKeeper *keeper, bool locked, const KsLock *want, const KsWorld *world);

/* Lets everything through for so long, or, with 0, ends a pause. */
bool ks_keeper_pause(KsKeeper *keeper, uint64_t milliseconds);

/* When it must have ended, by ks_clock_now(). */
int64_t ks_keeper_pause_end(const KsKeeper *keeper);

/* A pause runs, as it was read last, that goes on for longer than the one that was asked for here
 * or that stood in the kernel at first: others made it, or the machine slept in it, for the
 * kernel's count stands still then. The next ks_keeper_hold() ends it. */
bool ks_keeper_is_paused_too_long(const KsKeeper *keeper);

const KsSecondLayer *ks_keeper_second_layer(const KsKeeper *keeper);
const KsReadback *ks_keeper_held(const KsKeeper *keeper);
const char *ks_keeper_trouble(const KsKeeper *keeper); /* NULL: none */

/* Why the kernel did not take the first layer when ks_keeper_hold() was called last: a negative
 * errno; 0: it did. */
int ks_keeper_hold_error(const KsKeeper *keeper);

/* Our netlink port, by which the kernel names us in its notifications; 0: we have none yet. */
uint32_t ks_keeper_port(const KsKeeper *keeper);
