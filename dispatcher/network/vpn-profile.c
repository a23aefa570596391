/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/vpn-profile.h"

#include "model/vpn-type.h"

#include <string.h>

/* A profile may be for as many users as fit a message. */
#define USERS_MAX      16u
#define USER_BYTES_MAX 256u

/* Its type says so. Any profile may have VPNs' settings in it besides: NetworkManager keeps what it
 * does not use. */
KsVpnKind ks_vpn_profile_kind(NMConnection *profile)
{
    if (nm_connection_is_type(profile, NM_SETTING_VPN_SETTING_NAME))
        return nm_connection_get_setting_vpn(profile) ? KS_VPN_KIND_PLUGIN : KS_VPN_KIND_NONE;
    if (nm_connection_is_type(profile, NM_SETTING_WIREGUARD_SETTING_NAME))
        return nm_connection_get_setting(profile, NM_TYPE_SETTING_WIREGUARD) ? KS_VPN_KIND_WIREGUARD
                                                                             : KS_VPN_KIND_NONE;
    return KS_VPN_KIND_NONE;
}

static void take_data_item(const char *key, const char *value, gpointer data)
{
    g_hash_table_insert(data, g_strdup(key), g_strdup(value));
}

static KsProfileServers *read_plugin_servers(NMSettingVpn *setting)
{
    g_autoptr(GHashTable) data = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    KsProfile profile = { .service = nm_setting_vpn_get_service_type(setting), .data = data };

    nm_setting_vpn_foreach_data_item(setting, take_data_item, data);
    return ks_profile_servers(&profile);
}

static KsProfileServers *read_wireguard_servers(NMSettingWireGuard *setting)
{
    unsigned count = nm_setting_wireguard_get_peers_len(setting);
    g_autofree const char **peers = g_new0(const char *, count + 1);
    KsProfile profile = { .peers = peers };
    unsigned used = 0;

    for (unsigned i = 0; i < count; i++) {
        const char *endpoint =
            nm_wireguard_peer_get_endpoint(nm_setting_wireguard_get_peer(setting, i));

        if (endpoint) /* a peer without one only waits for calls */
            peers[used++] = endpoint;
    }
    return ks_profile_servers(&profile);
}

/* NULL: it has no plugin. */
static const char *service_of(NMConnection *profile)
{
    return ks_vpn_profile_kind(profile) == KS_VPN_KIND_PLUGIN
               ? nm_setting_vpn_get_service_type(nm_connection_get_setting_vpn(profile))
               : NULL;
}

char *ks_vpn_profile_type(NMConnection *profile)
{
    return ks_profile_type_name(service_of(profile));
}

bool ks_vpn_profile_runs_pppd(NMConnection *profile)
{
    const KsVpnType *type = ks_vpn_type_find(service_of(profile));

    return type && type->runs_pppd;
}

KsProfileServers *ks_vpn_profile_servers(NMConnection *profile)
{
    return ks_vpn_profile_kind(profile) == KS_VPN_KIND_PLUGIN
               ? read_plugin_servers(nm_connection_get_setting_vpn(profile))
               : read_wireguard_servers(NM_SETTING_WIREGUARD(
                     nm_connection_get_setting(profile, NM_TYPE_SETTING_WIREGUARD)));
}

/* Secrets that the system keeps have no flags. */
static bool is_persons(guint64 flags)
{
    return flags & (NM_SETTING_SECRET_FLAG_AGENT_OWNED | NM_SETTING_SECRET_FLAG_NOT_SAVED) &&
           !(flags & NM_SETTING_SECRET_FLAG_NOT_REQUIRED);
}

static void look_at_flags(const char *key, const char *value, gpointer data)
{
    bool *asks = data;

    *asks |= g_str_has_suffix(key, "-flags") && is_persons(g_ascii_strtoull(value, NULL, 10));
}

bool ks_vpn_profile_asks_person(NMConnection *profile)
{
    NMSettingWireGuard *wireguard;
    bool asks = false;

    if (ks_vpn_profile_kind(profile) == KS_VPN_KIND_PLUGIN) {
        nm_setting_vpn_foreach_data_item(nm_connection_get_setting_vpn(profile), look_at_flags,
                                         &asks);
        return asks;
    }
    wireguard = (void *) nm_connection_get_setting(profile, NM_TYPE_SETTING_WIREGUARD);
    asks = wireguard && is_persons(nm_setting_wireguard_get_private_key_flags(wireguard));
    for (unsigned i = 0; wireguard && i < nm_setting_wireguard_get_peers_len(wireguard); i++)
        asks |= is_persons(
            nm_wireguard_peer_get_preshared_key_flags(nm_setting_wireguard_get_peer(wireguard, i)));
    return asks;
}

char **ks_vpn_profile_users(NMConnection *profile)
{
    NMSettingConnection *setting = nm_connection_get_setting_connection(profile);
    unsigned count = nm_setting_connection_get_num_permissions(setting);
    g_autoptr(GPtrArray) users = NULL;

    if (count == 0)
        return NULL;
    users = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < MIN(count, USERS_MAX); i++) {
        const char *type;
        const char *user;

        if (nm_setting_connection_get_permission(setting, i, &type, &user, NULL) && user &&
            g_strcmp0(type, "user") == 0 && strlen(user) <= USER_BYTES_MAX)
            g_ptr_array_add(users, g_strdup(user));
    }
    g_ptr_array_add(users, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&users), FALSE);
}
