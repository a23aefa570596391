/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* Network interfaces as the kernel tells them by rtnetlink: what they are, which addresses the
 * VPN-like ones carry, and through which the default routes lead. Kept by notifications, so that an
 * event finds it ready; notifications that wait are read before every look. */

typedef struct KsLinks KsLinks;

/* Returns 0 or a negative errno. */
int ks_links_open(KsLinks **ret_links);
void ks_links_close(KsLinks *links);

/* Becomes readable when something changed. */
int ks_links_fd(const KsLinks *links);

/* Writes links, link_addresses, link_routes, gateways, host_routes and steerings of the world as
 * they are now. Returns 0 or a negative errno; then the world is left as it was. */
int ks_links_describe(KsLinks *links, KsWorld *world);

/* The same for who looks once. */
int ks_links_look(KsWorld *world);

/* Addresses of all links as they were when the world was described last; element-type
 * KsLinkAddress. Valid until then. */
const GArray *ks_links_addresses(const KsLinks *links);

/* Whether an interface of this kind (IFLA_INFO_KIND, "" if it has none) can carry a VPN. */
bool ks_link_kind_is_tunnel(const char *kind);
