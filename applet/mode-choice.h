/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

/* The choice of how strict the lock is, from what is known to what is shown; pure. What each mode
 * comes to is in ADR 41. */

typedef struct {
    KsMode mode;
    const char *title; /* translated, static */
    const char *note;  /* what it protects and what not; the same */
    bool chosen;       /* by the guard's word */
    bool sensitive;
} KsModeOption;

typedef struct {
    KsModeOption options[KS_MODE_MAX]; /* the strictest first */
    char *note;                        /* why nobody can choose here; NULL: somebody may */
    bool known;                        /* else no option counts as chosen */
    bool busy;                         /* the guard was asked for another */
} KsModeChoice;

KsModeChoice *ks_mode_choice_new(const KsModel *model);
void ks_mode_choice_free(KsModeChoice *choice);

/* What has to be asked for `mode` (by its name), or KS_REQUEST_MAX: nothing, it is so or is no
 * mode. The arguments are floating. */
KsRequest ks_mode_choice_request(const KsGuardState *guard, const char *mode,
                                 GVariant **ret_arguments);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsModeChoice, ks_mode_choice_free)
