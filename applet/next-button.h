/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

#include <gtk/gtk.h>

/* A button with the one thing that a person would do now. Hidden until it is shown. */
GtkWidget *ks_next_button_new(GtkApplication *application);

/* NULL: there is nothing to do, and no button. */
void ks_next_button_show(GtkWidget *button, const KsItem *next);
