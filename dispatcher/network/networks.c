/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/networks.h"

#include "model/network-link.h"
#include "model/place.h"

static char *wired_place(NMDevice *device, const char *type)
{
    return ks_place_wired(
        type, nm_device_get_ip_iface(device),
        NM_IS_DEVICE_ETHERNET(device)
            ? nm_device_ethernet_get_permanent_hw_address(NM_DEVICE_ETHERNET(device))
            : NULL);
}

/* What is on the air and on the wire now; the profile may say something else by now. */
char *ks_networks_place(NMActiveConnection *active, NMDevice *device)
{
    NMConnection *profile = NM_CONNECTION(nm_active_connection_get_connection(active));
    NMSettingWirelessSecurity *security;
    NMAccessPoint *point;
    GBytes *ssid;

    if (!NM_IS_DEVICE_WIFI(device))
        return wired_place(device, nm_active_connection_get_connection_type(active));
    point = nm_device_wifi_get_active_access_point(NM_DEVICE_WIFI(device));
    ssid = point ? nm_access_point_get_ssid(point) : NULL;
    if (!ssid || !profile)
        return NULL;
    security = nm_connection_get_setting_wireless_security(profile);
    return ks_place_wifi(g_bytes_get_data(ssid, NULL), g_bytes_get_size(ssid),
                         security ? nm_setting_wireless_security_get_key_mgmt(security) : NULL,
                         nm_access_point_get_flags(point) & NM_802_11_AP_FLAGS_PRIVACY);
}

/* veth: the other end is a machine's, too. */
char *ks_networks_card_place(NMDevice *device)
{
    return NM_IS_DEVICE_ETHERNET(device) || NM_IS_DEVICE_VETH(device)
               ? wired_place(device, NM_SETTING_WIRED_SETTING_NAME)
               : NULL;
}

static bool has_gateway(NMIPConfig *config)
{
    return config && nm_ip_config_get_gateway(config);
}

/* IPv4's and IPv6's; NULL: the profile is deleted, or says nothing. */
static void find_settings(NMActiveConnection *active, NMSettingIPConfig *ret_settings[2])
{
    NMRemoteConnection *remote = nm_active_connection_get_connection(active);
    NMConnection *profile = remote ? NM_CONNECTION(remote) : NULL;

    ret_settings[0] = profile ? nm_connection_get_setting_ip4_config(profile) : NULL;
    ret_settings[1] = profile ? nm_connection_get_setting_ip6_config(profile) : NULL;
}

static bool has_method(NMSettingIPConfig *settings, const char *method)
{
    return settings && g_strcmp0(nm_setting_ip_config_get_method(settings), method) == 0;
}

/* Asked when the profile is being brought up, before the kernel has an address or a route of it.
 * That a profile takes router advertisements says nothing: it does so by default. */
bool ks_networks_leads_out(NMActiveConnection *active, NMDevice *device)
{
    NMSettingIPConfig *settings[2];
    bool asks;

    find_settings(active, settings);
    asks = has_method(settings[0], NM_SETTING_IP4_CONFIG_METHOD_AUTO);
    for (unsigned i = 0; i < G_N_ELEMENTS(settings); i++)
        asks |= settings[i] && nm_setting_ip_config_get_gateway(settings[i]);
    return asks || nm_device_get_dhcp4_config(device) || nm_device_get_dhcp6_config(device) ||
           has_gateway(nm_active_connection_get_ip4_config(active)) ||
           has_gateway(nm_active_connection_get_ip6_config(active));
}

bool ks_networks_is_shared(NMActiveConnection *active)
{
    NMSettingIPConfig *settings[2];

    find_settings(active, settings);
    return has_method(settings[0], NM_SETTING_IP4_CONFIG_METHOD_SHARED) ||
           has_method(settings[1], NM_SETTING_IP6_CONFIG_METHOD_SHARED);
}

/* Lives and dies with libnm's object, which is NetworkManager's own: one that starts again has
 * others, though their paths may be the same. */
uint32_t ks_networks_index(NMActiveConnection *active, const char *interface, const KsWorld *world)
{
    static const char key[] = "ks-network-link";
    bool up = nm_active_connection_get_state(active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATED;
    KsNetworkLink *known = g_object_get_data(G_OBJECT(active), key);

    if (!known) {
        known = g_new0(KsNetworkLink, 1);
        g_object_set_data_full(G_OBJECT(active), key, known, g_free);
    }
    return ks_network_link_follow(known, interface, up, world);
}
