/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>

/* The properties of the bus contract, from what ks_guard_status() tells, in one table. */

/* The contract's XML, compiled in. */
GDBusInterfaceInfo *ks_interface_info(void);

/* One property's value, a new reference; NULL if the contract has no such property, or if the
 * status does not tell it in the contract's type. */
GVariant *ks_property_get(GVariant *status, const char *name);

/* All of them as a{sv}; floating. */
GVariant *ks_property_get_all(GVariant *status);

/* What changed between two statuses, of what the contract says is signalled: a{sv}, a new
 * reference; NULL: nothing. `before` NULL: nothing is known to anybody yet, so nothing changed. */
GVariant *ks_property_changes(GVariant *before, GVariant *after);
