/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/event.h"
#include "model/server.h"
#include "policy/error.h"
#include "policy/vpns.h"

#include <string.h>

#define GROUP_PREFIX  "vpn "
#define KEY_NAME      "name"
#define KEY_TYPE      "type"
#define KEY_INTERFACE "interface"
#define KEY_OVERLAY   "overlay"
#define KEY_LOCKS     "locks"
#define KEY_SERVERS   "servers"
#define GROUP_FILE    "vpns"
#define KEY_VERSION   "version"
#define VERSION       1
#define WITH_OVERLAYS 2 /* what does not know them would take them for VPNs that protect */

/* "203.0.113.50 udp 51820" */
static char *server_text(const KsServer *server)
{
    char protocol[4];

    return g_strdup_printf("%s %s %u", server->host, ks_protocol_name(server->protocol, protocol),
                           server->port);
}

static bool has_overlay(const KsVpns *vpns)
{
    for (unsigned i = 0; i < ks_vpns_count(vpns); i++)
        if (ks_vpns_get(vpns, i)->overlay)
            return true;
    return false;
}

char *ks_vpns_to_text(const KsVpns *vpns)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_integer(file, GROUP_FILE, KEY_VERSION,
                           has_overlay(vpns) ? WITH_OVERLAYS : VERSION);
    for (unsigned i = 0; i < ks_vpns_count(vpns); i++) {
        const KsVpnEntry *entry = ks_vpns_get(vpns, i);
        g_autofree char *group = g_strconcat(GROUP_PREFIX, entry->uuid, NULL);
        g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func(g_free);

        for (unsigned j = 0; j < entry->servers->len; j++)
            g_ptr_array_add(servers, server_text(g_ptr_array_index(entry->servers, j)));
        g_key_file_set_string(file, group, KEY_NAME, entry->name);
        g_key_file_set_string(file, group, KEY_INTERFACE, entry->interface);
        if (entry->overlay)
            g_key_file_set_boolean(file, group, KEY_OVERLAY, TRUE);
        g_key_file_set_string(file, group, KEY_TYPE, entry->type);
        g_key_file_set_string(file, group, KEY_LOCKS, ks_vpn_locks_name(entry->locks));
        g_key_file_set_string_list(file, group, KEY_SERVERS, (const char *const *) servers->pdata,
                                   servers->len);
    }
    return g_key_file_to_data(file, NULL, NULL);
}

static bool corrupt(GError **error, const char *what)
{
    g_set_error(error, KS_ERROR, KS_ERROR_STATE, "%s", what);
    return false;
}

/* a(ssq) of what server_text() wrote; NULL with an error. */
static GVariant *servers_of_texts(char **texts, GError **error)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssq)"));
    for (unsigned i = 0; texts[i]; i++) {
        g_auto(GStrv) words = g_strsplit(texts[i], " ", 4);
        uint16_t port = 0;

        if (g_strv_length(words) != 3 ||
            (strcmp(words[2], "0") != 0 && !ks_port_parse(words[2], &port))) {
            g_variant_builder_clear(&builder);
            (void) corrupt(error, "a server in it is not valid");
            return NULL;
        }
        g_variant_builder_add(&builder, "(ssq)", words[0], words[1], port);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static bool read_group(KsVpns *vpns, GKeyFile *file, const char *group, GError **error)
{
    const char *uuid = group + strlen(GROUP_PREFIX);
    g_autofree char *name = g_key_file_get_string(file, group, KEY_NAME, NULL);
    g_autofree char *interface = g_key_file_get_string(file, group, KEY_INTERFACE, NULL);
    g_autofree char *type = g_key_file_get_string(file, group, KEY_TYPE, NULL);
    g_autofree char *locks = g_key_file_get_string(file, group, KEY_LOCKS, NULL);
    g_auto(GStrv) texts = g_key_file_get_string_list(file, group, KEY_SERVERS, NULL, NULL);
    g_autoptr(GVariant) servers = NULL;
    g_autoptr(GError) unclear = NULL;
    KsByHand what = { .name = name, .interface = interface, .type = type };
    KsVpnLocks when;
    bool done;

    if (!name || !interface || !type || !locks || !texts || !ks_vpn_locks_parse(locks, &when) ||
        !g_utf8_validate(type, -1, NULL))
        return corrupt(error, "a key is missing or has no meaning");
    servers = servers_of_texts(texts, error);
    if (!servers)
        return false;
    what.servers = servers;
    what.overlay = g_key_file_get_boolean(file, group, KEY_OVERLAY, &unclear);
    /* what is unclear must not become a VPN, which protects */
    if (unclear && !g_error_matches(unclear, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND))
        return corrupt(error, "a key is missing or has no meaning");
    done = interface[0] ? ks_vpns_restore(vpns, uuid, &what, error) != NULL
                        : ks_vpns_set_servers(vpns, uuid, type, servers, error);
    return done && ks_vpns_set_locks(vpns, uuid, when, error);
}

static bool read_groups(KsVpns *vpns, GKeyFile *file, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

    for (unsigned i = 0; groups[i]; i++) {
        if (strcmp(groups[i], GROUP_FILE) == 0)
            continue;
        if (!g_str_has_prefix(groups[i], GROUP_PREFIX) ||
            !ks_uuid_is_valid(groups[i] + strlen(GROUP_PREFIX)))
            return corrupt(error, "a group in it is about no VPN");
        if (!read_group(vpns, file, groups[i], error))
            return false;
    }
    return true;
}

KsVpns *ks_vpns_from_text(const char *text, gsize length, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    KsVpns *vpns;
    int version;

    if (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, error))
        return NULL;
    version = g_key_file_get_integer(file, GROUP_FILE, KEY_VERSION, NULL);
    if (version != VERSION && version != WITH_OVERLAYS) {
        (void) corrupt(error, "it is of another version");
        return NULL;
    }
    vpns = ks_vpns_new();
    if (!read_groups(vpns, file, error))
        g_clear_pointer(&vpns, ks_vpns_free);
    return vpns;
}

bool ks_vpns_text_is_newer(const char *text, gsize length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    return g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL) &&
           g_key_file_get_integer(file, GROUP_FILE, KEY_VERSION, NULL) > WITH_OVERLAYS;
}
