/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/engine.h"
#include "rules/readback.h"

#include <gio/gio.h>

/* What people and programs are shown: made from what the kernel holds, compared with what should
 * be. When they differ, that is the state "broken". */

#define KS_STATUS_PROBLEMS_MAX 5

typedef struct {
    const KsEngine *engine;
    const KsWorld *world;
    const KsReadback *held; /* what the kernel holds */
    uint32_t pause_max;     /* seconds; 0: pausing is not allowed */
    bool egress;            /* the second layer stands on every uplink */
    bool trouble;           /* the kernel could not be asked or changed: nothing is verified */
    const char *problems[KS_STATUS_PROBLEMS_MAX]; /* whole sentences; NULL: none */
    const GPtrArray *configuration_warnings;      /* whole sentences; NULL: none */
    const GPtrArray *name_warnings;               /* likewise */
} KsStatusFacts;

/* "unlocked", "protected", "blocked", "paused" or "broken". */
const char *ks_status_state(const KsStatusFacts *facts);

/* The kernel holds exactly what should be. */
bool ks_status_verified(const KsStatusFacts *facts);

/* The object of `status --json` as a{sv}; a new reference. */
GVariant *ks_status_describe(const KsStatusFacts *facts);
