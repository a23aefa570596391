/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* What status says of exceptions, aa{sv}, floating. */
GVariant *ks_status_exceptions(const KsStatusFacts *facts);
