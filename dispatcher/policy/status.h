/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

#include <gio/gio.h>

/* What people and programs are shown: made from what the kernel holds, compared with what should
 * be. When they differ, that is the state "broken". */

/* The object of `status --json` as a{sv}; a new reference, as plain bytes. */
GVariant *ks_status_describe(const KsStatusFacts *facts);

/* Changes whenever what is told of private profiles does. */
uint64_t ks_status_private_mark(const KsStatusFacts *facts);

/* There is something that this viewer is not told. */
bool ks_status_hides(const KsWorld *world, const KsViewer *viewer);
