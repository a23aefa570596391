/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

#include <gtk/gtk.h>

/* The preferences: what closes the lock, where the local network may be reached, starting at login,
 * and every VPN profile with the servers that were read from it. What is about the lock goes
 * through the application's actions to the guard, and is shown as the guard says it is. */

GtkWindow *ks_preferences_new(GtkApplication *application);
void ks_preferences_update(GtkWindow *window, const KsModel *model);

/* Opens the dialog for a VPN's servers; "": for a VPN that NetworkManager does not run. */
void ks_preferences_edit_vpn(GtkWindow *window, const KsModel *model, const char *uuid);

/* The guard's answer to a request. False: nothing here waited for it. */
bool ks_preferences_answer(GtkWindow *window, KsRequest request, KsAnswer answer,
                           const char *message);
