/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/first-steps.h"

#include "applet/badge.h"
#include "applet/boxed.h"
#include "applet/fit.h"
#include "applet/import.h"
#include "applet/mode-rows.h"
#include "applet/next-button.h"
#include "applet/presenter.h"
#include "applet/sentences.h"
#include "applet/style.h"
#include "applet/vpn-card.h"
#include "applet/widgets.h"
#include "applet/window-text.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define PARTS      "ks-parts"
#define WIDTH      440
#define HEIGHT     620
#define MARGIN     24
#define SPACING    12
#define TEXT_WIDTH 40 /* characters */

#define SHOWN_MAX 40u /* VPNs */

static const char *const pages[] = { "what", "vpns", "connect" };

typedef struct {
    GtkWindow *window;
    GtkWidget *stack;
    GtkWidget *back;
    GtkWidget *on;
    unsigned at;
    GtkWidget *modes;
    GtkWidget *vpns;  /* a boxed list */
    char *shown_vpns; /* what it shows: made again when that is another */
    KsBadge *badge;
    GtkWidget *state;
    GtkWidget *rest;
    GtkWidget *next;
    GtkWidget *tested;
    bool is_tested; /* and nothing leaked */
} Parts;

static void parts_free(gpointer data)
{
    Parts *parts = data;

    g_free(parts->shown_vpns);
    ks_badge_free(parts->badge);
    g_free(parts);
}

/* ---- turning pages ---- */

static void show_page(Parts *parts)
{
    bool is_last = parts->at + 1 == G_N_ELEMENTS(pages);

    gtk_stack_set_visible_child_name(GTK_STACK(parts->stack), pages[parts->at]);
    gtk_widget_set_sensitive(parts->back, parts->at > 0);
    gtk_button_set_label(GTK_BUTTON(parts->on), !is_last           ? C_("button", "Continue")
                                                : parts->is_tested ? C_("button", "Done")
                                                                   : C_("button", "Close"));
}

static void on_back(GtkButton *button, gpointer data)
{
    Parts *parts = data;

    (void) button;
    parts->at--;
    show_page(parts);
}

static void on_on(GtkButton *button, gpointer data)
{
    Parts *parts = data;

    (void) button;
    if (parts->at + 1 == G_N_ELEMENTS(pages)) {
        gtk_window_close(parts->window);
        return;
    }
    parts->at++;
    show_page(parts);
}

/* ---- what is on them ---- */

static GtkWidget *new_page(const char *title, const char *text)
{
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);
    GtkWidget *heading = ks_label_new(title, TEXT_WIDTH / 2);
    GtkWidget *body = ks_label_new(text, TEXT_WIDTH);

    g_object_set(page, "margin", MARGIN, NULL);
    gtk_style_context_add_class(gtk_widget_get_style_context(heading), "ks-state");
    g_object_set(heading, "xalign", 0.5F, "justify", GTK_JUSTIFY_CENTER, NULL);
    g_object_set(body, "xalign", 0.5F, "justify", GTK_JUSTIFY_CENTER, NULL);
    gtk_container_add(GTK_CONTAINER(page), heading);
    gtk_container_add(GTK_CONTAINER(page), body);
    return page;
}

static void add_page(Parts *parts, GtkWidget *page, unsigned number)
{
    GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);

    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER,
                                   GTK_POLICY_AUTOMATIC);
    gtk_container_add(GTK_CONTAINER(scrolled), page);
    ks_fit_follow_focus(scrolled, page);
    gtk_widget_show_all(scrolled);
    gtk_stack_add_named(GTK_STACK(parts->stack), scrolled, pages[number]);
}

static GtkWidget *new_what(Parts *parts)
{
    GtkWidget *page =
        new_page(_("Nothing gets out past your VPN"),
                 _("The lock lets traffic leave this computer through a VPN only. You "
                   "choose when it closes by itself, and only you open it."));
    KsBadge *badge = ks_badge_new(KS_BADGE_SMALL);
    GtkWidget *picture = ks_badge_widget(badge);

    ks_badge_show(badge, ks_view_icon(KS_STATE_PROTECTED), "");
    gtk_container_add(GTK_CONTAINER(page), picture);
    gtk_box_reorder_child(GTK_BOX(page), picture, 0);
    g_object_set_data_full(G_OBJECT(page), "ks-badge", badge, (GDestroyNotify) ks_badge_free);
    parts->modes = ks_mode_rows_new(gtk_window_get_application(parts->window));
    gtk_container_add(GTK_CONTAINER(page), parts->modes);
    return page;
}

static void add_link(GtkWidget *boxed, const char *title, const char *action)
{
    GtkWidget *button = gtk_button_new_from_icon_name("go-next-symbolic", GTK_ICON_SIZE_BUTTON);

    gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), action);
    ks_boxed_add(boxed, ks_row_new(title, NULL, button));
}

static GtkWidget *new_vpns(Parts *parts)
{
    GtkWidget *page = new_page(
        _("Your VPNs"), _("Read from NetworkManager’s profiles, and always up to date. Only these "
                          "servers can be reached while the lock is closed and no VPN is "
                          "connected."));
    GtkWidget *links = ks_boxed_new();

    parts->vpns = ks_boxed_new();
    gtk_container_add(GTK_CONTAINER(page), parts->vpns);
    add_link(links, _("Import a provider’s file…"), "app.import");
    add_link(links, _("In the network settings…"), "app.add-profile");
    gtk_container_add(GTK_CONTAINER(page), links);
    return page;
}

static GtkWidget *new_connect(Parts *parts)
{
    GtkWidget *page = new_page(_("Connect and test"),
                               _("Connect a VPN. Then see for yourself that nothing gets out past "
                                 "it."));
    GtkWidget *tinted = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING / 2);

    parts->badge = ks_badge_new(KS_BADGE_LARGE);
    ks_badge_tint(parts->badge, tinted);
    parts->state = ks_label_new(NULL, TEXT_WIDTH);
    parts->rest = ks_label_new(NULL, TEXT_WIDTH);
    gtk_style_context_add_class(gtk_widget_get_style_context(parts->state), "ks-state");
    gtk_widget_set_halign(parts->state, GTK_ALIGN_CENTER);
    gtk_widget_set_halign(parts->rest, GTK_ALIGN_CENTER);
    gtk_label_set_justify(GTK_LABEL(parts->rest), GTK_JUSTIFY_CENTER);
    parts->next = ks_next_button_new(gtk_window_get_application(parts->window));
    gtk_container_add(GTK_CONTAINER(tinted), ks_badge_widget(parts->badge));
    gtk_container_add(GTK_CONTAINER(tinted), parts->state);
    gtk_container_add(GTK_CONTAINER(tinted), parts->rest);
    gtk_container_add(GTK_CONTAINER(tinted), parts->next);
    gtk_container_add(GTK_CONTAINER(page), tinted);
    parts->tested = ks_label_new(_("Tested: nothing leaks."), TEXT_WIDTH);
    gtk_widget_set_halign(parts->tested, GTK_ALIGN_CENTER);
    gtk_widget_set_no_show_all(parts->tested, TRUE);
    gtk_container_add(GTK_CONTAINER(page), parts->tested);
    return page;
}

/* ---- how things are ---- */

static void show_vpns(Parts *parts, const KsModel *model)
{
    g_autoptr(GPtrArray) cards = ks_vpn_cards(model);
    g_autoptr(GString) all = g_string_new(NULL);

    if (cards->len == 0)
        g_string_append(all, ks_sentence_no_vpns(model));
    for (unsigned i = 0; i < cards->len; i++) {
        g_autofree char *text = ks_vpn_card_text(g_ptr_array_index(cards, i));

        g_string_append(all, text);
    }
    if (g_strcmp0(all->str, parts->shown_vpns) == 0)
        return;
    g_free(parts->shown_vpns);
    parts->shown_vpns = g_strdup(all->str);
    ks_container_empty(GTK_CONTAINER(parts->vpns));
    for (unsigned i = 0; i < MIN(cards->len, SHOWN_MAX); i++) {
        const KsVpnCard *card = g_ptr_array_index(cards, i);
        const char *first = card->servers->len > 0  ? g_ptr_array_index(card->servers, 0)
                            : card->doubts->len > 0 ? g_ptr_array_index(card->doubts, 0)
                                                    : NULL;

        ks_boxed_add(parts->vpns, ks_row_new(card->title, first, NULL));
    }
    if (cards->len > SHOWN_MAX)
        ks_boxed_add(parts->vpns, ks_row_new("…", NULL, NULL));
    if (cards->len == 0)
        ks_boxed_add(parts->vpns, ks_row_new(ks_sentence_no_vpns(model), NULL, NULL));
    gtk_widget_show_all(parts->vpns);
}

/* What the main window would have one do, and the test where all is well. */
static void show_connect(Parts *parts, const KsModel *model)
{
    g_autoptr(KsView) view = ks_view_new(model);
    const KsItem *next = ks_view_find(view, "next");
    g_autofree char *state = NULL;
    g_autofree char *rest = NULL;

    if (!next && model->guard->state == KS_STATE_PROTECTED)
        next = ks_view_find(view, "test");
    ks_text_split(view->headline, &state, &rest);
    ks_badge_show(parts->badge, view->icon, view->description);
    gtk_label_set_text(GTK_LABEL(parts->state), state);
    gtk_label_set_text(GTK_LABEL(parts->rest), rest);
    ks_next_button_show(parts->next, next);
}

void ks_first_steps_update(GtkWindow *window, const KsModel *model)
{
    Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);

    ks_mode_rows_show(parts->modes, model);
    show_vpns(parts, model);
    show_connect(parts, model);
}

void ks_first_steps_set_tested(GtkWindow *window, bool tested)
{
    Parts *parts = g_object_get_data(G_OBJECT(window), PARTS);

    parts->is_tested = tested;
    gtk_widget_set_visible(parts->tested, tested);
    show_page(parts);
}

/* ---- the window ---- */

static GtkWidget *new_footer(Parts *parts)
{
    GtkWidget *footer = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);

    parts->back = gtk_button_new_with_label(C_("button", "Back"));
    parts->on = gtk_button_new_with_label("");
    gtk_style_context_add_class(gtk_widget_get_style_context(parts->on), "suggested-action");
    g_signal_connect(parts->back, "clicked", G_CALLBACK(on_back), parts);
    g_signal_connect(parts->on, "clicked", G_CALLBACK(on_on), parts);
    g_object_set(footer, "margin", SPACING, NULL);
    gtk_box_pack_start(GTK_BOX(footer), parts->back, FALSE, FALSE, 0);
    gtk_box_pack_end(GTK_BOX(footer), parts->on, FALSE, FALSE, 0);
    return footer;
}

GtkWindow *ks_first_steps_new(GtkApplication *application)
{
    Parts *parts = g_new0(Parts, 1);
    GtkWidget *outer = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    parts->window = GTK_WINDOW(gtk_application_window_new(application));
    g_object_set_data_full(G_OBJECT(parts->window), PARTS, parts, parts_free);
    (void) ks_style_title(parts->window, C_("title", "First Steps"), NULL);
    gtk_window_set_icon_name(parts->window, "io.github.nmkillswitch");
    gtk_window_set_default_size(parts->window, WIDTH,
                                ks_fit_height(GTK_WIDGET(parts->window), HEIGHT));
    gtk_window_set_position(parts->window, GTK_WIN_POS_CENTER);
    ks_import_accept_drops(parts->window);
    parts->stack = gtk_stack_new();
    gtk_stack_set_transition_type(GTK_STACK(parts->stack),
                                  GTK_STACK_TRANSITION_TYPE_SLIDE_LEFT_RIGHT);
    add_page(parts, new_what(parts), 0);
    add_page(parts, new_vpns(parts), 1);
    add_page(parts, new_connect(parts), 2);
    gtk_box_pack_start(GTK_BOX(outer), parts->stack, TRUE, TRUE, 0);
    gtk_container_add(GTK_CONTAINER(outer), gtk_separator_new(GTK_ORIENTATION_HORIZONTAL));
    gtk_container_add(GTK_CONTAINER(outer), new_footer(parts));
    gtk_container_add(GTK_CONTAINER(parts->window), outer);
    gtk_widget_show_all(outer);
    show_page(parts);
    gtk_widget_grab_focus(parts->on);
    return parts->window;
}
