/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/next-button.h"

#include "applet/item-widget.h"

#define TEXT_WIDTH 36 /* characters */

GtkWidget *ks_next_button_new(GtkApplication *application)
{
    GtkWidget *button = gtk_button_new_with_label("");
    GtkStyleContext *style = gtk_widget_get_style_context(button);

    gtk_widget_set_halign(button, GTK_ALIGN_CENTER);
    gtk_widget_set_no_show_all(button, TRUE);
    gtk_style_context_add_class(style, "suggested-action");
    gtk_style_context_add_class(style, "ks-next");
    ks_item_widget_connect(button, "clicked", G_ACTION_GROUP(application));
    return button;
}

/* GTK 3 makes another label for every text: how it wraps has to be said each time. */
static void set_label(GtkButton *button, const char *text)
{
    GtkLabel *label;

    if (g_strcmp0(gtk_button_get_label(button), text) == 0)
        return;
    gtk_button_set_label(button, text);
    label = GTK_LABEL(gtk_bin_get_child(GTK_BIN(button)));
    gtk_label_set_line_wrap(label, TRUE);
    gtk_label_set_line_wrap_mode(label, PANGO_WRAP_WORD_CHAR);
    gtk_label_set_max_width_chars(label, TEXT_WIDTH);
    gtk_label_set_justify(label, GTK_JUSTIFY_CENTER);
}

void ks_next_button_show(GtkWidget *button, const KsItem *next)
{
    gtk_widget_set_visible(button, next != NULL);
    if (!next)
        return;
    set_label(GTK_BUTTON(button), next->label);
    ks_item_widget_show(button, next);
}
