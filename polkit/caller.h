/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* The one who calls a method, as the bus knows it: by its unique name. */

/* Calls `gone` once the caller has left the bus. Returns what
 * g_dbus_connection_signal_unsubscribe() takes; after that nothing is called. */
guint ks_caller_watch(GDBusConnection *connection, const char *caller, void (*gone)(void *data),
                      void *data);

/* Asks the bus who is behind it. The callback gets the connection as its source. */
void ks_caller_ask_uid(GDBusConnection *connection, const char *caller, GCancellable *cancellable,
                       GAsyncReadyCallback callback, void *data);

/* False with an error: nobody any more, or G_IO_ERROR_CANCELLED. */
bool ks_caller_ask_uid_finish(GDBusConnection *connection, GAsyncResult *result, guint32 *ret_uid,
                              GError **error);
