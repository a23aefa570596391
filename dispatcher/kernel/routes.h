/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

#include <linux/netlink.h>

/* What routes say of the links that they lead to, whatever table they stand in: which link leads
 * out, and which private addresses a tunnel takes. */

typedef struct KsRoutes KsRoutes;

KsRoutes *ks_routes_new(void);
void ks_routes_free(KsRoutes *routes);

void ks_routes_clear(KsRoutes *routes);
void ks_routes_forget_link(KsRoutes *routes, uint32_t index);

/* Takes in a route that came or went. `links`: element-type KsLink, as they are.
 * False: what went may stand in another table still, the kernel must be asked again. */
bool ks_routes_take(KsRoutes *routes, const struct nlmsghdr *message, const GArray *links);

/* Writes link_routes, gateways, host_routes and steerings of the world, and what leads out of its
 * links. */
void ks_routes_describe(const KsRoutes *routes, KsWorld *world);
