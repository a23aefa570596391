/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host names as DNS questions carry them, and what the kernel compares them with. */
#include "model/dns-name.h"

#include "model/server.h"

#include <glib.h>
#include <string.h>

static KsDnsName encode(const char *host)
{
    KsDnsName name;
    bool encoded = ks_dns_name_encode(host, &name);

    g_assert_true(encoded);
    return name;
}

static KsDnsKeys keys_of(const char *host)
{
    KsDnsName name = encode(host);
    KsDnsKeys keys;
    bool compared = ks_dns_name_keys(&name, &keys);

    g_assert_true(compared);
    return keys;
}

static void test_encoding(void)
{
    static const uint8_t wire[] = "\3vpn\7Example\3org";
    KsDnsName name = encode("vpn.Example.org");

    g_assert_cmpmem(name.bytes, name.length, wire, sizeof(wire)); /* with its final zero */
    name = encode("vpn.Example.org.");
    g_assert_cmpmem(name.bytes, name.length, wire, sizeof(wire));
    name = encode("a");
    g_assert_cmpmem(name.bytes, name.length, "\1a", 3);
}

/* The longest name there is fills the question to its last byte. */
static void test_longest(void)
{
    g_autofree char *label = g_strnfill(63, 'a');
    g_autofree char *last = g_strnfill(61, 'b');
    g_autofree char *host = g_strjoin(".", label, label, label, last, NULL);
    g_autofree char *too_long = g_strconcat(host, "b", NULL);
    KsDnsName name = encode(host);
    KsDnsKeys keys;

    g_assert_cmpuint(strlen(host), ==, KS_HOST_MAX);
    g_assert_cmpuint(name.length, ==, KS_DNS_WIRE_MAX);
    g_assert_cmpuint(name.bytes[192], ==, 61);
    g_assert_cmpuint(name.bytes[254], ==, 0);
    g_assert_false(ks_dns_name_encode(too_long, &name));
    g_assert_false(ks_dns_name_keys(&name, &keys));
}

static void test_refused(void)
{
    static const char *const hosts[] = {
        "", ".", "a..b", "192.0.2.1", "2001:db8::1", "1.2", "a b"
    };
    KsDnsName name;

    for (unsigned i = 0; i < G_N_ELEMENTS(hosts); i++)
        g_assert_false(ks_dns_name_encode(hosts[i], &name));
}

static bool keys_are_equal(const KsDnsKeys *a, const KsDnsKeys *b)
{
    return memcmp(a->head, b->head, sizeof(a->head)) == 0 && a->is_long == b->is_long &&
           memcmp(a->tail, b->tail, sizeof(a->tail)) == 0;
}

static void test_case_makes_no_difference(void)
{
    KsDnsKeys lower = keys_of("vpn-1.example");
    KsDnsKeys mixed = keys_of("VpN-1.eXaMpLe.");

    g_assert_true(keys_are_equal(&lower, &mixed));
    g_assert_false(lower.is_long);
    g_assert_cmpuint(lower.head[KS_DNS_PIECE - 1], ==, 0);
    g_assert_cmpuint(lower.head[KS_DNS_PIECE - 15], ==, 5 | KS_DNS_FOLD);
    for (unsigned i = 0; i < KS_DNS_PIECE - 15; i++)
        g_assert_cmpuint(lower.head[i], ==, KS_DNS_FILL);
}

static void test_others_differ(void)
{
    static const char *const others[] = { "vpn.exampl", "vpn.examplee",  "xvpn.example",
                                          "pn.example", "vpn.exbmple",   "vp.nexample",
                                          "vpnexample", "vpn.example.a", "a.vpn.example" };
    KsDnsKeys allowed = keys_of("vpn.example");

    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        KsDnsKeys keys = keys_of(others[i]);

        g_assert_false(keys_are_equal(&keys, &allowed));
    }
}

static char *host_of_wire_length(unsigned length)
{
    GString *host = g_string_new(NULL);

    while (host->len < length - 2)
        g_string_append_c(host, host->len % 20 == 19 ? '.' : (char) ('a' + host->len % 7));
    if (host->str[host->len - 1] == '.')
        host->str[host->len - 1] = 'x';
    return g_string_free(host, FALSE);
}

static void test_long_names(void)
{
    for (unsigned length = 3; length <= KS_DNS_COMPARED_MAX; length++) {
        g_autofree char *host = host_of_wire_length(length);
        KsDnsName name = encode(host);
        KsDnsKeys keys = keys_of(host);

        g_assert_cmpuint(name.length, ==, length);
        g_assert_cmpint(keys.is_long, ==, length > KS_DNS_PIECE);
        if (!keys.is_long)
            continue;
        for (unsigned i = 0; i + 1 < KS_DNS_PIECE; i++)
            g_assert_cmpuint(keys.tail[i], ==, name.bytes[length - KS_DNS_PIECE + i] | KS_DNS_FOLD);
        g_assert_cmpuint(keys.tail[KS_DNS_PIECE - 1], ==, 0);
    }
}

/* Long names that differ anywhere have not both keys in common. */
static void test_heads(void)
{
    static const char tail[] = ".prod.clientvpn.eu-central-1.amazonaws.com";
    g_autofree char *a = g_strconcat("cvpn-endpoint-0123456789abcdef0", tail, NULL);
    KsDnsKeys keys_a = keys_of(a);

    g_assert_true(keys_a.is_long);
    for (unsigned i = 0; a[i]; i++) {
        g_autofree char *other = g_strdup(a);
        KsDnsKeys keys;

        if (a[i] == '.')
            continue;
        other[i] = a[i] == 'x' ? 'y' : 'x';
        keys = keys_of(other);
        g_assert_cmpint(memcmp(&keys, &keys_a, sizeof(keys)), !=, 0);
    }
}

static void test_hash(void)
{
    g_assert_cmpuint(ks_host_hash("VPN.example."), ==, ks_host_hash("vpn.EXAMPLE"));
    g_assert_true(ks_host_equal("VPN.example.", "vpn.EXAMPLE"));
    g_assert_false(ks_host_equal("vpn.example", "vpn.exampl"));
    g_assert_false(ks_host_equal("vpn.exampl", "vpn.example"));
    g_assert_true(ks_host_equal("", "."));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dns-name/encoding", test_encoding);
    g_test_add_func("/dns-name/longest", test_longest);
    g_test_add_func("/dns-name/refused", test_refused);
    g_test_add_func("/dns-name/case", test_case_makes_no_difference);
    g_test_add_func("/dns-name/others", test_others_differ);
    g_test_add_func("/dns-name/long", test_long_names);
    g_test_add_func("/dns-name/heads", test_heads);
    g_test_add_func("/dns-name/hash", test_hash);
    return g_test_run();
}
