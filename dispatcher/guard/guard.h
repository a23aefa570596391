/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/error.h"
#include "model/event.h"

/* The guard: the one writer of the lock. It brings the parts together and has no policy of its own:
 *
 *   event or change -> links + manager describe the world -> engine says what should be
 *                   -> rules plan the difference -> kernel takes it -> read back and compared */

typedef struct KsGuard KsGuard;

/* Loads the state, takes over what the kernel holds and closes the lock if it should be closed,
 * before anything else is looked at. `ready` is called once NetworkManager is known, or known to be
 * away: from then on events can be answered. Never fails: what does not work is told by the
 * status. */
KsGuard *ks_guard_new(void (*ready)(void *data), void *data);

/* Leaves the kernel as it is: a guard that ends opens nothing. */
void ks_guard_free(KsGuard *guard);

/* The hook heard something. Returns when the kernel has the rules that follow from it. */
bool ks_guard_event(KsGuard *guard, const KsEvent *event, GError **error);

/* A person's request, by the names of the bus contract: "Lock", "Unlock", "SetLanAccess" (b),
 * "SetAutoLock" (b), "GetStatus", "GetRules". Authorisation is the caller's business. Returns the
 * result (a new reference, never floating) or NULL with an error of KS_ERROR. */
GVariant *ks_guard_call(KsGuard *guard, const char *method, GVariant *argument, GError **error);
