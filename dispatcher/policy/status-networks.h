/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* Adds a sentence for each network that says of public addresses that they are reached by it while
 * a VPN carries all traffic: what it means, and what to do. */
void ks_status_warn_of_networks(GVariantBuilder *builder, const KsStatusFacts *facts);

/* Adds a sentence if the network wants a login in a browser first, or may, and no VPN is up; the
 * reason is the status's. */
void ks_status_warn_of_login(GVariantBuilder *builder, const KsStatusFacts *facts,
                             const char *reason);
