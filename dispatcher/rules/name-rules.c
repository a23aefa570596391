/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/lock-table.h"

/* Questions for the names of VPN servers, and no others. */
const KsRuleSegment ks_name_rules = { NULL, 0 };
