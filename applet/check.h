/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>
#include <stdbool.h>

/* Check marks that only the program sets. GTK's own change by a click, before anybody knows whether
 * the guard will agree; these only say that a person chose them: the signal "chosen", without
 * arguments. */

#define KS_TYPE_CHECK_ITEM   (ks_check_item_get_type())
#define KS_TYPE_CHECK_BUTTON (ks_check_button_get_type())

#define KS_TYPE_RADIO_BUTTON (ks_radio_button_get_type())

G_DECLARE_FINAL_TYPE(KsCheckItem, ks_check_item, KS, CHECK_ITEM, GtkCheckMenuItem)
G_DECLARE_FINAL_TYPE(KsCheckButton, ks_check_button, KS, CHECK_BUTTON, GtkCheckButton)
G_DECLARE_FINAL_TYPE(KsRadioButton, ks_radio_button, KS, RADIO_BUTTON, GtkRadioButton)

/* Not GTK's own functions for it, which pretend a click. */
void ks_check_item_set(KsCheckItem *item, bool checked);
void ks_check_button_set(KsCheckButton *button, bool checked);

/* Beside `group`, NULL: the first of its group. Tab and the arrow keys go to each button of it and
 * choose nothing: a choice may ask for a password. */
GtkWidget *ks_radio_button_new(KsRadioButton *group);

/* The mark goes from the others of its group to this. */
void ks_radio_button_choose(KsRadioButton *button);
