/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/held.h"
#include "model/refusal.h"
#include "model/viewer.h"
#include "policy/always-on.h"
#include "policy/engine.h"

#include <gio/gio.h>

/* What people and programs are shown: made from what the kernel holds, compared with what should
 * be. When they differ, that is the state "broken". */

#define KS_STATUS_PROBLEMS_MAX 7

typedef struct {
    const KsEngine *engine;
    const KsWorld *world;
    KsHeld held;            /* what the kernel holds */
    const KsViewer *viewer; /* who is told; NULL: everybody, and nothing of private profiles */
    uint32_t pause_max;     /* seconds; 0: pausing is not allowed */
    bool egress;            /* the second layer stands on every uplink */
    bool trouble;           /* the kernel could not be asked or changed: nothing is verified */
    const char *problems[KS_STATUS_PROBLEMS_MAX]; /* whole sentences; NULL: none */
    const GPtrArray *configuration_warnings;      /* whole sentences; NULL: none */
    const GPtrArray *name_warnings;               /* likewise */
    KsAlwaysOnView always_on;
    const char *const *always_on_uuids; /* NULL: none */
    const char *always_on_source;       /* file and line that decide it; NULL: people do */
    int64_t always_on_next;             /* Unix time in seconds; 0: nothing is tried by itself */
    const GArray *refusals;             /* element-type KsRefusal: by other firewalls; NULL: none */
} KsStatusFacts;

/* "unlocked", "protected", "blocked", "paused" or "broken". */
const char *ks_status_state(const KsStatusFacts *facts);

/* The kernel holds exactly what should be. */
bool ks_status_verified(const KsStatusFacts *facts);

/* The object of `status --json` as a{sv}; a new reference, as plain bytes. */
GVariant *ks_status_describe(const KsStatusFacts *facts);

/* Changes whenever what is told of private profiles does. */
uint64_t ks_status_private_mark(const KsStatusFacts *facts);

/* There is something that this viewer is not told. */
bool ks_status_hides(const KsWorld *world, const KsViewer *viewer);

/* Bytes of each of its lists: all of it fits into one message of the bus by far. */
#define KS_STATUS_LIST_MAX (4u << 20)
