/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an IPv6-only network has IPv4: which prefix is believed, and what follows for servers. */
#include "guard/translations.h"
#include "model/server.h"

#include <netinet/in.h>
#include <string.h>

#define SERVER "198.51.100.1"

static KsAddress address(const char *text)
{
    KsAddress parsed = { 0 };
    bool valid = ks_address_parse(text, &parsed);

    g_assert_true(valid);
    return parsed;
}

/* RFC 6052, 2.4, for 192.0.0.170 and for the server. */
static const struct {
    const char *told;
    unsigned length; /* 0: it is not believed */
    const char *server;
} rows[] = {
    { "64:ff9b::192.0.0.170", 96, "64:ff9b::198.51.100.1" },
    { "64:ff9b:1:fffe::192.0.0.171", 96, "64:ff9b:1:fffe::198.51.100.1" },
    { "64:ff9b:1:c000:0:aa00::", 48, "64:ff9b:1:c633:64:100::" },
    { "2001:db8:c000:aa::", 32, "2001:db8:c633:6401::" },
    { "2001:db8:1c0:0:aa::", 40, "2001:db8:1c6:3364:1::" },
    { "2001:db8:122:c000:0:aa00::", 48, "2001:db8:122:c633:64:100::" },
    { "2001:db8:122:3c0:0:aa::", 56, "2001:db8:122:3c6:33:6401::" },
    { "2001:db8:122:344:c0:0:aa00:0", 64, "2001:db8:122:344:c6:3364:100:0" },
    { "2001:db8:122:344::192.0.0.170", 96, "2001:db8:122:344::198.51.100.1" },
    { "fd00:64::192.0.0.170", 96, "fd00:64::198.51.100.1" },
    { "192.0.0.170", 0, NULL },                   /* that is no translation */
    { "2001:db8:122:344::192.0.0.172", 0, NULL }, /* nobody's address */
    { "2001:db8:122:344:c0:0:aa00:1", 0, NULL },  /* more behind it */
    { "2001:db8:122:344:1c0:0:aa00:0", 0, NULL }, /* bits that are zero */
    { "::192.0.0.170", 0, NULL },
    { "::ffff:192.0.0.170", 0, NULL }, /* IPv4 itself */
    { "64:ff9b:2::192.0.0.170", 0, NULL },
    { "64:ff9b:c000:aa::", 0, NULL }, /* more than the well-known prefix */
    { "2002::192.0.0.170", 0, NULL }, /* 6to4 */
    { "fe80::192.0.0.170", 0, NULL },
    { "fec0::192.0.0.170", 0, NULL },
    { "ff02::192.0.0.170", 0, NULL },
    { "4000::192.0.0.170", 0, NULL },
};

static void test_prefixes(void)
{
    KsAddress server = address(SERVER);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsAddress told = address(rows[i].told);
        KsTranslation found = { 0 };
        char text[KS_ADDRESS_TEXT_SIZE];
        KsAddress expected;
        KsAddress made;
        KsAddress back;

        if (ks_translation_find(&told, &found) != (rows[i].length > 0) ||
            found.length != rows[i].length)
            g_error("%s: length %u", rows[i].told, found.length);
        if (rows[i].length == 0)
            continue;
        made = ks_translation_embed(&found, &server);
        expected = address(rows[i].server);
        if (ks_address_compare(&made, &expected) != 0)
            g_error("%s: %s", rows[i].told, ks_address_text(&made, text));
        g_assert_true(ks_translation_extract(&found, &made, &back));
        g_assert_cmpint(ks_address_compare(&back, &server), ==, 0);
        made.bytes[0] ^= 1;
        g_assert_false(ks_translation_extract(&found, &made, &back));
        g_assert_false(ks_translation_extract(&found, &server, &back));
    }
}

/* ---- what follows ---- */

static void add_link(KsWorld *world, uint32_t index, const char *kind, bool ipv4, bool ipv6)
{
    KsLink link = { .index = index, .up = true, .way_out = { ipv4, ipv6 } };

    g_strlcpy(link.kind, kind, sizeof(link.kind));
    link.tunnel_kind = kind[0] != '\0';
    g_array_append_val(world->links, link);
}

/* One VPN with these servers, and a WireGuard peer, on a network with IPv6 alone. */
static KsWorld *world_of(const char *const *hosts)
{
    KsWorld *world = ks_world_new();
    KsVpn *vpn = ks_vpn_new("u", "n", "openvpn");
    KsWireguardEndpoint endpoint = { .index = 9, .address = address(SERVER), .port = 51820 };

    for (; *hosts; hosts++)
        g_ptr_array_add(vpn->servers,
                        ks_server_new(*hosts, IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(world->vpns, vpn);
    g_array_append_val(world->wireguard_endpoints, endpoint);
    add_link(world, 2, "", false, true);
    return world;
}

static char *servers_of(const KsWorld *world)
{
    const KsVpn *vpn = g_ptr_array_index(world->vpns, 0);
    GString *texts = g_string_new(NULL);

    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);
        char text[KS_ADDRESS_TEXT_SIZE];

        g_assert_cmpuint(server->port, ==, 1194);
        g_assert_true(server->translated == (i > 0 && server->address.family == AF_INET6 &&
                                             strcmp(server->host, SERVER) == 0));
        g_string_append_printf(texts, "%s%s", i > 0 ? " " : "",
                               ks_address_text(&server->address, text));
    }
    return g_string_free(texts, FALSE);
}

static bool learn(KsTranslations *translations, const char *text)
{
    KsAddress told = address(text);
    bool any = false;

    return ks_translations_learn(translations, &told, 1, &any);
}

static void assert_servers(const KsTranslations *translations, const char *const *hosts,
                           const char *expected)
{
    g_autoptr(KsWorld) world = world_of(hosts);
    g_autofree char *servers = NULL;

    world->ipv6_only = ks_world_has_ipv6_alone(world); /* for long enough */
    ks_translations_apply(translations, world);
    servers = servers_of(world);
    g_assert_cmpstr(servers, ==, expected);
}

static void test_servers(void)
{
    static const char *const hosts[] = { SERVER, "2001:db8::1", "10.0.0.1", "vpn.example", NULL };
    static const char *const one[] = { SERVER, NULL };
    KsTranslations *translations = ks_translations_new();

    /* nothing for a private address, nor for what has none yet */
    assert_servers(translations, hosts, SERVER " 64:ff9b::c633:6401 2001:db8::1 10.0.0.1 ");
    g_assert_true(learn(translations, "fd00:1::192.0.0.170"));
    g_assert_false(learn(translations, "fd00:1::192.0.0.171"));
    g_assert_false(learn(translations, "64:ff9b::192.0.0.170")); /* is there already */
    assert_servers(translations, one, SERVER " 64:ff9b::c633:6401 fd00:1::c633:6401");

    /* the one that was told the longest time ago makes room */
    g_assert_true(learn(translations, "fd00:2::192.0.0.170"));
    g_assert_true(learn(translations, "fd00:3::192.0.0.170"));
    g_assert_false(learn(translations, "fd00:1::192.0.0.170"));
    g_assert_true(learn(translations, "fd00:4::192.0.0.170"));
    assert_servers(translations, one,
                   SERVER " 64:ff9b::c633:6401 fd00:3::c633:6401 fd00:1::c633:6401 "
                          "fd00:4::c633:6401");
    ks_translations_forget(translations);
    assert_servers(translations, one, SERVER " 64:ff9b::c633:6401");
    ks_translations_free(translations);
}

/* What one answer can do is bounded, too. */
static void test_long_answer(void)
{
    static const char *const one[] = { SERVER, NULL };
    KsTranslations *translations = ks_translations_new();
    KsAddress told[256];
    bool any;

    for (unsigned i = 0; i < G_N_ELEMENTS(told); i++) {
        told[i] = address("fd00::192.0.0.170");
        told[i].bytes[5] = (uint8_t) i;
    }
    g_assert_true(ks_translations_learn(translations, told, G_N_ELEMENTS(told), &any));
    g_assert_true(any);
    assert_servers(translations, one,
                   SERVER " 64:ff9b::c633:6401 fd00::c633:6401 fd00:0:1::c633:6401 "
                          "fd00:0:2::c633:6401");
    told[0] = address(SERVER);
    g_assert_false(ks_translations_learn(translations, told, 1, &any));
    g_assert_false(any);
    ks_translations_free(translations);
}

static void test_networks(void)
{
    static const struct {
        const char *kind;
        bool ipv4, ipv6, is_translated;
    } second[] = {
        { "", true, false, false }, /* IPv4 by another card */
        { "", false, true, true },
        { "tun", true, true, true }, /* a VPN that stands on the translation */
        { "ppp", true, false, true },
        { "wireguard", true, true, true },
    };
    static const char *const one[] = { SERVER, NULL };
    KsTranslations *translations = ks_translations_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(second); i++) {
        g_autoptr(KsWorld) world = world_of(one);
        const KsWireguardEndpoint *endpoint;
        KsAddress expected = address("64:ff9b::" SERVER);

        add_link(world, 3, second[i].kind, second[i].ipv4, second[i].ipv6);
        world->ipv6_only = ks_world_has_ipv6_alone(world);
        ks_translations_apply(translations, world);
        if ((world->wireguard_endpoints->len == 2) != second[i].is_translated)
            g_error("row %u: %u endpoints", i, world->wireguard_endpoints->len);
        if (!second[i].is_translated)
            continue;
        endpoint = &g_array_index(world->wireguard_endpoints, KsWireguardEndpoint, 1);
        g_assert_cmpint(ks_address_compare(&endpoint->address, &expected), ==, 0);
        g_assert_cmpuint(endpoint->port, ==, 51820);
        g_assert_cmpuint(endpoint->index, ==, 9);
    }
    ks_translations_free(translations);
}

static void test_answers(void)
{
    static const struct {
        const char *told;
        const char *read;
    } answers[] = {
        { "fd00:1::198.51.100.1", SERVER },
        { "fd00:1::10.0.0.1", "10.0.0.1" }, /* to be refused as that */
        { "fd00:2::198.51.100.1", "fd00:2::198.51.100.1" },
        { "2001:db8:64::198.51.100.1", "2001:db8:64::198.51.100.1" }, /* on the internet anyway */
        { "64:ff9b::198.51.100.1", "64:ff9b::198.51.100.1" },
        { SERVER, SERVER },
    };
    KsTranslations *translations = ks_translations_new();

    learn(translations, "fd00:1::192.0.0.170");
    learn(translations, "2001:db8:64::192.0.0.170");
    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
        KsAddress told = address(answers[i].told);
        KsAddress expected = address(answers[i].read);
        g_autoptr(GArray) read = ks_translations_read(translations, &told, 1);

        g_assert_cmpuint(read->len, ==, 1);
        if (ks_address_compare(&g_array_index(read, KsAddress, 0), &expected) != 0)
            g_error("%s is read otherwise", answers[i].told);
    }
    ks_translations_free(translations);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/translation/prefixes", test_prefixes);
    g_test_add_func("/translation/servers", test_servers);
    g_test_add_func("/translation/long-answer", test_long_answer);
    g_test_add_func("/translation/networks", test_networks);
    g_test_add_func("/translation/answers", test_answers);
    return g_test_run();
}
