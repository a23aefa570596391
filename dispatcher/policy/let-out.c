/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/let-out.h"

#include "model/dns-name.h"

#include <string.h>

static bool asks_for(const KsLock *lock, const char *host)
{
    static const KsSetId sets[] = { KS_SET_NAMES, KS_SET_NAME_HEADS, KS_SET_NAME_TAILS };
    g_autoptr(KsLock) one = ks_lock_new();

    if (!ks_lock_add_name(one, host))
        return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(sets); i++)
        for (unsigned j = 0; j < one->sets[sets[i]]->len; j++)
            if (!ks_lock_has_key(lock, sets[i], &g_array_index(one->sets[sets[i]], KsKey, j)))
                return false;
    return true;
}

static bool can_be_asked_for(const char *host)
{
    KsDnsName name;
    KsDnsKeys keys;

    return ks_dns_name_encode(host, &name) && ks_dns_name_keys(&name, &keys);
}

const char *ks_let_out_refusal(const KsLock *lock, const KsWorld *world, const KsVpn *vpn,
                               const KsServer *server)
{
    bool has_address = server->address.family != AF_UNSPEC;
    bool is_profiles = server->source == KS_SERVER_FROM_PROFILE;
    bool is_own = vpn->users && is_profiles;
    bool is_name_servers = ks_port_is_name_servers(server->port);

    if (server->refused)
        return "refused-address";
    if (has_address ? ks_lock_has_server(lock, &server->address, server->protocol, server->port)
                    : asks_for(lock, server->host))
        return "";
    if (ks_world_is_broadcast(world, &server->address))
        return "broadcast-address";
    if (is_name_servers && (is_own || (is_profiles && strcmp(vpn->type, "iodine") != 0)))
        return "name-server-port";
    if ((is_own || is_name_servers) && vpn->activity == KS_VPN_DOWN)
        return "inactive";
    return has_address || can_be_asked_for(server->host) ? "not-in-kernel" : "name-too-long";
}
