/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* A page that says what the icons mean and what to do. `parent` may be NULL. */
void ks_help_show(GtkWindow *parent);
