/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/fit.h"

/* Pixels of the screen's height that are for title bars, panels and shadows. */
#define OUTSIDE 90

#define FOLLOWED "ks-fit-followed"
#define HEIGHT   "ks-fit-height" /* of the window, last */

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

static void find_workarea(GtkWidget *window, GdkRectangle *ret_area)
{
    GdkDisplay *display = gtk_widget_get_display(window);
    GdkWindow *drawn = gtk_widget_get_window(window);
    GdkMonitor *monitor = drawn ? gdk_display_get_monitor_at_window(display, drawn)
                                : gdk_display_get_monitor(display, 0);

    *ret_area = (GdkRectangle){ .height = 0 };
    if (monitor)
        gdk_monitor_get_workarea(monitor, ret_area);
}

int ks_fit_height(GtkWidget *window, int wanted)
{
    GdkRectangle screen;

    find_workarea(window, &screen);
    return MIN(wanted, MAX(screen.height - OUTSIDE, OUTSIDE));
}

/* A window that grew where the window manager had put it when it was small. Where a person moves
 * it, it stays. */
static gboolean on_configure(GtkWidget *window, GdkEventConfigure *event, gpointer data)
{
    int before = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(window), HEIGHT));
    GdkRectangle screen;
    GdkRectangle frame;
    int below;
    int x;
    int y;

    (void) data;
    g_object_set_data(G_OBJECT(window), HEIGHT, GINT_TO_POINTER(event->height));
    if (event->height <= before)
        return GDK_EVENT_PROPAGATE;
    find_workarea(window, &screen);
    gdk_window_get_frame_extents(event->window, &frame);
    below = frame.y + frame.height - (screen.y + screen.height);
    if (below <= 0)
        return GDK_EVENT_PROPAGATE;
    gtk_window_get_position(GTK_WINDOW(window), &x, &y);
    gtk_window_move(GTK_WINDOW(window), x, MAX(y - below, screen.y));
    return GDK_EVENT_PROPAGATE;
}

static void follow(GtkWidget *window)
{
    if (g_object_get_data(G_OBJECT(window), FOLLOWED))
        return;
    g_object_set_data(G_OBJECT(window), FOLLOWED, window);
    g_signal_connect(window, "configure-event", G_CALLBACK(on_configure), NULL);
}

/* As a person left it, or else `width`. */
static int width_now(GtkWidget *window, int width)
{
    GtkWidget *content = gtk_bin_get_child(GTK_BIN(window));

    return gtk_widget_get_window(window) && gtk_widget_get_allocated_width(content) > 1
               ? gtk_widget_get_allocated_width(content)
               : width;
}

/* What the window needs above and below what scrolls. */
static int height_beside(GtkWidget *window, GtkWidget *scrolled)
{
    int all;
    int scrolls;

    gtk_widget_get_preferred_height(gtk_bin_get_child(GTK_BIN(window)), &all, NULL);
    gtk_widget_get_preferred_height(scrolled, &scrolls, NULL);
    return MAX(all - scrolls, 0);
}

void ks_fit(GtkWidget *scrolled, int width)
{
    GtkWidget *window = gtk_widget_get_toplevel(scrolled);
    GtkWidget *inner = gtk_bin_get_child(GTK_BIN(scrolled)); /* the viewport */
    int beside = height_beside(window, scrolled);
    int least;
    int height;

    follow(window);
    gtk_widget_get_preferred_width(inner, &least, NULL);
    width = MAX(width_now(window, width), least);
    gtk_widget_get_preferred_height_for_width(inner, width, NULL, &height);
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(scrolled),
                                               ks_fit_height(window, height + beside) - beside);
    gtk_window_resize(GTK_WINDOW(window), width, 1);
}

void ks_fit_at(GtkWidget *window, int width, int height)
{
    follow(window);
    gtk_window_resize(GTK_WINDOW(window), width_now(window, width), ks_fit_height(window, height));
}
