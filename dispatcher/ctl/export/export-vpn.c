/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/export/export-vpn.h"
#include "config.h"
#include "ctl/field.h"
#include "ctl/terminal-text.h"
#include "model/event.h"
#include "model/server.h"
#include "model/vpn-type.h"

#include <glib/gi18n.h>
#include <netinet/in.h>
#include <string.h>

/* How many VPNs a complaint names. */
#define NAMES_MAX 20

/* The one of `list` (aa{sv}) with this UUID; NULL: none. A new reference. */
static GVariant *find(GVariant *list, const char *uuid)
{
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);

        if (uuid[0] && strcmp(ks_field_text(entry, "uuid"), uuid) == 0)
            return g_steal_pointer(&entry);
    }
    return NULL;
}

static bool is_up(GVariant *status, const char *uuid)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");
    g_autoptr(GVariant) tunnel = find(tunnels, uuid);

    return tunnel != NULL;
}

/* In quotes. */
static char *list_names(GVariant *vpns)
{
    GString *names = g_string_new(NULL);
    gsize count = g_variant_n_children(vpns);

    for (gsize i = 0; i < MIN(count, NAMES_MAX); i++) {
        g_autoptr(GVariant) vpn = g_variant_get_child_value(vpns, i);
        g_autofree char *name = ks_printable_name(ks_field_text(vpn, "name"));

        if (i > 0)
            g_string_append(names, _(", "));
        g_string_append_printf(names, _("“%s”"), name);
    }
    if (count > NAMES_MAX)
        g_string_append(names, _(", …"));
    return g_string_free(names, FALSE);
}

/* The VPN that is meant. A new reference, or NULL with a complaint. */
static GVariant *choose(GVariant *status, const char *wanted, char **ret_problem)
{
    g_autoptr(GVariant) vpns = ks_field_list(status, "vpns");
    g_autoptr(GVariant) found = NULL;
    g_autofree char *names = list_names(vpns);
    gsize count = g_variant_n_children(vpns);
    unsigned fitting = 0;

    for (gsize i = 0; i < count; i++) {
        g_autoptr(GVariant) vpn = g_variant_get_child_value(vpns, i);
        const char *uuid = ks_field_text(vpn, "uuid");

        if (ks_field_flag(vpn, "overlay")) /* protects nothing */
            continue;
        if (wanted && strcmp(uuid, wanted) == 0)
            return g_steal_pointer(&vpn);
        if (wanted ? strcmp(ks_field_text(vpn, "name"), wanted) != 0
                   : count > 1 && !is_up(status, uuid))
            continue;
        fitting++;
        g_clear_pointer(&found, g_variant_unref);
        found = g_steal_pointer(&vpn);
    }
    if (fitting == 1)
        return g_steal_pointer(&found);
    if (count == 0)
        *ret_problem = g_strdup(_("No VPN is known. To set one up: nm-killswitch vpn add --help"));
    else if (wanted && fitting == 0)
        *ret_problem = g_strdup_printf(_("No VPN is called “%s”. There are: %s"), wanted, names);
    else if (wanted)
        *ret_problem = g_strdup_printf(
            _("Several VPNs are called “%s”. Give the UUID instead: nm-killswitch vpn list --json"),
            wanted);
    else
        *ret_problem = g_strdup_printf(_("Which VPN? Say it with --vpn. There are: %s"), names);
    return NULL;
}

/* Narrower than the kernel: iptables takes a final '+' and nft a final '*' for "and all that begin
 * so". */
static bool interface_is_plain(const char *interface)
{
    return ks_interface_name_is_valid(interface) &&
           strspn(interface, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") == strlen(interface) &&
           interface[0] != '-';
}

static bool take_interface(KsExport *export, GVariant *status, GVariant *vpn, const char *given,
                           char **ret_problem)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");
    g_autoptr(GVariant) tunnel = find(tunnels, ks_field_text(vpn, "uuid"));
    const char *interface = given ? given : "";

    if (!interface[0] && tunnel)
        interface = ks_field_text(tunnel, "interface");
    if (!interface[0])
        interface = ks_field_text(vpn, "interface");
    if (!interface[0]) {
        *ret_problem = g_strdup(_("This VPN is not up, so its interface is not known. Connect it, "
                                  "or say it with --interface, for example --interface tun0."));
        return false;
    }
    if (!interface_is_plain(interface) || strcmp(interface, "lo") == 0) {
        *ret_problem = g_strdup_printf(
            _("“%s” cannot stand in a script as the interface of a VPN."), interface);
        return false;
    }
    g_strlcpy(export->interface, interface, sizeof(export->interface));
    return true;
}

static KsSender sender_of(const char *type, uint8_t protocol)
{
    if (strcmp(type, "wireguard") == 0)
        return KS_SENDER_KERNEL;
    /* nobody said what it is: it may be WireGuard, which only speaks UDP */
    if (type[0] == '\0' && protocol == IPPROTO_UDP)
        return KS_SENDER_UNKNOWN;
    return KS_SENDER_DAEMON;
}

static bool has_server(const GPtrArray *servers, const KsServer *server)
{
    for (unsigned i = 0; i < servers->len; i++) {
        const KsServer *other = g_ptr_array_index(servers, i);

        if (ks_address_compare(&other->address, &server->address) == 0 &&
            other->protocol == server->protocol && other->port == server->port)
            return true;
    }
    return false;
}

static bool protocol_parse(const char *text, uint8_t *ret_protocol)
{
    guint64 number;

    if (ks_protocol_parse(text, ret_protocol))
        return true;
    if (!g_ascii_string_to_unsigned(text, 10, 1, UINT8_MAX, &number, NULL))
        return false;
    *ret_protocol = (uint8_t) number;
    return true;
}

/* What cannot be understood, of a guard of another version, is left out: the script is closed
 * there. */
static void take_server(KsExport *export, GVariant *entry, const char *type)
{
    g_autoptr(KsServer) server = NULL;
    const char *host = ks_field_text(entry, "host");
    uint64_t port = ks_field_number(entry, "port");
    KsAddress address;
    uint8_t protocol;

    if (!protocol_parse(ks_field_text(entry, "protocol"), &protocol) || port > UINT16_MAX ||
        (port > 0) != ks_protocol_has_ports(protocol))
        return;
    server = ks_server_new(host, protocol, (uint16_t) port, KS_SERVER_FROM_PROFILE);
    if (!server)
        return;
    if (ks_address_parse(ks_field_text(entry, "address"), &address)) {
        server->address = address;
    } else if (server->address.family == AF_UNSPEC) {
        if (!g_ptr_array_find_with_equal_func(export->nameless, host, g_str_equal, NULL))
            g_ptr_array_add(export->nameless, g_strdup(host));
        return;
    }
    server->sender = sender_of(type, protocol);
    if (ks_address_is_unicast(&server->address) && !has_server(export->servers, server))
        g_ptr_array_add(export->servers, g_steal_pointer(&server));
}

static bool take_servers(KsExport *export, GVariant *status, GVariant *vpn, char **ret_problem)
{
    g_autoptr(GVariant) servers = ks_field_list(status, "servers");
    const char *uuid = ks_field_text(vpn, "uuid");

    for (gsize i = 0; i < g_variant_n_children(servers); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(servers, i);

        if (strcmp(ks_field_text(entry, "uuid"), uuid) == 0)
            take_server(export, entry, ks_field_text(vpn, "type"));
    }
    if (export->servers->len > 0)
        return true;
    if (export->nameless->len > 0)
        *ret_problem = g_strdup_printf(_("The address of this VPN's server (%s) is not known yet. "
                                         "Connect it once, and try again."),
                                       (char *) g_ptr_array_index(export->nameless, 0));
    else
        *ret_problem =
            g_strdup(_("This VPN's servers are not known. To say them: nm-killswitch vpn "
                       "set NAME --server HOST:PORT/udp"));
    return false;
}

static void take_lan(KsExport *export, GVariant *status)
{
    g_auto(GStrv) networks = ks_field_texts(status, "lan_networks");
    bool lan = ks_field_flag(status, "lan");

    /* the other machine is on none of them */
    export->lan = lan && !networks[0];
    export->lan_here_only = lan && networks[0];
}

KsExport *ks_export_new(GVariant *status, const char *vpn, const char *interface,
                        char **ret_problem)
{
    g_autoptr(GVariant) chosen = choose(status, vpn, ret_problem);
    KsExport *export;
    const char *type;

    if (!chosen)
        return NULL;
    type = ks_field_text(chosen, "type");
    if (ks_vpn_type_ipsec(type) != KS_IPSEC_NEVER) {
        *ret_problem =
            g_strdup(_("VPNs of IPsec and L2TP cannot be exported: their packets are not "
                       "told apart by an interface and servers."));
        return NULL;
    }
    export = g_new0(KsExport, 1);
    export->servers = g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_free);
    export->nameless = g_ptr_array_new_with_free_func(g_free);
    export->name = g_strdup(ks_field_text(chosen, "name"));
    export->openvpn = strcmp(type, "openvpn") == 0;
    take_lan(export, status);
    if (!take_interface(export, status, chosen, interface, ret_problem) ||
        !take_servers(export, status, chosen, ret_problem)) {
        ks_export_free(export);
        return NULL;
    }
    return export;
}

void ks_export_free(KsExport *export)
{
    if (!export)
        return;
    g_free(export->name);
    g_ptr_array_unref(export->servers);
    g_ptr_array_unref(export->nameless);
    g_free(export);
}
