/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/choice-button.h"

#include "applet/widgets.h"

#include <stdbool.h>

#define PARTS   "ks-choice"
#define SPACING 6

typedef struct {
    KsChosen *chosen;
    void *data;
    GtkWidget *text;
    GMenu *menu;
    GHashTable *labels;    /* char* -> char*, by id */
    GSimpleAction *action; /* its state is the choice of now */
} Parts;

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_signal_handlers_disconnect_by_data(parts->action, parts);
    g_object_unref(parts->action);
    g_object_unref(parts->menu);
    g_hash_table_unref(parts->labels);
    g_free(parts);
}

static Parts *parts_of(GtkWidget *button)
{
    return g_object_get_data(G_OBJECT(button), PARTS);
}

static void on_change(GSimpleAction *action, GVariant *wanted, gpointer data)
{
    g_autoptr(GVariant) now = g_action_get_state(G_ACTION(action));
    const Parts *parts = data;

    if (!g_variant_equal(wanted, now))
        parts->chosen(g_variant_get_string(wanted, NULL), parts->data);
}

static GtkWidget *new_content(Parts *parts)
{
    GtkWidget *content = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);

    parts->text = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(parts->text), 0);
    gtk_label_set_line_wrap(GTK_LABEL(parts->text), TRUE);
    gtk_label_set_line_wrap_mode(GTK_LABEL(parts->text), PANGO_WRAP_WORD_CHAR);
    gtk_box_pack_start(GTK_BOX(content), parts->text, TRUE, TRUE, 0);
    gtk_container_add(GTK_CONTAINER(content),
                      gtk_image_new_from_icon_name("pan-down-symbolic", GTK_ICON_SIZE_BUTTON));
    return content;
}

GtkWidget *ks_choice_button_new(KsChosen *chosen, void *data)
{
    g_autoptr(GSimpleActionGroup) group = g_simple_action_group_new();
    GtkWidget *button = gtk_menu_button_new();
    Parts *parts = g_new0(Parts, 1);

    parts->chosen = chosen;
    parts->data = data;
    parts->menu = g_menu_new();
    parts->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    parts->action =
        g_simple_action_new_stateful("choose", G_VARIANT_TYPE_STRING, g_variant_new_string(""));
    g_signal_connect(parts->action, "change-state", G_CALLBACK(on_change), parts);
    g_action_map_add_action(G_ACTION_MAP(group), G_ACTION(parts->action));
    g_object_set_data_full(G_OBJECT(button), PARTS, parts, parts_free);
    /* it has an arrow by itself */
    ks_container_empty(GTK_CONTAINER(button));
    gtk_container_add(GTK_CONTAINER(button), new_content(parts));
    gtk_widget_insert_action_group(button, "choice", G_ACTION_GROUP(group));
    gtk_menu_button_set_use_popover(GTK_MENU_BUTTON(button), FALSE);
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(button), G_MENU_MODEL(parts->menu));
    return button;
}

void ks_choice_button_add(GtkWidget *button, const char *id, const char *label)
{
    const Parts *parts = parts_of(button);
    g_auto(GStrv) pieces = g_strsplit(label, "_", -1);
    g_autofree char *shown = g_strjoinv("__", pieces); /* one would be a mnemonic's sign */
    g_autoptr(GMenuItem) item = g_menu_item_new(shown, NULL);

    g_menu_item_set_action_and_target(item, "choice.choose", "s", id);
    g_menu_append_item(parts->menu, item);
    g_hash_table_insert(parts->labels, g_strdup(id), g_strdup(label));
}

void ks_choice_button_clear(GtkWidget *button)
{
    const Parts *parts = parts_of(button);

    g_menu_remove_all(parts->menu);
    g_hash_table_remove_all(parts->labels);
}

void ks_choice_button_show(GtkWidget *button, const char *id)
{
    const Parts *parts = parts_of(button);
    const char *label = g_hash_table_lookup(parts->labels, id);

    g_simple_action_set_state(parts->action, g_variant_new_string(id));
    gtk_label_set_text(GTK_LABEL(parts->text), label ? label : "");
    atk_object_set_description(gtk_widget_get_accessible(button), label ? label : "");
}

const char *ks_choice_button_get(GtkWidget *button)
{
    g_autoptr(GVariant) now = g_action_get_state(G_ACTION(parts_of(button)->action));

    return g_variant_get_string(now, NULL);
}
