/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/item-widget.h"

#define ACTION "ks-action"
#define TARGET "ks-target"

static void on_used(GtkWidget *widget, gpointer data)
{
    const char *action = g_object_get_data(G_OBJECT(widget), ACTION);

    if (action)
        g_action_group_activate_action(data, action, g_object_get_data(G_OBJECT(widget), TARGET));
}

void ks_item_widget_connect(GtkWidget *widget, const char *signal, GActionGroup *actions)
{
    g_signal_connect(widget, signal, G_CALLBACK(on_used), actions);
}

void ks_item_widget_show(GtkWidget *widget, const KsItem *item)
{
    g_object_set_data(G_OBJECT(widget), ACTION, (void *) item->action);
    g_object_set_data_full(G_OBJECT(widget), TARGET,
                           item->target ? g_variant_ref(item->target) : NULL,
                           item->target ? (GDestroyNotify) g_variant_unref : NULL);
    gtk_widget_set_sensitive(widget, item->sensitive);
}
