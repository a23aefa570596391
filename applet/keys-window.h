/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* The keyboard shortcuts that the application has, in GTK's own window for them. */
void ks_keys_window_show(GtkWindow *parent);
