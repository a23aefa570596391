/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

struct nlmsghdr;

/* Whether IPsec's policies in the kernel encrypt everything that leaves (linux/xfrm.h). Such a VPN
 * may have no default route of its own: what it carries is routed to the uplink, and its policies
 * take it from there (strongSwan before 5.9.10, Libreswan). */

/* Fills in KsWorld.ipsec_default. Returns 0 or a negative errno; what could not be read is not
 * known, and then false. */
int ks_policies_describe(KsWorld *world);

/* Takes one message of an XFRM_MSG_GETPOLICY dump. Anything that is not as it should be is passed
 * by. */
void ks_policies_take(const struct nlmsghdr *message, KsWorld *world);
