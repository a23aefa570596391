/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/profile.h"

#include "model/openvpn-remote.h"

#include <netinet/in.h>
#include <string.h>

/* Every file in profiles/ is a profile as NetworkManager stores it, and a group more:
 *
 *     [expect]
 *     servers=udp 203.0.113.1 1194 daemon;    in this order: protocol, host, port, sender, and
 *                                             "ipsec-only" if it is
 *     warnings=This VPN names no server*;     patterns (g_pattern_match_simple), in this order
 *     floats=true                             its server may answer from elsewhere
 */
#define EXPECT_GROUP      "expect"
#define PEER_GROUP_PREFIX "wireguard-peer."
#define FIXTURE_SUFFIX    ".nmconnection"

#define OPENVPN "org.freedesktop.NetworkManager.openvpn"

/* No warning is longer, whatever the profile holds. */
#define WARNING_MAX 512

static GHashTable *new_data(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* vpn.data is the group [vpn] without the items that are properties of their own. */
static GHashTable *read_data(GKeyFile *file)
{
    GHashTable *data = new_data();
    g_auto(GStrv) keys = g_key_file_get_keys(file, "vpn", NULL, NULL);

    for (char **key = keys; key && *key; key++)
        if (strcmp(*key, "service-type") != 0)
            g_hash_table_insert(data, g_strdup(*key),
                                g_key_file_get_string(file, "vpn", *key, NULL));
    return data;
}

static char **read_peers(GKeyFile *file)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    GPtrArray *peers = g_ptr_array_new();

    for (char **group = groups; *group; group++) {
        char *endpoint;

        if (!g_str_has_prefix(*group, PEER_GROUP_PREFIX))
            continue;
        endpoint = g_key_file_get_string(file, *group, "endpoint", NULL);
        if (endpoint)
            g_ptr_array_add(peers, endpoint);
    }
    g_ptr_array_add(peers, NULL);
    return (char **) g_ptr_array_free(peers, FALSE);
}

/* What holds for every profile there can be. */
static void assert_sound(const KsProfileServers *found)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    g_assert_cmpuint(found->servers->len, <=, KS_PROFILE_SERVERS_MAX);
    for (unsigned i = 0; i < found->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(found->servers, i);

        g_assert_true(ks_server_host_is_valid(server->host));
        g_assert_cmpint(server->port > 0, ==, ks_protocol_has_ports(server->protocol));
        g_assert_cmpint(server->source, ==, KS_SERVER_FROM_PROFILE);
        g_assert_cmpint(server->sender, !=, KS_SENDER_UNKNOWN);
        g_assert_true(g_hash_table_add(
            seen, g_strdup_printf("%u %s %u", server->protocol, server->host, server->port)));
    }

    g_assert_true(found->servers->len > 0 || found->warnings->len > 0);
    for (unsigned i = 0; i < found->warnings->len; i++) {
        const char *warning = g_ptr_array_index(found->warnings, i);

        g_assert_true(g_utf8_validate(warning, -1, NULL));
        g_assert_cmpuint(strlen(warning), <, WARNING_MAX);
        g_assert_true(g_str_has_suffix(warning, "."));
        for (const char *c = warning; *c; c = g_utf8_next_char(c))
            g_assert_true(g_unichar_isprint(g_utf8_get_char(c)));
    }
}

static void assert_servers(const KsProfileServers *found, const char *const *expected)
{
    for (unsigned i = 0; i < found->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(found->servers, i);
        char buffer[4];
        g_autofree char *text = g_strdup_printf(
            "%s %s %u %s%s", ks_protocol_name(server->protocol, buffer), server->host, server->port,
            ks_sender_name(server->sender), server->ipsec_only ? " ipsec-only" : "");

        g_assert_cmpstr(text, ==, expected ? *expected++ : NULL);
    }
    g_assert_cmpstr(expected ? *expected : NULL, ==, NULL);
}

static void assert_warnings(const KsProfileServers *found, const char *const *patterns)
{
    for (unsigned i = 0; i < found->warnings->len; i++) {
        const char *warning = g_ptr_array_index(found->warnings, i);
        const char *pattern = patterns && *patterns ? *patterns++ : "no more warnings";

        g_test_message("%s", warning);
        if (!g_pattern_match_simple(pattern, warning))
            g_assert_cmpstr(warning, ==, pattern);
    }
    g_assert_cmpstr(patterns ? *patterns : NULL, ==, NULL);
}

static void test_fixture(gconstpointer name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "profiles", name, NULL);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *service = NULL;
    g_autoptr(GHashTable) data = NULL;
    g_auto(GStrv) peers = NULL;
    g_auto(GStrv) servers = NULL;
    g_auto(GStrv) warnings = NULL;
    g_autoptr(KsProfileServers) found = NULL;

    g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &error);
    g_assert_no_error(error);

    service = g_key_file_get_string(file, "vpn", "service-type", NULL);
    data = read_data(file);
    peers = read_peers(file);
    found = ks_profile_servers(&(KsProfile){ service, data, (const char *const *) peers });

    servers = g_key_file_get_string_list(file, EXPECT_GROUP, "servers", NULL, &error);
    g_assert_no_error(error);
    warnings = g_key_file_get_string_list(file, EXPECT_GROUP, "warnings", NULL, NULL);
    assert_sound(found);
    assert_servers(found, (const char *const *) servers);
    assert_warnings(found, (const char *const *) warnings);
    g_assert_cmpint(found->floats, ==, g_key_file_get_boolean(file, EXPECT_GROUP, "floats", NULL));
}

static KsProfileServers *read_openvpn(const char *remote)
{
    g_autoptr(GHashTable) data = new_data();

    g_hash_table_insert(data, g_strdup("remote"), g_strdup(remote));
    return ks_profile_servers(&(KsProfile){ OPENVPN, data, NULL });
}

/* Thousands of remotes: all of them, or the first so many and a warning. */
static void test_many_remotes(void)
{
    static const unsigned counts[] = { 1000, 5000 };

    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(GString) remote = g_string_new(NULL);
        g_autoptr(KsProfileServers) found = NULL;
        bool all = counts[i] <= KS_PROFILE_SERVERS_MAX;

        for (unsigned j = 0; j < counts[i]; j++)
            g_string_append_printf(remote, "10.1.%u.%u:%u,", j / 256, j % 256, j % 60000 + 1000);
        found = read_openvpn(remote->str);
        assert_sound(found);
        g_assert_cmpuint(found->servers->len, ==, all ? counts[i] : KS_PROFILE_SERVERS_MAX);
        g_assert_cmpuint(found->warnings->len, ==, all ? 0 : 1);
    }
}

/* Thousands of bad ones: a handful of sentences. */
static void test_many_refused(void)
{
    g_autoptr(GString) remote = g_string_new("203.0.113.1");
    g_autoptr(KsProfileServers) found = NULL;

    for (unsigned i = 0; i < 5000; i++)
        g_string_append_printf(remote, " 127.0.%u.%u", i / 256, i % 256);
    found = read_openvpn(remote->str);
    assert_sound(found);
    g_assert_cmpuint(found->servers->len, ==, 1);
    g_assert_cmpuint(found->warnings->len, >, 1);
    g_assert_cmpuint(found->warnings->len, <, 16);
}

static void test_many_peers(void)
{
    g_autoptr(GPtrArray) peers = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(KsProfileServers) found = NULL;

    for (unsigned i = 0; i < 5000; i++)
        g_ptr_array_add(peers, g_strdup_printf("peer%u.example:51820", i));
    g_ptr_array_add(peers, NULL);
    found = ks_profile_servers(&(KsProfile){ NULL, NULL, (const char *const *) peers->pdata });
    assert_sound(found);
    g_assert_cmpuint(found->servers->len, ==, KS_PROFILE_SERVERS_MAX);
    g_assert_cmpuint(found->warnings->len, ==, 1);
}

/* Every type that there is, and one that there is not. */
static const struct {
    const char *service;
    const char *name;
} types[] = {
    { OPENVPN, "openvpn" },
    { NULL, "wireguard" },
    { "org.freedesktop.NetworkManager.openconnect", "openconnect" },
    { "org.freedesktop.NetworkManager.vpnc", "vpnc" },
    { "org.freedesktop.NetworkManager.pptp", "pptp" },
    { "org.freedesktop.NetworkManager.l2tp", "l2tp" },
    { "org.freedesktop.NetworkManager.strongswan", "strongswan" },
    { "org.freedesktop.NetworkManager.libreswan", "libreswan" },
    { "org.freedesktop.NetworkManager.openswan", "openswan" },
    { "org.freedesktop.NetworkManager.fortisslvpn", "fortisslvpn" },
    { "org.freedesktop.NetworkManager.sstp", "sstp" },
    { "org.freedesktop.NetworkManager.iodine", "iodine" },
    { "org.freedesktop.NetworkManager.ssh", "ssh" },
    { "org.example.NetworkManager.teleport", "teleport" },
};

/* Every item that is read of any type. */
static const char *const keys[] = {
    "remote",
    "port",
    "proto-tcp",
    "proxy-type",
    "proxy-server",
    "proxy-port",
    "gateway",
    "protocol",
    "proxy",
    "disable_udp",
    "IPSec gateway",
    "NAT Traversal Mode",
    "address",
    "server-port",
    "encap",
    "right",
    "nameserver",
    "ipsec-enabled",
    "ipsec-forceencaps",
};

static void read_value_as_each(const char *key, const char *value)
{
    g_autoptr(GHashTable) data = new_data();

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        g_hash_table_insert(data, g_strdup(keys[i]), g_strdup("203.0.113.1"));
    g_hash_table_insert(data, g_strdup("proxy-type"), g_strdup("http"));
    g_hash_table_insert(data, g_strdup("port"), g_strdup("1"));
    g_hash_table_insert(data, g_strdup("proxy-port"), g_strdup("1"));
    g_hash_table_insert(data, g_strdup("server-port"), g_strdup("1"));
    g_hash_table_insert(data, g_strdup(key), g_strdup(value));
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(KsProfileServers) found =
            ks_profile_servers(&(KsProfile){ types[i].service, data, NULL });

        assert_sound(found);
    }
}

/* 10 kB of each of these, alone and in every item that is read. */
static void test_absurd_values(void)
{
    static const char fillers[] = "a1.:[]-/@|% \x01\xff";

    for (const char *filler = fillers; *filler; filler++) {
        g_autofree char *absurd = g_strnfill(10000, *filler);
        g_autoptr(GHashTable) all = new_data();
        g_autoptr(KsProfileServers) from_peer = NULL;
        g_autoptr(KsProfileServers) from_service = NULL;
        const char *const peers[] = { absurd, NULL };

        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
            g_hash_table_insert(all, g_strdup(keys[i]), g_strdup(absurd));
            read_value_as_each(keys[i], absurd);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
            g_autoptr(KsProfileServers) from_all =
                ks_profile_servers(&(KsProfile){ types[i].service, all, NULL });

            assert_sound(from_all);
            g_assert_cmpuint(from_all->servers->len, ==, 0);
        }
        from_peer = ks_profile_servers(&(KsProfile){ NULL, NULL, peers });
        assert_sound(from_peer);
        from_service = ks_profile_servers(&(KsProfile){ absurd, all, NULL });
        assert_sound(from_service);
        g_assert_cmpuint(from_service->servers->len, ==, 0);
    }
}

/* Pieces of URLs, brackets and ports, put together in every order. */
static void test_pieces(void)
{
    static const char *const pieces[] = {
        "https://", "http://", "://",         "[",         "]", ":",   "@",
        "/",        "::1",     "2001:db8::1", "v.example", ".", "443",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(pieces); j++)
            for (size_t k = 0; k < G_N_ELEMENTS(pieces); k++) {
                g_autofree char *text = g_strconcat(pieces[i], pieces[j], pieces[k], NULL);

                read_value_as_each("gateway", text);
                read_value_as_each("proxy", text);
            }
}

/* No sentence repeats what may be a password. */
static void test_passwords(void)
{
    static const char *const urls[] = {
        "https://joe:s3cret@vpn.example",
        "https://joe:s3cret@vpn.example:x",
        "http://joe:s3cret@vpn.example:99999",
        "joe:s3cret@",
        "joe:s3cret@vpn.example",
        "socks5://joe:s3cret@127.0.0.1",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GHashTable) data = new_data();

        g_hash_table_insert(data, g_strdup("remote"), g_strdup(urls[i]));
        for (size_t j = 0; j < G_N_ELEMENTS(types); j++) {
            for (unsigned proxied = 0; proxied < 2; proxied++) {
                g_autoptr(KsProfileServers) found = NULL;

                g_hash_table_insert(data, g_strdup("gateway"),
                                    g_strdup(proxied ? "vpn.example" : urls[i]));
                g_hash_table_insert(data, g_strdup("proxy"), g_strdup(proxied ? urls[i] : ""));
                found = ks_profile_servers(&(KsProfile){ types[j].service, data, NULL });
                for (unsigned k = 0; k < found->warnings->len; k++)
                    g_assert_null(strstr(g_ptr_array_index(found->warnings, k), "s3cret"));
            }
        }
    }
}

static void test_nothing(void)
{
    static const char *const services[] = { "", "." };

    for (size_t i = 0; i < G_N_ELEMENTS(types) + G_N_ELEMENTS(services); i++) {
        const char *service =
            i < G_N_ELEMENTS(types) ? types[i].service : services[i - G_N_ELEMENTS(types)];
        g_autoptr(KsProfileServers) found = ks_profile_servers(&(KsProfile){ service, NULL, NULL });

        assert_sound(found);
        g_assert_cmpuint(found->servers->len, ==, 0);
        g_assert_cmpuint(found->warnings->len, ==, 1);
    }
}

static void test_type_names(void)
{
    static const struct {
        const char *service;
        const char *name;
    } rows[] = {
        { "teleport", "teleport" },
        { "org.example.", "org.example." },
        { "", "" },
        { "org.example.a\"b\nc", "a?b\xef\xbf\xbd"
                                 "c" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = ks_profile_type_name(rows[i].service);

        g_assert_cmpstr(name, ==, rows[i].name);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char *name = ks_profile_type_name(types[i].service);

        g_assert_cmpstr(name, ==, types[i].name);
    }
}

static void add_fixtures(void)
{
    g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "profiles", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    const char *name;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_strconcat("/profile/fixture/", name, NULL);

        if (g_str_has_suffix(name, FIXTURE_SUFFIX))
            g_test_add_data_func_full(path, g_strdup(name), test_fixture, g_free);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_fixtures();
    g_test_add_func("/profile/many-remotes", test_many_remotes);
    g_test_add_func("/profile/many-refused", test_many_refused);
    g_test_add_func("/profile/many-peers", test_many_peers);
    g_test_add_func("/profile/absurd-values", test_absurd_values);
    g_test_add_func("/profile/pieces", test_pieces);
    g_test_add_func("/profile/passwords", test_passwords);
    g_test_add_func("/profile/nothing", test_nothing);
    g_test_add_func("/profile/type-names", test_type_names);
    return g_test_run();
}
