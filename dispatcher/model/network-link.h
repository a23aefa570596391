/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* Which link a network or a VPN of NetworkManager's own (WireGuard) is on. NetworkManager tells a
 * name, and its word may be older than the kernel's: the link is gone, and another one has the
 * name. So a name is believed once for each activation: it means the link that had it when it was
 * first told (ADR 6). Pure. */

/* What is known of one activation; zeroed at first, and forgotten with it. */
typedef struct {
    char name[IF_NAMESIZE]; /* that NetworkManager told last; "": no link had one yet */
    uint32_t index;         /* of the link that it meant; 0: it is gone */
} KsNetworkLink;

/* The index of the link that NetworkManager calls `interface`, in this world, whose links are no
 * older than what NetworkManager knew; 0: none. `up`: it calls the activation finished, so that the
 * link must be there. */
uint32_t ks_network_link_follow(KsNetworkLink *known, const char *interface, bool up,
                                const KsWorld *world);
