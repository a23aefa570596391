/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/escape.h"

static gboolean on_key(GtkWidget *window, GdkEventKey *event, gpointer data)
{
    GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(window));

    switch (event->keyval) {
    case GDK_KEY_Escape:
        gtk_window_close(GTK_WINDOW(window));
        return GDK_EVENT_STOP;
    case GDK_KEY_question: /* no accelerator: those take it from what somebody types */
        if (focus && GTK_IS_EDITABLE(focus))
            return GDK_EVENT_PROPAGATE;
        g_action_group_activate_action(G_ACTION_GROUP(data), "help", NULL);
        return GDK_EVENT_STOP;
    default:
        return GDK_EVENT_PROPAGATE;
    }
}

static void on_window_added(GtkApplication *application, GtkWindow *window, gpointer data)
{
    (void) data;
    g_signal_connect(window, "key-press-event", G_CALLBACK(on_key), application);
}

void ks_escape_closes_windows(GtkApplication *application)
{
    g_signal_connect(application, "window-added", G_CALLBACK(on_window_added), NULL);
}
