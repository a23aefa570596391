/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* A button that shows the choice of now, and whose menu has the others. What is chosen in it is a
 * wish; what it shows stays until the program changes it. Not a GtkComboBox: screen readers never
 * hear that it has the focus. */

typedef void KsChosen(const char *id, void *data);

/* `data` must live as long as the button. */
GtkWidget *ks_choice_button_new(KsChosen *chosen, void *data);

/* Adds to the menu; `label` is shown as it is. */
void ks_choice_button_add(GtkWidget *button, const char *id, const char *label);
void ks_choice_button_clear(GtkWidget *button);

/* One that was added. */
void ks_choice_button_show(GtkWidget *button, const char *id);

/* Its id; "": none was shown. Valid until another is. */
const char *ks_choice_button_get(GtkWidget *button);
