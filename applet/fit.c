/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/fit.h"

/* Pixels of the screen's height that are for title bars, panels and shadows. */
#define OUTSIDE 120

void ks_fit_follow_focus(GtkWidget *scrolled, GtkWidget *inner)
{
    gtk_container_set_focus_vadjustment(
        GTK_CONTAINER(inner), gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(scrolled)));
}

GtkWidget *ks_fit_new(GtkWidget *inner)
{
    GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);

    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER,
                                   GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scrolled), TRUE);
    gtk_container_add(GTK_CONTAINER(scrolled), inner);
    ks_fit_follow_focus(scrolled, inner);
    return scrolled;
}

/* A window that grew where the window manager had put it when it was small. */
static void keep_on_screen(GtkWindow *window, const GdkRectangle *screen, int height)
{
    int lowest = screen->y + screen->height - height - OUTSIDE / 2;
    int x;
    int y;

    gtk_window_get_position(window, &x, &y);
    if (y > MAX(lowest, screen->y))
        gtk_window_move(window, x, MAX(lowest, screen->y));
}

void ks_fit(GtkWidget *scrolled, int width)
{
    GtkWidget *window = gtk_widget_get_toplevel(scrolled);
    GtkWidget *inner = gtk_bin_get_child(GTK_BIN(scrolled)); /* the viewport */
    GdkDisplay *display = gtk_widget_get_display(window);
    GdkWindow *drawn = gtk_widget_get_window(window);
    GdkMonitor *monitor = drawn ? gdk_display_get_monitor_at_window(display, drawn)
                                : gdk_display_get_monitor(display, 0);
    GdkRectangle screen = { .height = 0 };
    int least;
    int height;

    if (drawn && gtk_widget_get_allocated_width(scrolled) > 1)
        width = gtk_widget_get_allocated_width(scrolled);
    gtk_widget_get_preferred_width(inner, &least, NULL);
    width = MAX(width, least);
    gtk_widget_get_preferred_height_for_width(inner, width, NULL, &height);
    if (monitor)
        gdk_monitor_get_workarea(monitor, &screen);
    height = MIN(height, MAX(screen.height - OUTSIDE, OUTSIDE));
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(scrolled), height);
    gtk_window_resize(GTK_WINDOW(window), width, 1);
    if (drawn && monitor)
        keep_on_screen(GTK_WINDOW(window), &screen, height);
}
