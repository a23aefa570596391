/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

#include <gtk/gtk.h>

/* What the tray's menu shows, as a window: for desktops without a tray, and for everybody who wants
 * to read it at leisure. */

/* The items activate the application's actions. Not shown yet. */
GtkWindow *ks_status_window_new(GtkApplication *application);
void ks_status_window_update(GtkWindow *window, const KsView *view);

/* Whether to say that the desktop has no tray. */
void ks_status_window_set_hint(GtkWindow *window, bool visible);
