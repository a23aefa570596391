/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

#include <gtk/gtk.h>

/* A row of a boxed list (boxed.h): whether the lock closes by itself, with a switch. */
GtkWidget *ks_auto_lock_row_new(GtkApplication *application);

/* As the guard says; without it the row says that this is not known. */
void ks_auto_lock_row_show(GtkWidget *row, const KsModel *model);
