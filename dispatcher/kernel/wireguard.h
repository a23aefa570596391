/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

struct nlmsghdr;

/* What the kernel's WireGuard uses now, by generic netlink (linux/wireguard.h): the mark and the
 * port of what it sends, each peer's endpoint, which follows the peer wherever it roams, and how
 * much was sent and received. */

typedef struct KsWireguard KsWireguard;

/* Returns 0 or a negative errno; -ENOENT while the kernel has no WireGuard loaded. */
int ks_wireguard_open(KsWireguard **ret_wireguard);
void ks_wireguard_close(KsWireguard *wireguard);

/* Fills in what is known of each WireGuard link of the world (KsLink.wireguard), and the world's
 * endpoints. Returns 0 or a negative errno; what could not be read is not known. */
int ks_wireguard_describe(KsWireguard *wireguard, KsWorld *world);

/* Of one link alone, by its index. Returns 0 or a negative errno. */
int ks_wireguard_read_traffic(KsWireguard *wireguard, uint32_t index,
                              KsWireguardTraffic *ret_traffic);

/* Takes one message of a WG_CMD_GET_DEVICE dump about this link. Anything that is not as it should
 * be is passed by. */
void ks_wireguard_take(const struct nlmsghdr *message, KsLink *link, GArray *endpoints);
