/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/refused-window.h"

#include "applet/allow-dialog.h"
#include "applet/allow-draft.h"
#include "applet/boxed.h"
#include "applet/fit.h"
#include "applet/refused-client.h"
#include "applet/refused-view.h"
#include "applet/style.h"
#include "applet/widgets.h"
#include "config.h"

#include <gio/gdesktopappinfo.h>
#include <glib/gi18n.h>
#include <string.h>

#define PARTS      "ks-refused"
#define ROW        "ks-refused-row"
#define WIDTH      560
#define HEIGHT     440
#define MARGIN     18
#define SPACING    6
#define ICON_SIZE  32
#define TEXT_WIDTH 60 /* characters */

/* Applications that are remembered; what they are called comes from others. */
#define APPS_MAX 512u

typedef struct {
    GtkWidget *headline;
    GtkWidget *note;
    GtkWidget *boxed;
    GtkWidget *list;
    GtkWidget *retry;
    GtkWidget *copy;
    GHashTable *rows;        /* char* -> Row*, which its widget owns, by the row's key */
    GHashTable *apps;        /* char* -> GAppInfo*, or NULL: there is no such desktop file */
    GPtrArray *exceptions;   /* element-type KsGuardException, those of now */
    char **taken;            /* names that exceptions have, of all networks */
    KsGuardNetwork *network; /* that one may be limited to; NULL: there is none */
    const char *no_asking;   /* why this person can make none; NULL: they can. Not owned */
    GtkWindow *dialog;       /* weak; NULL: none is open */
    KsRefusedView *view;
    KsRefusedClient *client;
} Parts;

typedef struct {
    Parts *parts;
    const KsRefusedRow *shown; /* of the view of now */
    GtkWidget *widget;         /* of the list */
    GtkWidget *icon;
    GtkWidget *title;
    GtkWidget *who;
    GtkWidget *target;
    GtkWidget *times;
    GtkWidget *allowed;
    GtkWidget *allow;
    unsigned place; /* from the top */
    bool is_shown;
} Row;

/* ---- applications ---- */

static void unref_app(gpointer data)
{
    if (data)
        g_object_unref(data);
}

/* Not owned; NULL: there is none of this name. */
static GAppInfo *find_app(Parts *parts, const char *app)
{
    gpointer found = NULL;

    if (g_hash_table_lookup_extended(parts->apps, app, NULL, &found))
        return found;
    if (g_hash_table_size(parts->apps) >= APPS_MAX)
        g_hash_table_remove_all(parts->apps);
    if (!strchr(app, '/')) { /* a file's name, and nothing else */
        g_autofree char *file = g_strconcat(app, ".desktop", NULL);

        found = g_desktop_app_info_new(file);
    }
    g_hash_table_insert(parts->apps, g_strdup(app), found);
    return found;
}

static char *name_app(const char *app, void *data)
{
    GAppInfo *found = find_app(data, app);

    return found ? g_strdup(g_app_info_get_display_name(found)) : NULL;
}

/* ---- rows ---- */

static GtkWidget *add_label(GtkWidget *texts, bool is_note)
{
    GtkWidget *label = ks_label_new(NULL, TEXT_WIDTH);

    gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_widget_set_no_show_all(label, TRUE);
    if (is_note)
        gtk_style_context_add_class(gtk_widget_get_style_context(label), "ks-note");
    gtk_container_add(GTK_CONTAINER(texts), label);
    return label;
}

static void show_text(GtkWidget *label, const char *text)
{
    if (strcmp(gtk_label_get_text(GTK_LABEL(label)), text) != 0)
        gtk_label_set_text(GTK_LABEL(label), text);
    gtk_widget_set_visible(label, text[0]);
}

static void show_icon(Parts *parts, const Row *row, const KsRefusedRow *shown)
{
    GAppInfo *app = shown->app[0] ? find_app(parts, shown->app) : NULL;
    GIcon *icon = app ? g_app_info_get_icon(app) : NULL;

    if (icon)
        gtk_image_set_from_gicon(GTK_IMAGE(row->icon), icon, GTK_ICON_SIZE_DND);
    else
        gtk_image_set_from_icon_name(GTK_IMAGE(row->icon), "application-x-executable-symbolic",
                                     GTK_ICON_SIZE_DND);
    gtk_image_set_pixel_size(GTK_IMAGE(row->icon), ICON_SIZE);
}

/* ---- exceptions ---- */

static void on_allow(GtkButton *button, gpointer data)
{
    const Row *row = data;
    Parts *parts = row->parts;
    const KsRefusedRow *shown = row->shown;
    g_autofree char *name =
        ks_allow_name((const char *const *) parts->taken, &shown->what, shown->program);
    GtkWidget *window = gtk_widget_get_toplevel(GTK_WIDGET(button));

    g_set_weak_pointer(
        &parts->dialog,
        ks_allow_dialog_show(GTK_WINDOW(window), &(KsAllowQuestion){ .what = shown->what,
                                                                     .who = shown->title,
                                                                     .name = name,
                                                                     .network = parts->network }));
}

/* The exception by which it may leave now, as a sentence; "": it may not. Owned by the caller. */
static char *allowed_text(const Parts *parts, const KsRefusedRow *shown)
{
    const KsGuardException *by =
        shown->no_exception ? NULL : ks_allow_by(parts->exceptions, &shown->what);

    if (!by)
        return g_strdup("");
    if (by->on_one && by->network[0])
        /* TRANSLATORS: the name of a network, and an exception's name */
        return g_strdup_printf(_("Allowed now, only on “%s”, by the exception “%s”"), by->network,
                               by->name);
    /* TRANSLATORS: %s is an exception's name */
    return g_strdup_printf(_("Allowed now, by the exception “%s”"), by->name);
}

static void show_allow(const Row *row, bool is_allowed)
{
    const char *why = row->shown->no_exception ? row->shown->no_exception : row->parts->no_asking;

    gtk_widget_set_visible(row->allow, !is_allowed);
    gtk_widget_set_sensitive(row->allow, !why);
    gtk_widget_set_tooltip_text(row->allow,
                                why ? why : _("Let this past the lock, by an exception"));
}

static GtkWidget *new_allow(Row *row)
{
    GtkWidget *allow = gtk_button_new_with_label(C_("button", "Allow…"));

    gtk_widget_set_valign(allow, GTK_ALIGN_CENTER);
    gtk_widget_set_no_show_all(allow, TRUE);
    g_signal_connect(allow, "clicked", G_CALLBACK(on_allow), row);
    return allow;
}

/* ---- how a row comes and goes ---- */

static Row *new_row(Parts *parts, const KsRefusedRow *shown)
{
    Row *row = g_new0(Row, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 2 * SPACING);
    GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    row->parts = parts;
    row->widget = gtk_list_box_row_new();
    g_object_set_data_full(G_OBJECT(row->widget), ROW, row, g_free);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row->widget), FALSE);
    gtk_style_context_add_class(gtk_widget_get_style_context(box), "ks-row");
    row->icon = gtk_image_new();
    gtk_widget_set_valign(row->icon, GTK_ALIGN_START);
    row->title = add_label(texts, false);
    ks_label_make_bold(row->title);
    row->who = add_label(texts, true);
    row->target = add_label(texts, false);
    row->times = add_label(texts, true);
    row->allowed = add_label(texts, false);
    row->allow = new_allow(row);
    gtk_box_pack_start(GTK_BOX(box), row->icon, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), texts, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), row->allow, FALSE, FALSE, 0);
    gtk_container_add(GTK_CONTAINER(row->widget), box);
    show_icon(parts, row, shown);
    gtk_widget_show_all(row->widget);
    gtk_container_add(GTK_CONTAINER(parts->list), row->widget);
    g_hash_table_insert(parts->rows, g_strdup(shown->key), row);
    return row;
}

/* Who goes through the list by key hears all of a row. */
static void show_row(Row *row, const KsRefusedRow *shown)
{
    g_autofree char *text = ks_refused_row_text(shown);
    g_autofree char *allowed = allowed_text(row->parts, shown);
    g_autofree char *all = g_strdup_printf(allowed[0] ? "%s\n%s" : "%s%s", text, allowed);
    AtkObject *accessible = gtk_widget_get_accessible(row->widget);

    row->shown = shown;
    show_text(row->title, shown->title);
    show_text(row->who, shown->who);
    show_text(row->target, shown->target);
    show_text(row->times, shown->times);
    show_text(row->allowed, allowed);
    show_allow(row, allowed[0]);
    atk_object_set_name(gtk_widget_get_accessible(row->icon), shown->title);
    if (g_strcmp0(atk_object_get_name(accessible), all) != 0)
        atk_object_set_name(accessible, all);
}

static int compare_places(GtkListBoxRow *a, GtkListBoxRow *b, gpointer data)
{
    const Row *x = g_object_get_data(G_OBJECT(a), ROW);
    const Row *y = g_object_get_data(G_OBJECT(b), ROW);

    (void) data;
    return x->place < y->place ? -1 : x->place > y->place ? 1 : 0;
}

static gboolean remove_gone(gpointer key, gpointer value, gpointer data)
{
    Row *row = value;

    (void) key;
    (void) data;
    if (row->is_shown)
        return FALSE;
    gtk_widget_destroy(row->widget);
    return TRUE;
}

/* A row that stays is the same widget: it keeps the focus, wherever it moves to. */
static void show_rows(Parts *parts)
{
    const GPtrArray *shown = parts->view->rows;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, parts->rows);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((Row *) value)->is_shown = false;
    for (unsigned i = 0; i < shown->len; i++) {
        const KsRefusedRow *at = g_ptr_array_index(shown, i);
        Row *row = g_hash_table_lookup(parts->rows, at->key);

        if (!row)
            row = new_row(parts, at);
        row->place = i;
        row->is_shown = true;
        show_row(row, at);
    }
    g_hash_table_foreach_remove(parts->rows, remove_gone, NULL);
    gtk_list_box_invalidate_sort(GTK_LIST_BOX(parts->list));
}

static void show(Parts *parts)
{
    g_clear_pointer(&parts->view, ks_refused_view_free);
    parts->view = ks_refused_view_new(ks_refused_client_report(parts->client),
                                      ks_refused_client_error(parts->client), name_app, parts);
    show_text(parts->headline, parts->view->headline);
    show_text(parts->note, parts->view->note);
    show_rows(parts);
    gtk_widget_set_visible(parts->boxed, parts->view->rows->len > 0);
    gtk_widget_set_visible(parts->retry, parts->view->has_failed);
    gtk_widget_set_sensitive(parts->copy, parts->view->rows->len > 0);
}

static void on_changed(void *data)
{
    show(data);
}

/* ---- what a person does ---- */

static void on_copy(GtkButton *button, gpointer data)
{
    Parts *parts = data;
    g_autofree char *text = ks_refused_view_text(parts->view);

    gtk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(button), GDK_SELECTION_CLIPBOARD),
                           text, -1);
}

static void on_retry(GtkButton *button, gpointer data)
{
    Parts *parts = data;

    (void) button;
    ks_refused_client_retry(parts->client);
    show(parts);
}

/* ---- the window ---- */

/* Nothing is told to widgets that are gone. */
static void on_destroyed(GtkWidget *window, gpointer data)
{
    Parts *parts = data;

    (void) window;
    g_clear_pointer(&parts->client, ks_refused_client_free);
}

static void free_parts(gpointer data)
{
    Parts *parts = data;

    g_clear_weak_pointer(&parts->dialog);
    ks_refused_view_free(parts->view);
    g_ptr_array_unref(parts->exceptions);
    g_strfreev(parts->taken);
    g_clear_pointer(&parts->network, ks_guard_network_free);
    g_hash_table_unref(parts->rows);
    g_hash_table_unref(parts->apps);
    g_free(parts);
}

static GtkWidget *new_list(Parts *parts)
{
    GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);
    GtkWidget *inner = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2 * SPACING);

    parts->headline = add_label(inner, false);
    ks_label_make_bold(parts->headline);
    parts->note = add_label(inner, true);
    parts->list = gtk_list_box_new();
    gtk_list_box_set_selection_mode(GTK_LIST_BOX(parts->list), GTK_SELECTION_NONE);
    gtk_list_box_set_sort_func(GTK_LIST_BOX(parts->list), compare_places, NULL, NULL);
    ks_list_draw_lines(GTK_LIST_BOX(parts->list));
    atk_object_set_name(gtk_widget_get_accessible(parts->list), C_("title", "What Is Refused"));
    parts->boxed = ks_boxed_new();
    ks_boxed_add(parts->boxed, parts->list);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER,
                                   GTK_POLICY_AUTOMATIC);
    gtk_container_add(GTK_CONTAINER(inner), parts->boxed);
    gtk_container_add(GTK_CONTAINER(scrolled), inner);
    ks_fit_follow_focus(scrolled, parts->list);
    return scrolled;
}

static GtkWidget *new_buttons(Parts *parts)
{
    GtkWidget *buttons = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 2 * SPACING);

    parts->retry = gtk_button_new_with_label(C_("button", "Try again"));
    gtk_widget_set_no_show_all(parts->retry, TRUE);
    g_signal_connect(parts->retry, "clicked", G_CALLBACK(on_retry), parts);
    parts->copy = gtk_button_new_with_label(C_("button", "Copy"));
    g_signal_connect(parts->copy, "clicked", G_CALLBACK(on_copy), parts);
    gtk_box_pack_end(GTK_BOX(buttons), parts->copy, FALSE, FALSE, 0);
    gtk_box_pack_end(GTK_BOX(buttons), parts->retry, FALSE, FALSE, 0);
    return buttons;
}

static GtkWidget *new_page(Parts *parts)
{
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2 * SPACING);

    g_object_set(page, "margin", MARGIN, NULL);
    gtk_box_pack_start(GTK_BOX(page), new_list(parts), TRUE, TRUE, 0);
    gtk_container_add(GTK_CONTAINER(page), new_buttons(parts));
    return page;
}

GtkWindow *ks_refused_window_new(GtkApplication *application)
{
    GtkWidget *window = gtk_application_window_new(application);
    Parts *parts = g_new0(Parts, 1);
    GtkWidget *page;

    parts->exceptions = g_ptr_array_new();
    parts->taken = g_new0(char *, 1);
    parts->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    parts->apps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_app);
    g_object_set_data_full(G_OBJECT(window), PARTS, parts, free_parts);
    g_signal_connect(window, "destroy", G_CALLBACK(on_destroyed), parts);
    (void) ks_style_title(GTK_WINDOW(window), C_("title", "What Is Refused"), NULL);
    gtk_window_set_icon_name(GTK_WINDOW(window), "io.github.nmkillswitch");
    gtk_window_set_default_size(GTK_WINDOW(window), WIDTH, HEIGHT);
    page = new_page(parts);
    gtk_container_add(GTK_CONTAINER(window), page);
    gtk_widget_show_all(page);
    parts->client = ks_refused_client_new(on_changed, parts);
    show(parts);
    return GTK_WINDOW(window);
}

void ks_refused_window_update(GtkWindow *window, const KsModel *model)
{
    Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);
    const KsGuardNetwork *network = ks_allow_network(model);

    g_ptr_array_unref(parts->exceptions);
    parts->exceptions = g_ptr_array_ref(model->guard->exceptions);
    g_strfreev(parts->taken);
    parts->taken = ks_allow_taken(model->guard);
    g_clear_pointer(&parts->network, ks_guard_network_free);
    parts->network = network ? ks_guard_network_new(network->uuid, network->name) : NULL;
    parts->no_asking = NULL;
    if (!ks_state_is_heard(model->guard->state))
        parts->no_asking = _("The guard is not running.");
    else if (model->permissions[KS_REQUEST_ADD_EXCEPTION] == KS_PERMISSION_NO)
        parts->no_asking = _("The administrator of this computer does not allow it.");
    show_rows(parts);
}

bool ks_refused_window_answer(GtkWindow *window, KsRequest request, KsAnswer answer,
                              const char *message)
{
    const Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);

    return parts->dialog && ks_allow_dialog_answer(parts->dialog, request, answer, message);
}
