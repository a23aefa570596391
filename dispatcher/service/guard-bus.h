/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/guard.h"
#include "network/system-bus.h"

/* The guard on the system bus, as data/io.github.nmkillswitch.Guard1.xml has it. State is
 * pushed: what changes is signalled once, after all that changed with it, and before anyone who
 * asked for the change is answered. Comes back with the bus. */

typedef struct KsBus KsBus;

/* For a guard that is ready to answer. Both must outlive it. */
KsBus *ks_bus_new(KsSystemBus *system_bus, KsGuard *guard);
void ks_bus_free(KsBus *bus);

/* What ks_guard_status() says may have changed; see KsGuardObserver. */
void ks_bus_changed(KsBus *bus, bool now);
