/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/check.h"

struct _KsCheckItem {
    GtkCheckMenuItem parent;
    bool is_set; /* by the program, now */
};

struct _KsCheckButton {
    GtkCheckButton parent;
    bool is_set;
};

struct _KsRadioButton {
    GtkRadioButton parent;
    bool is_set;
};

G_DEFINE_TYPE(KsCheckItem, ks_check_item, GTK_TYPE_CHECK_MENU_ITEM)
G_DEFINE_TYPE(KsCheckButton, ks_check_button, GTK_TYPE_CHECK_BUTTON)
G_DEFINE_TYPE(KsRadioButton, ks_radio_button, GTK_TYPE_RADIO_BUTTON)

static void ks_check_item_activate(GtkMenuItem *item)
{
    if (KS_CHECK_ITEM(item)->is_set)
        GTK_MENU_ITEM_CLASS(ks_check_item_parent_class)->activate(item);
    else
        g_signal_emit_by_name(item, "chosen");
}

static void ks_check_button_clicked(GtkButton *button)
{
    if (KS_CHECK_BUTTON(button)->is_set)
        GTK_BUTTON_CLASS(ks_check_button_parent_class)->clicked(button);
    else
        g_signal_emit_by_name(button, "chosen");
}

/* GTK takes the mark from another of the group by a click on that. */
static bool group_is_set(KsRadioButton *button)
{
    for (GSList *at = gtk_radio_button_get_group(GTK_RADIO_BUTTON(button)); at; at = at->next)
        if (KS_RADIO_BUTTON(at->data)->is_set)
            return true;
    return false;
}

static void ks_radio_button_clicked(GtkButton *button)
{
    if (group_is_set(KS_RADIO_BUTTON(button)))
        GTK_BUTTON_CLASS(ks_radio_button_parent_class)->clicked(button);
    else
        g_signal_emit_by_name(button, "chosen");
}

static void add_signal(GType type)
{
    (void) g_signal_new("chosen", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void ks_check_item_class_init(KsCheckItemClass *class)
{
    GTK_MENU_ITEM_CLASS(class)->activate = ks_check_item_activate;
    add_signal(G_TYPE_FROM_CLASS(class));
}

static void ks_check_button_class_init(KsCheckButtonClass *class)
{
    GTK_BUTTON_CLASS(class)->clicked = ks_check_button_clicked;
    add_signal(G_TYPE_FROM_CLASS(class));
}

static void ks_radio_button_class_init(KsRadioButtonClass *class)
{
    GtkWidgetClass *check_button = g_type_class_peek_parent(ks_radio_button_parent_class);

    GTK_BUTTON_CLASS(class)->clicked = ks_radio_button_clicked;
    /* GtkRadioButton's own chooses what the arrow keys come to */
    GTK_WIDGET_CLASS(class)->focus = check_button->focus;
    add_signal(G_TYPE_FROM_CLASS(class));
}

static void ks_check_item_init(KsCheckItem *item)
{
    item->is_set = false;
}

static void ks_check_button_init(KsCheckButton *button)
{
    button->is_set = false;
}

static void ks_radio_button_init(KsRadioButton *button)
{
    button->is_set = false;
}

void ks_check_item_set(KsCheckItem *item, bool checked)
{
    item->is_set = true;
    gtk_check_menu_item_set_active(GTK_CHECK_MENU_ITEM(item), checked);
    item->is_set = false;
}

void ks_check_button_set(KsCheckButton *button, bool checked)
{
    button->is_set = true;
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(button), checked);
    button->is_set = false;
}

GtkWidget *ks_radio_button_new(KsRadioButton *group)
{
    KsRadioButton *button = g_object_new(KS_TYPE_RADIO_BUTTON, NULL);

    button->is_set = true; /* alone it has the mark, which it gives up */
    if (group)
        gtk_radio_button_join_group(GTK_RADIO_BUTTON(button), GTK_RADIO_BUTTON(group));
    button->is_set = false;
    return GTK_WIDGET(button);
}

void ks_radio_button_choose(KsRadioButton *button)
{
    button->is_set = true;
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(button), TRUE);
    button->is_set = false;
}
