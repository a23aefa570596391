/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/keys-window.h"

#include "config.h"

#include <glib/gi18n.h>

static const struct {
    const char *keys; /* as GtkShortcutsShortcut reads them */
    const char *title;
} rows[] = {
    { "<Primary>l", NC_("shortcut", "Close or open the lock") },
    { "<Primary>f", NC_("shortcut", "All VPNs") },
    { "<Primary>t", NC_("shortcut", "Test for leaks") },
    { "<Primary>r", NC_("shortcut", "What is refused") },
    { "<Primary>comma", NC_("shortcut", "Preferences") },
    { "F1 question", NC_("shortcut", "Help") },
    { "<Primary>F1", NC_("shortcut", "Keyboard shortcuts") },
    { "Escape", NC_("shortcut", "Close the window") },
    { "<Primary>q", NC_("shortcut", "Quit") },
};

void ks_keys_window_show(GtkWindow *parent)
{
    GtkWidget *window = g_object_new(GTK_TYPE_SHORTCUTS_WINDOW, "modal", TRUE, NULL);
    GtkWidget *section = g_object_new(GTK_TYPE_SHORTCUTS_SECTION, "visible", TRUE, "section-name",
                                      "all", "max-height", G_N_ELEMENTS(rows) + 1, NULL);
    GtkWidget *group = g_object_new(GTK_TYPE_SHORTCUTS_GROUP, "visible", TRUE, "title",
                                    _("VPN Kill Switch"), NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        gtk_container_add(
            GTK_CONTAINER(group),
            g_object_new(GTK_TYPE_SHORTCUTS_SHORTCUT, "visible", TRUE, "accelerator", rows[i].keys,
                         "title", g_dpgettext2(GETTEXT_PACKAGE, "shortcut", rows[i].title), NULL));
    gtk_container_add(GTK_CONTAINER(section), group);
    gtk_container_add(GTK_CONTAINER(window), section);
    gtk_window_set_transient_for(GTK_WINDOW(window), parent);
    gtk_window_present(GTK_WINDOW(window));
}
