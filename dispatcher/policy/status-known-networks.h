/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* aa{sv}: the networks that something can be said of, connected or away, and what holds on each. Of
 * another person's private ones there is nothing. */
GVariant *ks_status_known_networks(const KsStatusFacts *facts);
