/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/help.h"

#include "applet/fit.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>

#define MARGIN     18
#define SPACING    12
#define ICON_SIZE  32
#define WIDTH      480
#define TEXT_WIDTH 48 /* characters */

static const struct {
    const char *icon;
    const char *text;
} rows[] = {
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

static GtkWidget *new_page(void)
{
    GtkWidget *grid = gtk_grid_new();
    int row = 0;

    g_object_set(grid, "margin", MARGIN, "row-spacing", SPACING, "column-spacing", SPACING, NULL);
    gtk_grid_attach(
        GTK_GRID(grid),
        ks_label_new(_("The lock lets traffic leave this computer through a VPN only. You "
                       "choose when it closes by itself, and only you open it."),
                     TEXT_WIDTH),
        0, row++, 2, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++, row++) {
        GtkWidget *icon = gtk_image_new_from_icon_name(rows[i].icon, GTK_ICON_SIZE_DND);

        gtk_image_set_pixel_size(GTK_IMAGE(icon), ICON_SIZE);
        gtk_widget_set_valign(icon, GTK_ALIGN_START);
        gtk_grid_attach(GTK_GRID(grid), icon, 0, row, 1, 1);
        gtk_grid_attach(GTK_GRID(grid), ks_label_new(_(rows[i].text), TEXT_WIDTH), 1, row, 1, 1);
    }
    gtk_grid_attach(
        GTK_GRID(grid),
        ks_label_new(_("If nothing else works, open the lock in a terminal:"), TEXT_WIDTH), 0,
        row++, 2, 1);
    gtk_grid_attach(GTK_GRID(grid), ks_label_new("sudo nm-killswitch unlock", TEXT_WIDTH), 0, row,
                    2, 1);
    gtk_label_set_selectable(GTK_LABEL(gtk_grid_get_child_at(GTK_GRID(grid), 0, row)), TRUE);
    return grid;
}

void ks_help_show(GtkWindow *parent)
{
    GtkWidget *dialog = gtk_dialog_new_with_buttons(C_("title", "Help"), parent,
                                                    GTK_DIALOG_USE_HEADER_BAR, NULL, NULL);
    GtkWidget *content = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
    GtkWidget *scrolled = ks_fit_new(new_page());

    gtk_box_pack_start(GTK_BOX(content), scrolled, TRUE, TRUE, 0);
    g_signal_connect(dialog, "response", G_CALLBACK(gtk_widget_destroy), NULL);
    gtk_widget_show_all(scrolled);
    ks_fit(scrolled, WIDTH);
    gtk_window_present(GTK_WINDOW(dialog));
}
