/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* Whole sentences, as: what is wrong, and what to do; not what the status's `reason` says already.
 * `list_is_full`: the status lists less than there is. Floating. */
GVariant *ks_status_warnings(const KsStatusFacts *facts, const char *reason, bool list_is_full);
