/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/network-settings.h"

#include "config.h"

#include <gio/gdesktopappinfo.h>
#include <glib/gi18n.h>

/* Launchers, the desktops' own first: each shows itself on its own desktop only. */
static const char *const launchers[] = {
    "gnome-network-panel.desktop",   /* GNOME's settings */
    "kcm_networkmanagement.desktop", /* Plasma's */
    "nm-connection-editor.desktop",  /* everywhere else */
};

gboolean ks_network_settings_show(GError **error)
{
    GdkDisplay *display = gdk_display_get_default();
    g_autoptr(GdkAppLaunchContext) context = gdk_display_get_app_launch_context(display);

    gdk_app_launch_context_set_timestamp(context, gtk_get_current_event_time());
    /* first those that this desktop calls its own, then any that is there */
    for (int any = 0; any <= 1; any++)
        for (unsigned i = 0; i < G_N_ELEMENTS(launchers); i++) {
            g_autoptr(GDesktopAppInfo) launcher = g_desktop_app_info_new(launchers[i]);

            if (launcher && (any || g_desktop_app_info_get_show_in(launcher, NULL)))
                return g_app_info_launch(G_APP_INFO(launcher), NULL, G_APP_LAUNCH_CONTEXT(context),
                                         error);
        }
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                        _("No program for network settings is installed. "
                          "“nm-connection-editor” is one."));
    return FALSE;
}
