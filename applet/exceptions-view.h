/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

/* What the preferences say of exceptions, and what can be done about each. Pure. */

typedef struct {
    char *name;     /* as the guard knows it: no two have the same */
    char *what;     /* "To 203.0.113.9, port 443, TCP" */
    char *lasts;    /* until when, or who laid it down */
    char *on;       /* the network that it is for alone, and if it is closed there; NULL: all */
    char *question; /* to be asked before it is removed; NULL: it can go without */
    bool laid_down; /* nobody can remove it here */
    bool can_remove;
} KsExceptionRow;

typedef struct {
    GPtrArray *rows; /* element-type KsExceptionRow */
    char *note;      /* about making one: what it asks for, or why nobody can; "": nothing to say */
    bool known;      /* else the guard does not say which there are */
    bool can_add;
    bool busy; /* one is being removed */
} KsExceptionsView;

KsExceptionsView *ks_exceptions_view_new(const KsModel *model);
void ks_exceptions_view_free(KsExceptionsView *view);

/* All of a row, as it is read out. Owned by the caller. */
char *ks_exception_row_text(const KsExceptionRow *row);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsExceptionsView, ks_exceptions_view_free)
