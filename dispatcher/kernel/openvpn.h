/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

struct nlmsghdr;

/* Where OpenVPN in the kernel sends its data by UDP, and from which port, by generic netlink
 * (linux/ovpn.h, Linux 6.16). Over TCP it is openvpn's socket that sends. */

typedef struct KsOpenvpn KsOpenvpn;

/* Returns 0 or a negative errno; -ENOENT if the kernel has none, or one that tells nothing. */
int ks_openvpn_open(KsOpenvpn **ret_openvpn);
void ks_openvpn_close(KsOpenvpn *openvpn);

/* The kind of link that can be asked. Modules from elsewhere have others. */
#define KS_LINK_KIND_OPENVPN "ovpn"

/* Fills in the world's peers, and of each such link whether they are known. Returns 0 or a negative
 * errno; what could not be read is not known. */
int ks_openvpn_describe(KsOpenvpn *openvpn, KsWorld *world);

/* Takes one message of an OVPN_CMD_PEER_GET dump about the link of this index. Anything that is not
 * as it should be is passed by. `peers`: element-type KsOpenvpnPeer. */
void ks_openvpn_take(const struct nlmsghdr *message, uint32_t index, GArray *peers);
