/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/preferences-parts.h"
#include "applet/sentences.h"
#include "config.h"
#include "model/profile.h"

#include <glib/gi18n.h>
#include <string.h>

#define MARGIN  12
#define SPACING 6
#define SHOWN   "ks-shown" /* of the list: the VPNs as text, to be shown anew when it changes */

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

/* The guard lets none of its servers out, because no address of theirs is known. */
static bool has_no_address(const KsModel *model, const KsVpn *vpn)
{
    bool is_listed = false;

    for (unsigned i = 0; i < model->guard->servers->len; i++) {
        const KsGuardServer *server = g_ptr_array_index(model->guard->servers, i);

        if (strcmp(server->uuid, vpn->uuid) != 0)
            continue;
        if (server->address[0])
            return false;
        is_listed = true;
    }
    return is_listed;
}

static void describe_vpn(const KsModel *model, const KsVpn *vpn, GString *text)
{
    g_autoptr(GPtrArray) servers = describe_servers(model, vpn);

    g_string_append_printf(text, "%s\n%s\n%d\n", vpn->name, vpn->type, (int) vpn->activity);
    for (unsigned i = 0; i < servers->len; i++)
        g_string_append_printf(text, "%s\n", (char *) g_ptr_array_index(servers, i));
    g_string_append(text, has_no_address(model, vpn) ? "no address\n" : "");
    for (unsigned i = 0; i < vpn->warnings->len; i++)
        g_string_append_printf(text, "%s\n", (char *) g_ptr_array_index(vpn->warnings, i));
}

static void add_doubt(GtkWidget *box, const char *text)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);
    GtkWidget *icon = gtk_image_new_from_icon_name("dialog-warning-symbolic", GTK_ICON_SIZE_MENU);

    /* TRANSLATORS: what a screen reader says for a warning triangle */
    atk_object_set_name(gtk_widget_get_accessible(icon), C_("icon", "Warning"));
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
    if (has_no_address(model, vpn))
        add_doubt(box, _("The address of its server is not known: it cannot connect while the lock "
                         "is closed."));
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

void ks_preferences_show_vpns(GtkContainer *list, const KsModel *model)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < model->vpns->len; i++)
        describe_vpn(model, g_ptr_array_index(model->vpns, i), text);
    if (g_strcmp0(g_object_get_data(G_OBJECT(list), SHOWN), text->str) == 0)
        return;
    g_object_set_data_full(G_OBJECT(list), SHOWN, g_strdup(text->str), g_free);
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
