/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

#include <gtk/gtk.h>

/* A boxed list (boxed.h): how strict the lock is, with a radio button for each mode. */
GtkWidget *ks_mode_rows_new(GtkApplication *application);

/* As the guard says; without it the list says that this is not known. */
void ks_mode_rows_show(GtkWidget *rows, const KsModel *model);
