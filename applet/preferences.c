/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/preferences.h"

#include "applet/allow-dialog.h"
#include "applet/autostart.h"
#include "applet/boxed.h"
#include "applet/exceptions-view.h"
#include "applet/fit.h"
#include "applet/mode-rows.h"
#include "applet/preferences-parts.h"
#include "applet/presenter.h"
#include "applet/sentences.h"
#include "applet/switch.h"
#include "applet/vpn-editor.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define PARTS      "ks-parts"
#define MARGIN     18
#define SPACING    6
#define TEXT_WIDTH 56 /* characters */

/* With more VPNs than these there is a field to find one. */
#define VPNS_SEEN_MAX 8u

typedef struct {
    GtkApplication *application;
    GtkWidget *page;
    GtkWidget *scrolled;
    GtkWindow *editor; /* NULL: not open */
    GtkWindow *dialog; /* for a new exception; the same */
    GtkWidget *modes;
    GtkWidget *autostart; /* rows */
    GtkWidget *lan;
    GtkWidget *networks;
    GtkWidget *here;
    GtkWidget *exceptions;
    GtkWidget *search;
    GtkWidget *vpns;
    GPtrArray *cards; /* element-type KsVpnCard: what is known of them now */
    const char *none; /* said where there are none */
} Parts;

static GtkWindow *window_of(const Parts *parts)
{
    return GTK_WINDOW(gtk_widget_get_toplevel(parts->page));
}

static void activate(const Parts *parts, const char *action, bool on)
{
    g_action_group_activate_action(G_ACTION_GROUP(parts->application), action,
                                   g_variant_new_boolean(on));
}

static void on_lan(KsSwitch *control, gpointer data)
{
    activate(data, "lan", !ks_switch_get(control));
}

static void on_autostart(KsSwitch *control, gpointer data)
{
    Parts *parts = data;
    g_autoptr(GError) error = NULL;

    if (!ks_autostart_set(!ks_switch_get(control), &error))
        ks_trouble_show(window_of(parts), _("This could not be saved"), error->message);
    ks_switch_set(control, ks_autostart_is_on());
}

static void on_search(GtkSearchEntry *search, gpointer data)
{
    Parts *parts = data;

    ks_preferences_show_vpns(GTK_CONTAINER(parts->vpns), parts->cards,
                             gtk_entry_get_text(GTK_ENTRY(search)), parts->none, window_of(parts));
}

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_ptr_array_unref(parts->cards);
    g_free(parts);
}

/* ---- the dialog for one VPN ---- */

static void on_editor_destroyed(GtkWidget *editor, gpointer data)
{
    Parts *parts = data;

    (void) editor;
    parts->editor = NULL;
}

static void on_destroyed(GtkWidget *page, gpointer data)
{
    Parts *parts = data;

    (void) page;
    if (parts->editor)
        gtk_widget_destroy(GTK_WIDGET(parts->editor));
    if (parts->dialog)
        gtk_widget_destroy(GTK_WIDGET(parts->dialog));
}

void ks_preferences_edit_vpn(GtkWidget *page, const KsModel *model, const char *uuid)
{
    Parts *parts = g_object_get_data(G_OBJECT(page), PARTS);
    g_autoptr(GPtrArray) cards = ks_vpn_cards(model);
    g_autoptr(GPtrArray) servers = ks_vpn_card_servers(model, uuid);
    const KsVpnCard *card = NULL;

    for (unsigned i = 0; i < cards->len && !card; i++) {
        const KsVpnCard *at = g_ptr_array_index(cards, i);

        card = strcmp(at->uuid, uuid) == 0 ? at : NULL;
    }
    if (parts->editor || (uuid[0] && !card) || !ks_vpn_cards_can_edit(model))
        return;
    parts->editor = ks_vpn_editor_show(window_of(parts), card, servers);
    g_signal_connect(parts->editor, "destroy", G_CALLBACK(on_editor_destroyed), parts);
}

/* ---- the dialog for an exception ---- */

static void on_dialog_destroyed(GtkWidget *dialog, gpointer data)
{
    Parts *parts = data;

    (void) dialog;
    parts->dialog = NULL;
}

void ks_preferences_add_exception(GtkWidget *page, const KsModel *model)
{
    Parts *parts = g_object_get_data(G_OBJECT(page), PARTS);
    g_autoptr(KsExceptionsView) view = ks_exceptions_view_new(model);

    if (parts->dialog)
        gtk_window_present(parts->dialog);
    if (parts->dialog || !view->can_add)
        return;
    parts->dialog = ks_allow_dialog_show_new(window_of(parts), model);
    g_signal_connect(parts->dialog, "destroy", G_CALLBACK(on_dialog_destroyed), parts);
}

bool ks_preferences_answer(GtkWidget *page, KsRequest request, KsAnswer answer, const char *message)
{
    Parts *parts = g_object_get_data(G_OBJECT(page), PARTS);

    if (parts->dialog && ks_allow_dialog_answer(parts->dialog, request, answer, message))
        return true;
    return parts->editor && ks_vpn_editor_answer(parts->editor, request, answer, message);
}

/* ---- how things are ---- */

static void show_lan(const Parts *parts, const KsModel *model)
{
    g_autoptr(KsView) view = ks_view_new(model);
    const KsItem *item = ks_view_find(view, "lan");
    GtkWidget *control = ks_row_control(parts->lan);

    gtk_widget_set_visible(control, item != NULL);
    if (!item) {
        ks_row_set_texts(parts->lan, _("Allow LAN access"),
                         _("Not known while the guard is not running"));
        return;
    }
    ks_row_set_texts(parts->lan, item->label, item->note);
    ks_row_set_busy(parts->lan, item->busy);
    ks_switch_set(KS_SWITCH(control), item->checked);
    gtk_widget_set_sensitive(control, item->sensitive);
}

void ks_preferences_update(GtkWidget *page, const KsModel *model)
{
    Parts *parts = g_object_get_data(G_OBJECT(page), PARTS);

    g_ptr_array_unref(parts->cards);
    parts->cards = ks_vpn_cards(model);
    parts->none = ks_sentence_no_vpns(model);
    ks_mode_rows_show(parts->modes, model);
    show_lan(parts, model);
    ks_preferences_show_networks(GTK_CONTAINER(parts->networks), model, window_of(parts));
    ks_preferences_show_here(parts->here, model);
    ks_preferences_show_exceptions(parts->exceptions, model);
    gtk_widget_set_visible(parts->search, parts->cards->len > VPNS_SEEN_MAX);
    on_search(GTK_SEARCH_ENTRY(parts->search), parts);
}

void ks_preferences_focus(GtkWidget *page)
{
    const Parts *parts = g_object_get_data(G_OBJECT(page), PARTS);

    (void) gtk_widget_child_focus(page, GTK_DIR_TAB_FORWARD);
    /* while little is known the first that can have it is far below */
    gtk_adjustment_set_value(
        gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(parts->scrolled)), 0);
}

/* ---- the page ---- */

static GtkWidget *add_row(Parts *parts, GtkWidget *boxed, const char *title,
                          void (*chosen)(KsSwitch *control, gpointer data))
{
    GtkWidget *control = ks_switch_new();
    GtkWidget *row = ks_row_new(title, NULL, control);

    g_signal_connect(control, "chosen", G_CALLBACK(chosen), parts);
    ks_boxed_add(boxed, row);
    return row;
}

static GtkWidget *add_heading(GtkWidget *content, const char *text)
{
    GtkWidget *heading = ks_label_new(text, TEXT_WIDTH);

    ks_label_make_bold(heading);
    gtk_widget_set_margin_top(heading, SPACING);
    gtk_container_add(GTK_CONTAINER(content), heading);
    return heading;
}

static GtkWidget *add_boxed(GtkWidget *content)
{
    GtkWidget *boxed = ks_boxed_new();

    gtk_container_add(GTK_CONTAINER(content), boxed);
    return boxed;
}

static void add_vpns(Parts *parts, GtkWidget *content)
{
    GtkWidget *heading = add_heading(content, C_("heading", "VPNs and their servers"));
    GtkWidget *text = ks_label_new(
        _("Read from NetworkManager’s profiles, and always up to date. Only these servers can be "
          "reached while the lock is closed and no VPN is connected."),
        TEXT_WIDTH);
    AtkObject *list;

    gtk_style_context_add_class(gtk_widget_get_style_context(text), "ks-note");
    gtk_container_add(GTK_CONTAINER(content), text);
    parts->search = gtk_search_entry_new();
    gtk_widget_set_no_show_all(parts->search, TRUE);
    gtk_entry_set_placeholder_text(GTK_ENTRY(parts->search), _("Find a VPN"));
    atk_object_set_name(gtk_widget_get_accessible(parts->search), _("Find a VPN"));
    g_signal_connect(parts->search, "search-changed", G_CALLBACK(on_search), parts);
    gtk_container_add(GTK_CONTAINER(content), parts->search);
    parts->vpns = gtk_list_box_new();
    gtk_list_box_set_selection_mode(GTK_LIST_BOX(parts->vpns), GTK_SELECTION_NONE);
    list = gtk_widget_get_accessible(parts->vpns);
    (void) atk_object_add_relationship(list, ATK_RELATION_LABELLED_BY,
                                       gtk_widget_get_accessible(heading));
    gtk_container_add(GTK_CONTAINER(add_boxed(content)), parts->vpns);
}

static GtkWidget *new_content(Parts *parts)
{
    GtkWidget *content = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);
    GtkWidget *boxed;

    g_object_set(content, "margin", MARGIN, NULL);
    (void) add_heading(content, C_("heading", "Lock"));
    parts->modes = ks_mode_rows_new(parts->application);
    gtk_container_add(GTK_CONTAINER(content), parts->modes);
    boxed = add_boxed(content);
    parts->autostart = add_row(parts, boxed, _("Show the lock’s icon after login"), on_autostart);
    ks_switch_set(KS_SWITCH(ks_row_control(parts->autostart)), ks_autostart_is_on());
    (void) add_heading(content, C_("heading", "Networks"));
    boxed = add_boxed(content);
    parts->lan = add_row(parts, boxed, "", on_lan);
    parts->networks = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);
    gtk_style_context_add_class(gtk_widget_get_style_context(parts->networks), "ks-choices");
    gtk_container_add(GTK_CONTAINER(boxed), parts->networks);
    parts->here = ks_preferences_here_new(parts->application);
    gtk_container_add(GTK_CONTAINER(boxed), parts->here);
    (void) add_heading(content, C_("heading", "Exceptions"));
    parts->exceptions = ks_preferences_exceptions_new();
    gtk_container_add(GTK_CONTAINER(content), parts->exceptions);
    add_vpns(parts, content);
    return content;
}

/* Below what scrolls: it is always in reach. */
static GtkWidget *new_footer(void)
{
    GtkWidget *footer = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    GtkWidget *add = gtk_menu_button_new();
    g_autoptr(GMenu) menu = g_menu_new();

    g_menu_append(menu, _("Import a provider’s file…"), "app.import");
    g_menu_append(menu, _("In the network settings…"), "app.add-profile");
    g_menu_append(menu, _("One that NetworkManager does not run…"), "app.edit-vpn::");
    gtk_container_add(GTK_CONTAINER(add), gtk_label_new(C_("button", "Add a VPN")));
    gtk_menu_button_set_use_popover(GTK_MENU_BUTTON(add), FALSE);
    gtk_menu_button_set_direction(GTK_MENU_BUTTON(add), GTK_ARROW_UP);
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(add), G_MENU_MODEL(menu));
    atk_object_set_name(gtk_widget_get_accessible(add), C_("button", "Add a VPN"));
    g_object_set(footer, "margin", MARGIN / 2, NULL);
    gtk_box_set_center_widget(GTK_BOX(footer), add);
    return footer;
}

GtkWidget *ks_preferences_new(GtkApplication *application)
{
    Parts *parts = g_new0(Parts, 1);
    GtkWidget *content;

    parts->application = application;
    parts->cards = g_ptr_array_new();
    parts->page = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    g_object_set_data_full(G_OBJECT(parts->page), PARTS, parts, parts_free);
    g_signal_connect(parts->page, "destroy", G_CALLBACK(on_destroyed), parts);
    parts->scrolled = gtk_scrolled_window_new(NULL, NULL);
    content = new_content(parts);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(parts->scrolled), GTK_POLICY_NEVER,
                                   GTK_POLICY_AUTOMATIC);
    gtk_container_add(GTK_CONTAINER(parts->scrolled), content);
    ks_fit_follow_focus(parts->scrolled, content);
    gtk_box_pack_start(GTK_BOX(parts->page), parts->scrolled, TRUE, TRUE, 0);
    gtk_container_add(GTK_CONTAINER(parts->page), gtk_separator_new(GTK_ORIENTATION_HORIZONTAL));
    gtk_container_add(GTK_CONTAINER(parts->page), new_footer());
    gtk_widget_show_all(parts->page);
    return parts->page;
}
