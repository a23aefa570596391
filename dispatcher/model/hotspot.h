/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/world.h"

/* Hotspots: Wi-Fi cards of this machine that are access points. The kernel's own word decides
 * (nl80211), never a profile's: anyone who sits at the machine may write that an uplink is shared.
 * Such a card is open to what its users send and are answered through a tunnel, and to a few
 * answers of this machine; to its programs it is closed like any uplink (ADR 17). */

/* Adds the access points to KS_SET_HOTSPOT_INTERFACES: those that are up, are no port of another
 * interface, and do not lead out. False: there were too many. */
bool ks_hotspots_draw(const KsWorld *world, KsLock *lock);
