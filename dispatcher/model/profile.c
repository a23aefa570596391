/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/profile.h"

#include "model/openvpn-remote.h"

#include <netinet/in.h>
#include <string.h>

#define OPENVPN_SERVICE "org.freedesktop.NetworkManager.openvpn"
#define OPENVPN_PORT    1194
#define HTTP_PROXY_PORT 8080
#define SOCKS_PORT      1080

/* A profile may hold thousands of bad entries; nobody reads more sentences than these. */
#define REFUSALS_SHOWN_MAX 8

/* Foreign text is quoted in sentences that end up in terminals and menus: at most so many
 * characters. */
#define QUOTED_MAX     64
#define UTF8_BYTES_MAX 4

/* What is being read from one profile. */
typedef struct {
    const KsProfile *profile;
    KsProfileServers *found;
    GHashTable *keys;  /* one char* for each of the servers found, to see duplicates */
    unsigned refused;  /* hosts and ports that may not become servers */
    unsigned left_out; /* servers above KS_PROFILE_SERVERS_MAX */
} Reader;

/* A kind of VPN: how its profile is read. */
typedef struct {
    const char *service; /* vpn.service-type; NULL for WireGuard, which is a device and no plugin */
    const char *name;
    void (*read)(Reader *reader);
} VpnType;

/* Copies foreign text, without what is not printable or could end the quotes around it. */
static char *make_printable(const char *text)
{
    size_t length_max = (QUOTED_MAX + 1) * UTF8_BYTES_MAX;
    g_autofree char *valid = g_utf8_make_valid(text, (gssize) strnlen(text, length_max));
    GString *printable = g_string_new(NULL);
    unsigned length = 0;

    for (const char *next = valid; *next != '\0'; next = g_utf8_next_char(next)) {
        gunichar c = g_utf8_get_char(next);

        if (length++ == QUOTED_MAX) {
            g_string_append(printable, "…");
            break;
        }
        g_string_append_unichar(printable, g_unichar_isprint(c) && c != '"' ? c : '?');
    }
    return g_string_free(printable, FALSE);
}

static G_GNUC_PRINTF(2, 3) void warn(Reader *reader, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(reader->found->warnings, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* `text` is what the profile says and `why` the rest of the sentence after it. */
static void refuse(Reader *reader, const char *text, const char *why)
{
    g_autofree char *printable = make_printable(text);

    if (reader->refused++ < REFUSALS_SHOWN_MAX)
        warn(reader, "The server \"%s\" of this VPN %s", printable, why);
}

static bool is_this_machine(const char *host)
{
    return g_str_has_prefix(host, "127.") || strcmp(host, "::1") == 0;
}

static const char *why_host_is_refused(const char *host)
{
    KsAddress address;

    if (!ks_address_parse(host, &address))
        return "is neither an address nor a host name, so the lock does not let it out. Correct "
               "the profile in NetworkManager.";
    if (is_this_machine(host))
        return "is this machine: another program carries the VPN further, and the lock does not "
               "let that out. To use it, unlock first.";
    return "is not the address of one other machine, so the lock does not let it out. Correct the "
           "profile in NetworkManager.";
}

static void add_server(Reader *reader, const char *host, uint8_t protocol, uint16_t port)
{
    g_autoptr(KsServer) server = ks_server_new(host, protocol, port, KS_SERVER_FROM_PROFILE);
    g_autofree char *folded = NULL;
    g_autofree char *key = NULL;

    if (!server) {
        refuse(reader, host, why_host_is_refused(host));
        return;
    }

    folded = g_ascii_strdown(server->host, -1);
    key = g_strdup_printf("%u/%u/%s", protocol, port, folded);
    if (g_hash_table_contains(reader->keys, key))
        return;
    if (reader->found->servers->len >= KS_PROFILE_SERVERS_MAX) {
        reader->left_out++;
        return;
    }
    g_hash_table_add(reader->keys, g_steal_pointer(&key));
    g_ptr_array_add(reader->found->servers, g_steal_pointer(&server));
}

/* The value of an item of vpn.data; NULL if it is not there or empty, which plugins take for the
 * same. */
static const char *find_item(const Reader *reader, const char *key)
{
    GHashTable *data = reader->profile->data;
    const char *value = data ? g_hash_table_lookup(data, key) : NULL;

    return value && value[0] != '\0' ? value : NULL;
}

/* False, and a warning, if the item is there and not a port. */
static bool read_port_item(Reader *reader, const char *key, uint16_t fallback, uint16_t *ret_port)
{
    const char *text = find_item(reader, key);
    g_autofree char *printable = NULL;
    uint16_t port = fallback;

    if (text && !ks_port_parse(text, &port)) {
        printable = make_printable(text);
        warn(reader,
             "The item \"%s\" of this VPN is \"%s\", which is not a port, so the lock lets "
             "nothing out on it. Correct the profile in NetworkManager.",
             key, printable);
        return false;
    }
    *ret_port = port;
    return true;
}

/* OpenVPN reaches its remotes through the proxy, so that the proxy alone is on the wire. */
static void read_openvpn_proxy(Reader *reader, const char *type, const char *host, bool udp)
{
    g_autofree char *printable = NULL;
    uint16_t port;

    if (strcmp(type, "http") != 0 && strcmp(type, "socks") != 0) {
        printable = make_printable(type);
        warn(reader,
             "This VPN goes through a proxy of the unknown type \"%s\", so the lock lets "
             "nothing out for it. Correct the profile in NetworkManager.",
             printable);
        return;
    }
    if (!read_port_item(reader, "proxy-port",
                        strcmp(type, "http") == 0 ? HTTP_PROXY_PORT : SOCKS_PORT, &port))
        return;

    add_server(reader, host, IPPROTO_TCP, port);
    if (udp)
        warn(reader, "This VPN sends UDP through a proxy, and the lock lets only TCP out to the "
                     "proxy. If it does not connect, set the VPN to use TCP.");
}

/* NetworkManager-openvpn, src/nm-openvpn-service.c, nm_openvpn_start_openvpn_binary(), for every
 * item and default read here. */
static void read_openvpn(Reader *reader)
{
    const char *proxy_type = find_item(reader, "proxy-type");
    const char *proxy_host = find_item(reader, "proxy-server");
    g_autoptr(GPtrArray) remotes = NULL;
    uint8_t default_protocol = IPPROTO_UDP;
    uint16_t default_port = 0;
    unsigned rejected;
    bool udp = false;
    bool named = false;

    if (g_strcmp0(find_item(reader, "proto-tcp"), "yes") == 0)
        default_protocol = IPPROTO_TCP;

    remotes = ks_openvpn_remotes_parse(find_item(reader, "remote"), &rejected);
    if (rejected > 0 && remotes->len == KS_OPENVPN_REMOTES_MAX)
        warn(reader,
             "This VPN has more than %u servers; the lock lets only the first %u out. "
             "Take servers out of the profile.",
             KS_OPENVPN_REMOTES_MAX, KS_OPENVPN_REMOTES_MAX);
    else if (rejected > 0)
        warn(reader,
             "The server list of this VPN (\"remote\") has entries that cannot be "
             "understood (%u); OpenVPN skips them too. Each is host, host:port or "
             "host:port:protocol.",
             rejected);

    for (unsigned i = 0; i < remotes->len; i++) {
        KsOpenvpnRemote *remote = g_ptr_array_index(remotes, i);
        KsAddress address;

        if (remote->protocol == 0)
            remote->protocol = default_protocol;
        udp |= remote->protocol == IPPROTO_UDP;
        named |= !ks_address_parse(remote->host, &address);
    }

    if (proxy_type && proxy_host) {
        read_openvpn_proxy(reader, proxy_type, proxy_host, udp);
        return;
    }

    for (unsigned i = 0; i < remotes->len; i++) {
        const KsOpenvpnRemote *remote = g_ptr_array_index(remotes, i);

        /* the profile's own port is read, and complained about, once and only if it is needed */
        if (remote->port == 0 && default_port == 0 &&
            !read_port_item(reader, "port", OPENVPN_PORT, &default_port))
            break;
        add_server(reader, remote->host, remote->protocol,
                   remote->port ? remote->port : default_port);
    }

    /* openvpn(8), --remote-random-hostname: six random bytes in front of every name */
    if (named && g_strcmp0(find_item(reader, "remote-random-hostname"), "yes") == 0)
        warn(reader, "This VPN puts random letters before its server's name "
                     "(\"remote-random-hostname\"), so the lock cannot know the name and does not "
                     "let its DNS question out. Turn that off in the profile.");
}

/* Splits host:port in place, as NetworkManager does (src/libnm-core-impl/nm-utils.c,
 * _parse_endpoint()): brackets, if there are any, hold the host; else the last ':' ends it. */
static bool split_endpoint(char *endpoint, const char **ret_host, uint16_t *ret_port)
{
    bool bracketed = endpoint[0] == '[';
    char *host = bracketed ? endpoint + 1 : endpoint;
    char *end = bracketed ? strchr(host, ']') : strrchr(host, ':');
    const char *port = end ? end + (bracketed ? 1 : 0) : NULL;

    if (!end || end == host || *port != ':' || !ks_port_parse(port + 1, ret_port))
        return false;
    *end = '\0';
    *ret_host = host;
    return true;
}

static void read_wireguard(Reader *reader)
{
    const char *const *peer = reader->profile->peers;

    for (; peer && *peer; peer++) {
        g_autofree char *endpoint = g_strstrip(g_strdup(*peer));
        const char *host;
        uint16_t port;

        /* a peer without an endpoint waits to be called */
        if (endpoint[0] == '\0')
            continue;
        if (split_endpoint(endpoint, &host, &port))
            add_server(reader, host, IPPROTO_UDP, port);
        else
            refuse(reader, *peer,
                   "is not host:port, so the lock does not let it out. Correct the "
                   "peer's endpoint in NetworkManager.");
    }
}

/* Every type of VPN that nm-killswitch can read. A new type is a row here, with a function above
 * that calls add_server() for each place its own packets go to (and cites where that is known
 * from), and a fixture in tests/unit/profiles/. */
static const VpnType vpn_types[] = {
    { OPENVPN_SERVICE, "openvpn", read_openvpn },
    { NULL, "wireguard", read_wireguard },
};

static const VpnType *find_type(const char *service)
{
    for (size_t i = 0; i < G_N_ELEMENTS(vpn_types); i++)
        if (g_strcmp0(vpn_types[i].service, service) == 0)
            return &vpn_types[i];
    return NULL;
}

static void read_unknown(Reader *reader)
{
    g_autofree char *name = ks_profile_type_name(reader->profile->service);

    warn(reader,
         "nm-killswitch does not know where VPNs of the type \"%s\" connect to, so the "
         "lock does not let this one out. To use it, unlock first; an OpenVPN or WireGuard "
         "profile of the same provider works while locked.",
         name);
}

KsProfileServers *ks_profile_servers(const KsProfile *profile)
{
    const VpnType *type = find_type(profile->service);
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    KsProfileServers *found = g_new0(KsProfileServers, 1);
    Reader reader = { .profile = profile, .found = found, .keys = keys };

    found->servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    found->warnings = g_ptr_array_new_with_free_func(g_free);

    if (type)
        type->read(&reader);
    else
        read_unknown(&reader);

    if (reader.refused > REFUSALS_SHOWN_MAX)
        warn(&reader, "More servers of this VPN are refused for such reasons (%u in all).",
             reader.refused);
    if (reader.left_out > 0)
        warn(&reader,
             "This VPN has more than %u servers; the lock lets only the first %u out. "
             "Take servers out of the profile.",
             KS_PROFILE_SERVERS_MAX, KS_PROFILE_SERVERS_MAX);
    if (found->servers->len == 0 && found->warnings->len == 0)
        warn(&reader, "This VPN names no server, so the lock lets nothing out for it. Add its "
                      "server to the profile in NetworkManager.");
    return found;
}

void ks_profile_servers_free(KsProfileServers *servers)
{
    if (!servers)
        return;
    g_ptr_array_unref(servers->servers);
    g_ptr_array_unref(servers->warnings);
    g_free(servers);
}

char *ks_profile_type_name(const char *service)
{
    const VpnType *type = find_type(service);
    const char *dot;

    if (type)
        return g_strdup(type->name);
    dot = strrchr(service, '.');
    return make_printable(dot && dot[1] != '\0' ? dot + 1 : service);
}
