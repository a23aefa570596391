/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

#include <gtk/gtk.h>

/* The main window: how things are, and the preferences, a page each. The switch between them is in
 * the header bar where the desktop has those, else above the pages. */

typedef enum {
    KS_PAGE_STATUS,
    KS_PAGE_PREFERENCES,
    KS_PAGES,
} KsPage;

/* Not shown yet, and at the status. `turned` is called when it shows another page, which then has
 * to be told how things are by ks_main_window_update(). */
GtkWindow *ks_main_window_new(GtkApplication *application, void (*turned)(void *data), void *data);
void ks_main_window_update(GtkWindow *window, const KsView *view, const KsModel *model);

void ks_main_window_turn(GtkWindow *window, KsPage page);
KsPage ks_main_window_page(GtkWindow *window);

/* The page of preferences.h; NULL: it was not turned to since the window was last hidden. */
GtkWidget *ks_main_window_preferences(GtkWindow *window);

/* Whether to say that the desktop has no tray. */
void ks_main_window_set_hint(GtkWindow *window, bool visible);

/* Out of sight, and back at the status: the other page begins as new the next time. */
void ks_main_window_hide(GtkWindow *window);
