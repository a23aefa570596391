/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/failure.h"

#include <stdint.h>

/* What VPN programs that NetworkManager started wrote into systemd's journal. */

/* Of the lines between two moments (microseconds since 1970) the last that says why there is no
 * VPN. KS_FAILURE_NONE: there is none, or no journal. Takes as long as the disk does. */
KsFailure ks_vpn_log_read(uint64_t from, uint64_t to);
