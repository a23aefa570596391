/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/preferences.h"

#include "applet/autostart.h"
#include "applet/check.h"
#include "applet/sentences.h"
#include "applet/text.h"
#include "config.h"
#include "model/profile.h"

#include <glib/gi18n.h>
#include <string.h>

#define PARTS   "ks-parts"
#define MARGIN  12
#define SPACING 6

typedef struct {
    GtkBuilder *builder;
    GtkWindow *window;
    char *shown; /* the VPNs as text: when it changes they are shown anew */
} Parts;

/* Check marks that stand for an item of the presenter's. */
static const struct {
    const char *widget;
    const char *item;
} mirrored[] = {
    { "lan", "lan" },
    { "lan-here", "lan-here" },
    { "reconnect", "reconnect-automatically" },
};

static GtkWidget *part(const Parts *parts, const char *name)
{
    return GTK_WIDGET(gtk_builder_get_object(parts->builder, name));
}

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_object_unref(parts->builder);
    g_free(parts->shown);
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

static void on_reconnect(GtkButton *button, gpointer data)
{
    activate(data, "reconnect-automatically", is_wanted(button));
}

static void on_lan(GtkButton *button, gpointer data)
{
    activate(data, "lan", is_wanted(button));
}

static void on_lan_here(GtkButton *button, gpointer data)
{
    activate(data, "lan-here", is_wanted(button));
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

/* ---- the VPNs ---- */

static GtkWidget *add_label(GtkWidget *box, const char *text)
{
    GtkWidget *label = gtk_label_new(text);

    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_container_add(GTK_CONTAINER(box), label);
    return label;
}

/* The guard knows addresses and corrections; without it, what the profile says. */
static GPtrArray *describe_servers(const KsModel *model, const KsVpn *vpn)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < model->guard->servers->len; i++) {
        const KsGuardServer *server = g_ptr_array_index(model->guard->servers, i);

        if (strcmp(server->uuid, vpn->uuid) == 0)
            g_ptr_array_add(texts, ks_sentence_server(server->host, server->address,
                                                      server->protocol, server->port));
    }
    for (unsigned i = 0; texts->len == 0 && i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);
        char number[4];

        g_ptr_array_add(texts, ks_sentence_server(server->host, "",
                                                  ks_protocol_name(server->protocol, number),
                                                  server->port));
    }
    return texts;
}

static void describe_vpn(const KsModel *model, const KsVpn *vpn, GString *text)
{
    g_autoptr(GPtrArray) servers = describe_servers(model, vpn);

    g_string_append_printf(text, "%s\n%s\n%d\n", vpn->name, vpn->type, (int) vpn->activity);
    for (unsigned i = 0; i < servers->len; i++)
        g_string_append_printf(text, "%s\n", (char *) g_ptr_array_index(servers, i));
    for (unsigned i = 0; i < vpn->warnings->len; i++)
        g_string_append_printf(text, "%s\n", (char *) g_ptr_array_index(vpn->warnings, i));
}

static void add_doubt(GtkWidget *box, const char *text)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);
    GtkWidget *icon = gtk_image_new_from_icon_name("dialog-warning-symbolic", GTK_ICON_SIZE_MENU);

    /* TRANSLATORS: what a screen reader says for a warning triangle */
    atk_object_set_name(gtk_widget_get_accessible(icon), _("Warning"));
    gtk_widget_set_valign(icon, GTK_ALIGN_START);
    gtk_container_add(GTK_CONTAINER(row), icon);
    (void) add_label(row, text);
    gtk_container_add(GTK_CONTAINER(box), row);
}

static void add_vpn(GtkContainer *list, const KsModel *model, const KsVpn *vpn)
{
    g_autoptr(GPtrArray) servers = describe_servers(model, vpn);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING / 2);
    g_autoptr(PangoAttrList) bold = pango_attr_list_new();
    g_autofree char *title =
        /* TRANSLATORS: a VPN's name and its type: "office (openvpn)" */
        g_strdup_printf(_("%s (%s)"), vpn->name, vpn->type);

    g_object_set(box, "margin", MARGIN, NULL);
    pango_attr_list_insert(bold, pango_attr_weight_new(PANGO_WEIGHT_BOLD));
    gtk_label_set_attributes(GTK_LABEL(add_label(box, title)), bold);
    for (unsigned i = 0; i < servers->len; i++)
        gtk_label_set_selectable(GTK_LABEL(add_label(box, g_ptr_array_index(servers, i))), TRUE);
    if (servers->len == 0)
        add_doubt(box, _("Its server is not known: it cannot connect while the lock is closed."));
    for (unsigned i = 0; i < vpn->warnings->len; i++)
        add_doubt(box, g_ptr_array_index(vpn->warnings, i));
    gtk_widget_show_all(box);
    gtk_container_add(list, box);
}

static void destroy(GtkWidget *widget, gpointer data)
{
    (void) data;
    gtk_widget_destroy(widget);
}

static void show_vpns(Parts *parts, const KsModel *model)
{
    GtkContainer *list = GTK_CONTAINER(part(parts, "vpns"));
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < model->vpns->len; i++)
        describe_vpn(model, g_ptr_array_index(model->vpns, i), text);
    if (g_strcmp0(parts->shown, text->str) == 0)
        return;
    g_free(parts->shown);
    parts->shown = g_strdup(text->str);
    gtk_container_foreach(list, destroy, NULL);
    for (unsigned i = 0; i < model->vpns->len; i++)
        add_vpn(list, model, g_ptr_array_index(model->vpns, i));
    if (model->vpns->len == 0) {
        GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

        g_object_set(box, "margin", MARGIN, NULL);
        (void) add_label(box, _("No VPN is set up. Add one in the network settings."));
        gtk_widget_show_all(box);
        gtk_container_add(list, box);
    }
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
        if (strcmp(mirrored[i].item, "lan-here") != 0)
            continue;
        gtk_widget_set_visible(button, item != NULL);
        if (item) {
            g_autofree char *label = g_strdup(item->label);

            gtk_button_set_label(GTK_BUTTON(button), g_strstrip(label));
        }
    }
    ks_check_button_set(KS_CHECK_BUTTON(part(parts, "reconnect")), model->reconnects);
    gtk_widget_set_sensitive(part(parts, "reconnect"), TRUE);
    ks_check_button_set(KS_CHECK_BUTTON(auto_lock), model->guard->auto_lock);
    gtk_widget_set_sensitive(auto_lock, ks_state_is_heard(model->guard->state) &&
                                            !model->busy[KS_REQUEST_AUTO_OFF] &&
                                            !model->busy[KS_REQUEST_AUTO_ON] &&
                                            model->permissions[request] != KS_PERMISSION_NO);
    show_vpns((Parts *) parts, model);
}

GtkWindow *ks_preferences_new(GtkApplication *application)
{
    static const struct {
        const char *widget;
        void (*clicked)(GtkButton *button, gpointer data);
    } handlers[] = {
        { "auto-lock", on_auto_lock }, { "reconnect", on_reconnect },
        { "autostart", on_autostart }, { "lan", on_lan },
        { "lan-here", on_lan_here },
    };
    Parts *parts = g_new0(Parts, 1);

    g_type_ensure(KS_TYPE_CHECK_BUTTON);
    parts->builder = gtk_builder_new_from_resource("/io/github/nmkillswitch/preferences.ui");
    parts->window = GTK_WINDOW(gtk_builder_get_object(parts->builder, "window"));
    g_object_set_data_full(G_OBJECT(parts->window), PARTS, parts, parts_free);
    gtk_window_set_application(parts->window, application);
    for (unsigned i = 0; i < G_N_ELEMENTS(handlers); i++)
        g_signal_connect(part(parts, handlers[i].widget), "chosen", G_CALLBACK(handlers[i].clicked),
                         parts);
    ks_check_button_set(KS_CHECK_BUTTON(part(parts, "autostart")), ks_autostart_is_on());
    return parts->window;
}
