/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/check.h"
#include "applet/lan.h"
#include "applet/preferences-parts.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define UUID  "ks-uuid"
#define SHOWN "ks-shown" /* of the box: its networks as text, to be made again when it changes */

typedef struct {
    GPtrArray *uuids; /* char*, not owned */
    GPtrArray *names; /* the same */
} Networks;

static void networks_clear(Networks *networks)
{
    g_ptr_array_unref(networks->uuids);
    g_ptr_array_unref(networks->names);
}

static bool is_listed(const Networks *networks, const char *uuid)
{
    for (unsigned i = 0; i < networks->uuids->len; i++)
        if (strcmp(g_ptr_array_index(networks->uuids, i), uuid) == 0)
            return true;
    return false;
}

static void add_network(Networks *networks, const char *uuid, const char *name)
{
    if (is_listed(networks, uuid))
        return;
    g_ptr_array_add(networks->uuids, (char *) uuid);
    g_ptr_array_add(networks->names, (char *) name);
}

/* Those that are set up, those of now that this person may not see, and those that are limits and
 * are set up no more. */
static Networks list_networks(const KsModel *model)
{
    Networks networks = { g_ptr_array_new(), g_ptr_array_new() };

    for (unsigned i = 0; i < model->networks->len; i++) {
        const KsGuardNetwork *network = g_ptr_array_index(model->networks, i);

        add_network(&networks, network->uuid, network->name);
    }
    for (unsigned i = 0; i < model->guard->networks->len; i++) {
        const KsGuardNetwork *network = g_ptr_array_index(model->guard->networks, i);

        add_network(&networks, network->uuid, network->name);
    }
    for (unsigned i = 0; model->guard->lan_networks[i]; i++)
        if (model->guard->lan_networks[i][0]) /* else another person's, which is not told */
            add_network(&networks, model->guard->lan_networks[i], _("A network that was deleted"));
    return networks;
}

static void on_chosen(GtkWidget *button, gpointer data)
{
    const char *uuid = g_object_get_data(G_OBJECT(button), UUID);
    GActionGroup *actions = G_ACTION_GROUP(gtk_window_get_application(GTK_WINDOW(data)));
    gboolean on = !gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(button));

    if (uuid)
        g_action_group_activate_action(actions, "lan-network", g_variant_new("(sb)", uuid, on));
    else
        g_action_group_activate_action(actions, "lan-here", g_variant_new_boolean(FALSE));
}

/* Without a UUID: all networks. */
static void add_check(GtkContainer *box, const char *uuid, const char *label, GtkWindow *window)
{
    GtkWidget *button = g_object_new(KS_TYPE_CHECK_BUTTON, "visible", TRUE, NULL);
    GtkWidget *text;

    gtk_button_set_label(GTK_BUTTON(button), label);
    text = gtk_bin_get_child(GTK_BIN(button));
    gtk_label_set_line_wrap(GTK_LABEL(text), TRUE);
    gtk_label_set_line_wrap_mode(GTK_LABEL(text), PANGO_WRAP_WORD_CHAR);
    g_object_set_data_full(G_OBJECT(button), UUID, g_strdup(uuid), g_free);
    g_signal_connect(button, "chosen", G_CALLBACK(on_chosen), window);
    gtk_container_add(box, button);
}

static void make(GtkContainer *box, const Networks *networks, GtkWindow *window)
{
    g_autoptr(GString) shape = g_string_new(NULL);

    for (unsigned i = 0; i < networks->uuids->len; i++)
        g_string_append_printf(shape, "%s %s\n", (char *) g_ptr_array_index(networks->uuids, i),
                               (char *) g_ptr_array_index(networks->names, i));
    if (g_strcmp0(g_object_get_data(G_OBJECT(box), SHOWN), shape->str) == 0)
        return;
    g_object_set_data_full(G_OBJECT(box), SHOWN, g_strdup(shape->str), g_free);
    ks_container_empty(box);
    add_check(box, NULL, _("On every network"), window);
    for (unsigned i = 0; i < networks->uuids->len; i++)
        add_check(box, g_ptr_array_index(networks->uuids, i), g_ptr_array_index(networks->names, i),
                  window);
}

void ks_preferences_show_networks(GtkContainer *box, const KsModel *model, GtkWindow *window)
{
    const KsGuardState *guard = model->guard;
    bool is_everywhere = guard->lan_networks[0] == NULL;
    bool works = ks_state_is_heard(guard->state) && guard->lan && !model->busy[KS_REQUEST_LAN_ON] &&
                 !model->busy[KS_REQUEST_LAN_OFF];
    bool may = model->permissions[KS_REQUEST_LAN_ON] != KS_PERMISSION_NO;
    Networks networks = list_networks(model);
    g_autoptr(GList) buttons = NULL;

    make(box, &networks, window);
    networks_clear(&networks);
    buttons = gtk_container_get_children(box);
    for (GList *at = buttons; at; at = at->next) {
        const char *uuid = g_object_get_data(G_OBJECT(at->data), UUID);
        bool checked = uuid ? ks_lan_is_limited_to(guard, uuid) : is_everywhere;

        ks_check_button_set(KS_CHECK_BUTTON(at->data), guard->lan && checked);
        /* "every network" ends by choosing one */
        gtk_widget_set_sensitive(at->data, works && may && (uuid || !is_everywhere));
    }
}
