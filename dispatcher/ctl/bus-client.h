/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/exit-status.h"

#include <gio/gio.h>
#include <stdbool.h>

/* The guard on the system bus, for everybody. */

/* How long a call may take while somebody looks for the password. */
#define KS_BUS_PERSON_MS (5 * 60 * 1000)

/* A connection of our own. Gives up after some seconds, also on a bus that hangs. */
GDBusConnection *ks_bus_open(GError **error);

/* As ks_client_call(). `interactive`: polkit may ask for a password, and anyone who types it is
 * given time. */
KsExitStatus ks_bus_call(GDBusConnection *connection, const char *method, GVariant *arguments,
                         bool interactive, GVariant **ret_result, char **ret_message);

/* What an error of the bus or of the guard means to people, and to scripts. The guard's own
 * sentences are kept. */
KsExitStatus ks_bus_explain(const GError *error, char **ret_message);
