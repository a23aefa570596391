/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/tunnel.h"

#include <string.h>

static void clear_tunnel(void *data)
{
    KsTunnel *tunnel = data;

    g_free(tunnel->uuid);
    g_free(tunnel->name);
    g_free(tunnel->type);
    g_strfreev(tunnel->users);
}

GArray *ks_tunnels_new(void)
{
    GArray *tunnels = g_array_new(FALSE, FALSE, sizeof(KsTunnel));

    g_array_set_clear_func(tunnels, clear_tunnel);
    return tunnels;
}

KsTunnel *ks_tunnels_add(GArray *tunnels, const char *uuid, const char *name, const char *type,
                         char **users, const KsLink *link)
{
    KsTunnel tunnel = {
        .uuid = g_strdup(uuid),
        .name = g_strdup(name),
        .type = g_strdup(type),
        .users = g_strdupv(users),
        .index = link->index,
        .default_route = link->default_route,
        .dead = link->no_carrier,
        .silent = link->silent,
        .carried = { link->carried[KS_IPV4], link->carried[KS_IPV6] },
    };

    g_strlcpy(tunnel.interface, link->name, sizeof(tunnel.interface));
    g_array_append_val(tunnels, tunnel);
    return &g_array_index(tunnels, KsTunnel, tunnels->len - 1);
}

bool ks_tunnel_protects(const KsTunnel *tunnel)
{
    return !tunnel->dead && !tunnel->silent && !tunnel->overlay;
}

bool ks_tunnel_is_of(const KsTunnel *tunnel, const KsVpn *vpn)
{
    return tunnel->manual == vpn->manual && strcmp(tunnel->uuid, vpn->uuid) == 0;
}

const KsTunnel *ks_tunnels_find(const GArray *tunnels, const KsVpn *vpn)
{
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (ks_tunnel_is_of(tunnel, vpn))
            return tunnel;
    }
    return NULL;
}

const KsTunnel *ks_tunnels_on(const GArray *tunnels, uint32_t index)
{
    for (unsigned i = 0; i < tunnels->len; i++) {
        const KsTunnel *tunnel = &g_array_index(tunnels, KsTunnel, i);

        if (tunnel->index == index)
            return tunnel;
    }
    return NULL;
}
