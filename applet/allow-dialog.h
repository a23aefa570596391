/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/guard-client.h"

#include <gtk/gtk.h>

/* Asks before an exception is made: what leaves by it, for how long, and what it is called. Modal;
 * it destroys itself when it is made or when the person thinks better of it. */

typedef struct {
    KsException what;
    const char *who;  /* sent what was refused, in words */
    const char *name; /* proposed */
} KsAllowQuestion;

/* Shown above `parent`. */
GtkWindow *ks_allow_dialog_show(GtkWindow *parent, const KsAllowQuestion *question);

/* What the guard answered. False: this dialog did not ask. */
bool ks_allow_dialog_answer(GtkWindow *dialog, KsRequest request, KsAnswer answer,
                            const char *message);
