/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* The member `sharing` of a status, aa{sv}: cards by which this machine's connection is shared, and
 * what has become of each. Floating. */
GVariant *ks_status_sharing(const KsStatusFacts *facts);
