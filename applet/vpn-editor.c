/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/vpn-editor.h"

#include "applet/fit.h"
#include "applet/notice.h"
#include "applet/server-draft.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define PARTS     "ks-parts"
#define SPACING   6
#define WIDTH     420
#define PORT_MAX  65535
#define HOST_SIZE 6 /* characters at least */

/* What a person starts from, by the kind's name. The last is for all others: IPsec needs several,
 * and of an unknown kind nobody can say. */
typedef struct {
    const char *type;
    const char *protocol;
    uint16_t port;
} Usual;

static const Usual usual[] = {
    { "wireguard", "udp", 51820 },
    { "openvpn", "udp", 1194 },
    { "openconnect", "tcp", 443 },
    { "sstp", "tcp", 443 },
    { "fortisslvpn", "tcp", 443 },
    { "ssh", "tcp", 22 },
    { NULL, "udp", 0 },
};

typedef struct {
    GtkBuilder *builder;
    GtkWindow *window;
    char *uuid;      /* NULL: a new VPN */
    char *type;      /* the kind's name; NULL: a person chooses it */
    bool overlay;    /* the VPN is an overlay network */
    GPtrArray *rows; /* element-type Row, owned */
    KsRequest asked; /* KS_REQUEST_MAX: nothing */
} Parts;

typedef struct {
    Parts *parts;
    GtkWidget *box;
    GtkWidget *host;
    GtkWidget *protocol;
    GtkWidget *port;
    GtkWidget *remove;
} Row;

static GtkWidget *part(const Parts *parts, const char *name)
{
    return GTK_WIDGET(gtk_builder_get_object(parts->builder, name));
}

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_object_unref(parts->builder);
    g_ptr_array_unref(parts->rows);
    g_free(parts->uuid);
    g_free(parts->type);
    g_free(parts);
}

static void complain(Parts *parts, const char *text)
{
    ks_builder_complain(parts->builder, text);
}

static const Usual *usual_of(const Parts *parts)
{
    const char *type =
        parts->type ? parts->type : gtk_combo_box_get_active_id(GTK_COMBO_BOX(part(parts, "type")));
    unsigned at = 0;

    while (usual[at].type && g_strcmp0(usual[at].type, type) != 0)
        at++;
    return &usual[at];
}

/* ---- one server ---- */

static const char *protocol_of(const Row *row)
{
    int at = gtk_combo_box_get_active(GTK_COMBO_BOX(row->protocol));

    return ks_draft_protocols[MAX(at, 0)];
}

static void on_protocol(GtkComboBox *combo, gpointer data)
{
    Row *row = data;

    (void) combo;
    gtk_widget_set_sensitive(row->port, ks_draft_has_port(protocol_of(row)));
}

static void follow_rows(Parts *parts)
{
    /* the last one has nothing to be removed for */
    for (unsigned i = 0; i < parts->rows->len; i++) {
        const Row *row = g_ptr_array_index(parts->rows, i);

        gtk_widget_set_sensitive(row->remove, parts->rows->len > 1);
    }
}

static void on_remove_row(GtkButton *button, gpointer data)
{
    Row *row = data;
    Parts *parts = row->parts;

    (void) button;
    gtk_widget_destroy(row->box);
    (void) g_ptr_array_remove(parts->rows, row);
    follow_rows(parts);
    ks_fit(part(parts, "scrolled"), WIDTH);
    gtk_widget_grab_focus(part(parts, "add"));
}

static GtkWidget *new_protocols(const char *protocol)
{
    GtkWidget *combo = gtk_combo_box_text_new();

    for (unsigned i = 0; ks_draft_protocols[i]; i++) {
        g_autofree char *upper = g_ascii_strup(ks_draft_protocols[i], -1);

        gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(combo), upper);
        if (strcmp(ks_draft_protocols[i], protocol) == 0)
            gtk_combo_box_set_active(GTK_COMBO_BOX(combo), (int) i);
    }
    if (gtk_combo_box_get_active(GTK_COMBO_BOX(combo)) < 0)
        gtk_combo_box_set_active(GTK_COMBO_BOX(combo), 0);
    return combo;
}

/* A port that nobody knows is an empty field, and no number. */
static gboolean on_output(GtkSpinButton *spin, gpointer data)
{
    (void) data;
    if (gtk_spin_button_get_value_as_int(spin) != 0)
        return FALSE;
    if (gtk_entry_get_text(GTK_ENTRY(spin))[0])
        gtk_entry_set_text(GTK_ENTRY(spin), "");
    return TRUE;
}

static GtkWidget *new_port(uint16_t port)
{
    GtkWidget *spin = gtk_spin_button_new_with_range(0, PORT_MAX, 1);

    g_signal_connect(spin, "output", G_CALLBACK(on_output), NULL);
    gtk_spin_button_set_value(GTK_SPIN_BUTTON(spin), port);
    gtk_spin_button_set_numeric(GTK_SPIN_BUTTON(spin), TRUE);
    gtk_spin_button_update(GTK_SPIN_BUTTON(spin));
    gtk_entry_set_activates_default(GTK_ENTRY(spin), TRUE);
    gtk_entry_set_placeholder_text(GTK_ENTRY(spin), _("Port"));
    gtk_widget_set_tooltip_text(spin, _("Port"));
    ks_widget_set_spoken(spin, _("Port"));
    return spin;
}

/* The name has a line of its own: beside all else it would be some letters wide in a narrow
 * window. */
static void lay_out(const Row *row)
{
    GtkWidget *first = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);
    GtkWidget *second = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);

    gtk_box_pack_start(GTK_BOX(first), row->host, TRUE, TRUE, 0);
    gtk_container_add(GTK_CONTAINER(first), row->remove);
    gtk_container_add(GTK_CONTAINER(second), row->protocol);
    gtk_box_pack_start(GTK_BOX(second), row->port, TRUE, TRUE, 0);
    gtk_container_add(GTK_CONTAINER(row->box), first);
    gtk_container_add(GTK_CONTAINER(row->box), second);
    gtk_widget_set_margin_bottom(row->box, SPACING);
    gtk_widget_show_all(row->box);
}

static Row *add_row(Parts *parts, const char *host, const char *protocol, uint16_t port)
{
    Row *row = g_new0(Row, 1);

    row->parts = parts;
    row->box = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);
    row->remove = gtk_button_new_from_icon_name("list-remove-symbolic", GTK_ICON_SIZE_BUTTON);
    row->host = gtk_entry_new();
    gtk_entry_set_text(GTK_ENTRY(row->host), host);
    gtk_entry_set_width_chars(GTK_ENTRY(row->host), HOST_SIZE);
    gtk_entry_set_placeholder_text(GTK_ENTRY(row->host), _("Name or address"));
    gtk_entry_set_activates_default(GTK_ENTRY(row->host), TRUE);
    ks_widget_set_spoken(row->host, _("Name or address of the server"));
    row->protocol = new_protocols(protocol);
    ks_widget_set_spoken(row->protocol, _("Protocol"));
    row->port = new_port(port);
    gtk_widget_set_tooltip_text(row->remove, _("Remove this server"));
    ks_widget_set_spoken(row->remove, _("Remove this server"));
    lay_out(row);
    gtk_container_add(GTK_CONTAINER(part(parts, "servers")), row->box);
    g_ptr_array_add(parts->rows, row);
    g_signal_connect(row->protocol, "changed", G_CALLBACK(on_protocol), row);
    g_signal_connect(row->remove, "clicked", G_CALLBACK(on_remove_row), row);
    on_protocol(GTK_COMBO_BOX(row->protocol), row);
    follow_rows(parts);
    return row;
}

static Row *add_usual_row(Parts *parts)
{
    const Usual *start = usual_of(parts);

    return add_row(parts, "", start->protocol, start->port);
}

static void on_add(GtkButton *button, gpointer data)
{
    Parts *parts = data;
    Row *row;

    (void) button;
    row = add_usual_row(parts);
    ks_fit(part(parts, "scrolled"), WIDTH);
    gtk_widget_grab_focus(row->host);
}

/* ---- asking ---- */

/* Takes `arguments` if they are floating. */
static void ask(Parts *parts, KsRequest request, const char *action, GVariant *arguments)
{
    complain(parts, NULL);
    parts->asked = request;
    gtk_widget_set_sensitive(part(parts, "content"), FALSE);
    gtk_widget_set_sensitive(part(parts, "save"), FALSE);
    g_action_group_activate_action(G_ACTION_GROUP(gtk_window_get_application(parts->window)),
                                   action, arguments);
}

static void on_reset(GtkButton *button, gpointer data)
{
    Parts *parts = data;

    (void) button;
    ask(parts, KS_REQUEST_SET_SERVERS, "set-servers",
        g_variant_new("(sa(ssq))", parts->uuid, NULL));
}

static void on_remove(GtkButton *button, gpointer data)
{
    Parts *parts = data;

    (void) button;
    ask(parts, KS_REQUEST_REMOVE_VPN, "remove-vpn", g_variant_new("(s)", parts->uuid));
}

static bool is_overlay(const Parts *parts)
{
    return parts->uuid ? parts->overlay
                       : gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(part(parts, "overlay")));
}

/* An overlay network needs none. */
static bool has_no_server(const Parts *parts)
{
    const Row *row = g_ptr_array_index(parts->rows, 0);

    return parts->rows->len == 1 && !gtk_entry_get_text(GTK_ENTRY(row->host))[0];
}

/* A kind says whose packets reach the servers of a VPN; an overlay's are its program's. */
static void on_overlay(GtkToggleButton *button, gpointer data)
{
    complain(data, NULL);
    gtk_widget_set_sensitive(part(data, "type"), !gtk_toggle_button_get_active(button));
}

static GPtrArray *read_rows(const Parts *parts)
{
    GPtrArray *drafts = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_draft_free);

    for (unsigned i = 0; i < parts->rows->len; i++) {
        const Row *row = g_ptr_array_index(parts->rows, i);

        if (is_overlay(parts) && has_no_server(parts))
            break;
        gtk_spin_button_update(GTK_SPIN_BUTTON(row->port)); /* what is typed counts */
        g_ptr_array_add(
            drafts, ks_server_draft_new(
                        gtk_entry_get_text(GTK_ENTRY(row->host)), protocol_of(row),
                        (uint16_t) gtk_spin_button_get_value_as_int(GTK_SPIN_BUTTON(row->port))));
    }
    return drafts;
}

static void save(Parts *parts)
{
    g_autoptr(GPtrArray) drafts = read_rows(parts);
    const char *name = gtk_entry_get_text(GTK_ENTRY(part(parts, "name")));
    const char *interface = gtk_entry_get_text(GTK_ENTRY(part(parts, "interface")));
    const char *type = gtk_combo_box_get_active_id(GTK_COMBO_BOX(part(parts, "type")));
    unsigned at = 0;
    bool overlay = is_overlay(parts);
    g_autofree char *complaint =
        overlay && drafts->len == 0 ? NULL : ks_server_drafts_complaint(drafts, &at);

    if (!parts->uuid && (!name[0] || !interface[0])) {
        complain(parts, _("Write a name for this VPN, and the network interface that it comes up "
                          "on."));
        gtk_widget_grab_focus(part(parts, name[0] ? "interface" : "name"));
    } else if (complaint) {
        complain(parts, complaint);
        if (at < parts->rows->len)
            gtk_widget_grab_focus(((Row *) g_ptr_array_index(parts->rows, at))->host);
    } else if (parts->uuid) {
        ask(parts, KS_REQUEST_SET_SERVERS, "set-servers",
            g_variant_new("(s@a(ssq))", parts->uuid, ks_server_drafts_pack(drafts)));
    } else {
        ask(parts, overlay ? KS_REQUEST_ADD_OVERLAY : KS_REQUEST_ADD_VPN,
            overlay ? "add-overlay" : "add-vpn",
            g_variant_new("(sss@a(ssq))", name, interface, type && !overlay ? type : "",
                          ks_server_drafts_pack(drafts)));
    }
}

bool ks_vpn_editor_answer(GtkWindow *editor, KsRequest request, KsAnswer answer,
                          const char *message)
{
    Parts *parts = g_object_get_data(G_OBJECT(editor), PARTS);
    g_autoptr(KsNotice) notice = NULL;

    if (request != parts->asked)
        return false;
    parts->asked = KS_REQUEST_MAX;
    if (answer == KS_ANSWER_DONE) {
        gtk_widget_destroy(GTK_WIDGET(editor));
        return true;
    }
    notice = ks_notice_for_answer(request, answer, message, NULL);
    gtk_widget_set_sensitive(part(parts, "content"), TRUE);
    gtk_widget_set_sensitive(part(parts, "save"), TRUE);
    complain(parts, notice ? notice->body : _("Nothing was changed: it was not authorised."));
    return true;
}

/* ---- the dialog ---- */

static bool is_usual(uint16_t port)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(usual); i++)
        if (usual[i].port == port)
            return true;
    return false;
}

/* Ports that nobody wrote follow the kind of VPN. */
static void on_type(GtkComboBox *combo, gpointer data)
{
    Parts *parts = data;
    uint16_t port = usual_of(parts)->port;

    (void) combo;
    for (unsigned i = 0; i < parts->rows->len; i++) {
        GtkSpinButton *spin = GTK_SPIN_BUTTON(((Row *) g_ptr_array_index(parts->rows, i))->port);

        if (is_usual((uint16_t) gtk_spin_button_get_value_as_int(spin)))
            gtk_spin_button_set_value(spin, port);
    }
}

static void on_response(GtkDialog *dialog, gint response, gpointer data)
{
    if (response == GTK_RESPONSE_OK)
        save(data);
    else
        gtk_widget_destroy(GTK_WIDGET(dialog));
}

static void fill_in(Parts *parts, const KsVpnCard *card, const GPtrArray *servers)
{
    g_autofree char *title = NULL;

    if (card)
        /* TRANSLATORS: the title of a dialog; %s is the name of a VPN */
        title = g_strdup_printf(_("Servers of “%s”"), card->name);
    gtk_window_set_title(parts->window, card ? title : _("A VPN outside of NetworkManager"));
    gtk_label_set_text(
        GTK_LABEL(part(parts, "intro")),
        card && card->overlay
            ? _("While the lock is closed, its program can reach these servers without the VPN. "
                "It needs none: its packets take the VPN.")
        : card
            ? _("While the lock is closed, this VPN can reach these servers and nothing else.")
            : _("For a VPN that another program connects, such as wg-quick. While the lock is "
                "closed it can reach its servers, and traffic may leave through its interface."));
    gtk_widget_set_visible(part(parts, "identity"), card == NULL);
    gtk_widget_set_visible(part(parts, "reset"), card && card->overridden);
    gtk_widget_set_visible(part(parts, "remove"), card && card->manual);
    for (unsigned i = 0; servers && i < servers->len; i++) {
        const KsGuardServer *server = g_ptr_array_index(servers, i);

        (void) add_row(parts, server->host, server->protocol, server->port);
    }
    if (parts->rows->len == 0)
        (void) add_usual_row(parts);
}

/* Long texts of controls take several lines, or end in dots, where the window is narrow. */
static void make_narrow(const Parts *parts)
{
    static const char *const wrapped[] = { "overlay", "reset", "remove" };
    g_autoptr(GList) cells = gtk_cell_layout_get_cells(GTK_CELL_LAYOUT(part(parts, "type")));

    for (unsigned i = 0; i < G_N_ELEMENTS(wrapped); i++)
        gtk_label_set_line_wrap(GTK_LABEL(gtk_bin_get_child(GTK_BIN(part(parts, wrapped[i])))),
                                TRUE);
    g_object_set(cells->data, "ellipsize", PANGO_ELLIPSIZE_END, NULL);
}

GtkWindow *ks_vpn_editor_show(GtkWindow *parent, const KsVpnCard *card, const GPtrArray *servers)
{
    static const struct {
        const char *button;
        void (*clicked)(GtkButton *button, gpointer data);
    } handlers[] = {
        { "add", on_add },
        { "reset", on_reset },
        { "remove", on_remove },
    };
    Parts *parts = g_new0(Parts, 1);

    parts->builder = gtk_builder_new_from_resource("/io/github/nmkillswitch/vpn-editor.ui");
    parts->window = GTK_WINDOW(gtk_builder_get_object(parts->builder, "dialog"));
    parts->uuid = card ? g_strdup(card->uuid) : NULL;
    parts->type = card ? g_strdup(card->type) : NULL;
    parts->overlay = card && card->overlay;
    parts->rows = g_ptr_array_new_with_free_func(g_free);
    parts->asked = KS_REQUEST_MAX;
    g_object_set_data_full(G_OBJECT(parts->window), PARTS, parts, parts_free);
    gtk_window_set_transient_for(parts->window, parent);
    gtk_window_set_application(parts->window, gtk_window_get_application(parent));
    /* TRANSLATORS: what a screen reader says for a warning triangle */
    ks_widget_set_spoken(part(parts, "trouble-icon"), C_("icon", "Warning"));
    for (unsigned i = 0; i < G_N_ELEMENTS(handlers); i++)
        g_signal_connect(part(parts, handlers[i].button), "clicked",
                         G_CALLBACK(handlers[i].clicked), parts);
    g_signal_connect(part(parts, "overlay"), "toggled", G_CALLBACK(on_overlay), parts);
    g_signal_connect(part(parts, "type"), "changed", G_CALLBACK(on_type), parts);
    ks_builder_speak_by_label(parts->builder, "name");
    ks_builder_speak_by_label(parts->builder, "interface");
    ks_builder_speak_by_label(parts->builder, "type");
    ks_fit_follow_focus(part(parts, "scrolled"), part(parts, "content"));
    g_signal_connect(parts->window, "response", G_CALLBACK(on_response), parts);
    gtk_style_context_add_class(gtk_widget_get_style_context(part(parts, "save")),
                                GTK_STYLE_CLASS_SUGGESTED_ACTION);
    fill_in(parts, card, servers);
    make_narrow(parts);
    ks_fit(part(parts, "scrolled"), WIDTH);
    gtk_window_present(parts->window);
    return parts->window;
}
