/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* Adds a sentence for each of `facts->refusals` that this viewer may know of. */
void ks_status_warn_of_refusals(GVariantBuilder *builder, const KsStatusFacts *facts);
