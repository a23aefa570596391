/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* Asks polkit whether a caller may do something, on a connection of ours (why not by libpolkit:
 * data/doc/adr/0010-polkit-by-bus-call.md). Whatever goes wrong, the answer is no. */

/* `caller` is a unique name on the system bus: polkit finds out itself who is behind it. `method`
 * is told to polkit's rules as action.lookup("method"). A person is asked only if `interactive`.
 *
 * When `cancellable` is cancelled, or polkit does not answer in time, polkit is told to drop the
 * question, so that no dialogue is left on the person's screen. */
void ks_authority_check(GDBusConnection *connection, const char *caller, const char *action,
                        const char *method, bool interactive, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);

/* True: yes. False with an error: G_IO_ERROR_PERMISSION_DENIED if polkit said no,
 * G_IO_ERROR_CANCELLED if we were cancelled, anything else if polkit could not be asked. */
bool ks_authority_check_finish(GAsyncResult *result, GError **error);
