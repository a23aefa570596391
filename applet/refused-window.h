/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

#include <gtk/gtk.h>

/* What the lock refuses, and to which programs, from when the window opens until it closes: it
 * looks by itself. What could be an exception can be made one there. */
GtkWindow *ks_refused_window_new(GtkApplication *application);

/* What the guard says: the exceptions, and whether this person can make one. */
void ks_refused_window_update(GtkWindow *window, const KsModel *model);

/* What the guard answered. False: this window did not ask. */
bool ks_refused_window_answer(GtkWindow *window, KsRequest request, KsAnswer answer,
                              const char *message);
