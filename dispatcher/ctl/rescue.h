/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"

#include <glib.h>

/* The way back in for root when no guard answers: straight on the kernel and the saved state. It
 * needs no bus, no guard and no NetworkManager. Each complains itself about what goes wrong. */

/* The reason, in a status of ours, why nothing is known but what the kernel holds. */
#define KS_REASON_GUARD_AWAY "guard-away"

/* Opens the lock and saves that it is open: ends a guard that hangs (a table with an owner can be
 * changed only by it), keeps others from starting meanwhile, removes our tables. KS_EXIT_FAILED
 * also if it is open and could not be saved. */
KsExitStatus ks_rescue_unlock(void);

/* Ends a pause, if one runs; then, as ks_rescue_unlock() does, also a guard that hangs. */
KsExitStatus ks_rescue_resume(void);

/* What the kernel holds, as GetStatus has it; owned by the caller. */
KsExitStatus ks_rescue_status(GVariant **ret_status);

/* The same, with the VPNs that were set up by hand and their servers, as they were saved. */
KsExitStatus ks_rescue_vpns(GVariant **ret_status);

/* As GetRules has it; owned by the caller. */
KsExitStatus ks_rescue_rules(char **ret_rules);
