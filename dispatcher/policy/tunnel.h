/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* A VPN that is up now. */
typedef struct {
    char *uuid; /* "" for one that was adopted and that NetworkManager has not told of yet */
    char *name;
    char *type;
    uint32_t index; /* of its interface */
    char interface[IF_NAMESIZE];
    bool default_route;
    bool dead; /* its link has no carrier: it is let out, for it may come to life, but is no VPN */
    int64_t silent; /* since when its server does not answer (g_get_monotonic_time()), or 0; let out
                     * and no VPN likewise */
    KsCarried carried[KS_FAMILIES];
    char **users; /* as of a VPN */
    bool manual;  /* set up by hand: there without NetworkManager */
    bool overlay; /* let out beside the VPN; not a VPN itself */
    KsVpnLocks locks;
} KsTunnel;

/* A profile may have the UUID of a VPN that was set up by hand, and is another. */
bool ks_tunnel_is_of(const KsTunnel *tunnel, const KsVpn *vpn);

/* It is a VPN, and what it is given gets somewhere. */
bool ks_tunnel_protects(const KsTunnel *tunnel);

/* A list of them, which owns what they hold. */
GArray *ks_tunnels_new(void); /* element-type KsTunnel */

/* On this link; the texts are copied. Returns the new one, valid until the next is added. */
KsTunnel *ks_tunnels_add(GArray *tunnels, const char *uuid, const char *name, const char *type,
                         char **users, const KsLink *link);

/* NULL: there is none of this VPN, or on the link of this index. */
const KsTunnel *ks_tunnels_find(const GArray *tunnels, const KsVpn *vpn);
const KsTunnel *ks_tunnels_on(const GArray *tunnels, uint32_t index);
