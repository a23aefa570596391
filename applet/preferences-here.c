/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/boxed.h"
#include "applet/choice-button.h"
#include "applet/here-choice.h"
#include "applet/preferences-parts.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>

#define PARTS   "ks-here"
#define SPACING 6

typedef struct {
    GtkApplication *application;
    GtkWidget *box;  /* of what follows; owned */
    GtkWidget *head; /* a row: title and note */
    GtkWidget *button;
    char **networks;
    char *shape; /* the options as text; they are made again when it changes */
} Parts;

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_object_unref(parts->box);
    g_strfreev(parts->networks);
    g_free(parts->shape);
    g_free(parts);
}

static void on_chosen(const char *uuid, void *data)
{
    const Parts *parts = data;

    g_action_group_activate_action(G_ACTION_GROUP(parts->application), "always-on-here",
                                   g_variant_new("(s^as)", uuid, parts->networks));
}

GtkWidget *ks_preferences_here_new(GtkApplication *application)
{
    GtkWidget *holder = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);
    Parts *parts = g_new0(Parts, 1);

    parts->application = application;
    parts->head = ks_row_new("", NULL, NULL);
    gtk_style_context_add_class(
        gtk_widget_get_style_context(gtk_bin_get_child(GTK_BIN(parts->head))), "ks-inner");
    parts->button = ks_choice_button_new(on_chosen, parts);
    g_object_set_data_full(G_OBJECT(holder), PARTS, parts, parts_free);
    gtk_style_context_add_class(gtk_widget_get_style_context(box), "ks-row");
    gtk_container_add(GTK_CONTAINER(box), parts->head);
    gtk_container_add(GTK_CONTAINER(box), parts->button);
    gtk_widget_show_all(box);
    parts->box = g_object_ref_sink(box);
    return holder;
}

static void make(Parts *parts, const KsHereChoice *choice)
{
    g_autoptr(GString) shape = g_string_new(NULL);

    for (unsigned i = 0; i < choice->options->len; i++) {
        const KsHereOption *option = g_ptr_array_index(choice->options, i);

        g_string_append_printf(shape, "%s %s\n", option->uuid, option->name);
    }
    if (g_strcmp0(parts->shape, shape->str) == 0)
        return;
    g_free(parts->shape);
    parts->shape = g_strdup(shape->str);
    ks_choice_button_clear(parts->button);
    for (unsigned i = 0; i < choice->options->len; i++) {
        const KsHereOption *option = g_ptr_array_index(choice->options, i);

        ks_choice_button_add(parts->button, option->uuid, option->name);
    }
}

void ks_preferences_show_here(GtkWidget *row, const KsModel *model)
{
    g_autoptr(KsHereChoice) choice = ks_here_choice_new(model);
    Parts *parts = g_object_get_data(G_OBJECT(row), PARTS);

    ks_container_hold(GTK_CONTAINER(row), parts->box, choice->title != NULL);
    if (!choice->title)
        return;
    g_strfreev(parts->networks);
    parts->networks = g_strdupv(choice->networks);
    make(parts, choice);
    ks_row_set_texts(parts->head, choice->title, choice->note);
    ks_row_set_busy(parts->head, choice->busy);
    ks_widget_set_spoken(parts->button, choice->title);
    ks_choice_button_show(
        parts->button, ((KsHereOption *) g_ptr_array_index(choice->options, choice->chosen))->uuid);
    gtk_widget_set_sensitive(parts->button, choice->sensitive);
}
