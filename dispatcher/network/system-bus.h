/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>

/* A program's one connection to the system bus, which comes back when the bus is restarted: the
 * guard and the applet outlive the bus. Not g_bus_get(): GLib's shared connection ends the process
 * with the bus, and stays closed as long as anybody holds it.
 *
 * It comes back by itself: a new socket of the bus is noticed at once, and should that fail, there
 * is a timer that asks ever more seldom. Nothing runs while the bus is there. */

typedef struct KsSystemBus KsSystemBus;

typedef struct {
    /* The connection is there, until `gone`. Take a reference to keep it longer. */
    void (*connected)(GDBusConnection *connection, void *data);
    /* It is lost, or (at the beginning) could not be made. May come more than once in a row. */
    void (*gone)(void *data);
    void *data;
} KsSystemBusObserver;

/* Begins to connect. Observers are called from the main loop. */
KsSystemBus *ks_system_bus_new(void);

/* All observers must have gone before. */
void ks_system_bus_free(KsSystemBus *bus);

/* The observer is copied; it is told at once if the connection is there already. `data` tells
 * observers apart when one goes. */
void ks_system_bus_observe(KsSystemBus *bus, const KsSystemBusObserver *observer);
void ks_system_bus_forget(KsSystemBus *bus, void *data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsSystemBus, ks_system_bus_free)
