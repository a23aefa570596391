/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/known-profiles.h"

struct KsKnownProfiles {
    void (*changed)(void *data);
    void *data;
    GHashTable *profiles; /* NMConnection* -> Entry*; holds a reference to each */
};

typedef struct {
    KsKnownProfile known;
    bool is_stale; /* it has changed since */
} Entry;

static void forget_facts(Entry *entry)
{
    g_clear_pointer(&entry->known.type, g_free);
    g_clear_pointer(&entry->known.servers, ks_profile_servers_free);
}

static void entry_free(gpointer data)
{
    forget_facts(data);
    g_free(data);
}

static void on_changed(NMConnection *profile, KsKnownProfiles *known)
{
    Entry *entry = g_hash_table_lookup(known->profiles, profile);

    if (entry)
        entry->is_stale = true;
    known->changed(known->data);
}

KsKnownProfiles *ks_known_profiles_new(void (*changed)(void *data), void *data)
{
    KsKnownProfiles *known = g_new0(KsKnownProfiles, 1);

    known->changed = changed;
    known->data = data;
    known->profiles = g_hash_table_new_full(NULL, NULL, g_object_unref, entry_free);
    return known;
}

void ks_known_profiles_free(KsKnownProfiles *known)
{
    if (!known)
        return;
    ks_known_profiles_clear(known);
    g_hash_table_unref(known->profiles);
    g_free(known);
}

/* Every profile is watched, whatever is in it: it may be no VPN now and one then. */
static Entry *find_or_add(KsKnownProfiles *known, NMConnection *profile)
{
    Entry *entry = g_hash_table_lookup(known->profiles, profile);

    if (entry)
        return entry;
    entry = g_new0(Entry, 1);
    entry->is_stale = true;
    g_hash_table_insert(known->profiles, g_object_ref(profile), entry);
    g_signal_connect(profile, NM_CONNECTION_CHANGED, G_CALLBACK(on_changed), known);
    return entry;
}

const KsKnownProfile *ks_known_profile(KsKnownProfiles *known, NMConnection *profile)
{
    Entry *entry = find_or_add(known, profile);

    if (!entry->is_stale)
        return &entry->known;
    forget_facts(entry);
    entry->is_stale = false;
    entry->known.kind = ks_vpn_profile_kind(profile);
    if (entry->known.kind == KS_VPN_KIND_NONE) {
        entry->known.asks_person = false;
        return &entry->known;
    }
    entry->known.type = ks_vpn_profile_type(profile);
    entry->known.asks_person = ks_vpn_profile_asks_person(profile);
    return &entry->known;
}

/* All but the connection setting, from which libnm answers which profile has a UUID. A change
 * brings all of them again. */
static void let_settings_go(KsKnownProfiles *known, NMConnection *profile)
{
    g_autofree NMSetting **settings = nm_connection_get_settings(profile, NULL);

    g_signal_handlers_block_matched(profile, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, known);
    for (unsigned i = 0; settings && settings[i]; i++)
        if (!NM_IS_SETTING_CONNECTION(settings[i]))
            nm_connection_remove_setting(profile, G_OBJECT_TYPE(settings[i]));
    g_signal_handlers_unblock_matched(profile, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, known);
}

const KsProfileServers *ks_known_profile_servers(KsKnownProfiles *known, NMConnection *profile)
{
    Entry *entry = find_or_add(known, profile);

    (void) ks_known_profile(known, profile);
    if (!entry->known.servers) {
        entry->known.servers = ks_vpn_profile_servers(profile);
        let_settings_go(known, profile);
    }
    return entry->known.servers;
}

void ks_known_profiles_forget(KsKnownProfiles *known, NMConnection *profile)
{
    g_signal_handlers_disconnect_by_data(profile, known);
    g_hash_table_remove(known->profiles, profile);
}

static gboolean forget_one(gpointer profile, gpointer entry, gpointer data)
{
    (void) entry;
    g_signal_handlers_disconnect_by_data(profile, data);
    return TRUE;
}

void ks_known_profiles_clear(KsKnownProfiles *known)
{
    g_hash_table_foreach_remove(known->profiles, forget_one, known);
}
