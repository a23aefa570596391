/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/vpn-client.h"

#include "applet/window-text.h"
#include "network/activation.h"
#include "network/vpn-profile.h"

#include <string.h>

struct KsVpnClient {
    KsVpnClientObserver observer;
    GCancellable *cancellable;
    NMClient *manager;   /* NULL until libnm has its first answer */
    GPtrArray *vpns;     /* element-type KsVpn */
    GPtrArray *networks; /* element-type KsGuardNetwork */
    char *dropped;
    char *last;
    bool is_asking; /* for the first time */
    guint changed_source;
};

static bool is_vpn(NMConnection *profile)
{
    return ks_vpn_profile_kind(profile) != KS_VPN_KIND_NONE;
}

/* What leads out of the machine; not what other programs made and NetworkManager only watches. */
static bool is_network(NMConnection *profile)
{
    static const char *const types[] = {
        NM_SETTING_WIRED_SETTING_NAME,      NM_SETTING_WIRELESS_SETTING_NAME,
        NM_SETTING_GSM_SETTING_NAME,        NM_SETTING_CDMA_SETTING_NAME,
        NM_SETTING_PPPOE_SETTING_NAME,      NM_SETTING_BLUETOOTH_SETTING_NAME,
        NM_SETTING_BOND_SETTING_NAME,       NM_SETTING_BRIDGE_SETTING_NAME,
        NM_SETTING_TEAM_SETTING_NAME,       NM_SETTING_VLAN_SETTING_NAME,
        NM_SETTING_INFINIBAND_SETTING_NAME, NULL,
    };
    const char *type = nm_connection_get_connection_type(profile);

    return type && g_strv_contains(types, type) &&
           !(nm_remote_connection_get_flags(NM_REMOTE_CONNECTION(profile)) &
             NM_SETTINGS_CONNECTION_FLAG_EXTERNAL);
}

/* The card is this machine's own network, or anybody can set up one that looks like it. */
static bool is_never_meant(NMConnection *profile)
{
    NMSettingIPConfig *ip4 = nm_connection_get_setting_ip4_config(profile);
    NMSettingWirelessSecurity *keys = nm_connection_get_setting_wireless_security(profile);

    if (ip4 &&
        g_strcmp0(nm_setting_ip_config_get_method(ip4), NM_SETTING_IP4_CONFIG_METHOD_SHARED) == 0)
        return true;
    return nm_connection_get_setting_wireless(profile) &&
           (!keys || g_strcmp0(nm_setting_wireless_security_get_key_mgmt(keys), "owe") == 0);
}

static bool active_is_vpn(NMActiveConnection *active)
{
    const char *type = nm_active_connection_get_connection_type(active);

    return g_strcmp0(type, NM_SETTING_VPN_SETTING_NAME) == 0 ||
           g_strcmp0(type, NM_SETTING_WIREGUARD_SETTING_NAME) == 0;
}

/* ---- one profile ---- */

static KsVpnActivity activity_of(NMClient *manager, const char *uuid)
{
    const GPtrArray *actives = nm_client_get_active_connections(manager);
    KsVpnActivity activity = KS_VPN_DOWN;

    for (unsigned i = 0; i < actives->len; i++) {
        NMActiveConnection *active = g_ptr_array_index(actives, i);
        NMActiveConnectionState state = nm_active_connection_get_state(active);

        if (g_strcmp0(nm_active_connection_get_uuid(active), uuid) != 0)
            continue;
        if (state == NM_ACTIVE_CONNECTION_STATE_ACTIVATED)
            return KS_VPN_UP;
        if (state == NM_ACTIVE_CONNECTION_STATE_ACTIVATING)
            activity = KS_VPN_CONNECTING;
    }
    return activity;
}

static KsVpn *read_vpn(const KsVpnClient *client, NMConnection *connection)
{
    g_autofree char *name = ks_printable_name(nm_connection_get_id(connection));
    g_autofree char *type = ks_vpn_profile_type(connection);
    KsProfileServers *found = ks_vpn_profile_servers(connection);
    KsVpn *vpn = ks_vpn_new(nm_connection_get_uuid(connection), name, type);

    g_ptr_array_unref(vpn->servers);
    g_ptr_array_unref(vpn->warnings);
    vpn->servers = g_ptr_array_ref(found->servers);
    vpn->warnings = g_ptr_array_ref(found->warnings);
    vpn->used =
        nm_connection_get_setting_connection(connection)
            ? nm_setting_connection_get_timestamp(nm_connection_get_setting_connection(connection))
            : 0;
    vpn->activity = activity_of(client->manager, vpn->uuid);
    ks_profile_servers_free(found);
    return vpn;
}

/* ---- all of them ---- */

static int compare_names(const void *a, const void *b)
{
    const KsVpn *const *one = a;
    const KsVpn *const *other = b;
    int order = g_utf8_collate((*one)->name, (*other)->name);

    return order ? order : strcmp((*one)->uuid, (*other)->uuid);
}

static int compare_network_names(const void *a, const void *b)
{
    const KsGuardNetwork *const *one = a;
    const KsGuardNetwork *const *other = b;
    int order = g_utf8_collate((*one)->name, (*other)->name);

    return order ? order : strcmp((*one)->uuid, (*other)->uuid);
}

static KsGuardNetwork *read_network(NMConnection *profile)
{
    KsGuardNetwork *network =
        ks_guard_network_new(nm_connection_get_uuid(profile), nm_connection_get_id(profile));

    network->never_meant = is_never_meant(profile);
    return network;
}

static void read_profiles(KsVpnClient *client)
{
    const GPtrArray *profiles = nm_client_get_connections(client->manager);

    g_ptr_array_set_size(client->vpns, 0);
    g_ptr_array_set_size(client->networks, 0);
    for (unsigned i = 0; i < profiles->len; i++) {
        NMConnection *profile = g_ptr_array_index(profiles, i);

        if (!nm_connection_get_uuid(profile) || !nm_connection_get_id(profile))
            continue;
        if (is_vpn(profile))
            g_ptr_array_add(client->vpns, read_vpn(client, profile));
        else if (is_network(profile))
            g_ptr_array_add(client->networks, read_network(profile));
    }
    g_ptr_array_sort(client->networks, compare_network_names);
    g_ptr_array_sort(client->vpns, compare_names);
}

static gboolean on_changed(gpointer data)
{
    KsVpnClient *client = data;

    client->changed_source = 0;
    if (client->manager)
        read_profiles(client);
    client->observer.changed(client->observer.data);
    return G_SOURCE_REMOVE;
}

static void change(KsVpnClient *client)
{
    if (client->changed_source == 0)
        client->changed_source = g_idle_add(on_changed, client);
}

/* ---- what NetworkManager tells ---- */

static void drop(KsVpnClient *client, const char *uuid)
{
    g_free(client->dropped);
    client->dropped = g_strdup(uuid);
}

static void on_active_state(NMActiveConnection *active, guint state, guint reason,
                            KsVpnClient *client)
{
    const char *uuid = nm_active_connection_get_uuid(active);

    if (state == NM_ACTIVE_CONNECTION_STATE_ACTIVATED) {
        g_free(client->last);
        client->last = g_strdup(uuid);
        g_clear_pointer(&client->dropped, g_free);
    } else if (state == NM_ACTIVE_CONNECTION_STATE_DEACTIVATED &&
               g_strcmp0(client->last, uuid) == 0) {
        g_clear_pointer(&client->dropped, g_free);
        if (reason != NM_ACTIVE_CONNECTION_STATE_REASON_USER_DISCONNECTED)
            drop(client, uuid);
    }
    change(client);
}

static void follow_active(KsVpnClient *client, NMActiveConnection *active)
{
    if (!active_is_vpn(active))
        return;
    if (nm_active_connection_get_state(active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATED) {
        g_free(client->last);
        client->last = g_strdup(nm_active_connection_get_uuid(active));
    }
    g_signal_connect(active, "state-changed", G_CALLBACK(on_active_state), client);
    g_signal_connect_swapped(active, "notify::state", G_CALLBACK(change), client);
}

static void on_active_added(NMClient *manager, NMActiveConnection *active, KsVpnClient *client)
{
    (void) manager;
    follow_active(client, active);
    change(client);
}

static void on_active_removed(NMClient *manager, NMActiveConnection *active, KsVpnClient *client)
{
    g_signal_handlers_disconnect_by_data(active, client);
    /* NetworkManager itself went away, and with it the VPN, without a word about why */
    if (!nm_client_get_nm_running(manager) &&
        nm_active_connection_get_state(active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATED &&
        g_strcmp0(client->last, nm_active_connection_get_uuid(active)) == 0)
        drop(client, client->last);
    change(client);
}

static void on_profile_added(NMClient *manager, NMRemoteConnection *profile, KsVpnClient *client)
{
    (void) manager;
    g_signal_connect_swapped(profile, NM_CONNECTION_CHANGED, G_CALLBACK(change), client);
    change(client);
}

static void on_profile_removed(NMClient *manager, NMRemoteConnection *profile, KsVpnClient *client)
{
    (void) manager;
    g_signal_handlers_disconnect_by_data(profile, client);
    change(client);
}

static void on_ready(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GObject *made = g_async_initable_new_finish(G_ASYNC_INITABLE(source), result, &error);
    const GPtrArray *profiles;
    const GPtrArray *actives;
    KsVpnClient *client = data;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    client->is_asking = false;
    if (error) {
        g_message("cannot look at NetworkManager: %s", error->message);
        change(client);
        return;
    }
    client->manager = NM_CLIENT(made);
    g_object_connect(made, "signal::connection-added", G_CALLBACK(on_profile_added), client,
                     "signal::connection-removed", G_CALLBACK(on_profile_removed), client,
                     "signal::active-connection-added", G_CALLBACK(on_active_added), client,
                     "signal::active-connection-removed", G_CALLBACK(on_active_removed), client,
                     "swapped_signal::notify::nm-running", G_CALLBACK(change), client,
                     "swapped_signal::notify::state", G_CALLBACK(change), client, NULL);
    profiles = nm_client_get_connections(client->manager);
    for (unsigned i = 0; i < profiles->len; i++)
        on_profile_added(client->manager, g_ptr_array_index(profiles, i), client);
    actives = nm_client_get_active_connections(client->manager);
    for (unsigned i = 0; i < actives->len; i++)
        follow_active(client, g_ptr_array_index(actives, i));
    change(client);
}

KsVpnClient *ks_vpn_client_new(GDBusConnection *bus, const KsVpnClientObserver *observer)
{
    KsVpnClient *client = g_new0(KsVpnClient, 1);

    client->observer = *observer;
    client->cancellable = g_cancellable_new();
    client->is_asking = true;
    client->vpns = g_ptr_array_new_with_free_func((GDestroyNotify) ks_vpn_free);
    client->networks = g_ptr_array_new_with_free_func((GDestroyNotify) ks_guard_network_free);
    g_async_initable_new_async(NM_TYPE_CLIENT, G_PRIORITY_DEFAULT, client->cancellable, on_ready,
                               client, NM_CLIENT_DBUS_CONNECTION, bus, NM_CLIENT_INSTANCE_FLAGS,
                               (guint) NM_CLIENT_INSTANCE_FLAGS_NO_AUTO_FETCH_PERMISSIONS, NULL);
    return client;
}

void ks_vpn_client_free(KsVpnClient *client)
{
    if (!client)
        return;
    g_cancellable_cancel(client->cancellable);
    if (client->manager) {
        const GPtrArray *profiles = nm_client_get_connections(client->manager);
        const GPtrArray *actives = nm_client_get_active_connections(client->manager);

        for (unsigned i = 0; i < profiles->len; i++)
            g_signal_handlers_disconnect_by_data(g_ptr_array_index(profiles, i), client);
        for (unsigned i = 0; i < actives->len; i++)
            g_signal_handlers_disconnect_by_data(g_ptr_array_index(actives, i), client);
        g_signal_handlers_disconnect_by_data(client->manager, client);
    }
    g_clear_handle_id(&client->changed_source, g_source_remove);
    g_clear_object(&client->manager);
    g_ptr_array_unref(client->vpns);
    g_ptr_array_unref(client->networks);
    g_object_unref(client->cancellable);
    g_free(client->dropped);
    g_free(client->last);
    g_free(client);
}

/* ---- looking ---- */

GPtrArray *ks_vpn_client_vpns(const KsVpnClient *client)
{
    return client->vpns;
}

GPtrArray *ks_vpn_client_networks(const KsVpnClient *client)
{
    return client->networks;
}

bool ks_vpn_client_is_ready(const KsVpnClient *client)
{
    return client->manager && nm_client_get_nm_running(client->manager);
}

bool ks_vpn_client_is_asking(const KsVpnClient *client)
{
    return client->is_asking;
}

bool ks_vpn_client_is_online(const KsVpnClient *client)
{
    return ks_vpn_client_is_ready(client) &&
           nm_client_get_state(client->manager) >= NM_STATE_CONNECTED_LOCAL;
}

const char *ks_vpn_client_dropped(const KsVpnClient *client)
{
    return client->dropped ? client->dropped : "";
}

const char *ks_vpn_client_last(const KsVpnClient *client)
{
    return client->last ? client->last : "";
}

/* ---- connecting ---- */

/* The client is there unless it was cancelled. */
static void on_answered(const char *uuid, const GError *error, void *data)
{
    KsVpnClient *client = data;
    g_autoptr(GError) stripped = error ? g_error_copy(error) : NULL;
    g_autofree char *message = NULL;

    if (!error || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    (void) g_dbus_error_strip_remote_error(stripped);
    message = ks_printable(stripped->message, KS_TEXT_SENTENCE_COLUMNS);
    client->observer.failed(uuid, message, client->observer.data);
}

static void ask(KsVpnClient *client, const char *uuid, bool connect)
{
    NMRemoteConnection *profile;

    if (!ks_vpn_client_is_ready(client))
        return;
    profile = nm_client_get_connection_by_uuid(client->manager, uuid);
    if (profile && is_vpn(NM_CONNECTION(profile)))
        (void) ks_activation_begin(client->manager, uuid, connect, client->cancellable, on_answered,
                                   client);
}

void ks_vpn_client_connect(KsVpnClient *client, const char *uuid)
{
    ask(client, uuid, true);
}

void ks_vpn_client_disconnect(KsVpnClient *client, const char *uuid)
{
    ask(client, uuid, false);
}
