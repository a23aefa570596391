/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>

/* A connection to the system bus that is made anew when it is lost: the bus may be restarted under
 * a session that goes on. Attempts become ever more seldom, up to one in half a minute. */

typedef struct KsSystemBus KsSystemBus;

typedef struct {
    void (*connected)(GDBusConnection *bus, void *data);
    /* The connection of before is closed, or the first could not be made. May come again. */
    void (*lost)(void *data);
    void *data;
} KsSystemBusObserver;

/* Calls back from the main loop only. */
KsSystemBus *ks_system_bus_new(const KsSystemBusObserver *observer);
void ks_system_bus_free(KsSystemBus *system_bus);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsSystemBus, ks_system_bus_free)
