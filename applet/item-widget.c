/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/item-widget.h"

#include "applet/switch.h"

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

GtkWidget *ks_item_control_new(const KsItem *item, GActionGroup *actions)
{
    GtkWidget *control;

    switch (item->kind) {
    case KS_ITEM_CHECK:
        control = ks_switch_new();
        ks_item_widget_connect(control, "chosen", actions);
        return control;
    case KS_ITEM_ACTION:
        control = gtk_button_new_from_icon_name("go-next-symbolic", GTK_ICON_SIZE_BUTTON);
        gtk_button_set_relief(GTK_BUTTON(control), GTK_RELIEF_NONE);
        ks_item_widget_connect(control, "clicked", actions);
        return control;
    case KS_ITEM_HEADER:
    case KS_ITEM_TEXT:
    case KS_ITEM_SUBMENU:
    case KS_ITEM_SEPARATOR:
    default:
        return NULL;
    }
}

gboolean ks_item_control_fits(GtkWidget *control, const KsItem *item)
{
    return KS_IS_SWITCH(control) == (item->kind == KS_ITEM_CHECK);
}

void ks_item_control_show(GtkWidget *control, const KsItem *item)
{
    ks_item_widget_show(control, item);
    if (KS_IS_SWITCH(control))
        ks_switch_set(KS_SWITCH(control), item->checked);
}
