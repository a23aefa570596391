/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/boxed.h"

#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>

#define PARTS      "ks-row"
#define SPACING    12
#define TEXT_WIDTH 36   /* characters */
#define BUSY_AFTER 300u /* milliseconds: what is done sooner needs no spinner */

typedef struct {
    GtkWidget *title;
    GtkWidget *note;
    GtkWidget *spinner;
    GtkWidget *control; /* NULL: none */
    guint busy_source;  /* until the spinner shows */
} Parts;

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_clear_handle_id(&parts->busy_source, g_source_remove);
    g_free(parts);
}

GtkWidget *ks_boxed_new(void)
{
    GtkWidget *boxed = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    gtk_style_context_add_class(gtk_widget_get_style_context(boxed), "ks-boxed");
    return boxed;
}

void ks_boxed_add(GtkWidget *boxed, GtkWidget *child)
{
    g_autoptr(GList) before = gtk_container_get_children(GTK_CONTAINER(boxed));

    if (before) {
        GtkWidget *line = gtk_separator_new(GTK_ORIENTATION_HORIZONTAL);

        gtk_widget_show(line);
        gtk_container_add(GTK_CONTAINER(boxed), line);
    }
    gtk_container_add(GTK_CONTAINER(boxed), child);
}

static void add_line(GtkListBoxRow *row, GtkListBoxRow *before, gpointer data)
{
    (void) data;
    if (!before)
        gtk_list_box_row_set_header(row, NULL);
    else if (!gtk_list_box_row_get_header(row))
        gtk_list_box_row_set_header(row, gtk_separator_new(GTK_ORIENTATION_HORIZONTAL));
}

void ks_list_draw_lines(GtkListBox *list)
{
    gtk_list_box_set_header_func(list, add_line, NULL, NULL);
}

static gboolean on_click(GtkWidget *row, GdkEventButton *event, gpointer data)
{
    Parts *parts = data;

    (void) row;
    if (event->button != GDK_BUTTON_PRIMARY || !gtk_widget_is_sensitive(parts->control))
        return GDK_EVENT_PROPAGATE;
    gtk_widget_grab_focus(parts->control);
    (void) gtk_widget_activate(parts->control);
    return GDK_EVENT_STOP;
}

static void name_control(const Parts *parts, const char *title, const char *note)
{
    AtkObject *accessible;

    if (!parts->control)
        return;
    accessible = gtk_widget_get_accessible(parts->control);
    if (g_strcmp0(atk_object_get_name(accessible), title) != 0)
        atk_object_set_name(accessible, title);
    if (note && g_strcmp0(atk_object_get_description(accessible), note) != 0)
        atk_object_set_description(accessible, note);
}

void ks_row_add_icon(GtkWidget *row, const char *icon, const char *spoken)
{
    GtkWidget *box = gtk_bin_get_child(GTK_BIN(row));
    GtkWidget *image = gtk_image_new_from_icon_name(icon, GTK_ICON_SIZE_MENU);

    atk_object_set_name(gtk_widget_get_accessible(image), spoken);
    gtk_container_add(GTK_CONTAINER(box), image);
    gtk_box_reorder_child(GTK_BOX(box), image, 0);
}

void ks_row_set_texts(GtkWidget *row, const char *title, const char *note)
{
    Parts *parts = g_object_get_data(G_OBJECT(row), PARTS);

    if (g_strcmp0(gtk_label_get_text(GTK_LABEL(parts->title)), title) != 0)
        gtk_label_set_text(GTK_LABEL(parts->title), title);
    if (g_strcmp0(gtk_label_get_text(GTK_LABEL(parts->note)), note ? note : "") != 0)
        gtk_label_set_text(GTK_LABEL(parts->note), note ? note : "");
    gtk_widget_set_visible(parts->note, note && note[0]);
    name_control(parts, title, note);
}

GtkWidget *ks_row_control(GtkWidget *row)
{
    return ((Parts *) g_object_get_data(G_OBJECT(row), PARTS))->control;
}

static void put_control(GtkWidget *box, GtkWidget *control)
{
    gtk_widget_set_valign(control, GTK_ALIGN_CENTER);
    gtk_box_pack_start(GTK_BOX(box), control, FALSE, FALSE, 0);
}

void ks_row_set_control(GtkWidget *row, GtkWidget *control)
{
    Parts *parts = g_object_get_data(G_OBJECT(row), PARTS);
    GtkWidget *before = parts->control;

    parts->control = control;
    put_control(gtk_bin_get_child(GTK_BIN(row)), control);
    gtk_widget_show(control);
    if (gtk_widget_is_focus(before))
        gtk_widget_grab_focus(control);
    gtk_widget_destroy(before);
}

static gboolean on_still_busy(gpointer data)
{
    Parts *parts = data;

    parts->busy_source = 0;
    gtk_widget_set_visible(parts->spinner, TRUE);
    gtk_spinner_start(GTK_SPINNER(parts->spinner));
    return G_SOURCE_REMOVE;
}

void ks_row_set_busy(GtkWidget *row, gboolean busy)
{
    Parts *parts = g_object_get_data(G_OBJECT(row), PARTS);

    if (!busy) {
        g_clear_handle_id(&parts->busy_source, g_source_remove);
        gtk_spinner_stop(GTK_SPINNER(parts->spinner));
        gtk_widget_set_visible(parts->spinner, FALSE);
    } else if (parts->busy_source == 0 && !gtk_widget_get_visible(parts->spinner)) {
        parts->busy_source = g_timeout_add(BUSY_AFTER, on_still_busy, parts);
    }
}

static GtkWidget *new_texts(Parts *parts)
{
    GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    parts->title = ks_label_new(NULL, TEXT_WIDTH);
    parts->note = ks_label_new(NULL, TEXT_WIDTH);
    gtk_label_set_line_wrap_mode(GTK_LABEL(parts->title), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_line_wrap_mode(GTK_LABEL(parts->note), PANGO_WRAP_WORD_CHAR);
    gtk_widget_set_no_show_all(parts->note, TRUE);
    gtk_style_context_add_class(gtk_widget_get_style_context(parts->note), "ks-note");
    gtk_widget_set_valign(texts, GTK_ALIGN_CENTER);
    gtk_container_add(GTK_CONTAINER(texts), parts->title);
    gtk_container_add(GTK_CONTAINER(texts), parts->note);
    return texts;
}

GtkWidget *ks_row_new(const char *title, const char *note, GtkWidget *control)
{
    GtkWidget *row = gtk_event_box_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);
    Parts *parts = g_new0(Parts, 1);

    parts->control = control;
    parts->spinner = gtk_spinner_new();
    /* TRANSLATORS: what a screen reader says while something is under way */
    atk_object_set_name(gtk_widget_get_accessible(parts->spinner), C_("icon", "Under way"));
    gtk_widget_set_no_show_all(parts->spinner, TRUE);
    g_object_set_data_full(G_OBJECT(row), PARTS, parts, parts_free);
    gtk_event_box_set_visible_window(GTK_EVENT_BOX(row), FALSE);
    gtk_style_context_add_class(gtk_widget_get_style_context(box), "ks-row");
    gtk_box_pack_start(GTK_BOX(box), new_texts(parts), TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), parts->spinner, FALSE, FALSE, 0);
    if (control) {
        put_control(box, control);
        g_signal_connect(row, "button-release-event", G_CALLBACK(on_click), parts);
    }
    gtk_container_add(GTK_CONTAINER(row), box);
    ks_row_set_texts(row, title, note);
    return row;
}
