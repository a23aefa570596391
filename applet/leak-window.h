/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>
#include <stdbool.h>

/* Each test's end: whether nothing leaked; false also of a test that could not be made. */
typedef void (*KsLeakTested)(bool nothing_leaks, void *data);

/* The leak test in a window: begins with a test, shows what was found, tests again on request.
 * There is one at most; closing it ends a test that runs. `tested` and `data` are used as long as
 * it is open, those of the first call. */
void ks_leak_window_show(GtkApplication *application, KsLeakTested tested, void *data);
