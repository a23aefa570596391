/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/status-window.h"

#include "applet/check.h"
#include "applet/fit.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define PARTS      "ks-parts"
#define ID         "ks-id"
#define ACTION     "ks-action"
#define TARGET     "ks-target"
#define ICON_SIZE  64
#define WIDTH      460
#define MARGIN     18
#define SPACING    6
#define INDENT     24
#define TEXT_WIDTH 44 /* characters */

typedef struct {
    GtkWidget *icon;
    GtkWidget *headline;
    GtkWidget *why;
    GtkWidget *tunnel;
    GtkWidget *warnings;
    GtkWidget *scrolled; /* all of it */
    GtkWidget *list;
    GtkWidget *footer;
    GtkWidget *hint;
    GHashTable *widgets; /* char* -> GtkWidget* in `list` and `footer`, by the item's id */
    char *shape;         /* which items there are: when it changes the widgets are made again */
} Parts;

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_hash_table_unref(parts->widgets);
    g_free(parts->shape);
    g_free(parts);
}

static void on_click(GtkWidget *widget, gpointer data)
{
    const char *action = g_object_get_data(G_OBJECT(widget), ACTION);
    GApplication *application = G_APPLICATION(data);

    if (action)
        g_action_group_activate_action(G_ACTION_GROUP(application), action,
                                       g_object_get_data(G_OBJECT(widget), TARGET));
}

/* ---- items ---- */

static bool is_above(const KsItem *item)
{
    return item->kind == KS_ITEM_HEADER || strcmp(item->id, "why") == 0 ||
           strcmp(item->id, "tunnel") == 0;
}

static bool is_below(const KsItem *item)
{
    return strcmp(item->id, "preferences") == 0 || strcmp(item->id, "help") == 0 ||
           strcmp(item->id, "quit") == 0;
}

static void describe_shape(GString *shape, const GPtrArray *items)
{
    for (unsigned i = 0; i < items->len; i++) {
        const KsItem *item = g_ptr_array_index(items, i);

        g_string_append_printf(shape, "%s %d\n", item->id, (int) item->kind);
        if (item->children)
            describe_shape(shape, item->children);
    }
}

static GtkWidget *new_heading(const char *text)
{
    GtkWidget *heading = ks_label_new(text, TEXT_WIDTH);

    ks_label_make_bold(heading);
    gtk_widget_set_margin_top(heading, SPACING);
    return heading;
}

static const char *shown_label(const KsItem *item)
{
    return item->brief ? item->brief : item->label;
}

/* A widget for one item; its label is a child that wraps. */
static GtkWidget *make(Parts *parts, GtkApplication *application, const KsItem *item)
{
    GtkWidget *widget;

    if (item->kind == KS_ITEM_TEXT) {
        widget = ks_label_new(item->label, TEXT_WIDTH);
    } else {
        widget = item->kind == KS_ITEM_CHECK ? g_object_new(KS_TYPE_CHECK_BUTTON, NULL)
                                             : gtk_button_new();
        gtk_button_set_label(GTK_BUTTON(widget), shown_label(item));
        g_signal_connect(widget, item->kind == KS_ITEM_CHECK ? "chosen" : "clicked",
                         G_CALLBACK(on_click), application);
    }
    if (strcmp(item->id, "reconnect") == 0 || strcmp(item->id, "test") == 0)
        gtk_widget_set_margin_top(widget, SPACING); /* it is no VPN like those above it */
    g_hash_table_insert(parts->widgets, g_strdup(item->id), widget);
    return widget;
}

/* Few choices stand beside each other. */
static int columns(unsigned choices)
{
    static const int of_few[] = { 1, 1, 2, 3, 4 };

    return choices < G_N_ELEMENTS(of_few) ? of_few[choices] : 1;
}

/* A menu below the menu becomes a heading with what is in it. */
static void add_submenu(Parts *parts, GtkApplication *application, const KsItem *item)
{
    int across = columns(item->children->len);
    GtkWidget *heading = new_heading(item->label);
    GtkWidget *grid = gtk_grid_new();

    g_hash_table_insert(parts->widgets, g_strdup(item->id), heading);
    gtk_container_add(GTK_CONTAINER(parts->list), heading);
    if (strcmp(item->id, "vpns") == 0)
        gtk_widget_set_no_show_all(heading, TRUE); /* the heading is there already */
    gtk_grid_set_column_homogeneous(GTK_GRID(grid), TRUE);
    gtk_grid_set_column_spacing(GTK_GRID(grid), SPACING);
    gtk_grid_set_row_spacing(GTK_GRID(grid), SPACING);
    for (int i = 0; i < (int) item->children->len; i++) {
        GtkWidget *widget = make(parts, application, g_ptr_array_index(item->children, i));

        gtk_widget_set_hexpand(widget, TRUE);
        gtk_grid_attach(GTK_GRID(grid), widget, i % across, i / across, 1, 1);
    }
    gtk_container_add(GTK_CONTAINER(parts->list), grid);
}

/* Headings stand for the menu's separators. */
static void rebuild(Parts *parts, GtkApplication *application, const GPtrArray *items)
{
    ks_container_empty(GTK_CONTAINER(parts->list));
    ks_container_empty(GTK_CONTAINER(parts->footer));
    g_hash_table_remove_all(parts->widgets);
    for (unsigned i = 0; i < items->len; i++) {
        const KsItem *item = g_ptr_array_index(items, i);

        if (is_above(item))
            continue;
        if (strcmp(item->id, "separator-vpns") == 0)
            gtk_container_add(GTK_CONTAINER(parts->list), new_heading(C_("menu", "VPNs")));
        else if (item->kind == KS_ITEM_SEPARATOR)
            continue;
        else if (is_below(item))
            gtk_container_add(GTK_CONTAINER(parts->footer), make(parts, application, item));
        else if (item->kind == KS_ITEM_SUBMENU)
            add_submenu(parts, application, item);
        else
            gtk_container_add(GTK_CONTAINER(parts->list), make(parts, application, item));
    }
    gtk_widget_show_all(parts->list);
    gtk_widget_show_all(parts->footer);
}

/* Else GTK puts the focus on the first label whose text can be selected, and selects it. */
static void focus_first_item(GtkWindow *window, const Parts *parts)
{
    g_autoptr(GList) items = gtk_container_get_children(GTK_CONTAINER(parts->list));

    for (GList *item = items; item && !gtk_window_get_focus(window); item = item->next)
        if (GTK_IS_BUTTON(item->data) && gtk_widget_get_sensitive(item->data))
            gtk_window_set_focus(window, item->data);
}

static void show(Parts *parts, const GPtrArray *items)
{
    for (unsigned i = 0; i < items->len; i++) {
        const KsItem *item = g_ptr_array_index(items, i);
        GtkWidget *widget = g_hash_table_lookup(parts->widgets, item->id);

        if (item->children)
            show(parts, item->children);
        if (!widget)
            continue;
        if (GTK_IS_LABEL(widget)) {
            gtk_label_set_text(GTK_LABEL(widget), item->label);
            /* text that cannot be chosen is still to be read; what heads choices goes with them */
            gtk_widget_set_sensitive(widget, item->sensitive || item->kind == KS_ITEM_TEXT);
            continue;
        }
        g_object_set_data(G_OBJECT(widget), ACTION, (void *) item->action);
        g_object_set_data_full(G_OBJECT(widget), TARGET,
                               item->target ? g_variant_ref(item->target) : NULL,
                               item->target ? (GDestroyNotify) g_variant_unref : NULL);
        if (GTK_IS_BUTTON(widget)) {
            if (strcmp(gtk_button_get_label(GTK_BUTTON(widget)), shown_label(item)) != 0)
                gtk_button_set_label(GTK_BUTTON(widget), shown_label(item));
            if (item->brief) /* who does not see the heading hears the whole of it */
                atk_object_set_name(gtk_widget_get_accessible(widget), item->label);
            gtk_widget_set_margin_start(widget, item->indented ? INDENT : 0);
        }
        if (KS_IS_CHECK_BUTTON(widget))
            ks_check_button_set(KS_CHECK_BUTTON(widget), item->checked);
        gtk_widget_set_sensitive(widget, item->sensitive);
    }
}

static void show_text(GtkWidget *label, const char *text)
{
    gtk_label_set_text(GTK_LABEL(label), text ? text : "");
    gtk_widget_set_visible(label, text && text[0]);
}

void ks_status_window_update(GtkWindow *window, const KsView *view)
{
    Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);
    const KsItem *tunnel = ks_view_find(view, "tunnel");
    g_autofree char *warnings = g_strjoinv("\n", view->warnings);
    g_autoptr(GString) shape = g_string_new(NULL);

    gtk_image_set_from_icon_name(GTK_IMAGE(parts->icon), view->icon, GTK_ICON_SIZE_DIALOG);
    gtk_image_set_pixel_size(GTK_IMAGE(parts->icon), ICON_SIZE);
    atk_object_set_name(gtk_widget_get_accessible(parts->icon), view->description);
    show_text(parts->headline, view->headline);
    show_text(parts->why, view->why);
    show_text(parts->tunnel, tunnel ? tunnel->label : NULL);
    show_text(parts->warnings, warnings);
    describe_shape(shape, view->items);
    if (g_strcmp0(parts->shape, shape->str) != 0) {
        g_free(parts->shape);
        parts->shape = g_strdup(shape->str);
        rebuild(parts, gtk_window_get_application(window), view->items);
    }
    show(parts, view->items);
    focus_first_item(window, parts);
    ks_fit(parts->scrolled, WIDTH);
}

void ks_status_window_set_hint(GtkWindow *window, bool visible)
{
    Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);

    gtk_widget_set_visible(parts->hint, visible);
    ks_fit(parts->scrolled, WIDTH);
}

/* ---- the window ---- */

static GtkWidget *new_top(Parts *parts)
{
    GtkWidget *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, MARGIN);
    GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);
    g_autoptr(PangoAttrList) attributes = pango_attr_list_new();

    parts->icon = gtk_image_new();
    gtk_widget_set_valign(parts->icon, GTK_ALIGN_START);
    parts->headline = ks_label_new(NULL, TEXT_WIDTH / 2);
    pango_attr_list_insert(attributes, pango_attr_weight_new(PANGO_WEIGHT_BOLD));
    pango_attr_list_insert(attributes, pango_attr_scale_new(PANGO_SCALE_LARGE));
    gtk_label_set_attributes(GTK_LABEL(parts->headline), attributes);
    parts->why = ks_label_new(NULL, TEXT_WIDTH);
    parts->tunnel = ks_label_new(NULL, TEXT_WIDTH);
    gtk_label_set_selectable(GTK_LABEL(parts->tunnel), TRUE);
    gtk_container_add(GTK_CONTAINER(texts), parts->headline);
    gtk_container_add(GTK_CONTAINER(texts), parts->why);
    gtk_container_add(GTK_CONTAINER(texts), parts->tunnel);
    gtk_widget_set_valign(texts, GTK_ALIGN_CENTER);
    gtk_container_add(GTK_CONTAINER(top), parts->icon);
    gtk_box_pack_start(GTK_BOX(top), texts, TRUE, TRUE, 0);
    return top;
}

/* Not an info bar: those slide in, and the window would be too small for it afterwards. */
static GtkWidget *new_hint(void)
{
    GtkWidget *hint = ks_label_new(
        _("This desktop shows no icons of programs, so this window stays open. On GNOME, the "
          "extension “AppIndicator and KStatusNotifierItem Support” shows them."),
        TEXT_WIDTH);

    gtk_widget_set_no_show_all(hint, TRUE);
    return hint;
}

GtkWindow *ks_status_window_new(GtkApplication *application)
{
    GtkWidget *window = gtk_application_window_new(application);
    GtkWidget *bar = gtk_header_bar_new();
    GtkWidget *outer = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *inner = gtk_box_new(GTK_ORIENTATION_VERTICAL, MARGIN);
    Parts *parts = g_new0(Parts, 1);

    parts->widgets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_object_set_data_full(G_OBJECT(window), PARTS, parts, parts_free);
    gtk_header_bar_set_title(GTK_HEADER_BAR(bar), _("VPN Kill Switch"));
    gtk_header_bar_set_show_close_button(GTK_HEADER_BAR(bar), TRUE);
    gtk_window_set_title(GTK_WINDOW(window), _("VPN Kill Switch")); /* for window lists */
    gtk_window_set_titlebar(GTK_WINDOW(window), bar);
    gtk_window_set_icon_name(GTK_WINDOW(window), "io.github.nmkillswitch");
    gtk_window_set_default_size(GTK_WINDOW(window), WIDTH, -1);

    g_object_set(inner, "margin", MARGIN, NULL);
    gtk_container_add(GTK_CONTAINER(inner), new_top(parts));
    parts->warnings = ks_label_new(NULL, TEXT_WIDTH);
    gtk_label_set_selectable(GTK_LABEL(parts->warnings), TRUE);
    gtk_container_add(GTK_CONTAINER(inner), parts->warnings);
    parts->list = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);
    gtk_container_add(GTK_CONTAINER(inner), parts->list);
    parts->footer = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);
    gtk_box_set_homogeneous(GTK_BOX(parts->footer), TRUE);
    gtk_container_add(GTK_CONTAINER(inner), parts->footer);
    parts->hint = new_hint();
    gtk_container_add(GTK_CONTAINER(inner), parts->hint);

    parts->scrolled = ks_fit_new(inner);
    gtk_box_pack_start(GTK_BOX(outer), parts->scrolled, TRUE, TRUE, 0);
    gtk_container_add(GTK_CONTAINER(window), outer);
    gtk_widget_show_all(bar);
    gtk_widget_show_all(outer);
    return GTK_WINDOW(window);
}
