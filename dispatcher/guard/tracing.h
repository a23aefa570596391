/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/engine.h"

/* Finds out who else refuses what the lock lets out. It follows packets for some seconds when a VPN
 * begins to connect, when a tunnel opens, and when others have changed their rules; otherwise it
 * does nothing. What it does not find out is no failure. */

typedef struct KsTracing KsTracing;

/* `changed` is called, from the main loop, when what was found may be different. */
KsTracing *ks_tracing_new(void (*changed)(void *data), void *data);
void ks_tracing_free(KsTracing *tracing);

/* The world or the lock may be different. `closed`: it is in force now. */
void ks_tracing_follow(KsTracing *tracing, bool closed, const KsEngine *engine,
                       const KsWorld *world);

/* Others changed nf_tables: what was found holds no longer. */
void ks_tracing_forget(KsTracing *tracing);

/* Element-type KsRefusal. */
const GArray *ks_tracing_refusals(const KsTracing *tracing);
