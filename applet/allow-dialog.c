/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/allow-dialog.h"

#include "applet/allow-draft.h"
#include "applet/fit.h"
#include "applet/notice.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>

#define PARTS "ks-parts"
#define WIDTH 480

typedef struct {
    GtkBuilder *builder;
    GtkWindow *window;
    KsException what;
    bool is_asking;
} Parts;

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

static const char *name_of(const Parts *parts)
{
    return gtk_entry_get_text(GTK_ENTRY(part(parts, "name")));
}

static void follow(Parts *parts)
{
    gtk_widget_set_sensitive(part(parts, "content"), !parts->is_asking);
    gtk_widget_set_sensitive(part(parts, "allow"),
                             !parts->is_asking && ks_allow_name_fits(name_of(parts)));
}

static void on_name(GtkEditable *name, gpointer data)
{
    (void) name;
    follow(data);
}

static void ask(Parts *parts)
{
    bool for_a_while = gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(part(parts, "hour")));

    ks_builder_complain(parts->builder, NULL);
    parts->is_asking = true;
    follow(parts);
    g_action_group_activate_action(
        G_ACTION_GROUP(gtk_window_get_application(parts->window)), "add-exception",
        ks_allow_arguments(&parts->what, name_of(parts), for_a_while ? KS_ALLOW_SECONDS : 0));
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

    if (request != KS_REQUEST_ADD_EXCEPTION || !parts->is_asking)
        return false;
    if (answer == KS_ANSWER_DONE) {
        gtk_widget_destroy(GTK_WIDGET(dialog));
        return true;
    }
    notice = ks_notice_for_answer(request, answer, message, NULL);
    parts->is_asking = false;
    follow(parts);
    ks_builder_complain(parts->builder,
                        notice ? notice->body : _("Nothing was changed: it was not authorised."));
    ks_fit(part(parts, "scrolled"), WIDTH);
    return true;
}

static void fill_in(Parts *parts, const KsAllowQuestion *question)
{
    g_autofree char *where = ks_allow_where(&question->what);
    /* TRANSLATORS: the question of a dialog; %s is "203.0.113.9, port 443, TCP" */
    g_autofree char *title = g_strdup_printf(_("Allow %s?"), where);
    g_autofree char *text = g_strdup_printf(
        /* TRANSLATORS: %s is a program's name, or that it is not known */
        _("What was refused came from: %s. With an exception, every program on this computer can "
          "send there without the VPN, and get answers."),
        question->who);

    gtk_label_set_text(GTK_LABEL(part(parts, "question")), title);
    gtk_label_set_text(GTK_LABEL(part(parts, "text")), text);
    gtk_label_set_text(GTK_LABEL(part(parts, "removing")),
                       _("To remove it: nm-killswitch allow remove NAME"));
    gtk_entry_set_text(GTK_ENTRY(part(parts, "name")), question->name);
    ks_builder_speak_by_label(parts->builder, "name");
    ks_widget_set_spoken(part(parts, "trouble-icon"), C_("icon", "Warning"));
}

GtkWindow *ks_allow_dialog_show(GtkWindow *parent, const KsAllowQuestion *question)
{
    Parts *parts = g_new0(Parts, 1);

    parts->builder = gtk_builder_new_from_resource("/io/github/nmkillswitch/allow-dialog.ui");
    parts->window = GTK_WINDOW(gtk_builder_get_object(parts->builder, "dialog"));
    parts->what = question->what;
    g_object_set_data_full(G_OBJECT(parts->window), PARTS, parts, parts_free);
    gtk_window_set_transient_for(parts->window, parent);
    gtk_window_set_application(parts->window, gtk_window_get_application(parent));
    fill_in(parts, question);
    g_signal_connect(part(parts, "name"), "changed", G_CALLBACK(on_name), parts);
    g_signal_connect(parts->window, "response", G_CALLBACK(on_response), parts);
    ks_fit_follow_focus(part(parts, "scrolled"), part(parts, "content"));
    ks_fit(part(parts, "scrolled"), WIDTH);
    gtk_widget_grab_focus(part(parts, "cancel"));
    gtk_window_present(parts->window);
    return parts->window;
}
