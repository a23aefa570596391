/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

#include <gtk/gtk.h>

/* A GTK menu that follows a description. Items that stay where they are stay the same widgets: a
 * panel may be showing them. */

/* Activates `actions`, which it does not own and which must outlive the menu. Floating. */
GtkWidget *ks_menu_new(GActionGroup *actions);

/* `items`: element-type KsItem. */
void ks_menu_update(GtkWidget *menu, const GPtrArray *items);
