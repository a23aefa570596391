/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/openvpn-profile.h"

#include "model/openvpn-remote.h"

#include <netinet/in.h>
#include <string.h>

#define OPENVPN_PORT    1194
#define HTTP_PROXY_PORT 8080
#define SOCKS_PORT      1080

/* openvpn makes its first socket as root and later ones as nm-openvpn. With data channel offload
 * the kernel sends on them; whose uid those packets have is not verified. */
static void add_server(KsProfileReader *reader, const char *host, uint8_t protocol, uint16_t port)
{
    ks_profile_reader_add(reader, host, &(KsVpnFlow){ protocol, port, KS_SENDER_DAEMON });
}

/* OpenVPN reaches its remotes through the proxy, so that the proxy alone is on the wire. */
static void read_openvpn_proxy(KsProfileReader *reader, const char *type, const char *host,
                               bool udp)
{
    g_autofree char *printable = NULL;
    uint16_t port;

    if (strcmp(type, "http") != 0 && strcmp(type, "socks") != 0) {
        printable = ks_profile_reader_printable(type);
        ks_profile_reader_warn(
            reader,
            "This VPN goes through a proxy of the unknown type \"%s\", so the lock lets "
            "nothing out for it. Correct the profile in NetworkManager.",
            printable);
        return;
    }
    if (!ks_profile_reader_port(reader, "proxy-port",
                                strcmp(type, "http") == 0 ? HTTP_PROXY_PORT : SOCKS_PORT, &port))
        return;

    add_server(reader, host, IPPROTO_TCP, port);
    if (udp)
        ks_profile_reader_warn(
            reader, "This VPN sends UDP through a proxy, and the lock lets only TCP out to the "
                    "proxy. If it does not connect, set the VPN to use TCP.");
}

/* Of the profile's list, what can be understood; the rest is warned of. */
static GPtrArray *read_remotes(KsProfileReader *reader)
{
    unsigned rejected;
    GPtrArray *remotes =
        ks_openvpn_remotes_parse(ks_profile_reader_item(reader, "remote"), &rejected);

    if (rejected > 0 && remotes->len == KS_OPENVPN_REMOTES_MAX)
        ks_profile_reader_warn(
            reader,
            "This VPN has more than %u servers; the lock lets only the first %u out. "
            "Take servers out of the profile.",
            KS_OPENVPN_REMOTES_MAX, KS_OPENVPN_REMOTES_MAX);
    else if (rejected > 0)
        ks_profile_reader_warn(
            reader,
            "The server list of this VPN (\"remote\") has entries that cannot be "
            "understood (%u); OpenVPN skips them too. Each is host, host:port or "
            "host:port:protocol.",
            rejected);
    return remotes;
}

static void add_remotes(KsProfileReader *reader, const GPtrArray *remotes)
{
    uint16_t default_port = 0;

    for (unsigned i = 0; i < remotes->len; i++) {
        const KsOpenvpnRemote *remote = g_ptr_array_index(remotes, i);

        /* the profile's own port is read, and complained about, once and only if it is needed */
        if (remote->port == 0 && default_port == 0 &&
            !ks_profile_reader_port(reader, "port", OPENVPN_PORT, &default_port))
            break;
        add_server(reader, remote->host, remote->protocol,
                   remote->port ? remote->port : default_port);
    }
}

/* NetworkManager-openvpn, src/nm-openvpn-service.c, nm_openvpn_start_openvpn_binary(), for every
 * item and default read here. */
void ks_openvpn_profile_read(KsProfileReader *reader)
{
    const char *proxy_type = ks_profile_reader_item(reader, "proxy-type");
    const char *proxy_host = ks_profile_reader_item(reader, "proxy-server");
    g_autoptr(GPtrArray) remotes = read_remotes(reader);
    bool by_tcp = g_strcmp0(ks_profile_reader_item(reader, "proto-tcp"), "yes") == 0;
    bool udp = false;
    bool named = false;

    for (unsigned i = 0; i < remotes->len; i++) {
        KsOpenvpnRemote *remote = g_ptr_array_index(remotes, i);
        KsAddress address;

        if (remote->protocol == 0)
            remote->protocol = by_tcp ? IPPROTO_TCP : IPPROTO_UDP;
        udp |= remote->protocol == IPPROTO_UDP;
        named |= !ks_address_parse(remote->host, &address);
    }

    if (proxy_type && proxy_host) {
        read_openvpn_proxy(reader, proxy_type, proxy_host, udp);
        return;
    }
    add_remotes(reader, remotes);

    reader->found->floats = udp && g_strcmp0(ks_profile_reader_item(reader, "float"), "yes") == 0;

    /* openvpn(8), --remote-random-hostname: six random bytes in front of every name */
    if (named && g_strcmp0(ks_profile_reader_item(reader, "remote-random-hostname"), "yes") == 0)
        ks_profile_reader_warn(
            reader,
            "This VPN puts random letters before its server's name "
            "(\"remote-random-hostname\"), so the lock cannot know the name and does not "
            "let its DNS question out. Turn that off in the profile, and write an address of "
            "the server in place of its name. While the lock is open, \"getent ahosts "
            "x.NAME\" with the server's name shows some.");
}
