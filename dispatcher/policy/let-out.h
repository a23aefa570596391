/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/server.h"
#include "model/world.h"

/* Whether the lock in the kernel lets a VPN's server out, and what keeps it in. The words are of
 * the bus contract:
 *
 *   ""                  it is let out; of a name without an address: the question for it is
 *   "inactive"          a person's own profile, or a name server's port that somebody who may has
 *                       named: let out only while the VPN connects or is up
 *   "name-server-port"  the port is a name server's, and a profile alone says so
 *   "refused-address"   the name is answered with addresses that are not on the internet
 *   "broadcast-address" its address stands for all machines of the local network
 *   "name-too-long"     no question for it can be compared
 *   "not-in-kernel"     there are more servers than the lock holds, or it is not as it should be */
const char *ks_let_out_refusal(const KsLock *lock, const KsWorld *world, const KsVpn *vpn,
                               const KsServer *server);
