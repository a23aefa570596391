/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"

/* The way back in for root when no guard answers: straight on the kernel and the saved state. It
 * needs no bus, no guard and no NetworkManager. */

/* Opens the lock: saves "unlocked", ends a guard that hangs (a table with an owner can be changed
 * only by it), removes our table. Prints what it did. */
KsExitStatus ks_rescue_unlock(void);

/* Prints what the kernel holds, as text or JSON. `ret_locked`: whether it is an intact lock. */
KsExitStatus ks_rescue_status(int json, int *ret_locked);
KsExitStatus ks_rescue_rules(void);
