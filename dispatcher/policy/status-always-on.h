/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* What people are told of the VPN that is always on: a{sv}, floating. */
GVariant *ks_status_always_on(const KsStatusFacts *facts);
