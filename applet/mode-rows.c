/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/mode-rows.h"

#include "applet/boxed.h"
#include "applet/check.h"
#include "applet/mode-choice.h"
#include "config.h"

#include <glib/gi18n.h>

#define PARTS "ks-parts"
#define MODE  "ks-mode" /* of a button: the mode's name, static */

typedef struct {
    GtkWidget *head; /* rows */
    GtkWidget *options[KS_MODE_MAX];
} Parts;

static void on_chosen(GtkWidget *button, gpointer data)
{
    const char *mode = g_object_get_data(G_OBJECT(button), MODE);

    g_action_group_activate_action(G_ACTION_GROUP(data), "mode", g_variant_new_string(mode));
}

static GtkWidget *new_option(KsRadioButton *group, GtkApplication *application)
{
    GtkWidget *button = ks_radio_button_new(group);
    GtkWidget *row = ks_row_new("", NULL, button);

    g_signal_connect(button, "chosen", G_CALLBACK(on_chosen), application);
    gtk_box_reorder_child(GTK_BOX(gtk_widget_get_parent(button)), button, 0);
    return row;
}

GtkWidget *ks_mode_rows_new(GtkApplication *application)
{
    Parts *parts = g_new0(Parts, 1);
    GtkWidget *rows = ks_boxed_new();
    AtkObject *accessible = gtk_widget_get_accessible(rows);
    KsRadioButton *group = NULL;

    g_object_set_data_full(G_OBJECT(rows), PARTS, parts, g_free);
    atk_object_set_role(accessible, ATK_ROLE_GROUPING);
    atk_object_set_name(accessible, _("When the lock closes by itself"));
    parts->head = ks_row_new(_("When the lock closes by itself"), NULL, NULL);
    ks_boxed_add(rows, parts->head);
    for (unsigned i = 0; i < KS_MODE_MAX; i++) {
        parts->options[i] = new_option(group, application);
        group = KS_RADIO_BUTTON(ks_row_control(parts->options[i]));
        ks_boxed_add(rows, parts->options[i]);
    }
    return rows;
}

void ks_mode_rows_show(GtkWidget *rows, const KsModel *model)
{
    g_autoptr(KsModeChoice) choice = ks_mode_choice_new(model);
    const Parts *parts = g_object_get_data(G_OBJECT(rows), PARTS);

    ks_row_set_texts(parts->head, _("When the lock closes by itself"), choice->note);
    ks_row_set_busy(parts->head, choice->busy);
    for (unsigned i = 0; i < KS_MODE_MAX; i++) {
        const KsModeOption *option = &choice->options[i];
        GtkWidget *button = ks_row_control(parts->options[i]);

        ks_row_set_texts(parts->options[i], option->title, option->note);
        g_object_set_data(G_OBJECT(button), MODE, (char *) ks_mode_name(option->mode));
        if (option->chosen)
            ks_radio_button_choose(KS_RADIO_BUTTON(button));
        /* what is not known is not shown as chosen */
        gtk_widget_set_visible(button, choice->known);
        gtk_widget_set_sensitive(button, option->sensitive);
    }
}
