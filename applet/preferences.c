/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/preferences.h"

#include "applet/autostart.h"
#include "applet/check.h"
#include "applet/fit.h"
#include "applet/preferences-parts.h"
#include "applet/vpn-editor.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define PARTS "ks-parts"

typedef struct {
    GtkBuilder *builder;
    GtkWindow *window;
    GtkWindow *editor; /* NULL: not open */
} Parts;

/* Check marks that stand for an item of the presenter's. */
static const struct {
    const char *widget;
    const char *item;
} mirrored[] = {
    { "lan", "lan" },
};

static GtkWidget *part(const Parts *parts, const char *name)
{
    return GTK_WIDGET(gtk_builder_get_object(parts->builder, name));
}

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_object_unref(parts->builder);
    g_free(parts);
}

static void activate(const Parts *parts, const char *action, bool on)
{
    g_action_group_activate_action(G_ACTION_GROUP(gtk_window_get_application(parts->window)),
                                   action, g_variant_new_boolean(on));
}

/* The mark has not changed by the click: it says how things are, and the click wants the other. */
static bool is_wanted(GtkButton *button)
{
    return !gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(button));
}

static void on_auto_lock(GtkButton *button, gpointer data)
{
    activate(data, "auto-lock", is_wanted(button));
}

static void on_lan(GtkButton *button, gpointer data)
{
    activate(data, "lan", is_wanted(button));
}

static void on_autostart(GtkButton *button, gpointer data)
{
    Parts *parts = data;
    g_autoptr(GError) error = NULL;
    GtkWidget *dialog;

    if (!ks_autostart_set(is_wanted(button), &error)) {
        dialog = gtk_message_dialog_new(parts->window, GTK_DIALOG_MODAL, GTK_MESSAGE_ERROR,
                                        GTK_BUTTONS_CLOSE, "%s", _("This could not be saved"));
        gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(dialog), "%s", error->message);
        g_signal_connect(dialog, "response", G_CALLBACK(gtk_widget_destroy), NULL);
        gtk_window_present(GTK_WINDOW(dialog));
    }
    ks_check_button_set(KS_CHECK_BUTTON(button), ks_autostart_is_on());
}

static void on_add_vpn(GtkButton *button, gpointer data)
{
    Parts *parts = data;

    (void) button;
    g_action_group_activate_action(G_ACTION_GROUP(gtk_window_get_application(parts->window)),
                                   "edit-vpn", g_variant_new_string(""));
}

/* ---- the dialog for one VPN ---- */

static void on_editor_destroyed(GtkWidget *editor, gpointer data)
{
    Parts *parts = data;

    (void) editor;
    parts->editor = NULL;
}

void ks_preferences_edit_vpn(GtkWindow *window, const KsModel *model, const char *uuid)
{
    Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);
    g_autoptr(GPtrArray) cards = ks_vpn_cards(model);
    g_autoptr(GPtrArray) servers = ks_vpn_card_servers(model, uuid);
    const KsVpnCard *card = NULL;

    for (unsigned i = 0; i < cards->len && !card; i++) {
        const KsVpnCard *at = g_ptr_array_index(cards, i);

        card = strcmp(at->uuid, uuid) == 0 ? at : NULL;
    }
    if (parts->editor || (uuid[0] && !card) || !ks_vpn_cards_can_edit(model))
        return;
    parts->editor = ks_vpn_editor_show(window, card, servers);
    g_signal_connect(parts->editor, "destroy", G_CALLBACK(on_editor_destroyed), parts);
}

bool ks_preferences_answer(GtkWindow *window, KsRequest request, KsAnswer answer,
                           const char *message)
{
    Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);

    return parts->editor && ks_vpn_editor_answer(parts->editor, request, answer, message);
}

/* ---- the window ---- */

void ks_preferences_update(GtkWindow *window, const KsModel *model)
{
    const Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);
    KsRequest request = model->guard->auto_lock ? KS_REQUEST_AUTO_OFF : KS_REQUEST_AUTO_ON;
    g_autoptr(KsView) view = ks_view_new(model);
    GtkWidget *auto_lock = part(parts, "auto-lock");

    for (unsigned i = 0; i < G_N_ELEMENTS(mirrored); i++) {
        const KsItem *item = ks_view_find(view, mirrored[i].item);
        GtkWidget *button = part(parts, mirrored[i].widget);

        gtk_widget_set_sensitive(button, item && item->sensitive);
        ks_check_button_set(KS_CHECK_BUTTON(button), item && item->checked);
    }
    ks_check_button_set(KS_CHECK_BUTTON(auto_lock), model->guard->auto_lock);
    gtk_widget_set_sensitive(auto_lock, ks_state_is_heard(model->guard->state) &&
                                            !model->busy[KS_REQUEST_AUTO_OFF] &&
                                            !model->busy[KS_REQUEST_AUTO_ON] &&
                                            model->permissions[request] != KS_PERMISSION_NO);
    ks_preferences_show_networks(GTK_CONTAINER(part(parts, "networks")), model, parts->window);
    ks_preferences_show_vpns(GTK_CONTAINER(part(parts, "vpns")), model, parts->window);
    gtk_widget_set_sensitive(part(parts, "add-vpn"), ks_vpn_cards_can_edit(model));
}

GtkWindow *ks_preferences_new(GtkApplication *application)
{
    static const struct {
        const char *widget;
        void (*clicked)(GtkButton *button, gpointer data);
    } handlers[] = {
        { "auto-lock", on_auto_lock },
        { "autostart", on_autostart },
        { "lan", on_lan },
    };
    Parts *parts = g_new0(Parts, 1);

    g_type_ensure(KS_TYPE_CHECK_BUTTON);
    parts->builder = gtk_builder_new_from_resource("/io/github/nmkillswitch/preferences.ui");
    parts->window = GTK_WINDOW(gtk_builder_get_object(parts->builder, "window"));
    g_object_set_data_full(G_OBJECT(parts->window), PARTS, parts, parts_free);
    gtk_window_set_application(parts->window, application);
    for (unsigned i = 0; i < G_N_ELEMENTS(handlers); i++) {
        GtkWidget *button = part(parts, handlers[i].widget);

        /* long languages, large text: rather two lines than a window wider than the screen */
        gtk_label_set_line_wrap(GTK_LABEL(gtk_bin_get_child(GTK_BIN(button))), TRUE);
        g_signal_connect(button, "chosen", G_CALLBACK(handlers[i].clicked), parts);
    }
    ks_fit_follow_focus(part(parts, "scrolled"), part(parts, "content"));
    g_signal_connect(part(parts, "add-vpn"), "clicked", G_CALLBACK(on_add_vpn), parts);
    ks_check_button_set(KS_CHECK_BUTTON(part(parts, "autostart")), ks_autostart_is_on());
    return parts->window;
}
