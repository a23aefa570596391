/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* The help: short pages, one below the other, of which one is open. */
GtkWindow *ks_help_new(GtkApplication *application);
