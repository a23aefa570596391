/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/menu.h"

#include "applet/check.h"
#include "applet/item-widget.h"

#include <string.h>

#define ID      "ks-id"
#define KIND    "ks-kind"
#define ACTIONS "ks-actions"
#define INDENT  "    " /* the only one that survives the way to a panel */

#define LOW_MACRON "\u02CD"

static GtkWidget *make(GActionGroup *actions, const KsItem *item)
{
    GtkWidget *widget;

    switch (item->kind) {
    case KS_ITEM_SEPARATOR:
        widget = gtk_separator_menu_item_new();
        break;
    case KS_ITEM_CHECK:
        widget = g_object_new(KS_TYPE_CHECK_ITEM, NULL);
        break;
    case KS_ITEM_HEADER:
    case KS_ITEM_TEXT:
    case KS_ITEM_ACTION:
    case KS_ITEM_SUBMENU:
    default:
        widget = gtk_menu_item_new();
        break;
    }
    if (item->kind == KS_ITEM_SUBMENU)
        gtk_menu_item_set_submenu(GTK_MENU_ITEM(widget), ks_menu_new(actions));
    g_object_set_data_full(G_OBJECT(widget), ID, g_strdup(item->id), g_free);
    g_object_set_data(G_OBJECT(widget), KIND, GINT_TO_POINTER(item->kind));
    ks_item_widget_connect(widget, item->kind == KS_ITEM_CHECK ? "chosen" : "activate", actions);
    return widget;
}

static bool is_gnome(void)
{
    const char *desktop = g_getenv("XDG_CURRENT_DESKTOP");

    return desktop && strstr(desktop, "GNOME");
}

/* On their way to a panel underscores are doubled, as the protocol wants it. GNOME's extension
 * makes a single one of the first pair only, if a letter follows: there the others become a letter
 * that looks like one. */
static char *mask_underscores(const char *label)
{
    const char *first = strchr(label, '_');
    g_auto(GStrv) parts = NULL;

    if (!first || !is_gnome() || (first[1] && !strchr(first + 1, '_')))
        return g_strdup(label);
    parts = g_strsplit(label, "_", -1);
    return g_strjoinv(LOW_MACRON, parts);
}

static void show(GtkWidget *widget, const KsItem *item)
{
    GtkMenuItem *menu_item = GTK_MENU_ITEM(widget);
    g_autofree char *masked = item->label ? mask_underscores(item->label) : NULL;
    g_autofree char *label =
        masked ? g_strconcat(item->indented ? INDENT : "", masked, NULL) : NULL;

    ks_item_widget_show(widget, item);
    if (label && g_strcmp0(gtk_menu_item_get_label(menu_item), label) != 0)
        gtk_menu_item_set_label(menu_item, label);
    if (item->kind == KS_ITEM_CHECK)
        ks_check_item_set(KS_CHECK_ITEM(widget), item->checked);
    if (item->kind == KS_ITEM_SUBMENU)
        ks_menu_update(gtk_menu_item_get_submenu(menu_item), item->children);
    gtk_widget_show(widget);
}

static bool is_for(GtkWidget *widget, const KsItem *item)
{
    return g_strcmp0(g_object_get_data(G_OBJECT(widget), ID), item->id) == 0 &&
           GPOINTER_TO_INT(g_object_get_data(G_OBJECT(widget), KIND)) == (int) item->kind;
}

/* Items that stay where they are stay the same widgets. From the first that comes, goes or moves
 * all are made again: panels hear nothing of moves, and the wrong place of other changes. */
void ks_menu_update(GtkWidget *menu, const GPtrArray *items)
{
    GActionGroup *actions = g_object_get_data(G_OBJECT(menu), ACTIONS);
    g_autoptr(GList) children = gtk_container_get_children(GTK_CONTAINER(menu));
    unsigned kept = 0;

    for (GList *child = children; child; child = child->next) {
        if (kept < items->len && kept == (unsigned) g_list_position(children, child) &&
            is_for(child->data, g_ptr_array_index(items, kept)))
            show(child->data, g_ptr_array_index(items, kept++));
        else
            gtk_widget_destroy(child->data);
    }
    for (unsigned i = kept; i < items->len; i++) {
        const KsItem *item = g_ptr_array_index(items, i);
        GtkWidget *widget = make(actions, item);

        gtk_menu_shell_append(GTK_MENU_SHELL(menu), widget);
        show(widget, item);
    }
}

GtkWidget *ks_menu_new(GActionGroup *actions)
{
    GtkWidget *menu = gtk_menu_new();

    g_object_set_data(G_OBJECT(menu), ACTIONS, actions);
    return menu;
}
