/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* What all windows look like: our few rules of CSS, dark where the person wants it dark, and a
 * title bar as the desktop has them. */

/* Loads the rules, and from then on follows the desktop's preference for dark or light (the
 * portal's color-scheme). The first call counts. Where nobody answers, the theme decides. */
void ks_style_use(void);

/* Gives a window its title. Where the desktop's own dialogs have header bars it gets one, with
 * `button` in it, and TRUE is returned; else the window manager draws the title, and `button` (not
 * taken, may be NULL) has to go elsewhere. */
gboolean ks_style_title(GtkWindow *window, const char *title, GtkWidget *button);
