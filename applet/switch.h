/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>
#include <stdbool.h>

/* A switch whose state only the program sets. A person moves its slider and says by that what they
 * want: the signal "chosen", without arguments. If that does not become true within
 * KS_SWITCH_PATIENCE (somebody is asked for a password, or the guard refused), the slider goes back
 * to how things are. */

#define KS_TYPE_SWITCH     (ks_switch_get_type())
#define KS_SWITCH_PATIENCE 300u /* milliseconds */

G_DECLARE_FINAL_TYPE(KsSwitch, ks_switch, KS, SWITCH, GtkSwitch)

GtkWidget *ks_switch_new(void);

/* How things are. */
void ks_switch_set(KsSwitch *widget, bool on);
bool ks_switch_get(const KsSwitch *widget);
