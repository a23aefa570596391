/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/check.h"

struct _KsCheckItem {
    GtkCheckMenuItem parent;
};

struct _KsCheckButton {
    GtkCheckButton parent;
};

G_DEFINE_TYPE(KsCheckItem, ks_check_item, GTK_TYPE_CHECK_MENU_ITEM)
G_DEFINE_TYPE(KsCheckButton, ks_check_button, GTK_TYPE_CHECK_BUTTON)

static void item_does_not_toggle(GtkMenuItem *item)
{
    (void) item;
}

static void button_does_not_toggle(GtkButton *button)
{
    (void) button;
}

static void ks_check_item_class_init(KsCheckItemClass *class)
{
    GTK_MENU_ITEM_CLASS(class)->activate = item_does_not_toggle;
}

static void ks_check_item_init(KsCheckItem *item)
{
    (void) item;
}

static void ks_check_button_class_init(KsCheckButtonClass *class)
{
    GTK_BUTTON_CLASS(class)->clicked = button_does_not_toggle;
}

static void ks_check_button_init(KsCheckButton *button)
{
    (void) button;
}
