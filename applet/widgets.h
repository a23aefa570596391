/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* What several windows are made of. */

/* A text that wraps, at most so many characters wide. NULL: none yet. */
GtkWidget *ks_label_new(const char *text, int columns);

/* Instead of what attributes it has. */
void ks_label_make_bold(GtkWidget *label);

/* A dialog that says what came about, and how. `parent` may be NULL. */
void ks_message_show(GtkWindow *parent, GtkMessageType type, const char *title, const char *text);

/* The same for what did not work. */
void ks_trouble_show(GtkWindow *parent, const char *title, const char *text);

/* The texts of such a dialog break wherever they have to, and it is called by its title: GTK calls
 * all of a kind the same. */
void ks_message_fit(GtkMessageDialog *dialog, const char *title);

/* What a screen reader says of it. */
void ks_widget_set_spoken(GtkWidget *widget, const char *name);

/* The text of the label NAME-label, without the sign of its mnemonic: GTK tells readers only which
 * label it is. */
void ks_builder_speak_by_label(GtkBuilder *builder, const char *name);

/* In the dialogs that have a line for it ("trouble"); NULL: there is nothing to complain of. */
void ks_builder_complain(GtkBuilder *builder, const char *text);

/* Puts `child` at the end of it, or takes it out: unlike what is hidden, it is not read out then.
 * The caller has a reference to the child. */
void ks_container_hold(GtkContainer *container, GtkWidget *child, gboolean in);

/* Destroys what is in it. */
void ks_container_empty(GtkContainer *container);
