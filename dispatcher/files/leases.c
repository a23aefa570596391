/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/leases.h"

#include "files/bounded-file.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#define FILE_SIZE_MAX (256u * 1024)
#define FILES_MAX     64u /* of one folder */
#define LEASES_MAX    1024u

/* RFC 2131, 2, and RFC 2132 */
#define BOOT_REPLY    2
#define YOUR_ADDRESS  16
#define COOKIE        236
#define OPTIONS       240
#define OPTION_PAD    0
#define OPTION_SERVER 54
#define OPTION_END    255
#define IPV4_SIZE     4

static const struct {
    const char *path;
    const char *ending;
    KsLeaseFormat format;
} folders[] = {
    { "/var/lib/dhcp", ".leases", KS_LEASE_DHCLIENT },
    { "/var/lib/dhclient", ".leases", KS_LEASE_DHCLIENT },
    { "/var/lib/dhcpcd", ".lease", KS_LEASE_DHCPCD },
    { "/run/systemd/netif/leases", "", KS_LEASE_NETWORKD },
};

/* The last word on an address counts; of too many leases the first go. */
static void add(GArray *leases, const KsLease *lease)
{
    if (lease->address.family != AF_INET || lease->server.family != AF_INET ||
        !ks_address_is_unicast(&lease->server))
        return;
    for (unsigned i = leases->len; i > 0; i--)
        if (ks_address_compare(&g_array_index(leases, KsLease, i - 1).address, &lease->address) ==
            0)
            g_array_remove_index(leases, i - 1);
    if (leases->len >= LEASES_MAX)
        g_array_remove_index(leases, 0);
    g_array_append_val(leases, *lease);
}

/* `line` is the words `before`, an address and the words `after`. */
static void take_value(char *line, const char *before, const char *after, KsAddress *address)
{
    if (!g_str_has_prefix(line, before) || !g_str_has_suffix(line, after))
        return;
    line[strlen(line) - strlen(after)] = '\0';
    (void) ks_address_parse(line + strlen(before), address);
}

static void parse_dhclient(char **lines, GArray *leases)
{
    KsLease lease = { 0 };

    for (unsigned i = 0; lines[i]; i++) {
        char *line = g_strstrip(lines[i]);

        if (g_str_equal(line, "}"))
            add(leases, &lease);
        if (g_str_equal(line, "}") || g_str_equal(line, "lease {"))
            lease = (KsLease){ 0 };
        take_value(line, "fixed-address ", ";", &lease.address);
        take_value(line, "option dhcp-server-identifier ", ";", &lease.server);
    }
}

static void parse_networkd(char **lines, GArray *leases)
{
    KsLease lease = { 0 };

    for (unsigned i = 0; lines[i]; i++) {
        take_value(lines[i], "ADDRESS=", "", &lease.address);
        take_value(lines[i], "SERVER_ADDRESS=", "", &lease.server);
    }
    add(leases, &lease);
}

static void parse_message(const uint8_t *data, gsize size, GArray *leases)
{
    static const uint8_t cookie[] = { 99, 130, 83, 99 };
    KsLease lease = { .address.family = AF_INET };

    if (size < OPTIONS || data[0] != BOOT_REPLY ||
        memcmp(data + COOKIE, cookie, sizeof(cookie)) != 0)
        return;
    memcpy(lease.address.bytes, data + YOUR_ADDRESS, IPV4_SIZE);
    for (gsize at = OPTIONS; at < size && data[at] != OPTION_END;) {
        if (data[at] == OPTION_PAD) {
            at++;
            continue;
        }
        if (at + 2 > size || data[at + 1] > size - at - 2)
            return;
        if (data[at] == OPTION_SERVER && data[at + 1] == IPV4_SIZE) {
            lease.server.family = AF_INET;
            memcpy(lease.server.bytes, data + at + 2, IPV4_SIZE);
        }
        at += 2u + data[at + 1];
    }
    add(leases, &lease);
}

void ks_leases_parse(KsLeaseFormat format, const char *data, gsize size, GArray *leases)
{
    g_auto(GStrv) lines = format == KS_LEASE_DHCPCD ? NULL : g_strsplit(data, "\n", -1);

    switch (format) {
    case KS_LEASE_DHCLIENT:
        parse_dhclient(lines, leases);
        break;
    case KS_LEASE_NETWORKD:
        parse_networkd(lines, leases);
        break;
    case KS_LEASE_DHCPCD:
        parse_message((const uint8_t *) data, size, leases);
        break;
    }
}

/* These folders belong to daemons without privilege, too: no link is followed. */
static void read_file(int folder, const char *name, KsLeaseFormat format, GArray *leases)
{
    size_t size;
    g_autofree char *data = ks_file_read_whole(folder, name, O_NOFOLLOW, FILE_SIZE_MAX, &size);

    if (data && size > 0)
        ks_leases_parse(format, data, size, leases);
}

static bool is_in_use(const KsLease *lease, const GArray *addresses)
{
    for (unsigned i = 0; i < addresses->len; i++)
        if (ks_address_compare(&g_array_index(addresses, KsLinkAddress, i).address,
                               &lease->address) == 0)
            return true;
    return false;
}

static void read_folder(const char *path, const char *ending, KsLeaseFormat format, GArray *leases)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (!folder)
        return;
    for (unsigned left = FILES_MAX; left > 0 && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.' || !g_str_has_suffix(entry->d_name, ending))
            continue;
        read_file(dirfd(folder), entry->d_name, format, leases);
        left--;
    }
    closedir(folder);
}

void ks_leases_read(const GArray *addresses, GArray *servers)
{
    g_autoptr(GArray) leases = g_array_new(FALSE, FALSE, sizeof(KsLease));

    for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++)
        read_folder(folders[i].path, folders[i].ending, folders[i].format, leases);
    g_array_set_size(servers, 0);
    for (unsigned i = 0; i < leases->len; i++) {
        const KsLease *lease = &g_array_index(leases, KsLease, i);

        if (is_in_use(lease, addresses))
            g_array_append_val(servers, lease->server);
    }
}
