/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/widgets.h"

#define MESSAGE_WIDTH 40 /* characters */

GtkWidget *ks_label_new(const char *text, int columns)
{
    GtkWidget *label = gtk_label_new(text);

    gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_max_width_chars(GTK_LABEL(label), columns);
    return label;
}

void ks_label_make_bold(GtkWidget *label)
{
    g_autoptr(PangoAttrList) bold = pango_attr_list_new();

    pango_attr_list_insert(bold, pango_attr_weight_new(PANGO_WEIGHT_BOLD));
    gtk_label_set_attributes(GTK_LABEL(label), bold);
}

void ks_message_show(GtkWindow *parent, GtkMessageType type, const char *title, const char *text)
{
    GtkWidget *dialog = gtk_message_dialog_new(parent, parent ? GTK_DIALOG_MODAL : 0, type,
                                               GTK_BUTTONS_CLOSE, "%s", title);

    gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(dialog), "%s", text);
    g_signal_connect(dialog, "response", G_CALLBACK(gtk_widget_destroy), NULL);
    gtk_window_present(GTK_WINDOW(dialog));
}

void ks_trouble_show(GtkWindow *parent, const char *title, const char *text)
{
    ks_message_show(parent, GTK_MESSAGE_ERROR, title, text);
}

void ks_widget_set_spoken(GtkWidget *widget, const char *name)
{
    atk_object_set_name(gtk_widget_get_accessible(widget), name);
}

static void break_anywhere(GtkWidget *label, gpointer data)
{
    (void) data;
    if (!GTK_IS_LABEL(label))
        return;
    gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_max_width_chars(GTK_LABEL(label), MESSAGE_WIDTH);
}

void ks_message_fit(GtkMessageDialog *dialog, const char *title)
{
    gtk_window_set_title(GTK_WINDOW(dialog), title);
    ks_widget_set_spoken(GTK_WIDGET(dialog), title);
    gtk_container_foreach(GTK_CONTAINER(gtk_message_dialog_get_message_area(dialog)),
                          break_anywhere, NULL);
}

static void destroy(GtkWidget *widget, gpointer data)
{
    (void) data;
    gtk_widget_destroy(widget);
}

static GtkWidget *part(GtkBuilder *builder, const char *name)
{
    return GTK_WIDGET(gtk_builder_get_object(builder, name));
}

void ks_builder_speak_by_label(GtkBuilder *builder, const char *name)
{
    g_autofree char *label = g_strconcat(name, "-label", NULL);

    ks_widget_set_spoken(part(builder, name), gtk_label_get_text(GTK_LABEL(part(builder, label))));
}

void ks_builder_complain(GtkBuilder *builder, const char *text)
{
    gtk_label_set_text(GTK_LABEL(part(builder, "trouble-text")), text ? text : "");
    gtk_widget_set_visible(part(builder, "trouble"), text != NULL);
}

void ks_container_hold(GtkContainer *container, GtkWidget *child, gboolean in)
{
    gboolean is_in = gtk_widget_get_parent(child) != NULL;

    if (in && !is_in)
        gtk_container_add(container, child);
    else if (!in && is_in)
        gtk_container_remove(container, child);
}

void ks_container_empty(GtkContainer *container)
{
    gtk_container_foreach(container, destroy, NULL);
}
