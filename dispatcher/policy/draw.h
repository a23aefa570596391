/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/viewer.h"
#include "model/world.h"
#include "policy/settings.h"
#include "policy/tunnel.h"

/* From the world and the settings to the lock that should be. Pure. */

typedef struct {
    const KsSettings *settings;
    const KsWorld *world;
    const GArray *tunnels; /* element-type KsTunnel: those that are open */
    KsLock *told;          /* what NetworkManager told: kept while it has not told all */
    KsLock *lasting;       /* that, and what a person said: what the next boot may begin with */
    const GPtrArray
        *kept; /* element-type KsVpn: with servers that nobody remembers; up, and their word gone */
} KsDrawing;

/* Draws into `lock`, which is sealed then. False: something was too much for it and is not in. */
bool ks_draw_lock(KsLock *lock, const KsDrawing *drawing);

/* A copy of `held`, for this viewer: without what only private profiles that they do not see put
 * there. */
KsLock *ks_draw_shown(const KsLock *held, const KsDrawing *drawing, const KsViewer *viewer);

/* Takes out of `lock` the servers that are not in `seen`, whatever stands beside them. */
void ks_draw_keep_servers(KsLock *lock, const KsLock *seen);

/* What the next boot may begin with: `lasting` without the servers that are where they are on the
 * network of now alone. A new lock, sealed. */
KsLock *ks_draw_remembered(const KsLock *lasting, const KsWorld *world);

/* Adds the keys of one set of another lock. False: not all of them. */
bool ks_draw_copy(const KsLock *from, KsLock *to, KsSetId set);
