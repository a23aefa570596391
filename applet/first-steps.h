/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

#include <gtk/gtk.h>

/* Three pages for somebody who has just installed this: what it does and whether it locks by
 * itself; their VPNs with their servers; connecting one and testing it. Shown with
 * gtk_window_present(). */
GtkWindow *ks_first_steps_new(GtkApplication *application);
void ks_first_steps_update(GtkWindow *window, const KsModel *model);

/* Whether the last leak test found that nothing leaks: before that they are not said to be done. */
void ks_first_steps_set_tested(GtkWindow *window, bool tested);
