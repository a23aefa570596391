/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/allow-dialog.h"

#include "applet/allow-draft.h"
#include "applet/choice-button.h"
#include "applet/fit.h"
#include "applet/notice.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>

#define PARTS "ks-parts"
#define WIDTH 420

typedef struct {
    GtkBuilder *builder;
    GtkWindow *window;
    KsException what;
    GtkWidget *service;
    GtkWidget *protocol;
    char **others;   /* names that are taken; NULL: what is asked about is given */
    char *network;   /* UUID of the one that it may be limited to; NULL: there is none */
    KsRequest asked; /* KS_REQUEST_MAX: nothing */
    bool is_warned;  /* it says what leaks */
} Parts;

static GtkWidget *part(const Parts *parts, const char *name)
{
    return GTK_WIDGET(gtk_builder_get_object(parts->builder, name));
}

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_object_unref(parts->builder);
    g_strfreev(parts->others);
    g_free(parts->network);
    g_free(parts);
}

static const char *text_of(const Parts *parts, const char *name)
{
    return gtk_entry_get_text(GTK_ENTRY(part(parts, name)));
}

static bool is_on(const Parts *parts, const char *name)
{
    return gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(part(parts, name)));
}

/* Of what a person writes the name is theirs to choose, or follows from the address. */
static bool is_complete(const Parts *parts)
{
    const char *name = text_of(parts, "name");

    if (parts->is_warned && !is_on(parts, "leaks"))
        return false;
    return (parts->others && !name[0]) || ks_allow_name_fits(name);
}

static void follow(const Parts *parts)
{
    bool is_asking = parts->asked != KS_REQUEST_MAX;

    gtk_widget_set_sensitive(part(parts, "content"), !is_asking);
    gtk_widget_set_sensitive(part(parts, "allow"), !is_asking && is_complete(parts));
}

static void fit(const Parts *parts)
{
    ks_fit(part(parts, "scrolled"), WIDTH);
}

/* ---- what is wrong, and what leaks ---- */

static void complain_of(const Parts *parts, KsAllowField field, const char *text)
{
    GtkWidget *label = part(parts, "field-trouble");
    GtkWidget *entry = part(parts, field == KS_ALLOW_PORT ? "port" : "address");

    gtk_label_set_text(GTK_LABEL(label), text);
    gtk_widget_show(label);
    gtk_style_context_add_class(gtk_widget_get_style_context(entry), GTK_STYLE_CLASS_ERROR);
    atk_object_set_description(gtk_widget_get_accessible(entry), text);
    fit(parts);
    gtk_widget_grab_focus(entry);
}

/* A tick is needed, not a second click or key: that may be one too many of the first. The focus
 * goes to the text, where keys do nothing. */
static void warn(Parts *parts, const char *leak)
{
    GtkWidget *leaks = part(parts, "leaks");
    GtkWidget *text = part(parts, "leak-text");

    parts->is_warned = true;
    gtk_label_set_text(GTK_LABEL(text), leak);
    atk_object_set_description(gtk_widget_get_accessible(leaks), leak);
    gtk_widget_show(part(parts, "leak"));
    follow(parts);
    fit(parts);
    gtk_widget_grab_focus(text);
    gtk_label_select_region(GTK_LABEL(text), 0, 0);
}

static void forget_complaints(Parts *parts)
{
    static const char *const entries[] = { "address", "port" };

    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++) {
        GtkWidget *entry = part(parts, entries[i]);

        gtk_style_context_remove_class(gtk_widget_get_style_context(entry), GTK_STYLE_CLASS_ERROR);
        atk_object_set_description(gtk_widget_get_accessible(entry), "");
    }
    gtk_widget_hide(part(parts, "field-trouble"));
    ks_builder_complain(parts->builder, NULL);
}

static void on_changed(GtkWidget *widget, gpointer data)
{
    Parts *parts = data;

    (void) widget;
    forget_complaints(parts);
    parts->is_warned = false;
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(part(parts, "leaks")), FALSE);
    gtk_widget_hide(part(parts, "leak"));
    follow(parts);
}

static void on_complete(GtkWidget *widget, gpointer data)
{
    (void) widget;
    follow(data);
}

/* ---- what a person writes ---- */

static const KsAllowService *service_of(const Parts *parts)
{
    unsigned length;
    const KsAllowService *services = ks_allow_services(&length);

    return &services[g_ascii_strtoull(ks_choice_button_get(parts->service), NULL, 10)];
}

static void on_service(const char *service, void *data)
{
    Parts *parts = data;

    ks_choice_button_show(parts->service, service);
    gtk_widget_set_visible(part(parts, "ports"), service_of(parts)->protocol == NULL);
    on_changed(parts->service, parts);
    fit(parts);
}

static void on_protocol(const char *protocol, void *data)
{
    Parts *parts = data;

    ks_choice_button_show(parts->protocol, protocol);
    on_changed(parts->protocol, parts);
}

static void fill_services(Parts *parts, bool incoming)
{
    unsigned length;
    const KsAllowService *services = ks_allow_services(&length);

    ks_choice_button_clear(parts->service);
    for (unsigned i = 0; i < length; i++) {
        g_autofree char *id = g_strdup_printf("%u", i);

        if (incoming ? services[i].in : services[i].out)
            ks_choice_button_add(parts->service, id, ks_allow_service_label(&services[i]));
    }
    on_service("0", parts); /* it is for both */
}

static void on_direction(GtkWidget *button, gpointer data)
{
    Parts *parts = data;
    bool incoming = is_on(parts, "in");

    fill_services(parts, incoming);
    gtk_label_set_text(
        GTK_LABEL(part(parts, "meaning")),
        incoming
            ? _("Those whom you name can begin connections to it by the network, past the VPN, "
                "and are answered. For anybody write 0.0.0.0/0, or ::/0 for IPv6.")
            : _("While the lock is closed, every program on this computer can send there "
                "without the VPN, and get answers."));
    on_changed(button, data);
    fit(parts);
}

static bool read_fields(Parts *parts)
{
    const KsAllowService *service = service_of(parts);
    KsAllowDraft draft = {
        .incoming = is_on(parts, "in"),
        .address = text_of(parts, "address"),
        .protocol = service->protocol ? service->protocol : ks_choice_button_get(parts->protocol),
        .port = service->protocol ? service->port : text_of(parts, "port"),
    };
    KsAllowField field;
    const char *complaint = ks_allow_draft_complaint(&draft, &parts->what, &field);

    if (complaint)
        complain_of(parts, field, complaint);
    return complaint == NULL;
}

static char *name_for(const Parts *parts)
{
    const char *name = text_of(parts, "name");

    return name[0] ? g_strdup(name)
                   : ks_allow_name((const char *const *) parts->others, &parts->what, "");
}

/* ---- asking ---- */

static void ask(Parts *parts)
{
    KsAllowWish wish = { .what = &parts->what };
    const char *leak;
    g_autofree char *name = NULL;

    forget_complaints(parts);
    if (parts->others && !read_fields(parts))
        return;
    leak = ks_exception_leak(&parts->what);
    if (leak && !parts->is_warned) {
        warn(parts, _(leak));
        return;
    }
    name = name_for(parts);
    wish.name = name;
    wish.network = is_on(parts, "here") ? parts->network : NULL;
    wish.seconds = is_on(parts, "hour") ? KS_ALLOW_SECONDS : 0;
    wish.confirmed = parts->is_warned;
    parts->asked = ks_allow_request(&wish);
    follow(parts);
    g_action_group_activate_action(G_ACTION_GROUP(gtk_window_get_application(parts->window)),
                                   ks_allow_action(&wish), ks_allow_arguments(&wish));
}

static void on_response(GtkDialog *dialog, gint response, gpointer data)
{
    if (response == GTK_RESPONSE_OK)
        ask(data);
    else
        gtk_widget_destroy(GTK_WIDGET(dialog));
}

bool ks_allow_dialog_answer(GtkWindow *dialog, KsRequest request, KsAnswer answer,
                            const char *message)
{
    Parts *parts = g_object_get_data(G_OBJECT(dialog), PARTS);
    g_autoptr(KsNotice) notice = NULL;

    if (request != parts->asked)
        return false;
    parts->asked = KS_REQUEST_MAX;
    if (answer == KS_ANSWER_DONE) {
        gtk_widget_destroy(GTK_WIDGET(dialog));
        return true;
    }
    follow(parts);
    if (answer == KS_ANSWER_UNCONFIRMED) {
        warn(parts, message);
        return true;
    }
    /* of one network the guard may mean that */
    if (answer == KS_ANSWER_INVALID && parts->others && !is_on(parts, "here")) {
        complain_of(parts, KS_ALLOW_ADDRESS, message);
        return true;
    }
    notice = ks_notice_for_answer(request, answer, message, NULL);
    ks_builder_complain(parts->builder,
                        notice ? notice->body : _("Nothing was changed: it was not authorised."));
    fit(parts);
    return true;
}

/* ---- the dialog ---- */

static Parts *new_dialog(GtkWindow *parent)
{
    static const char *const radios[] = { "in", "hour", "lasting" };
    Parts *parts = g_new0(Parts, 1);

    parts->builder = gtk_builder_new_from_resource("/io/github/nmkillswitch/allow-dialog.ui");
    parts->window = GTK_WINDOW(gtk_builder_get_object(parts->builder, "dialog"));
    parts->asked = KS_REQUEST_MAX;
    g_object_set_data_full(G_OBJECT(parts->window), PARTS, parts, parts_free);
    gtk_window_set_transient_for(parts->window, parent);
    gtk_window_set_application(parts->window, gtk_window_get_application(parent));
    for (unsigned i = 0; i < G_N_ELEMENTS(radios); i++) {
        GtkWidget *label = gtk_bin_get_child(GTK_BIN(part(parts, radios[i])));

        gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
    }
    gtk_label_set_line_wrap(GTK_LABEL(gtk_bin_get_child(GTK_BIN(part(parts, "out")))), TRUE);
    gtk_label_set_line_wrap(GTK_LABEL(gtk_bin_get_child(GTK_BIN(part(parts, "leaks")))), TRUE);
    ks_builder_speak_by_label(parts->builder, "name");
    ks_widget_set_spoken(part(parts, "trouble-icon"), C_("icon", "Warning"));
    ks_widget_set_spoken(part(parts, "leak-icon"), C_("icon", "Warning"));
    g_signal_connect(part(parts, "name"), "changed", G_CALLBACK(on_complete), parts);
    g_signal_connect(part(parts, "leaks"), "toggled", G_CALLBACK(on_complete), parts);
    g_signal_connect(parts->window, "response", G_CALLBACK(on_response), parts);
    ks_fit_follow_focus(part(parts, "scrolled"), part(parts, "content"));
    return parts;
}

/* Not for all networks, if a person ticks that. */
static void offer(Parts *parts, const KsGuardNetwork *network)
{
    GtkWidget *here = part(parts, "here");
    GtkWidget *label = gtk_bin_get_child(GTK_BIN(here));
    g_autofree char *text = NULL;

    if (!network)
        return;
    parts->network = g_strdup(network->uuid);
    /* TRANSLATORS: where an exception holds; %s is the name of the network of now */
    text = g_strdup_printf(_("Only on this network (%s)"), network->name);
    gtk_label_set_text(GTK_LABEL(label), text);
    gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    g_signal_connect(here, "toggled", G_CALLBACK(on_changed), parts);
    gtk_widget_show(here);
}

static GtkWindow *show(Parts *parts, const char *focus)
{
    follow(parts);
    fit(parts);
    gtk_widget_grab_focus(part(parts, focus));
    gtk_window_present(parts->window);
    return parts->window;
}

GtkWindow *ks_allow_dialog_show(GtkWindow *parent, const KsAllowQuestion *question)
{
    Parts *parts = new_dialog(parent);
    g_autofree char *where = ks_allow_where(&question->what);
    /* TRANSLATORS: the question of a dialog; %s is "203.0.113.9, port 443, TCP" */
    g_autofree char *title = g_strdup_printf(_("Allow %s?"), where);
    g_autofree char *text = g_strdup_printf(
        /* TRANSLATORS: %s is a program's name, or that it is not known */
        _("What was refused came from: %s. With an exception, every program on this computer can "
          "send there without the VPN, and get answers."),
        question->who);

    parts->what = question->what;
    offer(parts, question->network);
    gtk_label_set_text(GTK_LABEL(part(parts, "question")), title);
    gtk_label_set_text(GTK_LABEL(part(parts, "text")), text);
    gtk_entry_set_text(GTK_ENTRY(part(parts, "name")), question->name);
    return show(parts, "cancel");
}

static GtkWidget *new_choice(Parts *parts, const char *holder, const char *label, KsChosen *chosen)
{
    GtkWidget *button = ks_choice_button_new(chosen, parts);
    GtkWidget *text = part(parts, label);

    gtk_box_pack_start(GTK_BOX(part(parts, holder)), button, TRUE, TRUE, 0);
    gtk_label_set_mnemonic_widget(GTK_LABEL(text), button);
    ks_widget_set_spoken(button, gtk_label_get_text(GTK_LABEL(text)));
    gtk_widget_show_all(button);
    return button;
}

static void fill_in(Parts *parts)
{
    parts->service = new_choice(parts, "service-holder", "service-label", on_service);
    parts->protocol = new_choice(parts, "protocol-holder", "protocol-label", on_protocol);
    for (unsigned i = 0; ks_allow_protocols[i]; i++) {
        g_autofree char *upper = g_ascii_strup(ks_allow_protocols[i], -1);

        ks_choice_button_add(parts->protocol, ks_allow_protocols[i], upper);
    }
    on_protocol(ks_allow_protocols[0], parts);
    on_direction(NULL, parts);
    ks_builder_speak_by_label(parts->builder, "address");
    ks_builder_speak_by_label(parts->builder, "port");
}

GtkWindow *ks_allow_dialog_show_new(GtkWindow *parent, const KsModel *model)
{
    Parts *parts = new_dialog(parent);

    parts->others = ks_allow_taken(model->guard);
    offer(parts, ks_allow_network(model));
    gtk_widget_hide(part(parts, "question"));
    gtk_widget_hide(part(parts, "text"));
    gtk_widget_show(part(parts, "fields"));
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(part(parts, "lasting")), TRUE);
    gtk_entry_set_placeholder_text(GTK_ENTRY(part(parts, "name")), _("As you like"));
    fill_in(parts);
    g_signal_connect(part(parts, "address"), "changed", G_CALLBACK(on_changed), parts);
    g_signal_connect(part(parts, "port"), "changed", G_CALLBACK(on_changed), parts);
    g_signal_connect(part(parts, "in"), "toggled", G_CALLBACK(on_direction), parts);
    return show(parts, "address");
}
