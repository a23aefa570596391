/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/escape.h"

static gboolean on_key(GtkWidget *window, GdkEventKey *event, gpointer data)
{
    (void) data;
    if (event->keyval != GDK_KEY_Escape)
        return GDK_EVENT_PROPAGATE;
    gtk_window_close(GTK_WINDOW(window));
    return GDK_EVENT_STOP;
}

static void on_window_added(GtkApplication *application, GtkWindow *window, gpointer data)
{
    (void) application;
    (void) data;
    g_signal_connect(window, "key-press-event", G_CALLBACK(on_key), NULL);
}

void ks_escape_closes_windows(GtkApplication *application)
{
    g_signal_connect(application, "window-added", G_CALLBACK(on_window_added), NULL);
}
