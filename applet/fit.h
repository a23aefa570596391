/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* A window whose content can be scrolled where the screen is small, and is shown whole elsewhere:
 * by itself GTK keeps the height that a window was opened with, however much comes into it. */

/* Puts `inner` into a scrolled window that only scrolls up and down, and to whatever has the
 * focus. Returns the scrolled window. */
GtkWidget *ks_fit_new(GtkWidget *inner);

/* Makes the window as high as what is in it needs now, as far as the screen allows. `width` is its
 * width while it is not shown yet. */
void ks_fit(GtkWidget *scrolled, int width);

/* Makes the window as high as that, as far as the screen allows. */
void ks_fit_at(GtkWidget *window, int width, int height);

/* `wanted`, or less where the screen has no room for a window of that height. */
int ks_fit_height(GtkWidget *window, int wanted);

/* What has the focus is scrolled to. `inner` is what was put into it. */
void ks_fit_follow_focus(GtkWidget *scrolled, GtkWidget *inner);
