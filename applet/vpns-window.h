/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

#include <gtk/gtk.h>

/* All VPNs with a switch for each, and a field to find one in many. Shown with
 * gtk_window_present(). */
GtkWindow *ks_vpns_window_new(GtkApplication *application);
void ks_vpns_window_update(GtkWindow *window, const KsModel *model);
