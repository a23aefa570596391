/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/status-page.h"

#include "applet/badge.h"
#include "applet/boxed.h"
#include "applet/fit.h"
#include "applet/item-widget.h"
#include "applet/next-button.h"
#include "applet/widgets.h"
#include "applet/window-text.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define PARTS      "ks-parts"
#define MARGIN     18
#define SPACING    6
#define TEXT_WIDTH 40 /* characters */

typedef struct {
    GtkApplication *application;
    KsBadge *badge;
    GtkWidget *state;
    GtkWidget *rest;
    GtkWidget *why;
    GtkWidget *tunnel;
    GtkWidget *warnings;  /* a boxed list */
    char *shown_warnings; /* made again when they change */
    GtkWidget *next;
    GtkWidget *list; /* boxed lists */
    GtkWidget *hint;
    GHashTable *widgets; /* char* -> GtkWidget* in `list`, by the item's id: rows and buttons */
    char *shape;         /* which items there are: when it changes the widgets are made again */
    char *focused;       /* of them, by its id, also while it cannot be used; NULL: none */
} Parts;

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_hash_table_unref(parts->widgets);
    ks_badge_free(parts->badge);
    g_free(parts->shown_warnings);
    g_free(parts->shape);
    g_free(parts->focused);
    g_free(parts);
}

/* ---- items ---- */

/* What the upper part, the window's own menu or its other page shows. */
static bool is_elsewhere(const KsItem *item)
{
    static const char *const ids[] = { "why",         "tunnel",      "next", "refused",
                                       "preferences", "first-steps", "help", "quit" };

    for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++)
        if (strcmp(item->id, ids[i]) == 0)
            return true;
    return item->kind == KS_ITEM_HEADER || item->menu_only;
}

static void describe_shape(GString *shape, const GPtrArray *items)
{
    for (unsigned i = 0; i < items->len; i++) {
        const KsItem *item = g_ptr_array_index(items, i);

        if (is_elsewhere(item))
            continue;
        g_string_append_printf(shape, "%s %d\n", item->id, (int) item->kind);
        if (item->children)
            describe_shape(shape, item->children);
    }
}

static const char *shown_label(const KsItem *item)
{
    return item->brief ? item->brief : item->label;
}

static GtkWidget *new_choice(Parts *parts, const KsItem *item)
{
    GtkWidget *button = gtk_button_new_with_label(shown_label(item));

    gtk_label_set_line_wrap(GTK_LABEL(gtk_bin_get_child(GTK_BIN(button))), TRUE);
    gtk_label_set_justify(GTK_LABEL(gtk_bin_get_child(GTK_BIN(button))), GTK_JUSTIFY_CENTER);
    gtk_style_context_add_class(gtk_widget_get_style_context(button), "ks-choice");
    ks_item_widget_connect(button, "clicked", G_ACTION_GROUP(parts->application));
    g_hash_table_insert(parts->widgets, g_strdup(item->id), button);
    return button;
}

/* A menu below the menu: buttons beside each other below the row's title, those without a brief
 * label below these. */
static GtkWidget *new_choices(Parts *parts, const KsItem *item)
{
    GtkWidget *choices = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);
    GtkWidget *across = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    gtk_style_context_add_class(gtk_widget_get_style_context(across), "linked");
    gtk_style_context_add_class(gtk_widget_get_style_context(choices), "ks-choices");
    gtk_box_set_homogeneous(GTK_BOX(across), TRUE);
    gtk_container_add(GTK_CONTAINER(choices), across);
    for (unsigned i = 0; i < item->children->len; i++) {
        const KsItem *child = g_ptr_array_index(item->children, i);

        gtk_box_pack_start(GTK_BOX(child->brief ? across : choices), new_choice(parts, child), TRUE,
                           TRUE, 0);
    }
    return choices;
}

static void add_row(Parts *parts, GtkWidget *boxed, const KsItem *item)
{
    GtkWidget *row = ks_row_new(item->label, item->note,
                                ks_item_control_new(item, G_ACTION_GROUP(parts->application)));

    g_hash_table_insert(parts->widgets, g_strdup(item->id), row);
    if (!item->children) {
        ks_boxed_add(boxed, row);
    } else {
        GtkWidget *both = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

        gtk_container_add(GTK_CONTAINER(both), row);
        gtk_container_add(GTK_CONTAINER(both), new_choices(parts, item));
        ks_boxed_add(boxed, both);
    }
}

/* The menu's separators begin new lists. */
static void rebuild(Parts *parts, const GPtrArray *items)
{
    GtkWidget *boxed = NULL;

    ks_container_empty(GTK_CONTAINER(parts->list));
    g_hash_table_remove_all(parts->widgets);
    for (unsigned i = 0; i < items->len; i++) {
        const KsItem *item = g_ptr_array_index(items, i);

        if (is_elsewhere(item))
            continue;
        if (item->kind == KS_ITEM_SEPARATOR) {
            boxed = NULL;
            continue;
        }
        if (!boxed) {
            boxed = ks_boxed_new();
            gtk_container_add(GTK_CONTAINER(parts->list), boxed);
        }
        add_row(parts, boxed, item);
    }
    gtk_widget_show_all(parts->list);
}

static void show_button(GtkWidget *button, const KsItem *item)
{
    if (g_strcmp0(gtk_button_get_label(GTK_BUTTON(button)), shown_label(item)) != 0)
        gtk_button_set_label(GTK_BUTTON(button), shown_label(item));
    if (item->brief) /* who does not see the heading hears the whole of it */
        atk_object_set_name(gtk_widget_get_accessible(button), item->label);
    ks_item_widget_show(button, item);
}

static void show_row(GtkWidget *row, const KsItem *item)
{
    GtkWidget *control = ks_row_control(row);

    ks_row_set_texts(row, item->label, item->note);
    ks_row_set_busy(row, item->busy);
    /* text that cannot be chosen is still to be read; what heads choices goes with them */
    gtk_widget_set_sensitive(row, item->sensitive || item->busy || item->kind == KS_ITEM_TEXT);
    gtk_widget_set_margin_start(row, item->indented ? MARGIN : 0);
    if (control)
        ks_item_control_show(control, item);
}

static void show(Parts *parts, const GPtrArray *items)
{
    for (unsigned i = 0; i < items->len; i++) {
        const KsItem *item = g_ptr_array_index(items, i);
        GtkWidget *widget = g_hash_table_lookup(parts->widgets, item->id);

        if (item->children)
            show(parts, item->children);
        if (widget && GTK_IS_BUTTON(widget))
            show_button(widget, item);
        else if (widget)
            show_row(widget, item);
    }
}

/* ---- the focus ---- */

static GtkWindow *window_of(GtkWidget *page)
{
    return GTK_WINDOW(gtk_widget_get_toplevel(page));
}

static void remember_focus(GtkWidget *page, Parts *parts)
{
    GtkWidget *focus = gtk_window_get_focus(window_of(page));
    GHashTableIter iter;
    gpointer id;
    gpointer widget;

    if (!focus || !gtk_widget_is_ancestor(focus, page))
        return;
    g_clear_pointer(&parts->focused, g_free);
    g_hash_table_iter_init(&iter, parts->widgets);
    while (!parts->focused && g_hash_table_iter_next(&iter, &id, &widget))
        if (focus == widget || gtk_widget_is_ancestor(focus, widget))
            parts->focused = g_strdup(id);
}

/* Else GTK puts the focus on the first label whose text can be selected, and selects it. */
static void focus_first_item(GtkWindow *window, const Parts *parts)
{
    if (gtk_widget_get_visible(parts->next) && gtk_widget_get_sensitive(parts->next))
        gtk_window_set_focus(window, parts->next);
    else
        (void) gtk_widget_child_focus(parts->list, GTK_DIR_TAB_FORWARD);
}

/* Nothing has it while what had it cannot be used: a key pressed again does nothing else. */
void ks_status_page_focus(GtkWidget *page)
{
    const Parts *parts = g_object_get_data(G_OBJECT(page), PARTS);
    GtkWidget *widget = parts->focused ? g_hash_table_lookup(parts->widgets, parts->focused) : NULL;
    GtkWidget *control = widget && !GTK_IS_BUTTON(widget) ? ks_row_control(widget) : widget;

    if (!control)
        focus_first_item(window_of(page), parts);
    else if (gtk_widget_is_sensitive(control))
        gtk_widget_grab_focus(control);
}

/* ---- how things are ---- */

static void show_text(GtkWidget *label, const char *text)
{
    gtk_label_set_text(GTK_LABEL(label), text ? text : "");
    gtk_widget_set_visible(label, text && text[0]);
}

static void show_warnings(Parts *parts, char *const *warnings)
{
    g_autofree char *all = g_strjoinv("\n", (char **) warnings);

    if (g_strcmp0(parts->shown_warnings, all) == 0)
        return;
    g_free(parts->shown_warnings);
    parts->shown_warnings = g_steal_pointer(&all);
    ks_container_empty(GTK_CONTAINER(parts->warnings));
    for (unsigned i = 0; warnings[i]; i++) {
        GtkWidget *row = ks_row_new(warnings[i], NULL, NULL);

        ks_row_add_icon(row, "dialog-warning-symbolic", C_("icon", "Warning"));
        gtk_widget_show_all(row);
        ks_boxed_add(parts->warnings, row);
    }
    gtk_widget_set_visible(parts->warnings, warnings[0] != NULL);
}

static void show_state(Parts *parts, const KsView *view)
{
    const KsItem *tunnel = ks_view_find(view, "tunnel");
    const KsItem *next = ks_view_find(view, "next");
    g_autofree char *state = NULL;
    g_autofree char *rest = NULL;

    ks_text_split(view->headline, &state, &rest);
    ks_badge_show(parts->badge, view->icon, view->description);
    show_text(parts->state, state);
    show_text(parts->rest, rest);
    show_text(parts->why, view->why);
    show_text(parts->tunnel, tunnel ? tunnel->label : NULL);
    show_warnings(parts, view->warnings);
    ks_next_button_show(parts->next, next);
}

void ks_status_page_update(GtkWidget *page, const KsView *view)
{
    Parts *parts = g_object_get_data(G_OBJECT(page), PARTS);
    g_autoptr(GString) shape = g_string_new(NULL);

    remember_focus(page, parts);
    show_state(parts, view);
    describe_shape(shape, view->items);
    if (g_strcmp0(parts->shape, shape->str) != 0) {
        g_free(parts->shape);
        parts->shape = g_strdup(shape->str);
        rebuild(parts, view->items);
    }
    show(parts, view->items);
}

void ks_status_page_set_hint(GtkWidget *page, bool visible)
{
    Parts *parts = g_object_get_data(G_OBJECT(page), PARTS);

    gtk_widget_set_visible(parts->hint, visible);
}

/* ---- the page ---- */

static GtkWidget *add_centred(GtkWidget *box, const char *class)
{
    GtkWidget *label = ks_label_new(NULL, TEXT_WIDTH);

    gtk_label_set_xalign(GTK_LABEL(label), 0.5F);
    gtk_label_set_justify(GTK_LABEL(label), GTK_JUSTIFY_CENTER);
    gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_widget_set_no_show_all(label, TRUE);
    if (class)
        gtk_style_context_add_class(gtk_widget_get_style_context(label), class);
    gtk_container_add(GTK_CONTAINER(box), label);
    return label;
}

static GtkWidget *new_top(Parts *parts)
{
    GtkWidget *top = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);

    parts->badge = ks_badge_new(KS_BADGE_LARGE);
    ks_badge_tint(parts->badge, top);
    gtk_container_add(GTK_CONTAINER(top), ks_badge_widget(parts->badge));
    parts->state = add_centred(top, "ks-state");
    gtk_label_set_max_width_chars(GTK_LABEL(parts->state), TEXT_WIDTH / 2);
    parts->rest = add_centred(top, NULL);
    parts->why = add_centred(top, "ks-note");
    parts->tunnel = add_centred(top, "ks-note");
    gtk_label_set_selectable(GTK_LABEL(parts->tunnel), TRUE);
    parts->next = ks_next_button_new(parts->application);
    gtk_widget_set_margin_top(parts->next, SPACING);
    gtk_container_add(GTK_CONTAINER(top), parts->next);
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
    gtk_style_context_add_class(gtk_widget_get_style_context(hint), "ks-note");
    return hint;
}

GtkWidget *ks_status_page_new(GtkApplication *application)
{
    GtkWidget *inner = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2 * SPACING);
    Parts *parts = g_new0(Parts, 1);
    GtkWidget *page;

    parts->application = application;
    parts->widgets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    /* less above and below: all of it fits a screen of 768 lines */
    g_object_set(inner, "margin", MARGIN, "margin-top", 2 * SPACING, "margin-bottom", 2 * SPACING,
                 NULL);
    gtk_container_add(GTK_CONTAINER(inner), new_top(parts));
    parts->warnings = ks_boxed_new();
    gtk_widget_set_no_show_all(parts->warnings, TRUE);
    gtk_container_add(GTK_CONTAINER(inner), parts->warnings);
    parts->list = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2 * SPACING);
    gtk_container_add(GTK_CONTAINER(inner), parts->list);
    parts->hint = new_hint();
    gtk_container_add(GTK_CONTAINER(inner), parts->hint);
    page = ks_fit_new(inner);
    g_object_set_data_full(G_OBJECT(page), PARTS, parts, parts_free);
    gtk_widget_show_all(page);
    return page;
}
