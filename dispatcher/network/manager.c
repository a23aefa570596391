/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-network"

#include "network/manager.h"

#include "model/profile.h"
#include "model/shares.h"
#include "network/activation.h"
#include "network/attempts.h"
#include "network/known-profiles.h"
#include "network/name-servers.h"
#include "network/networks.h"
#include "network/online.h"

#include <NetworkManager.h>

struct KsManager {
    void (*changed)(void *data);
    void *changed_data;
    KsSystemBus *bus;
    GCancellable *cancellable; /* of the client that is being made */
    NMClient *client;          /* NULL until libnm has answered */
    bool answered;             /* once at least, if only "no bus" */
    KsKnownProfiles *known;
    KsAttempts *attempts; /* by NMConnection* */
    KsActivation *job;    /* NULL: NetworkManager owes no answer */
    void (*job_answered)(bool taken, void *data);
    void *job_data;
    guint notify;
};

static gboolean notify_now(gpointer data)
{
    KsManager *manager = data;

    manager->notify = 0;
    manager->changed(manager->changed_data);
    return G_SOURCE_REMOVE;
}

/* libnm reports one change in many signals; what follows from them is worked out once. */
static void notify_soon(KsManager *manager)
{
    if (manager->notify == 0)
        manager->notify = g_idle_add_full(G_PRIORITY_DEFAULT, notify_now, manager, NULL);
}

static void on_profile_removed(NMClient *client, NMConnection *profile, KsManager *manager)
{
    (void) client;
    ks_attempts_forget(manager->attempts, profile);
    ks_known_profiles_forget(manager->known, profile);
    notify_soon(manager);
}

/* Objects of libnm's cache live and die with it, and so do these connections. */
static void watch(KsManager *manager, gpointer object, const char *const *properties)
{
    if (!object || g_object_get_data(object, G_LOG_DOMAIN))
        return;
    g_object_set_data(object, G_LOG_DOMAIN, manager);
    for (unsigned i = 0; properties[i]; i++) {
        g_autofree char *signal = g_strconcat("notify::", properties[i], NULL);

        g_signal_connect_swapped(object, signal, G_CALLBACK(notify_soon), manager);
    }
}

static void watch_access_point(KsManager *manager, NMDevice *device)
{
    static const char signal[] = "notify::" NM_DEVICE_WIFI_ACTIVE_ACCESS_POINT;

    if (g_object_get_data(G_OBJECT(device), signal))
        return;
    g_object_set_data(G_OBJECT(device), signal, manager);
    g_signal_connect_swapped(device, signal, G_CALLBACK(notify_soon), manager);
}

static void on_active_state(NMActiveConnection *active, guint state, guint reason,
                            KsManager *manager)
{
    NMRemoteConnection *profile = nm_active_connection_get_connection(active);

    if (!profile)
        return;
    ks_attempts_hear(manager->attempts, NM_CONNECTION(profile), NM_IS_VPN_CONNECTION(active), state,
                     reason);
    notify_soon(manager);
}

static void watch_active(KsManager *manager, NMActiveConnection *active, NMConnection *profile)
{
    static const char *const of_active[] = {
        NM_ACTIVE_CONNECTION_STATE,
        NM_ACTIVE_CONNECTION_DEVICES,
        NM_ACTIVE_CONNECTION_IP4_CONFIG,
        NM_ACTIVE_CONNECTION_IP6_CONFIG,
        NULL,
    };
    static const char *const of_config[] = { NM_IP_CONFIG_ADDRESSES, NULL };

    if (!g_object_get_data(G_OBJECT(active), G_LOG_DOMAIN)) {
        g_signal_connect(active, "state-changed", G_CALLBACK(on_active_state), manager);
        if (nm_active_connection_get_state(active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATING)
            ks_attempts_begin(manager->attempts, profile);
        else if (nm_active_connection_get_state(active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATED)
            ks_attempts_succeed(manager->attempts, profile);
    }
    watch(manager, active, of_active);
    watch(manager, nm_active_connection_get_ip4_config(active), of_config);
    watch(manager, nm_active_connection_get_ip6_config(active), of_config);
}

static void add_ip_addresses(KsVpn *vpn, NMIPConfig *config)
{
    GPtrArray *addresses = config ? nm_ip_config_get_addresses(config) : NULL;

    for (unsigned i = 0; addresses && i < addresses->len; i++) {
        KsAddress address;

        if (ks_address_parse(nm_ip_address_get_address(g_ptr_array_index(addresses, i)), &address))
            g_array_append_val(vpn->addresses, address);
    }
}

/* What is active is the VPN, and not what the profile was when it was activated. */
static bool is_vpn(NMActiveConnection *active, KsVpnKind kind)
{
    return nm_active_connection_get_vpn(active)
               ? kind == KS_VPN_KIND_PLUGIN
               : kind == KS_VPN_KIND_WIREGUARD &&
                     g_strcmp0(nm_active_connection_get_connection_type(active),
                               NM_SETTING_WIREGUARD_SETTING_NAME) == 0;
}

/* NetworkManager (1.42) tells that of the card below for a VPN that has no interface. */
static bool is_of_parent(NMActiveConnection *active, NMIPConfig *config)
{
    const GPtrArray *devices = nm_active_connection_get_devices(active);

    if (!nm_active_connection_get_vpn(active))
        return false;
    for (unsigned i = 0; config && i < devices->len; i++) {
        NMDevice *device = g_ptr_array_index(devices, i);

        if (config == nm_device_get_ip4_config(device) ||
            config == nm_device_get_ip6_config(device))
            return true;
    }
    return false;
}

/* The VPN's own is there as long as it is up, empty if its interface went. */
static void describe_addresses(KsVpn *vpn, NMActiveConnection *active)
{
    NMIPConfig *configs[] = {
        nm_active_connection_get_ip4_config(active),
        nm_active_connection_get_ip6_config(active),
    };
    bool any_of_parent = false;
    bool any_own = false;

    for (unsigned i = 0; i < G_N_ELEMENTS(configs); i++) {
        if (!configs[i])
            continue;
        if (is_of_parent(active, configs[i])) {
            any_of_parent = true;
            continue;
        }
        any_own = true;
        add_ip_addresses(vpn, configs[i]);
    }
    vpn->given_interface = any_own && !any_of_parent;
}

static void describe_activity(KsVpn *vpn, NMActiveConnection *active, const KsWorld *world)
{
    const GPtrArray *devices = nm_active_connection_get_devices(active);

    switch (nm_active_connection_get_state(active)) {
    case NM_ACTIVE_CONNECTION_STATE_ACTIVATING:
        vpn->activity = KS_VPN_CONNECTING;
        break;
    case NM_ACTIVE_CONNECTION_STATE_ACTIVATED:
        vpn->activity = KS_VPN_UP;
        break;
    case NM_ACTIVE_CONNECTION_STATE_UNKNOWN:
    case NM_ACTIVE_CONNECTION_STATE_DEACTIVATING:
    case NM_ACTIVE_CONNECTION_STATE_DEACTIVATED:
        vpn->activity = KS_VPN_DOWN;
        return;
    }
    /* a plugin's VPN names its parent as its device: only WireGuard's own device is the tunnel */
    if (!nm_active_connection_get_vpn(active)) {
        for (unsigned i = 0; i < devices->len; i++) {
            NMDevice *device = g_ptr_array_index(devices, i);
            const char *name = nm_device_get_ip_iface(device);

            if (!NM_IS_DEVICE_WIREGUARD(device) || !name || !ks_interface_name_is_valid(name))
                continue;
            g_strlcpy(vpn->interface, name, sizeof(vpn->interface));
            vpn->index = ks_networks_index(active, name, world);
        }
    }
    describe_addresses(vpn, active);
}

/* NetworkManager makes a profile for each interface that others made (wg-quick's wg0, say) and
 * calls it active: it only watches that, it does not run it. */
static bool is_run_by_others(NMConnection *profile)
{
    return NM_IS_REMOTE_CONNECTION(profile) &&
           nm_remote_connection_get_flags(NM_REMOTE_CONNECTION(profile)) &
               NM_SETTINGS_CONNECTION_FLAG_EXTERNAL;
}

/* A VPN, and the profile that it is made of. */
typedef struct {
    KsVpn *vpn;
    NMConnection *profile;
} Claim;

static KsVpn *describe_vpn(KsManager *manager, NMConnection *profile)
{
    const KsKnownProfile *known = ks_known_profile(manager->known, profile);
    KsVpn *vpn;

    if (is_run_by_others(profile) || known->kind == KS_VPN_KIND_NONE)
        return NULL;
    vpn = ks_vpn_new(nm_connection_get_uuid(profile), nm_connection_get_id(profile), known->type);
    vpn->users = ks_vpn_profile_users(profile);
    vpn->attempt = ks_attempts_number(manager->attempts, profile);
    vpn->failure = ks_attempts_failure(manager->attempts, profile);
    vpn->ended_by_person = ks_attempts_ended_by_person(manager->attempts, profile);
    vpn->ended_here = ks_attempts_asked_end(manager->attempts, profile);
    vpn->secrets_of_person = known->asks_person;
    return vpn;
}

static GPtrArray *first_of(const GPtrArray *servers, unsigned count)
{
    GPtrArray *first = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);

    for (unsigned i = 0; i < count; i++)
        g_ptr_array_add(first, ks_server_copy(g_ptr_array_index(servers, i)));
    return first;
}

/* What nothing is left for is not read. */
static void take_servers(KsManager *manager, KsShares *shares, const Claim *claim)
{
    KsVpn *vpn = claim->vpn;
    const KsProfileServers *found;
    unsigned kept;

    vpn->left_out = !ks_shares_have_room(shares, vpn);
    if (vpn->left_out)
        return;
    found = ks_known_profile_servers(manager->known, claim->profile);
    kept = ks_shares_take(shares, vpn, found->servers);
    vpn->left_out = kept < found->servers->len;
    g_ptr_array_unref(vpn->servers);
    vpn->servers = vpn->left_out ? first_of(found->servers, kept) : g_ptr_array_ref(found->servers);
    g_ptr_array_unref(vpn->warnings);
    vpn->warnings = g_ptr_array_ref(found->warnings);
    vpn->floats = found->floats;
}

static int compare_claims(const void *a, const void *b)
{
    return ks_shares_compare(((const Claim *) a)->vpn, ((const Claim *) b)->vpn);
}

static void share_servers(KsManager *manager, GArray *claims)
{
    g_autoptr(KsShares) shares = ks_shares_new();

    g_array_sort(claims, compare_claims);
    for (unsigned i = 0; i < claims->len; i++)
        take_servers(manager, shares, &g_array_index(claims, Claim, i));
}

/* Of a profile that is deleted while it is active, nobody knows any more whose it was. */
static char **users_of_active(NMActiveConnection *active)
{
    NMRemoteConnection *profile = nm_active_connection_get_connection(active);

    return profile ? ks_vpn_profile_users(NM_CONNECTION(profile)) : g_new0(char *, 1);
}

static void describe_networks(KsManager *manager, KsWorld *world)
{
    static const char *const of_active[] = { NM_ACTIVE_CONNECTION_STATE, NULL };
    const GPtrArray *devices = nm_client_get_devices(manager->client);

    for (unsigned i = 0; i < devices->len; i++) {
        NMDevice *device = g_ptr_array_index(devices, i);
        NMActiveConnection *active = nm_device_get_active_connection(device);
        const char *interface = nm_device_get_ip_iface(device);
        KsNetwork *network;

        if (!active || !interface || !ks_interface_name_is_valid(interface) ||
            NM_IS_DEVICE_WIREGUARD(device) || g_str_equal(interface, "lo"))
            continue;
        network = ks_network_new(nm_active_connection_get_uuid(active),
                                 nm_active_connection_get_id(active), interface);
        network->index = ks_networks_index(active, interface, world);
        network->place = ks_networks_place(active, device);
        if (NM_IS_DEVICE_WIFI(device))
            watch_access_point(manager, device);
        watch(manager, active, of_active);
        network->up =
            nm_active_connection_get_state(active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATED;
        network->external =
            nm_active_connection_get_state_flags(active) & NM_ACTIVATION_STATE_FLAG_EXTERNAL;
        network->leads_out = ks_networks_leads_out(active, device);
        network->shared = ks_networks_is_shared(active);
        network->users = users_of_active(active);
        g_ptr_array_add(world->networks, network);
    }
}

static void describe_dhcp_servers(KsManager *manager, KsWorld *world)
{
    static const char *const of_device[] = {
        NM_DEVICE_DHCP4_CONFIG,
        NM_DEVICE_ACTIVE_CONNECTION,
        NULL,
    };
    static const char *const of_lease[] = { NM_DHCP_CONFIG_OPTIONS, NULL };
    const GPtrArray *devices = nm_client_get_devices(manager->client);

    for (unsigned i = 0; i < devices->len; i++) {
        NMDhcpConfig *lease = nm_device_get_dhcp4_config(g_ptr_array_index(devices, i));
        const char *server =
            lease ? nm_dhcp_config_get_one_option(lease, "dhcp_server_identifier") : NULL;
        KsAddress address;

        watch(manager, g_ptr_array_index(devices, i), of_device);
        watch(manager, lease, of_lease);
        /* told by the network: those that it names get renewals and nothing else */
        if (server && ks_address_parse(server, &address) && ks_address_is_unicast(&address))
            g_array_append_val(world->dhcp_servers, address);
    }
}

static void on_come_or_gone(KsManager *manager)
{
    ks_attempts_clear(manager->attempts);
    notify_soon(manager);
}

static void on_client_ready(GObject *source, GAsyncResult *result, gpointer data)
{
    static const char *const watched[] = {
        "notify::" NM_CLIENT_STARTUP,
        "notify::" NM_CLIENT_CONNECTIVITY,
        "notify::" NM_CLIENT_CONNECTIONS,
        "notify::" NM_CLIENT_DNS_CONFIGURATION,
        "notify::" NM_CLIENT_DNS_MODE,
        "any-device-added",
        "any-device-removed",
        "active-connection-added",
        "active-connection-removed",
    };
    g_autoptr(GError) error = NULL;
    KsManager *manager = data;
    gboolean started = g_async_initable_init_finish(G_ASYNC_INITABLE(source), result, &error);

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    manager->answered = true;
    if (!started) {
        g_warning("cannot follow NetworkManager: %s", error->message);
    } else {
        manager->client = NM_CLIENT(g_object_ref(source));
        ks_attempts_clear(manager->attempts);
        for (unsigned i = 0; i < G_N_ELEMENTS(watched); i++)
            g_signal_connect_swapped(manager->client, watched[i], G_CALLBACK(notify_soon), manager);
        g_signal_connect_swapped(manager->client, "notify::" NM_CLIENT_NM_RUNNING,
                                 G_CALLBACK(on_come_or_gone), manager);
        g_signal_connect(manager->client, NM_CLIENT_CONNECTION_REMOVED,
                         G_CALLBACK(on_profile_removed), manager);
    }
    notify_soon(manager);
}

static void on_answered(const char *uuid, const GError *error, void *data)
{
    KsManager *manager = data;

    if (error) {
        g_message("NetworkManager did not take what was asked of the VPN %s: %s", uuid,
                  error->message);
        ks_attempts_refuse_end(manager->attempts);
    }
    manager->job = NULL;
    manager->job_answered(!error, manager->job_data);
}

static bool is_known_vpn(KsManager *manager, const char *uuid)
{
    NMRemoteConnection *profile = nm_client_get_connection_by_uuid(manager->client, uuid);

    return profile &&
           ks_known_profile(manager->known, NM_CONNECTION(profile))->kind != KS_VPN_KIND_NONE;
}

bool ks_manager_ask(KsManager *manager, const char *uuid, bool connect,
                    void (*answered)(bool taken, void *data), void *data)
{
    if (!manager->client || manager->job)
        return false;
    manager->job_answered = answered;
    manager->job_data = data;
    manager->job = is_known_vpn(manager, uuid) ? ks_activation_begin(manager->client, uuid, connect,
                                                                     NULL, on_answered, manager)
                                               : NULL;
    if (manager->job)
        ks_attempts_ask_end(manager->attempts,
                            connect ? NULL
                                    : nm_client_get_connection_by_uuid(manager->client, uuid));
    return manager->job != NULL;
}

/* NetworkManager's own answer may come later, or never. */
static void forget_job(KsManager *manager, bool tell)
{
    if (!manager->job)
        return;
    ks_activation_forget(manager->job);
    manager->job = NULL;
    if (tell)
        manager->job_answered(false, manager->job_data);
}

static void forget_client(KsManager *manager)
{
    g_cancellable_cancel(manager->cancellable);
    g_clear_object(&manager->cancellable);
    ks_known_profiles_clear(manager->known);
    ks_attempts_clear(manager->attempts);
    if (manager->client)
        g_signal_handlers_disconnect_by_data(manager->client, manager);
    g_clear_object(&manager->client);
}

static void on_bus_connected(GDBusConnection *connection, void *data)
{
    KsManager *manager = data;

    manager->cancellable = g_cancellable_new();
    g_async_initable_new_async(NM_TYPE_CLIENT, G_PRIORITY_DEFAULT, manager->cancellable,
                               on_client_ready, manager, NM_CLIENT_DBUS_CONNECTION, connection,
                               NULL);
}

static void on_bus_gone(void *data)
{
    KsManager *manager = data;

    manager->answered = true;
    forget_client(manager);
    forget_job(manager, true);
    notify_soon(manager);
}

static void on_more_known(void *data)
{
    notify_soon(data);
}

KsManager *ks_manager_new(KsSystemBus *bus, void (*changed)(void *data), void *data)
{
    KsManager *manager = g_new0(KsManager, 1);

    manager->changed = changed;
    manager->changed_data = data;
    manager->known = ks_known_profiles_new(on_more_known, manager);
    manager->attempts = ks_attempts_new(g_get_monotonic_time, on_more_known, manager);
    manager->bus = bus;
    ks_system_bus_observe(bus, &(KsSystemBusObserver){
                                   .connected = on_bus_connected,
                                   .gone = on_bus_gone,
                                   .data = manager,
                               });
    return manager;
}

void ks_manager_free(KsManager *manager)
{
    if (!manager)
        return;
    ks_system_bus_forget(manager->bus, manager);
    forget_job(manager, false);
    forget_client(manager);
    g_clear_handle_id(&manager->notify, g_source_remove);
    ks_known_profiles_free(manager->known);
    ks_attempts_free(manager->attempts);
    g_free(manager);
}

bool ks_manager_is_ready(const KsManager *manager)
{
    return manager->answered;
}

bool ks_manager_has_profile(const KsManager *manager, const char *uuid)
{
    return manager->client && nm_client_get_connection_by_uuid(manager->client, uuid);
}

char **ks_manager_profile_users(const KsManager *manager, const char *uuid)
{
    NMRemoteConnection *profile =
        manager->client ? nm_client_get_connection_by_uuid(manager->client, uuid) : NULL;

    return profile ? ks_vpn_profile_users(NM_CONNECTION(profile)) : NULL;
}

const char *ks_manager_profile_name(const KsManager *manager, const char *uuid)
{
    NMRemoteConnection *profile =
        manager->client ? nm_client_get_connection_by_uuid(manager->client, uuid) : NULL;

    return profile ? nm_connection_get_id(NM_CONNECTION(profile)) : NULL;
}

char *ks_manager_card_place(const KsManager *manager, const char *interface)
{
    NMDevice *device =
        manager->client ? nm_client_get_device_by_iface(manager->client, interface) : NULL;

    return device ? ks_networks_card_place(device) : NULL;
}

void ks_manager_describe(KsManager *manager, KsWorld *world)
{
    const GPtrArray *profiles;
    const GPtrArray *actives;
    g_autoptr(GHashTable) by_profile = NULL;
    g_autoptr(GArray) claims = NULL;

    g_ptr_array_set_size(world->vpns, 0);
    g_array_set_size(world->dhcp_servers, 0);
    g_ptr_array_set_size(world->networks, 0);
    g_array_set_size(world->name_servers, 0);
    world->dns = KS_DNS_BY_OTHERS;
    world->online = KS_ONLINE_NOT;
    world->network_mark = 0;
    world->manager_present = manager->client && nm_client_get_nm_running(manager->client);
    world->manager_settled = world->manager_present && !nm_client_get_startup(manager->client);
    if (!world->manager_present)
        return;

    by_profile = g_hash_table_new(NULL, NULL);
    claims = g_array_new(FALSE, FALSE, sizeof(Claim));
    profiles = nm_client_get_connections(manager->client);
    for (unsigned i = 0; i < profiles->len; i++) {
        NMConnection *profile = g_ptr_array_index(profiles, i);
        Claim claim = { .profile = profile };
        KsVpn *vpn = claim.vpn = describe_vpn(manager, profile);

        if (!vpn)
            continue;
        g_ptr_array_add(world->vpns, vpn);
        g_array_append_val(claims, claim);
        g_hash_table_insert(by_profile, profile, vpn);
    }
    actives = nm_client_get_active_connections(manager->client);
    for (unsigned i = 0; i < actives->len; i++) {
        NMActiveConnection *active = g_ptr_array_index(actives, i);
        NMRemoteConnection *profile = nm_active_connection_get_connection(active);
        KsVpn *vpn = profile ? g_hash_table_lookup(by_profile, profile) : NULL;

        if (!vpn || !is_vpn(active, ks_known_profile(manager->known, NM_CONNECTION(profile))->kind))
            continue;
        watch_active(manager, active, NM_CONNECTION(profile));
        describe_activity(vpn, active, world);
    }
    share_servers(manager, claims);
    describe_networks(manager, world);
    ks_online_describe(manager->client, world);
    describe_dhcp_servers(manager, world);
    ks_name_servers_describe(manager->client, world);
}
