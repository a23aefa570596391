/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refusal.h"
#include "policy/engine.h"

/* Fills `traced` (element-type KsTraced) with what is worth following while the lock is closed: the
 * servers of VPNs that connect or are up, and the tunnels that are open. At most KS_TRACED_MAX. */
void ks_traced_draw(const KsEngine *engine, const KsWorld *world, GArray *traced);

/* Something of `now` is not in `before`, or is another attempt. */
bool ks_traced_has_news(const GArray *before, const GArray *now);
