/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/exception.h"
#include "model/refused-report.h"

#include <gio/gio.h>

/* From what is told of refused packets to what its window shows, without a toolkit: pure. */

/* More rows than these nobody reads, and widgets for them would take long to be made. */
#define KS_REFUSED_SHOWN_MAX 100u

typedef struct {
    char *key;     /* of its KsRefusedEntry */
    char *app;     /* the application's desktop file without its ending; "": none is known */
    char *title;   /* who sent it */
    char *who;     /* what else is known of it; "": nothing */
    char *target;  /* where to, and which rule refused it */
    char *times;   /* how often, and when it was last */
    char *program; /* that sent it; "": not known */
    const char *no_exception; /* why it can be no exception; NULL: it can */
    KsException what;         /* and this is it */
} KsRefusedRow;

typedef struct {
    char *headline;
    char *note;      /* "": nothing to add */
    GPtrArray *rows; /* element-type KsRefusedRow, the latest first, KS_REFUSED_SHOWN_MAX at most */
    bool has_failed; /* nothing is told any more, until somebody asks again */
} KsRefusedView;

/* The name that people know an application by, owned by the caller; NULL: it has none. `app`: as in
 * KsRefusedRow, not "". */
typedef char *(*KsNameApp)(const char *app, void *data);

/* `report`: NULL, nothing was told yet, or there is an `error` instead. */
KsRefusedView *ks_refused_view_new(const KsRefusedReport *report, const GError *error,
                                   KsNameApp name_app, void *data);
void ks_refused_view_free(KsRefusedView *view);

/* A row, or all of them, as text to be copied. Owned by the caller. */
char *ks_refused_row_text(const KsRefusedRow *row);
char *ks_refused_view_text(const KsRefusedView *view);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsRefusedView, ks_refused_view_free)
