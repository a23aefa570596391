/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/engine.h"
#include "rules/readback.h"

#include <gio/gio.h>

/* What people and programs are shown: made from what the kernel holds, compared with what should
 * be. When they differ, that is the state "broken". */

typedef struct {
    const KsEngine *engine;
    const KsWorld *world;
    const KsReadback *held;      /* what the kernel holds */
    const char *trouble;         /* why the kernel could not be asked or changed; NULL if all is well */
    const char *const *warnings; /* of the guard itself, whole sentences; NULL-terminated */
} KsStatusFacts;

/* "unlocked", "protected", "blocked", "paused" or "broken". */
const char *ks_status_state(const KsStatusFacts *facts);

/* The kernel holds exactly what should be. */
bool ks_status_verified(const KsStatusFacts *facts);

/* The object of `status --json` as a{sv}; a new reference. */
GVariant *ks_status_describe(const KsStatusFacts *facts);
