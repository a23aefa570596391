/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/boxed.h"
#include "applet/exceptions-view.h"
#include "applet/preferences-parts.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>
#include <stdbool.h>
#include <string.h>

#define PARTS      "ks-exceptions"
#define ROW        "ks-exception"
#define SPACING    6
#define TEXT_WIDTH 40 /* characters */

typedef struct {
    GtkWidget *top;   /* what follows, one of it */
    GtkWidget *empty; /* said where there is none; owned, as the next */
    GtkWidget *list;
    GtkWidget *line; /* below it */
    GtkWidget *head; /* a row with the button that adds one */
} Parts;

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_object_unref(parts->empty);
    g_object_unref(parts->list);
    g_free(parts);
}

typedef struct {
    char *text; /* all that it shows */
    char *name;
    char *question; /* NULL: none is asked */
    GtkWidget *remove;
} Row;

static void row_free(gpointer data)
{
    Row *row = data;

    g_free(row->text);
    g_free(row->name);
    g_free(row->question);
    g_free(row);
}

/* ---- removing ---- */

static void remove_exception(GtkWindow *window, const char *name)
{
    g_action_group_activate_action(G_ACTION_GROUP(gtk_window_get_application(window)),
                                   "remove-exception", g_variant_new("(s)", name));
}

static void on_response(GtkDialog *dialog, gint response, gpointer name)
{
    GtkWindow *window = gtk_window_get_transient_for(GTK_WINDOW(dialog));

    if (response == GTK_RESPONSE_OK)
        remove_exception(window, name);
    gtk_widget_destroy(GTK_WIDGET(dialog));
}

static void free_name(gpointer name, GClosure *closure)
{
    (void) closure;
    g_free(name);
}

static void ask(GtkWindow *window, const Row *row)
{
    GtkWidget *dialog =
        gtk_message_dialog_new(window, GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT,
                               GTK_MESSAGE_QUESTION, GTK_BUTTONS_NONE,
                               /* TRANSLATORS: %s is the name of an exception */
                               _("Remove “%s”?"), row->name);
    GtkWidget *remove;

    gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(dialog), "%s", row->question);
    gtk_dialog_add_button(GTK_DIALOG(dialog), C_("button", "_Cancel"), GTK_RESPONSE_CANCEL);
    remove = gtk_dialog_add_button(GTK_DIALOG(dialog), C_("button", "_Remove"), GTK_RESPONSE_OK);
    gtk_style_context_add_class(gtk_widget_get_style_context(remove),
                                GTK_STYLE_CLASS_DESTRUCTIVE_ACTION);
    gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_CANCEL);
    gtk_window_set_application(GTK_WINDOW(dialog), gtk_window_get_application(window));
    ks_message_fit(GTK_MESSAGE_DIALOG(dialog), C_("title", "Remove an Exception"));
    g_signal_connect_data(dialog, "response", G_CALLBACK(on_response), g_strdup(row->name),
                          free_name, 0);
    gtk_window_present(GTK_WINDOW(dialog));
}

static void on_remove(GtkButton *button, gpointer data)
{
    GtkWindow *window = GTK_WINDOW(gtk_widget_get_toplevel(GTK_WIDGET(button)));
    const Row *row = data;

    if (row->question)
        ask(window, row);
    else
        remove_exception(window, row->name);
}

static void on_add(GtkButton *button, gpointer data)
{
    GtkWindow *window = GTK_WINDOW(gtk_widget_get_toplevel(GTK_WIDGET(button)));

    (void) data;
    g_action_group_activate_action(G_ACTION_GROUP(gtk_window_get_application(window)),
                                   "new-exception", NULL);
}

/* ---- rows ---- */

static GtkWidget *add_text(GtkWidget *texts, const char *text, bool is_note)
{
    GtkWidget *label = ks_label_new(text, TEXT_WIDTH);

    gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    if (is_note)
        gtk_style_context_add_class(gtk_widget_get_style_context(label), "ks-note");
    gtk_container_add(GTK_CONTAINER(texts), label);
    return label;
}

static GtkWidget *new_remove(Row *row)
{
    /* TRANSLATORS: said by screen readers for a button; %s is the name of an exception */
    g_autofree char *spoken = g_strdup_printf(_("Remove the exception “%s”"), row->name);
    GtkWidget *button = gtk_button_new_from_icon_name("list-remove-symbolic", GTK_ICON_SIZE_BUTTON);

    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_set_tooltip_text(button, _("Remove this exception"));
    ks_widget_set_spoken(button, spoken);
    g_signal_connect(button, "clicked", G_CALLBACK(on_remove), row);
    return button;
}

/* What can be seen of it never changes: another text is another row. */
static GtkWidget *new_row(const KsExceptionRow *shown)
{
    GtkWidget *holder = gtk_list_box_row_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 2 * SPACING);
    GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    Row *row = g_new0(Row, 1);

    row->text = ks_exception_row_text(shown);
    row->name = g_strdup(shown->name);
    row->question = g_strdup(shown->question);
    g_object_set_data_full(G_OBJECT(holder), ROW, row, row_free);
    g_object_set(holder, "activatable", FALSE, "selectable", FALSE, NULL);
    ks_widget_set_spoken(holder, row->text);
    ks_label_make_bold(add_text(texts, shown->name, false));
    (void) add_text(texts, shown->what, false);
    (void) add_text(texts, shown->lasts, true);
    if (shown->on)
        (void) add_text(texts, shown->on, true);
    gtk_style_context_add_class(gtk_widget_get_style_context(box), "ks-row");
    gtk_box_pack_start(GTK_BOX(box), texts, TRUE, TRUE, 0);
    if (!shown->laid_down) {
        row->remove = new_remove(row);
        gtk_container_add(GTK_CONTAINER(box), row->remove);
    }
    gtk_container_add(GTK_CONTAINER(holder), box);
    gtk_widget_show_all(holder);
    return holder;
}

static GtkWidget *row_at(GtkWidget *list, unsigned at)
{
    return GTK_WIDGET(gtk_list_box_get_row_at_index(GTK_LIST_BOX(list), (int) at));
}

static const Row *seen(GtkWidget *holder)
{
    return g_object_get_data(G_OBJECT(holder), ROW);
}

/* What has the focus and cannot be used any more would leave the keyboard nowhere. */
static void show_remove(GtkWidget *holder, bool can_remove)
{
    GtkWidget *remove = seen(holder)->remove;

    if (!remove)
        return;
    if (!can_remove && gtk_widget_is_focus(remove))
        gtk_widget_grab_focus(holder);
    gtk_widget_set_sensitive(remove, can_remove);
}

static bool is_shown_later(const GPtrArray *rows, unsigned from, const char *text)
{
    for (unsigned i = from; i < rows->len; i++) {
        g_autofree char *later = ks_exception_row_text(g_ptr_array_index(rows, i));

        if (strcmp(later, text) == 0)
            return true;
    }
    return false;
}

/* Rows that stay are the same widgets, so that they keep the focus; the guard never changes their
 * order. */
static void show_rows(const Parts *parts, const GPtrArray *rows)
{
    GtkWidget *holder;

    for (unsigned i = 0; i < rows->len; i++) {
        const KsExceptionRow *shown = g_ptr_array_index(rows, i);
        g_autofree char *text = ks_exception_row_text(shown);

        while ((holder = row_at(parts->list, i)) && strcmp(seen(holder)->text, text) != 0 &&
               !is_shown_later(rows, i, seen(holder)->text))
            gtk_widget_destroy(holder);
        if (!holder || strcmp(seen(holder)->text, text) != 0)
            gtk_list_box_insert(GTK_LIST_BOX(parts->list), new_row(shown), (int) i);
        show_remove(row_at(parts->list, i), shown->can_remove);
    }
    while ((holder = row_at(parts->list, rows->len)))
        gtk_widget_destroy(holder);
}

void ks_preferences_show_exceptions(GtkWidget *boxed, const KsModel *model)
{
    g_autoptr(KsExceptionsView) view = ks_exceptions_view_new(model);
    const Parts *parts = g_object_get_data(G_OBJECT(boxed), PARTS);
    GtkWidget *window = gtk_widget_get_toplevel(boxed);
    GtkWidget *add = ks_row_control(parts->head);
    GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(window));
    bool had_focus = focus && gtk_widget_is_ancestor(focus, parts->list);

    show_rows(parts, view->rows);
    ks_container_hold(GTK_CONTAINER(parts->top), parts->empty, view->known && view->rows->len == 0);
    ks_container_hold(GTK_CONTAINER(parts->top), parts->list, view->rows->len > 0);
    gtk_widget_set_visible(parts->line, view->known);
    ks_row_set_texts(parts->head, _("Add an exception"), view->note);
    ks_row_set_busy(parts->head, view->busy);
    gtk_widget_set_sensitive(add, view->can_add);
    if (had_focus && !gtk_window_get_focus(GTK_WINDOW(window)))
        gtk_widget_grab_focus(add);
}

GtkWidget *ks_preferences_exceptions_new(void)
{
    GtkWidget *boxed = ks_boxed_new();
    GtkWidget *button = gtk_button_new_with_label(C_("button", "Add…"));
    Parts *parts = g_new0(Parts, 1);

    g_object_set_data_full(G_OBJECT(boxed), PARTS, parts, parts_free);
    parts->empty = ks_row_new(
        _("There are no exceptions"),
        _("One lets this computer reach an address without the VPN while the lock is closed, or "
          "lets others reach a service of this computer."),
        NULL);
    parts->list = gtk_list_box_new();
    gtk_list_box_set_selection_mode(GTK_LIST_BOX(parts->list), GTK_SELECTION_NONE);
    ks_list_draw_lines(GTK_LIST_BOX(parts->list));
    ks_widget_set_spoken(parts->list, C_("heading", "Exceptions"));
    g_signal_connect(button, "clicked", G_CALLBACK(on_add), NULL);
    parts->head = ks_row_new(_("Add an exception"), NULL, button);
    gtk_widget_show_all(parts->empty);
    gtk_widget_show(parts->list);
    g_object_ref_sink(parts->empty);
    g_object_ref_sink(parts->list);
    parts->top = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    parts->line = gtk_separator_new(GTK_ORIENTATION_HORIZONTAL);
    gtk_container_add(GTK_CONTAINER(boxed), parts->top);
    gtk_container_add(GTK_CONTAINER(boxed), parts->line);
    gtk_container_add(GTK_CONTAINER(boxed), parts->head);
    gtk_widget_show_all(boxed);
    return boxed;
}
