/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* What people are told of the VPN that is always on: a{sv}, floating. */
GVariant *ks_status_always_on(const KsStatusFacts *facts);

/* As `status --json` has them. */
const char *ks_always_on_state_name(KsAlwaysOnState state);
const char *ks_wait_name(KsWait wait);
