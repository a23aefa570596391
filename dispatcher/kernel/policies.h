/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

struct nlmsghdr;

/* Where IPsec's policies in the kernel send what leaves, and whether that is everything
 * (linux/xfrm.h). Such a VPN
 * may have no default route of its own: what it carries is routed to the uplink, and its policies
 * take it from there (strongSwan before 5.9.10, Libreswan). */

/* Fills in KsWorld.ipsec_default and .ipsec_peers. Returns 0 or a negative errno; what could not be
 * read is not known, and then there is none. */
int ks_policies_describe(KsWorld *world);
void ks_policies_forget(KsWorld *world);

/* A file descriptor that can be read when policies have changed, until it is drained; or a negative
 * errno. */
int ks_policies_watch(void);
void ks_policies_drain(int fd);

/* Takes one message of an XFRM_MSG_GETPOLICY dump. Anything that is not as it should be is passed
 * by. */
void ks_policies_take(const struct nlmsghdr *message, KsWorld *world);
