/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* Other addresses that the servers of OpenVPN's profiles with "float" have answered from. What
 * openvpn has authenticated while its VPN was up is known by NetworkManager's route to it, and is
 * a server of that VPN from then on, while it is in use (ADR 40). */

/* Most servers of one profile, and most addresses that are remembered of it; the one that was seen
 * last stays longest. */
#define KS_FLOATS_MAX 16u

typedef struct KsFloats KsFloats;

KsFloats *ks_floats_new(void);
void ks_floats_free(KsFloats *floats);

/* Takes in where VPNs that are up, or coming up, are connected to, and forgets profiles that are
 * gone or float no more. Gives each VPN that floats and is up, or coming up, servers at the
 * addresses that are known, by UDP at the ports of its own, as far as its share allows (shares.h).
 * Servers by name have their addresses already. */
void ks_floats_apply(KsFloats *floats, KsWorld *world);
