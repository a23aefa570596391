/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

#include <gtk/gtk.h>

/* Asks before an exception is made: what passes by it, for how long, and what it is called. What
 * leaks by it has to be confirmed. Modal; it destroys itself when it is made or when the person
 * thinks better of it. */

typedef struct {
    KsException what;
    const char *who;               /* sent what was refused, in words */
    const char *name;              /* proposed */
    const KsGuardNetwork *network; /* that it may be limited to; NULL: there is none */
} KsAllowQuestion;

/* For something that was refused. Shown above `parent`. */
GtkWindow *ks_allow_dialog_show(GtkWindow *parent, const KsAllowQuestion *question);

/* For what a person writes. */
GtkWindow *ks_allow_dialog_show_new(GtkWindow *parent, const KsModel *model);

/* What the guard answered. False: this dialog did not ask. */
bool ks_allow_dialog_answer(GtkWindow *dialog, KsRequest request, KsAnswer answer,
                            const char *message);
