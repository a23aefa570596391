/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/vpn-type.h"

#include <netinet/in.h>
#include <string.h>

#define SERVICE(name) "org.freedesktop.NetworkManager." name

#define IF(...)     \
    {               \
        __VA_ARGS__ \
    }
#define UNLESS(...)                  \
    {                                \
        __VA_ARGS__, .negated = true \
    }

/* RFC 7296, 2.23: IKE begins on port 500, and goes on, with ESP in the same flow, on 4500. */
#define IKE_PORT  500
#define NATT_PORT 4500

#define DNS_PORT       53   /* RFC 1035, 4.2.1 */
#define HTTPS_PORT     443  /* RFC 9110, 4.2.2 */
#define SSH_PORT       22   /* RFC 4253, 4.1 */
#define PPTP_PORT      1723 /* RFC 2637, 2 */
#define L2TP_PORT      1701 /* RFC 2661, 8.1 */
#define CISCO_UDP_PORT 10000

/* ESP from IPsec in the kernel has the uid of the program whose data it carries, inside UDP too:
 * measured, with xfrm policies and with strongSwan. IKE on port 500 is the daemon's alone. */
#define KERNEL_IKE(...)                                                  \
    {                                                                    \
        IPPROTO_UDP, IKE_PORT, KS_SENDER_DAEMON, .when = { __VA_ARGS__ } \
    }
#define KERNEL_NATT(...)                                                  \
    {                                                                     \
        IPPROTO_UDP, NATT_PORT, KS_SENDER_KERNEL, .when = { __VA_ARGS__ } \
    }
#define KERNEL_ESP(...)                                           \
    {                                                             \
        IPPROTO_ESP, 0, KS_SENDER_KERNEL, .when = { __VA_ARGS__ } \
    }

static const KsVpnType vpn_types[] = {
    {
        /* model/openvpn-profile.c */
        .service = SERVICE("openvpn"),
        .name = "openvpn",
        .label = "OpenVPN",
        .reading = KS_VPN_READ_OPENVPN,
    },
    {
        /* model/profile.c */
        .service = NULL,
        .name = "wireguard",
        .label = "WireGuard",
        .reading = KS_VPN_READ_WIREGUARD,
    },
    {
        /* Items: NetworkManager-openconnect, shared/nm-service-defines.h. Gateway and proxy:
         * model/endpoint.c. The login (auth-dialog/main.c) is a program of the user's; what runs
         * after it is nm-openconnect's (src/nm-openconnect-service.c) and alone uses UDP.
         *
         * The server tells the port of UDP while connecting: AnyConnect's X-DTLS-Port (openconnect,
         * dtls.c), f5.c and array.c likewise; fortinet.c takes TLS's own. What is let out is the
         * usual: TLS's own, and for ESP in UDP 4501 (gpst.c) and 4500 (oncp.c, pulse.c). These two
         * are not verified on the wire. On another port the VPN stays with TCP, as it does behind a
         * proxy here. A login that leads to another host (a cluster, single sign-on, a portal)
         * needs what the profile does not say. */
        .service = SERVICE("openconnect"),
        .name = "openconnect",
        .label = "OpenConnect",
        .gateway = "gateway",
        .form = KS_ENDPOINT_URL,
        .port = HTTPS_PORT,
        .proxy = { "proxy", .port = 80, .sender = KS_SENDER_LOGIN_AS_USER },
        .note = { "A GlobalProtect portal may hand over to a gateway with another name, which the "
                  "lock does not let out. If this VPN does not connect, put that gateway into the "
                  "profile.",
                  IF("protocol", "gp") },
        .flows = {
            { IPPROTO_TCP, 0, KS_SENDER_LOGIN_AS_USER },
            { IPPROTO_UDP, 0, KS_SENDER_DAEMON,
              .when = { UNLESS("disable_udp", "yes"),
                        IF("protocol", "|anyconnect|array|f5|fortinet") } },
            { IPPROTO_UDP, 4501, KS_SENDER_DAEMON,
              .when = { UNLESS("disable_udp", "yes"), IF("protocol", "gp") } },
            { IPPROTO_UDP, NATT_PORT, KS_SENDER_DAEMON,
              .when = { UNLESS("disable_udp", "yes"), IF("protocol", "nc|pulse") } },
        },
    },
    {
        /* Items and the default mode: NetworkManager-vpnc, shared/nm-service-defines.h and
         * src/nm-vpnc-service.c, nm_vpnc_config_write(). vpnc encrypts itself, as root; vpnc.c,
         * do_phase2_qm(), for when it uses ESP: always, but for NAT traversal that is forced or
         * agreed on. The server tells its Cisco UDP port while connecting; the profile's item of
         * that name is the port on this side (vpnc(8)). */
        .service = SERVICE("vpnc"),
        .name = "vpnc",
        .label = "Cisco (vpnc)",
        .gateway = "IPSec gateway",
        .form = KS_ENDPOINT_HOST,
        .note = { "The server tells this VPN the port for its data only while connecting, and the "
                  "lock lets the usual one out: UDP 10000. If no data passes, set NAT traversal to "
                  "NAT-T in the profile.",
                  IF("NAT Traversal Mode", "|cisco-udp") },
        .flows = {
            { IPPROTO_UDP, IKE_PORT, KS_SENDER_DAEMON },
            { IPPROTO_UDP, NATT_PORT, KS_SENDER_DAEMON,
              .when = { IF("NAT Traversal Mode", "natt|force-natt") } },
            { IPPROTO_UDP, CISCO_UDP_PORT, KS_SENDER_DAEMON,
              .when = { IF("NAT Traversal Mode", "|cisco-udp") } },
            { IPPROTO_ESP, 0, KS_SENDER_DAEMON,
              .when = { UNLESS("NAT Traversal Mode", "force-natt") } },
        },
    },
    {
        /* NetworkManager-pptp, src/nm-pptp-service.c, _service_lookup_gateway(): a host without a
         * port, IPv4 only. pptp sends GRE from a raw socket, as root (pptp(8)). */
        .service = SERVICE("pptp"),
        .name = "pptp",
        .label = "PPTP",
        .runs_pppd = true,
        .gateway = "gateway",
        .form = KS_ENDPOINT_HOST,
        .flows = {
            { IPPROTO_TCP, PPTP_PORT, KS_SENDER_DAEMON },
            { IPPROTO_GRE, 0, KS_SENDER_DAEMON },
        },
    },
    {
        /* NetworkManager-l2tp, shared/nm-service-defines.h; src/nm-l2tp-service.c,
         * nm_l2tp_config_write(): IPsec is in transport mode around UDP 1701. The kernel sends
         * L2TP's data with the uid of the program inside. */
        .service = SERVICE("l2tp"),
        .name = "l2tp",
        .label = "L2TP",
        .ipsec = KS_IPSEC_BY_PROFILE,
        .runs_pppd = true,
        .gateway = "gateway",
        .form = KS_ENDPOINT_HOST,
        .flows = {
            KERNEL_IKE(IF("ipsec-enabled", "yes")),
            KERNEL_NATT(IF("ipsec-enabled", "yes")),
            KERNEL_ESP(IF("ipsec-enabled", "yes"), UNLESS("ipsec-forceencaps", "yes")),
            { IPPROTO_UDP, L2TP_PORT, KS_SENDER_KERNEL, .ipsec_only = true,
              .when = { IF("ipsec-enabled", "yes") } },
            { IPPROTO_UDP, L2TP_PORT, KS_SENDER_KERNEL,
              .when = { UNLESS("ipsec-enabled", "yes") } },
        },
    },
    {
        /* strongSwan, src/charon-nm/nm/nm_service.c, connect_(). Only from port 500 does IKE move
         * to 4500 (src/libcharon/sa/ike_sa.h, float_ports()); another port keeps everything, ESP
         * inside UDP too. */
        .service = SERVICE("strongswan"),
        .name = "strongswan",
        .label = "strongSwan",
        .ipsec = KS_IPSEC_ALWAYS,
        .gateway = "address",
        .form = KS_ENDPOINT_HOST,
        .port_item = "server-port",
        .port = IKE_PORT,
        .flows = {
            KERNEL_IKE(IF("server-port", "|500")),
            KERNEL_NATT(IF("server-port", "|500")),
            { IPPROTO_UDP, 0, KS_SENDER_KERNEL, .when = { UNLESS("server-port", "|500") } },
            KERNEL_ESP(UNLESS("encap", "yes")),
        },
    },
    {
        /* NetworkManager-libreswan, shared/nm-service-defines.h; src/nm-libreswan-service.c. */
        .service = SERVICE("libreswan"),
        .name = "libreswan",
        .label = "Libreswan",
        .ipsec = KS_IPSEC_ALWAYS,
        .only_read = true,
        .gateway = "right",
        .form = KS_ENDPOINT_HOST,
        .flows = { KERNEL_IKE({ NULL }), KERNEL_NATT({ NULL }), KERNEL_ESP({ NULL }) },
    },
    {
        /* the older name of the same plugin */
        .service = SERVICE("openswan"),
        .name = "openswan",
        .label = "Openswan",
        .ipsec = KS_IPSEC_ALWAYS,
        .only_read = true,
        .gateway = "right",
        .form = KS_ENDPOINT_HOST,
        .flows = { KERNEL_IKE({ NULL }), KERNEL_NATT({ NULL }), KERNEL_ESP({ NULL }) },
    },
    {
        /* NetworkManager-fortisslvpn, src/nm-fortisslvpn-service.c, run_openfortivpn();
         * openfortivpn, src/main.c, for host:port, and openfortivpn(1) for the default. A proxy
         * can only come from the service's environment, which no profile tells. */
        .service = SERVICE("fortisslvpn"),
        .name = "fortisslvpn",
        .label = "Fortinet SSLVPN",
        .runs_pppd = true,
        .gateway = "gateway",
        .form = KS_ENDPOINT_HOST_PORT,
        .port = HTTPS_PORT,
        .flows = { { IPPROTO_TCP, 0, KS_SENDER_DAEMON } },
    },
    {
        /* network-manager-sstp, src/nm-sstp-service.h; src/nm-sstp-service.c,
         * validate_gateway() and construct_pppd_args(), which takes a proxy only with its port. */
        .service = SERVICE("sstp"),
        .name = "sstp",
        .label = "SSTP",
        .runs_pppd = true,
        .gateway = "gateway",
        .form = KS_ENDPOINT_HOST_PORT,
        .port = HTTPS_PORT,
        .proxy = { "proxy-server", "proxy-port", .sender = KS_SENDER_DAEMON },
        .flows = { { IPPROTO_TCP, 0, KS_SENDER_DAEMON } },
    },
    {
        /* NetworkManager-iodine, src/nm-iodine-service.c, nm_iodine_start_iodine_binary(). iodine
         * also tries the server itself on port 53, at the address that it is told by DNS, and goes
         * on through the name server if that fails (iodine(8), -r): after ten seconds. */
        .service = SERVICE("iodine"),
        .name = "iodine",
        .label = "iodine",
        .gateway = "nameserver",
        .form = KS_ENDPOINT_HOST,
        .missing = "This VPN goes through the network's own DNS server, and the lock lets nothing "
                   "out to that one. Name a DNS server in the profile (\"nameserver\").",
        .note = { "iodine may have found a way past its name server before the lock closed, and the "
                  "lock does not let that one out. If no data passes, connect this VPN again." },
        .flows = { { IPPROTO_UDP, DNS_PORT, KS_SENDER_DAEMON } },
    },
    {
        /* NetworkManager-ssh, src/nm-ssh-service-defines.h; src/nm-ssh-service.c,
         * nm_ssh_start_ssh_binary(): root's ssh, with the user's agent. */
        .service = SERVICE("ssh"),
        .name = "ssh",
        .label = "SSH",
        .gateway = "remote",
        .form = KS_ENDPOINT_HOST,
        .port_item = "port",
        .port = SSH_PORT,
        .flows = { { IPPROTO_TCP, 0, KS_SENDER_DAEMON } },
    },
};

const KsVpnType *ks_vpn_type_find(const char *service)
{
    for (size_t i = 0; i < G_N_ELEMENTS(vpn_types); i++)
        if (g_strcmp0(vpn_types[i].service, service) == 0)
            return &vpn_types[i];
    return NULL;
}

static const KsVpnType *find_by_name(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(vpn_types); i++)
        if (strcmp(vpn_types[i].name, name) == 0)
            return &vpn_types[i];
    return NULL;
}

/* Of the flows of this protocol, at any port or this one. False: the kind has none. */
static bool find_sender(const KsVpnType *type, uint8_t protocol, uint16_t port, bool any_port,
                        KsSender *ret_sender)
{
    bool found = false;

    for (unsigned i = 0; i < KS_VPN_FLOWS_MAX && type->flows[i].protocol; i++) {
        const KsVpnFlow *flow = &type->flows[i];

        if (flow->protocol != protocol || (!any_port && flow->port != port))
            continue;
        *ret_sender = found && flow->sender != *ret_sender ? KS_SENDER_UNKNOWN : flow->sender;
        found = true;
    }
    return found;
}

KsSender ks_vpn_type_sender(const char *name, uint8_t protocol, uint16_t port)
{
    const KsVpnType *type = find_by_name(name);
    KsSender sender = KS_SENDER_UNKNOWN;

    if (!type)
        return KS_SENDER_UNKNOWN;
    if (type->reading == KS_VPN_READ_OPENVPN)
        return KS_SENDER_DAEMON;
    if (type->reading == KS_VPN_READ_WIREGUARD)
        return KS_SENDER_KERNEL;
    if (!find_sender(type, protocol, port, false, &sender) &&
        !find_sender(type, protocol, 0, false, &sender))
        (void) find_sender(type, protocol, 0, true, &sender);
    return sender;
}

bool ks_vpn_type_is_only_read(const char *name)
{
    const KsVpnType *type = find_by_name(name);

    return type && type->only_read;
}

const char *ks_vpn_type_label(const char *name)
{
    const KsVpnType *type = find_by_name(name);

    return type ? type->label : name;
}

KsVpnIpsec ks_vpn_type_ipsec(const char *name)
{
    const KsVpnType *type = find_by_name(name);

    return type ? type->ipsec : KS_IPSEC_NEVER;
}
