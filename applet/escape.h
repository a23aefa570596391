/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Escape closes each window that the application gets from now on, as the window's button does. */
void ks_escape_closes_windows(GtkApplication *application);
