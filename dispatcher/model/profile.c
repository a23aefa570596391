/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/profile.h"

#include "model/openvpn-profile.h"
#include "model/profile-reader.h"
#include "model/server.h"
#include "model/vpn-type.h"

#include <netinet/in.h>
#include <string.h>

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

static void read_wireguard(KsProfileReader *reader)
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
            ks_profile_reader_add(reader, host,
                                  &(KsVpnFlow){ IPPROTO_UDP, port, KS_SENDER_KERNEL });
        else
            ks_profile_reader_refuse(
                reader, *peer,
                "is not host:port, so the lock does not let it out. Correct the "
                "peer's endpoint in NetworkManager.");
    }
}

/* Whether `word` is one of the words that '|' separates; the empty word is one too. */
static bool is_one_of(const char *words, const char *word)
{
    for (const char *next = words;; next++) {
        size_t length = strcspn(next, "|");

        if (strncmp(next, word, length) == 0 && word[length] == '\0')
            return true;
        next += length;
        if (*next == '\0')
            return false;
    }
}

static bool holds(const KsProfileReader *reader, const KsVpnCondition *condition)
{
    const char *value;

    if (!condition->item)
        return true;
    value = ks_profile_reader_item(reader, condition->item);
    return is_one_of(condition->values, value ? value : "") != condition->negated;
}

static bool flow_applies(const KsProfileReader *reader, const KsVpnFlow *flow)
{
    for (unsigned i = 0; i < KS_VPN_CONDITIONS_MAX; i++)
        if (!holds(reader, &flow->when[i]))
            return false;
    return true;
}

/* False, and a refusal, for text that is not of this form. */
static bool read_endpoint(KsProfileReader *reader, const char *text, KsEndpointForm form,
                          KsEndpoint *ret_endpoint)
{
    static const char *const why[] = {
        [KS_ENDPOINT_HOST] =
            "is neither an address nor a host name, so the lock does not let it out. Correct the "
            "profile in NetworkManager.",
        [KS_ENDPOINT_HOST_PORT] =
            "is neither host nor host:port, so the lock does not let it out. Correct the profile "
            "in NetworkManager.",
        [KS_ENDPOINT_URL] =
            "is neither host, host:port nor https://host:port, so the lock does not let it out. "
            "Correct the profile in NetworkManager.",
        [KS_ENDPOINT_PROXY] =
            "is neither http://host:port nor socks5://host:port, as a proxy must be, so the lock "
            "does not let it out. Correct the profile in NetworkManager.",
    };

    if (ks_endpoint_parse(text, form, ret_endpoint))
        return true;
    ks_profile_reader_refuse(reader, text, why[form]);
    return false;
}

/* Whether the VPN goes through a proxy; then that alone is on the wire, and is added if it can
 * be. */
static bool read_proxy(KsProfileReader *reader, const KsVpnProxy *proxy)
{
    const char *text = proxy->item ? ks_profile_reader_item(reader, proxy->item) : NULL;
    KsVpnFlow flow = { IPPROTO_TCP, proxy->port, proxy->sender };
    g_auto(KsEndpoint) endpoint = { NULL };

    if (!text || (proxy->port_item && !ks_profile_reader_item(reader, proxy->port_item)))
        return false;
    if (proxy->port_item && !ks_profile_reader_port(reader, proxy->port_item, 0, &flow.port))
        return true;
    if (!read_endpoint(reader, text, proxy->port_item ? KS_ENDPOINT_HOST : KS_ENDPOINT_PROXY,
                       &endpoint))
        return true;
    if (endpoint.port)
        flow.port = endpoint.port;
    ks_profile_reader_add(reader, endpoint.host, &flow);
    return true;
}

static void read_row(KsProfileReader *reader, const KsVpnType *type)
{
    const char *gateway = ks_profile_reader_item(reader, type->gateway);
    g_auto(KsEndpoint) endpoint = { NULL };
    uint16_t port = type->port;

    if (!gateway) {
        if (type->missing)
            ks_profile_reader_warn(reader, "%s", type->missing);
        return;
    }
    if (read_proxy(reader, &type->proxy))
        return;
    if (type->port_item && !ks_profile_reader_port(reader, type->port_item, type->port, &port))
        return;
    if (!read_endpoint(reader, gateway, type->form, &endpoint))
        return;
    if (endpoint.port)
        port = endpoint.port;

    for (unsigned i = 0; i < KS_VPN_FLOWS_MAX && type->flows[i].protocol; i++) {
        KsVpnFlow flow = type->flows[i];

        if (!flow_applies(reader, &flow))
            continue;
        if (ks_protocol_has_ports(flow.protocol) && flow.port == 0)
            flow.port = port;
        if (!ks_profile_reader_add(reader, endpoint.host, &flow))
            return; /* one refusal of the host is enough */
    }
    if (type->note.text && holds(reader, &type->note.when))
        ks_profile_reader_warn(reader, "%s", type->note.text);
}

static void read_unknown(KsProfileReader *reader)
{
    g_autofree char *name = ks_profile_type_name(reader->profile->service);

    ks_profile_reader_warn(
        reader,
        "nm-killswitch does not know where VPNs of the type \"%s\" connect to, and does not guess, "
        "so the lock does not let this one out. To use it, tell the server with \"nm-killswitch "
        "vpn set\", or unlock first.",
        name);
}

static void read_profile(KsProfileReader *reader)
{
    const KsVpnType *type = ks_vpn_type_find(reader->profile->service);

    if (!type) {
        read_unknown(reader);
        return;
    }
    switch (type->reading) {
    case KS_VPN_READ_ROW:
        read_row(reader, type);
        break;
    case KS_VPN_READ_OPENVPN:
        ks_openvpn_profile_read(reader);
        break;
    case KS_VPN_READ_WIREGUARD:
        read_wireguard(reader);
        break;
    }
}

/* policy: what is let out (policy/draw.c). One is enough to know of. */
static void warn_of_name_servers_port(KsProfileReader *reader)
{
    const GPtrArray *servers = reader->found->servers;
    const KsVpnType *type = ks_vpn_type_find(reader->profile->service);

    for (unsigned i = 0; i < servers->len; i++) {
        const KsServer *server = g_ptr_array_index(servers, i);

        if (!ks_port_is_name_servers(server->port) || (type && strcmp(type->name, "iodine") == 0))
            continue;
        ks_profile_reader_warn(
            reader,
            "%s, port %u, is where a name server would be, so a profile alone does not open it. If "
            "this VPN's server really stands there, name it and its others with \"nm-killswitch vpn "
            "set\".",
            server->host, server->port);
        return;
    }
}

KsProfileServers *ks_profile_servers(const KsProfile *profile)
{
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    KsProfileServers *found = g_new0(KsProfileServers, 1);
    KsProfileReader reader = { .profile = profile, .found = found, .keys = keys };

    found->servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    found->warnings = g_ptr_array_new_with_free_func(g_free);
    read_profile(&reader);
    warn_of_name_servers_port(&reader);

    if (reader.refused > KS_PROFILE_REFUSALS_SHOWN_MAX)
        ks_profile_reader_warn(&reader,
                               "More servers of this VPN are refused for such reasons (%u in all).",
                               reader.refused);
    if (reader.left_out > 0)
        ks_profile_reader_warn(&reader,
                               "This VPN has more than %u servers; the lock lets only the first %u "
                               "out. Take servers out of the profile.",
                               KS_PROFILE_SERVERS_MAX, KS_PROFILE_SERVERS_MAX);
    if (found->servers->len == 0 && found->warnings->len == 0)
        ks_profile_reader_warn(&reader,
                               "This VPN names no server, so the lock lets nothing out for it. Add "
                               "its server to the profile in NetworkManager.");
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
    const KsVpnType *type = ks_vpn_type_find(service);
    const char *dot;

    if (type)
        return g_strdup(type->name);
    dot = strrchr(service, '.');
    return ks_profile_reader_printable(dot && dot[1] != '\0' ? dot + 1 : service);
}
