/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* The leak test in a window: begins with a test, shows what was found, tests again on request.
 * There is one at most; closing it ends a test that runs. */
void ks_leak_window_show(GtkApplication *application);
