/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/failure.h"

#include <stdbool.h>
#include <stdint.h>

/* What VPN programs that NetworkManager started wrote into systemd's journal. */

/* Of the lines between two moments (microseconds since 1970) the last that says why there is no
 * VPN. `with_pppd`: it runs pppd; else pppd's lines are not its. KS_FAILURE_NONE: there is no such
 * line, or no journal. Takes as long as the disk does. */
KsFailure ks_vpn_log_read(uint64_t from, uint64_t to, bool with_pppd);
