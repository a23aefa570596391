/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

#include <gtk/gtk.h>

/* The main window's second page: what closes the lock, starting at login, where the local network
 * may be reached, exceptions, and every VPN profile with the servers that were read from it. What
 * is about the lock goes through the application's actions to the guard, and is shown as the guard
 * says it is. It belongs into a window before it is told anything. */

GtkWidget *ks_preferences_new(GtkApplication *application);
void ks_preferences_update(GtkWidget *page, const KsModel *model);

/* The focus goes to what can be done first, and the page is seen from its top. */
void ks_preferences_focus(GtkWidget *page);

/* Opens the dialog for a VPN's servers; "": for a VPN that NetworkManager does not run. */
void ks_preferences_edit_vpn(GtkWidget *page, const KsModel *model, const char *uuid);

/* Opens the dialog for a new exception. */
void ks_preferences_add_exception(GtkWidget *page, const KsModel *model);

/* The guard's answer to a request. False: nothing here waited for it. */
bool ks_preferences_answer(GtkWidget *page, KsRequest request, KsAnswer answer,
                           const char *message);
