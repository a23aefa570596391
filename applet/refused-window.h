/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* What the lock refuses, and to which programs, from when the window opens until it closes: it
 * looks by itself. */
GtkWindow *ks_refused_window_new(GtkApplication *application);
