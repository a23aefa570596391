/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

#include <gtk/gtk.h>

/* The main window's first page: what the tray's menu shows, for desktops without a tray, and for
 * everybody who wants to read it at leisure. It belongs into a window before it is told anything.
 */

/* The items activate the application's actions. */
GtkWidget *ks_status_page_new(GtkApplication *application);
void ks_status_page_update(GtkWidget *page, const KsView *view);

/* The focus goes where it was on this page, else to what can be done first. */
void ks_status_page_focus(GtkWidget *page);

/* Whether to say that the desktop has no tray. */
void ks_status_page_set_hint(GtkWidget *page, bool visible);
