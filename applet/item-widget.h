/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

#include <gtk/gtk.h>

/* A widget that does what an item of the view says: an item of a menu, a button, a switch. */

/* Connects what a person does with it, `signal`, to the actions. Nothing happens before
 * ks_item_widget_show(). */
void ks_item_widget_connect(GtkWidget *widget, const char *signal, GActionGroup *actions);

/* From now on it does what this item does, if that can be done now. */
void ks_item_widget_show(GtkWidget *widget, const KsItem *item);

/* What a row has for an item: a switch, an arrow that leads on, or NULL. Like the above, with what
 * it is used by connected. */
GtkWidget *ks_item_control_new(const KsItem *item, GActionGroup *actions);

/* It is of the kind that the item needs: a VPN's changes with the lock. */
gboolean ks_item_control_fits(GtkWidget *control, const KsItem *item);

/* Also whether it is switched on. */
void ks_item_control_show(GtkWidget *control, const KsItem *item);
