/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/boxed.h"
#include "applet/choice-button.h"
#include "applet/preferences-parts.h"
#include "applet/switch.h"
#include "applet/vpn-card.h"
#include "applet/widgets.h"
#include "applet/window-text.h"
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#define MARGIN             12
#define SPACING            6
/* More than these are found by their names. */
#define KS_VPN_CARDS_SHOWN 40u

#define ROW   "ks-row"
#define SHAPE "ks-shape" /* of the list: its VPNs; it is made again when there are others */

/* In the order of KsVpnLocks. */
static const char *const locks_texts[] = {
    [KS_VPN_LOCKS_AUTO] = N_("Closes the lock if it carries everything"),
    [KS_VPN_LOCKS_YES] = N_("Always closes the lock"),
    [KS_VPN_LOCKS_NO] = N_("Never closes the lock"),
};

typedef struct {
    char *uuid;
    char *text; /* what `facts` shows */
    GtkWindow *window;
    GtkWidget *facts;
    GtkWidget *locks;
    GtkWidget *always_on; /* a switch; NULL: NetworkManager does not run it */
    GtkWidget *edit;
    GtkWidget *test;
} Row;

static void row_free(gpointer data)
{
    Row *row = data;

    g_free(row->uuid);
    g_free(row->text);
    g_free(row);
}

static GtkWidget *add_label(GtkWidget *box, const char *text)
{
    GtkWidget *label = gtk_label_new(text);

    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_container_add(GTK_CONTAINER(box), label);
    return label;
}

/* ---- what is known ---- */

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

static void show_facts(Row *row, const KsVpnCard *card)
{
    g_autofree char *text = ks_vpn_card_text(card);

    if (g_strcmp0(row->text, text) == 0)
        return;
    g_free(row->text);
    row->text = g_steal_pointer(&text);
    ks_container_empty(GTK_CONTAINER(row->facts));
    ks_label_make_bold(add_label(row->facts, card->title));
    for (unsigned i = 0; i < card->servers->len; i++)
        gtk_label_set_selectable(
            GTK_LABEL(add_label(row->facts, g_ptr_array_index(card->servers, i))), TRUE);
    if (card->note[0])
        (void) add_label(row->facts, card->note);
    for (unsigned i = 0; i < card->doubts->len; i++)
        add_doubt(row->facts, g_ptr_array_index(card->doubts, i));
    if (card->attempt[0])
        (void) add_label(row->facts, card->attempt);
    gtk_widget_show_all(row->facts);
}

/* ---- what can be done ---- */

static void activate(const Row *row, const char *action, GVariant *target)
{
    g_action_group_activate_action(G_ACTION_GROUP(gtk_window_get_application(row->window)), action,
                                   target);
}

static void on_locks(const char *locks, void *data)
{
    Row *row = data;

    activate(row, "set-locks", g_variant_new("(ss)", row->uuid, locks));
}

static void add_locks(Row *row, GtkWidget *box)
{
    row->locks = ks_choice_button_new(on_locks, row);
    for (unsigned i = 0; i < G_N_ELEMENTS(locks_texts); i++)
        ks_choice_button_add(row->locks, ks_vpn_locks_name((KsVpnLocks) i), _(locks_texts[i]));
    gtk_box_pack_start(GTK_BOX(box), row->locks, TRUE, TRUE, 0);
}

static void on_edit(GtkButton *button, gpointer data)
{
    Row *row = data;

    (void) button;
    activate(row, "edit-vpn", g_variant_new_string(row->uuid));
}

static void on_always_on(KsSwitch *control, gpointer data)
{
    Row *row = data;

    activate(row, "always-on", g_variant_new("(sb)", row->uuid, !ks_switch_get(control)));
}

static void add_always_on(Row *row, const KsVpnCard *card, GtkWidget *box)
{
    /* TRANSLATORS: said by screen readers; %s is the name of a VPN */
    g_autofree char *spoken = g_strdup_printf(_("Always connect “%s”"), card->name);
    GtkWidget *holder;

    row->always_on = ks_switch_new();
    holder = ks_row_new(_("Always on: connected by itself, before anybody logs in"), NULL,
                        row->always_on);
    gtk_style_context_add_class(gtk_widget_get_style_context(gtk_bin_get_child(GTK_BIN(holder))),
                                "ks-inner");
    atk_object_set_name(gtk_widget_get_accessible(row->always_on), spoken);
    g_signal_connect(row->always_on, "chosen", G_CALLBACK(on_always_on), row);
    gtk_container_add(GTK_CONTAINER(box), holder);
}

static void on_test(GtkButton *button, gpointer data)
{
    Row *row = data;

    (void) button;
    activate(row, "connect", g_variant_new_string(row->uuid));
}

static GtkWidget *add_button(GtkWidget *box, const char *label, const char *spoken,
                             const char *tooltip)
{
    GtkWidget *button = gtk_button_new_with_label(label);

    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_set_tooltip_text(button, tooltip);
    atk_object_set_name(gtk_widget_get_accessible(button), spoken);
    gtk_container_add(GTK_CONTAINER(box), button);
    return button;
}

static void add_controls(Row *row, const KsVpnCard *card, GtkWidget *box)
{
    GtkWidget *controls = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);
    /* TRANSLATORS: said by screen readers; %s is the name of a VPN */
    g_autofree char *locks = g_strdup_printf(_("Whether “%s” closes the lock"), card->name);
    /* TRANSLATORS: said by screen readers for the button “Servers…”; %s is the name of a VPN */
    g_autofree char *edit = g_strdup_printf(_("Correct the servers of “%s”…"), card->name);
    /* TRANSLATORS: said by screen readers for the button “Test”; %s is the name of a VPN */
    g_autofree char *test = g_strdup_printf(_("Test “%s”"), card->name);

    add_locks(row, controls);
    atk_object_set_name(gtk_widget_get_accessible(row->locks), locks);
    row->edit =
        add_button(controls, C_("button", "Servers…"), edit, _("Correct the servers of this VPN"));
    g_signal_connect(row->edit, "clicked", G_CALLBACK(on_edit), row);
    if (!card->manual) {
        row->test = add_button(controls, C_("button", "Test"), test,
                               _("Connect, to see whether its server answers"));
        g_signal_connect(row->test, "clicked", G_CALLBACK(on_test), row);
    }
    gtk_container_add(GTK_CONTAINER(box), controls);
}

/* ---- rows ---- */

static void add_row(GtkContainer *list, const KsVpnCard *card, GtkWindow *window)
{
    GtkWidget *holder = gtk_list_box_row_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);
    Row *row = g_new0(Row, 1);

    row->uuid = g_strdup(card->uuid);
    row->window = window;
    row->facts = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING / 2);
    g_object_set(box, "margin", MARGIN, NULL);
    gtk_container_add(GTK_CONTAINER(box), row->facts);
    if (!card->manual)
        add_always_on(row, card, box);
    add_controls(row, card, box);
    g_object_set_data_full(G_OBJECT(holder), ROW, row, row_free);
    /* it takes the focus before what is in it: GTK's list is a trap for Tab otherwise */
    g_object_set(holder, "activatable", FALSE, "selectable", FALSE, NULL);
    atk_object_set_name(gtk_widget_get_accessible(holder), card->title);
    gtk_container_add(GTK_CONTAINER(holder), box);
    gtk_widget_show_all(holder);
    gtk_container_add(list, holder);
}

static void show_row(Row *row, const KsVpnCard *card)
{
    show_facts(row, card);
    ks_choice_button_show(row->locks, ks_vpn_locks_name(card->locks));
    gtk_widget_set_sensitive(row->locks, card->can_edit && !card->overlay);
    gtk_widget_set_sensitive(row->edit, card->can_edit);
    if (row->always_on) {
        ks_switch_set(KS_SWITCH(row->always_on), card->always_on);
        gtk_widget_set_sensitive(row->always_on, card->can_always_on);
    }
    if (row->test)
        gtk_widget_set_sensitive(row->test, card->can_test);
}

static void add_text_row(GtkContainer *list, const char *text)
{
    GtkWidget *holder = gtk_list_box_row_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    g_object_set(box, "margin", MARGIN, NULL);
    (void) add_label(box, text);
    g_object_set(holder, "activatable", FALSE, NULL);
    gtk_container_add(GTK_CONTAINER(holder), box);
    gtk_widget_show_all(holder);
    gtk_container_add(list, holder);
}

/* Widgets for hundreds of VPNs would take seconds to be made. */
static void add_others(GtkContainer *list, unsigned others)
{
    g_autofree char *text = g_strdup_printf(
        /* TRANSLATORS: below a list that does not show all VPNs */
        g_dngettext(GETTEXT_PACKAGE, "%u more VPN: find it by its name.",
                    "%u more VPNs: find them by their names.", others),
        others);

    add_text_row(list, text);
}

static GPtrArray *find_cards(const GPtrArray *cards, const char *sought)
{
    GPtrArray *found = g_ptr_array_new();

    for (unsigned i = 0; i < cards->len; i++) {
        g_autofree char *text = ks_vpn_card_text(g_ptr_array_index(cards, i));

        if (ks_text_contains(text, sought))
            g_ptr_array_add(found, g_ptr_array_index(cards, i));
    }
    return found;
}

/* `none`: what is said where there are no cards. */
static void make(GtkContainer *list, const GPtrArray *cards, const char *none, GtkWindow *window)
{
    unsigned shown = MIN(cards->len, KS_VPN_CARDS_SHOWN);
    g_autoptr(GString) shape = g_string_new(NULL);

    g_string_append_printf(shape, "%u %s\n", cards->len, none);
    for (unsigned i = 0; i < shown; i++) {
        const KsVpnCard *card = g_ptr_array_index(cards, i);

        g_string_append_printf(shape, "%s %s\n", card->uuid, card->name);
    }
    if (g_strcmp0(g_object_get_data(G_OBJECT(list), SHAPE), shape->str) == 0)
        return;
    g_object_set_data_full(G_OBJECT(list), SHAPE, g_strdup(shape->str), g_free);
    ks_container_empty(list);
    ks_list_draw_lines(GTK_LIST_BOX(list));
    for (unsigned i = 0; i < shown; i++)
        add_row(list, g_ptr_array_index(cards, i), window);
    if (cards->len > shown)
        add_others(list, cards->len - shown);
    if (cards->len == 0)
        add_text_row(list, none);
}

void ks_preferences_show_vpns(GtkContainer *list, const GPtrArray *cards, const char *sought,
                              const char *none, GtkWindow *window)
{
    g_autoptr(GPtrArray) found = find_cards(cards, sought);
    g_autoptr(GList) rows = NULL;
    unsigned at = 0;

    make(list, found, sought[0] ? _("No VPN is called like that.") : none, window);
    rows = gtk_container_get_children(list);
    for (GList *holder = rows; holder; holder = holder->next) {
        Row *row = g_object_get_data(G_OBJECT(holder->data), ROW);

        if (row) /* in the order of the cards */
            show_row(row, g_ptr_array_index(found, at++));
    }
}
