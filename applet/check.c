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

G_DEFINE_TYPE(KsCheckItem, ks_check_item, GTK_TYPE_CHECK_MENU_ITEM)
G_DEFINE_TYPE(KsCheckButton, ks_check_button, GTK_TYPE_CHECK_BUTTON)

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

static void ks_check_item_init(KsCheckItem *item)
{
    item->is_set = false;
}

static void ks_check_button_init(KsCheckButton *button)
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
