/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/help-window.h"

#include "applet/fit.h"
#include "applet/style.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>
#include <stdbool.h>

#define PAGES      "ks-pages"
#define ARROW      "ks-arrow"
#define HOLDER     "ks-holder"
#define MARGIN     18
#define SPACING    12
#define ICON_SIZE  32
#define WIDTH      480
#define TEXT_WIDTH 48 /* characters */

static const struct {
    const char *icon;
    const char *text;
} states[] = {
    { "io.github.nmkillswitch-protected-symbolic",
      N_("Protected: everything goes through the VPN. If it drops, nothing else gets out.") },
    { "io.github.nmkillswitch-blocked-symbolic",
      N_("Blocked: no VPN is connected, so nothing leaves this computer. Connect a VPN, or unlock "
         "if you want to go on without one.") },
    { "io.github.nmkillswitch-unlocked-symbolic",
      N_("Unlocked: traffic leaves freely, with and without a VPN.") },
    { "io.github.nmkillswitch-paused-symbolic",
      N_("Paused: traffic leaves freely for some minutes. Then the lock closes by itself.") },
    { "io.github.nmkillswitch-broken-symbolic",
      N_("Broken: the lock is not as it should be. Close it again, and do not rely on it before "
         "you have.") },
    { "io.github.nmkillswitch-away-symbolic",
      N_("The guard, the service that holds the lock, is not running. A closed lock stays "
         "closed.") },
};

/* Names in quotation marks are those of the menu, of the window and of the preferences. Without a
 * tray there is only the window. */
static const struct {
    const char *title;
    const char *texts[3];
    const char *command; /* NULL: none */
} pages[] = {
    { .title = NC_("help", "What the icons say") },
    { NC_("help", "Why is something blocked?"),
      { N_("The first line of the icon’s menu, or the top of the window, says why, and the line "
           "below it says what helps. Usually a VPN has to be connected: choose it there."),
        N_("“What is refused…”, in the icon’s menu or the window’s, shows which programs tried to "
           "get out past the VPN."),
        N_("“Allow…” beside one of these makes an exception: every program can then send there "
           "without the VPN, for an hour or until you remove it.") },
      NULL },
    { NC_("help", "A printer or another device nearby"),
      { N_("“Allow LAN access”, in the icon’s menu or in the window, lets this computer reach "
           "printers, file servers and the like in its own network. Below it you can limit that "
           "to the network that you are in."),
        NULL },
      NULL },
    { NC_("help", "A machine that must be reached without the VPN"),
      { N_("“Add…” under “Exceptions” in the preferences lets one address past the lock, or lets "
           "others reach a service of this computer, everywhere or only on the network that you "
           "are in. Everything else stays as it is."),
        N_("How many exceptions are open stands in the first line of the icon’s menu and of the "
           "window. In the preferences you can remove them, and see those that are closed because "
           "their network is elsewhere."),
        NULL },
      NULL },
    { NC_("help", "A short time without the VPN"),
      { N_("“Pause”, in the icon’s menu or in the window, opens the lock for some minutes, for "
           "instance for the login page of a hotel. Then the lock closes by itself."),
        NULL },
      NULL },
    { NC_("help", "A VPN that does not connect"),
      { N_("While the lock is closed, a VPN can reach its own servers and nothing else. If they "
           "are not known, or have changed, correct them: the icon’s menu and the window offer it, "
           "and so does “Servers…” in the preferences. Write there what the provider of the VPN "
           "says."),
        N_("“Test” in the preferences connects the VPN, to see whether its server answers.") },
      NULL },
    { NC_("help", "If nothing else works"),
      { N_("Open the lock in a terminal:"), NULL },
      "sudo nm-killswitch unlock" },
};

static GtkWidget *new_icons(void)
{
    GtkWidget *grid = gtk_grid_new();

    g_object_set(grid, "row-spacing", SPACING, "column-spacing", SPACING, NULL);
    for (int i = 0; i < (int) G_N_ELEMENTS(states); i++) {
        GtkWidget *icon = gtk_image_new_from_icon_name(states[i].icon, GTK_ICON_SIZE_DND);

        gtk_image_set_pixel_size(GTK_IMAGE(icon), ICON_SIZE);
        gtk_widget_set_valign(icon, GTK_ALIGN_START);
        gtk_grid_attach(GTK_GRID(grid), icon, 0, i, 1, 1);
        gtk_grid_attach(GTK_GRID(grid), ks_label_new(_(states[i].text), TEXT_WIDTH), 1, i, 1, 1);
    }
    return grid;
}

static GtkWidget *new_texts(unsigned page)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, SPACING);

    for (unsigned i = 0; i < G_N_ELEMENTS(pages[page].texts) && pages[page].texts[i]; i++)
        gtk_container_add(GTK_CONTAINER(box), ks_label_new(_(pages[page].texts[i]), TEXT_WIDTH));
    if (pages[page].command) {
        GtkWidget *command = ks_label_new(pages[page].command, TEXT_WIDTH);

        gtk_label_set_selectable(GTK_LABEL(command), TRUE);
        gtk_container_add(GTK_CONTAINER(box), command);
    }
    return box;
}

/* A page is made when it opens: what does not show would still be read out. */
static void fill(GtkToggleButton *heading, unsigned page)
{
    GtkWidget *holder = g_object_get_data(G_OBJECT(heading), HOLDER);
    bool is_open = gtk_toggle_button_get_active(heading);
    GtkWidget *inner;

    gtk_image_set_from_icon_name(g_object_get_data(G_OBJECT(heading), ARROW),
                                 is_open ? "pan-down-symbolic" : "pan-end-symbolic",
                                 GTK_ICON_SIZE_MENU);
    ks_container_empty(GTK_CONTAINER(holder));
    if (!is_open)
        return;
    inner = page == 0 ? new_icons() : new_texts(page);
    g_object_set(inner, "margin", SPACING, NULL);
    gtk_widget_show_all(inner);
    gtk_container_add(GTK_CONTAINER(holder), inner);
}

/* One is open at a time. */
static void on_toggled(GtkToggleButton *changed, gpointer data)
{
    GtkWidget *scrolled = data;
    GPtrArray *all = g_object_get_data(G_OBJECT(scrolled), PAGES);

    for (unsigned i = 0; i < all->len; i++) {
        GtkToggleButton *heading = g_ptr_array_index(all, i);

        if (heading == changed)
            fill(heading, i);
        else if (gtk_toggle_button_get_active(changed))
            gtk_toggle_button_set_active(heading, FALSE);
    }
    ks_fit(scrolled, WIDTH);
}

/* No GtkExpander: its heading stays at the left where one reads from the right. */
static GtkWidget *new_heading(unsigned page, GtkWidget *holder)
{
    const char *title = g_dpgettext2(GETTEXT_PACKAGE, "help", pages[page].title);
    GtkWidget *heading = gtk_toggle_button_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);
    GtkWidget *arrow = gtk_image_new_from_icon_name("pan-end-symbolic", GTK_ICON_SIZE_MENU);
    GtkWidget *label = ks_label_new(title, TEXT_WIDTH);

    ks_label_make_bold(label);
    gtk_container_add(GTK_CONTAINER(box), arrow);
    gtk_container_add(GTK_CONTAINER(box), label);
    gtk_container_add(GTK_CONTAINER(heading), box);
    gtk_button_set_relief(GTK_BUTTON(heading), GTK_RELIEF_NONE);
    atk_object_set_name(gtk_widget_get_accessible(heading), title);
    g_object_set_data(G_OBJECT(heading), ARROW, arrow);
    g_object_set_data(G_OBJECT(heading), HOLDER, holder);
    return heading;
}

GtkWindow *ks_help_new(GtkApplication *application)
{
    GtkWindow *window = GTK_WINDOW(gtk_application_window_new(application));
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *intro =
        ks_label_new(_("The lock lets traffic leave this computer through a VPN only. You choose "
                       "when it closes by itself, and only you open it."),
                     TEXT_WIDTH);
    GtkWidget *scrolled = ks_fit_new(box);
    GPtrArray *all = g_ptr_array_new();
    g_autoptr(GtkWindowGroup) group = gtk_window_group_new();

    gtk_window_group_add_window(group, window); /* or a modal dialog would take its clicks */
    (void) ks_style_title(window, C_("title", "Help"), NULL);
    gtk_window_set_icon_name(window, "io.github.nmkillswitch");
    g_object_set(box, "margin", MARGIN, NULL);
    gtk_widget_set_margin_bottom(intro, SPACING);
    gtk_container_add(GTK_CONTAINER(box), intro);
    g_object_set_data_full(G_OBJECT(scrolled), PAGES, all, (GDestroyNotify) g_ptr_array_unref);
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        GtkWidget *holder = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
        GtkWidget *heading = new_heading(i, holder);

        g_ptr_array_add(all, heading);
        gtk_container_add(GTK_CONTAINER(box), heading);
        gtk_container_add(GTK_CONTAINER(box), holder);
        g_signal_connect(heading, "toggled", G_CALLBACK(on_toggled), scrolled);
    }
    gtk_container_add(GTK_CONTAINER(window), scrolled);
    gtk_widget_show_all(scrolled);
    gtk_toggle_button_set_active(g_ptr_array_index(all, 0), TRUE);
    return window;
}
