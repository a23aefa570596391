/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Boxed lists: rows with a title, a line below it and something to operate at the end. */

/* An empty list. */
GtkWidget *ks_boxed_new(void);

/* Puts `child` into it, below a line. */
void ks_boxed_add(GtkWidget *boxed, GtkWidget *child);

/* Has a line between any two rows of a list. */
void ks_list_draw_lines(GtkListBox *list);

/* A row. A click anywhere in it operates `control`, which is called like the row for who hears it;
 * NULL: there is nothing to operate. `note` is the line below the title, NULL: there is no such
 * line. */
GtkWidget *ks_row_new(const char *title, const char *note, GtkWidget *control);

/* Other texts; what did not change is left alone. */
void ks_row_set_texts(GtkWidget *row, const char *title, const char *note);

/* A picture before the texts; `spoken` is what it says. */
void ks_row_add_icon(GtkWidget *row, const char *icon, const char *spoken);

/* The control of a row, or NULL. */
GtkWidget *ks_row_control(GtkWidget *row);

/* Another control instead of the one that the row has. It gets the focus if that had it. */
void ks_row_set_control(GtkWidget *row, GtkWidget *control);

/* Something is under way: where that lasts, the row shows it. */
void ks_row_set_busy(GtkWidget *row, gboolean busy);
