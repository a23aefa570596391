/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* Adds a sentence for each type of frames that the second layer dropped lately, while no VPN is
 * connected: that may be why. */
void ks_status_warn_of_frames(GVariantBuilder *builder, const KsStatusFacts *facts);
