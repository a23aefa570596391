/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* Fills in the peers of the machine's PPPoE sessions, while there is a ppp link. Returns 0 or a
 * negative errno; then there are none. A kernel without PPPoE has none, and that is no error. */
int ks_pppoe_sessions_describe(KsWorld *world);
