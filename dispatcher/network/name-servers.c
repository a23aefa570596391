/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/name-servers.h"

#include <string.h>

/* As many are enough to find one that can be reached. */
#define SERVERS_MAX 64u

static KsDns how_they_are_asked(NMClient *client)
{
    const char *mode = nm_client_get_dns_mode(client);
    const char *manager = nm_client_get_dns_rc_manager(client);

    if (g_strcmp0(mode, "systemd-resolved") == 0 || g_strcmp0(mode, "dnsmasq") == 0)
        return KS_DNS_BY_LINK;
    if (g_strcmp0(mode, "default") == 0 && g_strcmp0(manager, "unmanaged") != 0)
        return KS_DNS_BY_ROUTE;
    return KS_DNS_BY_OTHERS;
}

static bool is_on_network(const char *own, unsigned prefix, const KsAddress *server)
{
    KsAddress address;

    return ks_address_parse(own, &address) && ks_address_is_in(server, &address, prefix);
}

/* The link's own network: it is asked there, whatever the default route is. */
static bool is_neighbour(NMClient *client, const char *interface, const KsAddress *server)
{
    NMDevice *device = interface ? nm_client_get_device_by_iface(client, interface) : NULL;
    NMIPConfig *config = !device                     ? NULL
                         : server->family == AF_INET ? nm_device_get_ip4_config(device)
                                                     : nm_device_get_ip6_config(device);
    GPtrArray *addresses = config ? nm_ip_config_get_addresses(config) : NULL;

    for (unsigned i = 0; addresses && i < addresses->len; i++) {
        NMIPAddress *address = g_ptr_array_index(addresses, i);

        if (is_on_network(nm_ip_address_get_address(address), nm_ip_address_get_prefix(address),
                          server))
            return true;
    }
    return false;
}

static void take_server(NMClient *client, KsWorld *world, NMDnsEntry *entry, const char *text)
{
    const char *interface = nm_dns_entry_get_interface(entry);
    KsNameServer server = { .of_vpn = nm_dns_entry_get_vpn(entry) };

    /* "9.9.9.9#dns.quad9.net", "dns+tls://9.9.9.9": what is no plain address is not understood */
    if (ks_address_parse(text, &server.address))
        server.neighbour = is_neighbour(client, interface, &server.address);
    if (interface && ks_interface_name_is_valid(interface))
        g_strlcpy(server.interface, interface, sizeof(server.interface));
    if (world->name_servers->len < SERVERS_MAX)
        g_array_append_val(world->name_servers, server);
}

void ks_name_servers_describe(NMClient *client, KsWorld *world)
{
    const GPtrArray *entries = nm_client_get_dns_configuration(client);

    world->dns = how_they_are_asked(client);
    g_array_set_size(world->name_servers, 0);
    for (unsigned i = 0; entries && i < entries->len; i++) {
        NMDnsEntry *entry = g_ptr_array_index(entries, i);
        const char *const *servers = nm_dns_entry_get_nameservers(entry);

        for (unsigned j = 0; servers && servers[j]; j++)
            take_server(client, world, entry, servers[j]);
    }
}
