/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/vpns.h"

#include "model/printable.h"
#include "model/server.h"
#include "model/vpn-type.h"
#include "policy/error.h"

#include <netinet/in.h>
#include <string.h>

#define TYPE_MAX 32u

struct KsVpns {
    GPtrArray *entries; /* element-type KsVpnEntry, owned */
};

static void free_entry(void *data)
{
    KsVpnEntry *entry = data;

    g_free(entry->uuid);
    g_free(entry->name);
    g_free(entry->type);
    g_ptr_array_unref(entry->servers);
    g_free(entry);
}

static KsVpnEntry *entry_new(const char *uuid)
{
    KsVpnEntry *entry = g_new0(KsVpnEntry, 1);

    entry->uuid = g_strdup(uuid);
    entry->name = g_strdup("");
    entry->type = g_strdup("");
    entry->servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    return entry;
}

KsVpns *ks_vpns_new(void)
{
    KsVpns *vpns = g_new0(KsVpns, 1);

    vpns->entries = g_ptr_array_new_with_free_func(free_entry);
    return vpns;
}

KsVpns *ks_vpns_copy(const KsVpns *vpns)
{
    KsVpns *copy = ks_vpns_new();

    for (unsigned i = 0; i < vpns->entries->len; i++) {
        const KsVpnEntry *from = ks_vpns_get(vpns, i);
        KsVpnEntry *to = entry_new(from->uuid);

        g_free(to->name);
        g_free(to->type);
        to->name = g_strdup(from->name);
        to->type = g_strdup(from->type);
        memcpy(to->interface, from->interface, sizeof(to->interface));
        to->overlay = from->overlay;
        to->locks = from->locks;
        g_ptr_array_unref(to->servers);
        to->servers = g_ptr_array_ref(from->servers); /* never changed, only replaced */
        g_ptr_array_add(copy->entries, to);
    }
    return copy;
}

void ks_vpns_free(KsVpns *vpns)
{
    if (!vpns)
        return;
    g_ptr_array_unref(vpns->entries);
    g_free(vpns);
}

unsigned ks_vpns_count(const KsVpns *vpns)
{
    return vpns->entries->len;
}

const KsVpnEntry *ks_vpns_get(const KsVpns *vpns, unsigned number)
{
    return g_ptr_array_index(vpns->entries, number);
}

static KsVpnEntry *find(const KsVpns *vpns, const char *uuid)
{
    for (unsigned i = 0; i < vpns->entries->len; i++) {
        KsVpnEntry *entry = g_ptr_array_index(vpns->entries, i);

        if (strcmp(entry->uuid, uuid) == 0)
            return entry;
    }
    return NULL;
}

const KsVpnEntry *ks_vpns_find(const KsVpns *vpns, const char *uuid)
{
    return find(vpns, uuid);
}

static bool fail(GError **error, KsError code, const char *sentence)
{
    g_set_error_literal(error, KS_ERROR, code, sentence);
    return false;
}

const char *ks_vpns_identify(const KsVpns *vpns, const KsWorld *world, const char *name_or_uuid,
                             GError **error)
{
    const char *found = NULL;
    unsigned count = 0;

    for (unsigned i = 0; i < vpns->entries->len; i++) {
        const KsVpnEntry *entry = ks_vpns_get(vpns, i);

        if (strcmp(entry->uuid, name_or_uuid) == 0)
            return entry->uuid;
    }
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (strcmp(vpn->uuid, name_or_uuid) == 0)
            return vpn->uuid;
        if (strcmp(vpn->name, name_or_uuid) != 0)
            continue;
        found = vpn->uuid;
        count++;
    }
    if (count == 1)
        return found;
    if (count == 0)
        fail(error, KS_ERROR_NO_SUCH_VPN,
             "There is no VPN of this name. To see them: nm-killswitch vpn list");
    else
        fail(error, KS_ERROR_NO_SUCH_VPN,
             "Several VPNs have this name; name it by its UUID. To see them: nm-killswitch vpn "
             "list --json");
    return NULL;
}

/* ---- what is accepted ---- */

static bool name_is_valid(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length <= KS_VPN_NAME_MAX && ks_printable_is(name) &&
           !ks_uuid_is_valid(name) && name[0] != ' ' && name[length - 1] != ' ' && name[0] != '-';
}

/* As the kernel has them (dev_valid_name()), in ASCII. */
static bool interface_is_valid(const char *interface)
{
    size_t length = strlen(interface);

    if (length == 0 || length >= IF_NAMESIZE || strcmp(interface, ".") == 0 ||
        strcmp(interface, "..") == 0)
        return false;
    for (const char *at = interface; *at; at++)
        if (!g_ascii_isgraph(*at) || *at == '/' || *at == ':')
            return false;
    return true;
}

static bool type_is_valid(const char *type)
{
    if (strlen(type) > TYPE_MAX)
        return false;
    for (const char *at = type; *at; at++)
        if (!g_ascii_isalnum(*at) && *at != '-' && *at != '_')
            return false;
    return true;
}

/* An overlay's program is a daemon, wherever its data are encrypted. NetworkManager's plugins are
 * known; what a person starts by hand may run as that person. */
static KsSender sender_of(const KsVpnEntry *entry, const char *type, const KsServer *server)
{
    if (entry->overlay)
        return KS_SENDER_DAEMON;
    if (!entry->interface[0] || strcmp(type, "openvpn") == 0 || strcmp(type, "wireguard") == 0)
        return ks_vpn_type_sender(type, server->protocol, server->port);
    return KS_SENDER_UNKNOWN;
}

static KsServer *read_server(const char *host, const char *protocol, guint16 port,
                             KsServerSource source, GError **error)
{
    uint8_t number;
    KsServer *server;

    if (!ks_protocol_parse(protocol, &number)) {
        fail(error, KS_ERROR_INVALID_ARGUMENTS,
             "A server's protocol is one of udp, tcp, esp, ah and gre.");
        return NULL;
    }
    if (ks_protocol_has_ports(number) != (port > 0)) {
        fail(
            error, KS_ERROR_INVALID_ARGUMENTS,
            "A server by udp or tcp has a port from 1 to 65535, one by another protocol has none.");
        return NULL;
    }
    server = ks_server_new(host, number, port, source);
    if (!server)
        fail(error, KS_ERROR_INVALID_ARGUMENTS,
             "A server is the address of one other machine or a host name.");
    return server;
}

static unsigned count_servers(const KsVpns *vpns, const KsVpnEntry *except)
{
    unsigned count = 0;

    for (unsigned i = 0; i < vpns->entries->len; i++)
        if (ks_vpns_get(vpns, i) != except)
            count += ks_vpns_get(vpns, i)->servers->len;
    return count;
}

/* NULL with an error. `entry` may be new. */
static GPtrArray *read_servers(const KsVpns *vpns, const KsVpnEntry *entry, const char *type,
                               GVariant *list, GError **error)
{
    g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    gsize count = g_variant_n_children(list);

    if (count > KS_VPN_SERVERS_MAX || count_servers(vpns, entry) + count > KS_VPNS_SERVERS) {
        fail(error, KS_ERROR_INVALID_ARGUMENTS,
             "Those are more servers than can be kept: 256 of one VPN, 8192 of all.");
        return NULL;
    }
    for (gsize i = 0; i < count; i++) {
        const char *host;
        const char *protocol;
        guint16 port;
        KsServer *server;

        g_variant_get_child(list, i, "(&s&sq)", &host, &protocol, &port);
        server = read_server(host, protocol, port,
                             entry->interface[0] ? KS_SERVER_FROM_MANUAL : KS_SERVER_FROM_OVERRIDE,
                             error);
        if (!server)
            return NULL;
        server->sender = sender_of(entry, type, server);
        g_ptr_array_add(servers, server);
    }
    return g_steal_pointer(&servers);
}

/* ---- changes ---- */

/* What is said of a profile, or a new entry; NULL with an error if there are too many. */
static KsVpnEntry *find_or_add(KsVpns *vpns, const char *uuid, GError **error)
{
    KsVpnEntry *entry = find(vpns, uuid);

    if (entry)
        return entry;
    if (vpns->entries->len >= KS_VPNS_MAX) {
        fail(error, KS_ERROR_INVALID_ARGUMENTS, "Those are more VPNs than can be kept: 1024.");
        return NULL;
    }
    entry = entry_new(uuid);
    g_ptr_array_add(vpns->entries, entry);
    return entry;
}

/* An entry that says nothing any more goes. */
static void drop_if_empty(KsVpns *vpns, KsVpnEntry *entry)
{
    if (!entry->interface[0] && entry->servers->len == 0 && entry->locks == KS_VPN_LOCKS_AUTO)
        (void) g_ptr_array_remove(vpns->entries, entry);
}

static bool name_is_taken(const KsVpns *vpns, const char *name)
{
    for (unsigned i = 0; i < vpns->entries->len; i++)
        if (strcmp(ks_vpns_get(vpns, i)->name, name) == 0)
            return true;
    return false;
}

/* Whether it protects would depend on which of the two is found first. */
static bool is_other_on(const KsVpns *vpns, const KsByHand *what)
{
    for (unsigned i = 0; i < vpns->entries->len; i++) {
        const KsVpnEntry *entry = ks_vpns_get(vpns, i);

        if (strcmp(entry->interface, what->interface) == 0 && entry->overlay != what->overlay)
            return true;
    }
    return false;
}

static bool check_new(const KsVpns *vpns, const KsByHand *what, GError **error)
{
    if (!name_is_valid(what->name))
        return fail(
            error, KS_ERROR_INVALID_ARGUMENTS,
            "A VPN's name has 1 to 128 bytes of printable text, begins with no \"-\" and is "
            "no UUID.");
    if (!interface_is_valid(what->interface))
        return fail(error, KS_ERROR_INVALID_ARGUMENTS,
                    "That is no name of a network interface, such as wg0 or tun0.");
    if (!type_is_valid(what->type))
        return fail(error, KS_ERROR_INVALID_ARGUMENTS,
                    "A VPN's type is a word such as wireguard or openvpn.");
    if (is_other_on(vpns, what))
        return fail(error, KS_ERROR_VPN_EXISTS,
                    "On this interface a VPN or an overlay network is set up by hand already, and "
                    "it cannot be both. Remove it first: nm-killswitch vpn remove");
    if (name_is_taken(vpns, what->name))
        return fail(error, KS_ERROR_VPN_EXISTS,
                    "A VPN of this name is set up by hand already. Remove it first: nm-killswitch "
                    "vpn remove");
    return true;
}

const char *ks_vpns_restore(KsVpns *vpns, const char *uuid, const KsByHand *what, GError **error)
{
    KsVpnEntry *entry;
    GPtrArray *read;

    if (!check_new(vpns, what, error))
        return NULL;
    entry = find_or_add(vpns, uuid, error);
    if (!entry)
        return NULL;
    g_strlcpy(entry->interface, what->interface, sizeof(entry->interface));
    entry->overlay = what->overlay;
    entry->locks = what->overlay ? KS_VPN_LOCKS_NO : KS_VPN_LOCKS_AUTO;
    read = read_servers(vpns, entry, what->type, what->servers, error);
    if (!read) {
        (void) g_ptr_array_remove(vpns->entries, entry);
        return NULL;
    }
    g_ptr_array_unref(entry->servers);
    entry->servers = read;
    g_free(entry->name);
    entry->name = g_strdup(what->name);
    g_free(entry->type);
    entry->type = g_strdup(what->type);
    return entry->uuid;
}

/* Two of one name could be told apart by nobody, and commands that name one would refuse both. */
static bool is_profile(const KsWorld *world, const char *name)
{
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (!vpn->manual && strcmp(vpn->name, name) == 0)
            return true;
    }
    return false;
}

const char *ks_vpns_add(KsVpns *vpns, const KsWorld *world, const KsByHand *what, GError **error)
{
    g_autofree char *uuid = g_uuid_string_random();

    if (is_profile(world, what->name)) {
        fail(error, KS_ERROR_VPN_EXISTS,
             "A VPN of NetworkManager's has this name, and needs no other entry. To correct its "
             "servers: nm-killswitch vpn set. If you mean another VPN, give it another name.");
        return NULL;
    }
    if (!what->overlay && g_variant_n_children(what->servers) == 0) {
        fail(error, KS_ERROR_INVALID_ARGUMENTS,
             "A VPN needs at least one server, or it could not connect while locked.");
        return NULL;
    }
    return ks_vpns_restore(vpns, uuid, what, error);
}

bool ks_vpns_remove(KsVpns *vpns, const char *uuid, GError **error)
{
    KsVpnEntry *entry = find(vpns, uuid);

    if (!entry || !entry->interface[0])
        return fail(error, KS_ERROR_NO_SUCH_VPN,
                    "This VPN is a profile of NetworkManager's, which removes it: nmcli connection "
                    "delete. To forget what was set here: nm-killswitch vpn set NAME --clear");
    return g_ptr_array_remove(vpns->entries, entry);
}

bool ks_vpns_set_servers(KsVpns *vpns, const char *uuid, const char *type, GVariant *servers,
                         GError **error)
{
    KsVpnEntry *entry = find_or_add(vpns, uuid, error);
    GPtrArray *read;

    if (!entry)
        return false;
    if (entry->interface[0] && !entry->overlay && g_variant_n_children(servers) == 0)
        return fail(error, KS_ERROR_INVALID_ARGUMENTS,
                    "A VPN that was set up by hand has no other servers. To forget it: "
                    "nm-killswitch vpn remove");
    read = read_servers(vpns, entry, entry->interface[0] ? entry->type : type, servers, error);
    if (read) {
        g_ptr_array_unref(entry->servers);
        entry->servers = read;
    }
    if (read && !entry->interface[0]) {
        g_free(entry->type);
        entry->type = g_strdup(type);
    }
    drop_if_empty(vpns, entry);
    return read != NULL;
}

bool ks_vpns_set_locks(KsVpns *vpns, const char *uuid, KsVpnLocks locks, GError **error)
{
    KsVpnEntry *entry = find_or_add(vpns, uuid, error);

    if (!entry)
        return false;
    if (entry->overlay && locks != KS_VPN_LOCKS_NO)
        return fail(error, KS_ERROR_INVALID_ARGUMENTS,
                    "An overlay network never closes the lock: it protects nothing. If it is a VPN "
                    "that does, set it up as one: nm-killswitch vpn add without --overlay");
    entry->locks = locks;
    drop_if_empty(vpns, entry);
    return true;
}

/* ---- into the world ---- */

bool ks_vpns_learn(KsVpns *vpns, const KsWorld *world)
{
    bool learned = false;

    for (unsigned i = 0; i < vpns->entries->len; i++) {
        KsVpnEntry *entry = g_ptr_array_index(vpns->entries, i);
        const KsLink *link = NULL;

        if (entry->interface[0] && !entry->overlay && !entry->type[0])
            link = ks_world_link_by_name(world, entry->interface);
        if (!link || !link->wireguard)
            continue;
        g_free(entry->type);
        entry->type = g_strdup("wireguard");
        learned = true;
    }
    return learned;
}
