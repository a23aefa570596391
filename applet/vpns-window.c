/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/vpns-window.h"

#include "applet/boxed.h"
#include "applet/fit.h"
#include "applet/item-widget.h"
#include "applet/presenter.h"
#include "applet/sentences.h"
#include "applet/style.h"
#include "applet/widgets.h"
#include "applet/window-text.h"
#include "config.h"

#include <glib/gi18n.h>

#define PARTS      "ks-parts"
#define WIDTH      400
#define HEIGHT     480
#define MARGIN     12
#define TEXT_WIDTH 36 /* characters */

/* Widgets for hundreds of VPNs would take seconds to be made: more than these are found by name. */
#define SHOWN_MAX 100u

typedef struct {
    GtkWindow *window;
    GtkWidget *search;
    GtkWidget *boxed;
    GtkWidget *rest;  /* says what is not shown */
    GPtrArray *items; /* element-type KsItem: all VPNs */
    const char *none; /* said where there are none */
    GHashTable *rows; /* char* -> GtkWidget* in `boxed`, by the item's id */
} Parts;

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_ptr_array_unref(parts->items);
    g_hash_table_unref(parts->rows);
    g_free(parts);
}

/* ---- rows ---- */

static GtkWidget *new_control(const Parts *parts, const KsItem *item)
{
    return ks_item_control_new(item, G_ACTION_GROUP(gtk_window_get_application(parts->window)));
}

static void add_row(Parts *parts, const KsItem *item)
{
    GtkWidget *row = ks_row_new(item->label, item->note, new_control(parts, item));

    g_hash_table_insert(parts->rows, g_strdup(item->id), row);
    gtk_widget_show_all(row);
    ks_boxed_add(parts->boxed, row);
}

/* The order stays as it was when they were made, or rows would move away below the pointer. */
static bool are_others(const Parts *parts, const GPtrArray *found)
{
    for (unsigned i = 0; i < found->len; i++)
        if (!g_hash_table_contains(parts->rows, ((const KsItem *) g_ptr_array_index(found, i))->id))
            return true;
    return found->len != g_hash_table_size(parts->rows);
}

static void show_row(const Parts *parts, GtkWidget *row, const KsItem *item)
{
    if (!ks_item_control_fits(ks_row_control(row), item))
        ks_row_set_control(row, new_control(parts, item));
    ks_row_set_texts(row, item->label, item->note);
    ks_row_set_busy(row, item->busy);
    ks_item_control_show(ks_row_control(row), item);
}

/* Those that are sought, at most as many as are shown. Returns how many more there are. */
static unsigned find_items(const Parts *parts, GPtrArray *ret_found)
{
    const char *sought = gtk_entry_get_text(GTK_ENTRY(parts->search));
    unsigned more = 0;

    for (unsigned i = 0; i < parts->items->len; i++) {
        KsItem *item = g_ptr_array_index(parts->items, i);

        if (item->menu_only || !ks_text_contains(item->label, sought))
            continue;
        if (ret_found->len < SHOWN_MAX)
            g_ptr_array_add(ret_found, item);
        else
            more++;
    }
    return more;
}

static void show_rest(Parts *parts, const GPtrArray *found, unsigned more)
{
    g_autofree char *text =
        g_strdup_printf(g_dngettext(GETTEXT_PACKAGE, "%u more VPN: find it by its name.",
                                    "%u more VPNs: find them by their names.", more),
                        more);

    gtk_widget_set_visible(parts->boxed, found->len > 0);
    gtk_widget_set_visible(parts->rest, found->len == 0 || more > 0);
    gtk_label_set_text(GTK_LABEL(parts->rest), more > 0 ? text
                                               : parts->items->len > 0
                                                   ? _("No VPN is called like that.")
                                                   : parts->none);
}

static void on_search(GtkSearchEntry *search, gpointer data)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    Parts *parts = data;
    unsigned more = find_items(parts, found);

    (void) search;
    if (are_others(parts, found)) {
        ks_container_empty(GTK_CONTAINER(parts->boxed));
        g_hash_table_remove_all(parts->rows);
        for (unsigned i = 0; i < found->len; i++)
            add_row(parts, g_ptr_array_index(found, i));
    }
    for (unsigned i = 0; i < found->len; i++) {
        const KsItem *item = g_ptr_array_index(found, i);

        show_row(parts, g_hash_table_lookup(parts->rows, item->id), item);
    }
    show_rest(parts, found, more);
}

void ks_vpns_window_update(GtkWindow *window, const KsModel *model)
{
    Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);

    g_ptr_array_unref(parts->items);
    parts->items = ks_view_vpns(model);
    parts->none = ks_sentence_no_vpns(model);
    on_search(GTK_SEARCH_ENTRY(parts->search), parts);
}

/* ---- the window ---- */

static GtkWidget *new_page(Parts *parts)
{
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_VERTICAL, MARGIN);
    GtkWidget *inner = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);

    parts->search = gtk_search_entry_new();
    gtk_entry_set_placeholder_text(GTK_ENTRY(parts->search), _("Find a VPN"));
    atk_object_set_name(gtk_widget_get_accessible(parts->search), _("Find a VPN"));
    g_signal_connect(parts->search, "search-changed", G_CALLBACK(on_search), parts);
    parts->boxed = ks_boxed_new();
    parts->rest = ks_label_new(NULL, TEXT_WIDTH);
    gtk_widget_set_no_show_all(parts->rest, TRUE);
    gtk_container_add(GTK_CONTAINER(inner), parts->boxed);
    gtk_container_add(GTK_CONTAINER(inner), parts->rest);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER,
                                   GTK_POLICY_AUTOMATIC);
    gtk_container_add(GTK_CONTAINER(scrolled), inner);
    ks_fit_follow_focus(scrolled, inner);
    g_object_set(page, "margin", MARGIN, NULL);
    gtk_container_add(GTK_CONTAINER(page), parts->search);
    gtk_box_pack_start(GTK_BOX(page), scrolled, TRUE, TRUE, 0);
    return page;
}

GtkWindow *ks_vpns_window_new(GtkApplication *application)
{
    GtkWindow *window = GTK_WINDOW(gtk_application_window_new(application));
    Parts *parts = g_new0(Parts, 1);
    GtkWidget *page = new_page(parts);

    parts->window = window;
    parts->items = g_ptr_array_new();
    parts->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_object_set_data_full(G_OBJECT(window), PARTS, parts, parts_free);
    (void) ks_style_title(window, C_("title", "VPNs"), NULL);
    gtk_window_set_icon_name(window, "io.github.nmkillswitch");
    gtk_window_set_default_size(window, WIDTH, HEIGHT);
    gtk_container_add(GTK_CONTAINER(window), page);
    gtk_widget_show_all(page);
    gtk_widget_grab_focus(parts->search);
    return window;
}
