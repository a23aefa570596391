/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/world.h"

/* Guests: containers and virtual machines behind a bridge that leads nowhere else. The kernel's own
 * word on the links decides, never a name: a bridge is the guests' as long as each of its ports is
 * one end of a pair whose other end is in another network namespace, a tap, or leads back to this
 * machine or to another such bridge. The moment that anything else becomes a port (a network card,
 * a VLAN, a vxlan), it is the guests' no more; and neither is one by which this machine itself is
 * connected (a route that leads out, an address that is lent, a network of NetworkManager's with a
 * gateway or a lease).
 *
 * A pair without a bridge, or a tap without one, is not: the first may be a network card's (ADR
 * 12), the second a VPN's. */

/* Adds the guests' interfaces to KS_SET_GUEST_INTERFACES. False: there were too many. */
bool ks_guests_draw(const KsWorld *world, KsLock *lock);

/* Whether this port may be the way out of a bridge that is not the guests': such a bridge has no
 * other port that could be. */
bool ks_guests_is_way_out(const KsWorld *world, const KsLock *lock, const KsLink *port);
