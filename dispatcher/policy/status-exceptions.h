/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/status-facts.h"

/* What status says of exceptions, aa{sv}, floating: of those in force, and of those of networks
 * that are not here. */
GVariant *ks_status_exceptions(const KsStatusFacts *facts);
GVariant *ks_status_exceptions_elsewhere(const KsStatusFacts *facts);
