/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/server.h"
#include "model/world.h"

/* Whether the lock in the kernel lets a VPN's server out, and what keeps it in. The words are of
 * the bus contract:
 *
 *   ""                  it is let out; of a name without an address: the question for it is
 *   "inactive"          a person's own profile, let out only while it connects or is up
 *   "name-server-port"  a person's own profile, and the port is a name server's
 *   "refused-address"   the name is answered with addresses that are not on the internet
 *   "name-too-long"     no question for it can be compared
 *   "not-in-kernel"     there are more servers than the lock holds, or it is not as it should be */
const char *ks_let_out_refusal(const KsLock *lock, const KsVpn *vpn, const KsServer *server);

/* A person's own profile is written without authorisation: these ports it opens to nobody. */
bool ks_let_out_is_name_server_port(uint16_t port);
