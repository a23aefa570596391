/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses become servers of a profile that floats. */
#include "guard/floats.h"

#include "model/server.h"
#include "model/shares.h"
#include "policy/engine.h"

#include <netinet/in.h>

#define SERVER "198.51.100.1"
#define FARM   "198.51.100.3"

static KsAddress parse(const char *text)
{
    KsAddress address;

    g_assert_true(ks_address_parse(text, &address));
    return address;
}

static KsVpn *add_vpn(KsWorld *world, const char *uuid, const char *host, KsVpnActivity activity)
{
    KsVpn *vpn = ks_vpn_new(uuid, uuid, "openvpn");

    vpn->activity = activity;
    vpn->floats = true;
    g_ptr_array_add(vpn->servers, ks_server_new(host, IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(world->vpns, vpn);
    return vpn;
}

static void add_route(KsWorld *world, const char *text)
{
    KsLinkAddress route = { .index = 2, .address = parse(text) };

    g_array_append_val(world->host_routes, route);
}

static KsWorld *world_of(KsVpnActivity activity, KsVpn **ret_vpn)
{
    KsWorld *world = ks_world_new();

    world->manager_present = true;
    world->manager_settled = true;
    *ret_vpn = add_vpn(world, "u", SERVER, activity);
    return world;
}

static char *servers_of(const KsVpn *vpn)
{
    GString *texts = g_string_new(NULL);

    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        g_string_append_printf(texts, "%s%s:%u", i > 0 ? " " : "", server->host, server->port);
    }
    return g_string_free(texts, FALSE);
}

static void assert_servers(const KsVpn *vpn, const char *expected)
{
    g_autofree char *servers = servers_of(vpn);

    g_assert_cmpstr(servers, ==, expected);
}

/* What it is in another look, without any route. */
static void assert_later(KsFloats *floats, KsVpnActivity activity, const char *expected)
{
    KsVpn *vpn;
    g_autoptr(KsWorld) world = world_of(activity, &vpn);

    ks_floats_apply(floats, world);
    assert_servers(vpn, expected);
}

static void test_learned(void)
{
    KsFloats *floats = ks_floats_new();
    KsVpn *vpn;
    g_autoptr(KsWorld) world = world_of(KS_VPN_UP, &vpn);
    const KsServer *server;

    g_ptr_array_add(vpn->servers,
                    ks_server_new("vpn.example", IPPROTO_UDP, 443, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(vpn->servers, ks_server_new(SERVER, IPPROTO_TCP, 80, KS_SERVER_FROM_PROFILE));
    add_route(world, SERVER);
    add_route(world, FARM);
    add_route(world, "255.255.255.255");
    add_route(world, "224.0.0.1");
    add_vpn(world, "other", "203.0.113.5", KS_VPN_DOWN);
    add_route(world, "203.0.113.5");
    ks_floats_apply(floats, world);
    assert_servers(vpn, SERVER ":1194 vpn.example:443 " SERVER ":80 " FARM ":1194 " FARM ":443");
    server = g_ptr_array_index(vpn->servers, 3);
    g_assert_cmpint(server->sender, ==, KS_SENDER_DAEMON);
    g_assert_cmpint(server->protocol, ==, IPPROTO_UDP);
    g_assert_cmpint(server->source, ==, KS_SERVER_FROM_PROFILE);
    assert_servers(g_ptr_array_index(world->vpns, 1), "203.0.113.5:1194");
    g_assert_true(server->floated);
    assert_later(floats, KS_VPN_DOWN, SERVER ":1194"); /* the route may be anybody's */
    assert_later(floats, KS_VPN_CONNECTING, SERVER ":1194 " FARM ":1194");
    ks_floats_free(floats);
}

static void test_not_learned(void)
{
    static const struct {
        KsVpnActivity activity;
        bool floats;
    } rows[] = { { KS_VPN_DOWN, true }, { KS_VPN_UP, false }, { KS_VPN_CONNECTING, false } };
    KsFloats *floats = ks_floats_new();

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsVpn *vpn;
        g_autoptr(KsWorld) world = world_of(rows[i].activity, &vpn);

        vpn->floats = rows[i].floats;
        add_route(world, FARM);
        ks_floats_apply(floats, world);
        assert_servers(vpn, SERVER ":1194");
        assert_later(floats, KS_VPN_UP, SERVER ":1194");
    }
    ks_floats_free(floats);
}

/* As long as the profile is there and floats. A manager that is away tells nothing. */
static void test_forgotten(void)
{
    KsFloats *floats = ks_floats_new();
    KsVpn *vpn;
    g_autoptr(KsWorld) world = world_of(KS_VPN_UP, &vpn);
    g_autoptr(KsWorld) empty = ks_world_new();

    add_route(world, FARM);
    ks_floats_apply(floats, world);
    ks_floats_apply(floats, empty);
    assert_later(floats, KS_VPN_CONNECTING, SERVER ":1194 " FARM ":1194");
    empty->manager_present = true;
    ks_floats_apply(floats, empty);
    assert_later(floats, KS_VPN_CONNECTING, SERVER ":1194 " FARM ":1194");
    vpn->floats = false;
    ks_floats_apply(floats, world);
    assert_later(floats, KS_VPN_CONNECTING, SERVER ":1194");
    ks_floats_free(floats);
}

static void test_bounded(void)
{
    KsFloats *floats = ks_floats_new();
    KsVpn *vpn;
    g_autoptr(KsWorld) world = world_of(KS_VPN_UP, &vpn);
    g_autofree char *servers = NULL;

    for (unsigned i = 1; i <= 200; i++) {
        g_autofree char *text = g_strdup_printf("203.0.113.%u", i);

        add_route(world, text);
        g_ptr_array_add(vpn->servers, ks_server_new(SERVER, IPPROTO_UDP, (uint16_t) (2000 + i),
                                                    KS_SERVER_FROM_PROFILE));
    }
    ks_floats_apply(floats, world);
    g_assert_cmpuint(vpn->servers->len, ==, 201 + KS_FLOATS_MAX);
    servers = servers_of(vpn);
    g_assert_nonnull(strstr(servers, "203.0.113.200:1194"));
    g_assert_null(strstr(servers, "203.0.113.199:"));
    ks_floats_free(floats);
}

static void add_tunnel(KsWorld *world)
{
    KsLink tun = {
        .index = 9, .name = "tun0", .up = true, .tunnel_kind = true, .default_route = true
    };

    g_array_append_val(world->links, tun);
}

static void assert_open(KsEngine *engine, const KsWorld *world, bool is_open)
{
    KsAddress farm = parse(FARM);
    KsAddress server = parse(SERVER);

    (void) ks_engine_observe(engine, world);
    g_assert_true(ks_lock_has_server(ks_engine_lock(engine), &server, IPPROTO_UDP, 1194));
    g_assert_true(ks_lock_has_server(ks_engine_lasting(engine), &server, IPPROTO_UDP, 1194));
    g_assert_cmpint(ks_lock_has_server(ks_engine_lock(engine), &farm, IPPROTO_UDP, 1194), ==,
                    is_open);
    g_assert_false(ks_lock_has_server(ks_engine_lasting(engine), &farm, IPPROTO_UDP, 1194));
}

/* A user may add a route without being asked: what it opens ends with the VPN's use, or with the
 * tunnel where NetworkManager is away, and the next boot knows nothing of it. */
static void test_passing(void)
{
    static const KsVpnActivity rows[] = { KS_VPN_CONNECTING, KS_VPN_UP };
    KsSettings settings = KS_SETTINGS_DEFAULT;
    KsFloats *floats = ks_floats_new();
    g_autoptr(KsEngine) engine = ks_engine_new(&settings, NULL);
    KsVpn *vpn;
    g_autoptr(KsWorld) idle = world_of(KS_VPN_DOWN, &vpn);
    g_autoptr(KsWorld) away = ks_world_new();

    add_tunnel(away);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsWorld) world = world_of(rows[i], &vpn);

        add_route(world, FARM);
        ks_floats_apply(floats, world);
        g_strlcpy(vpn->interface, rows[i] == KS_VPN_UP ? "tun0" : "", sizeof(vpn->interface));
        vpn->index = rows[i] == KS_VPN_UP ? 9 : 0;
        add_tunnel(world);
        assert_open(engine, world, true);
        ks_floats_apply(floats, idle);
        assert_open(engine, idle, false);
        assert_open(engine, world, true);
        assert_open(engine, away, rows[i] == KS_VPN_UP);
    }
    g_array_set_size(away->links, 0);
    assert_open(engine, away, false);
    ks_floats_free(floats);
}

/* What a person writes for themselves alone is bounded with it. */
static void test_shared(void)
{
    static const struct {
        unsigned own;
        unsigned floated;
    } rows[] = { { 1, 1 }, { KS_SHARE_SERVERS_USER, 0 } };
    char *users[] = { (char *) "alice", NULL };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsFloats *floats = ks_floats_new();
        KsVpn *vpn;
        g_autoptr(KsWorld) world = world_of(KS_VPN_UP, &vpn);

        vpn->users = g_strdupv(users);
        while (vpn->servers->len < rows[i].own)
            g_ptr_array_add(vpn->servers,
                            ks_server_new(SERVER, IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE));
        add_route(world, FARM);
        ks_floats_apply(floats, world);
        g_assert_cmpuint(vpn->servers->len, ==, rows[i].own + rows[i].floated);
        ks_floats_free(floats);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/floats/learned", test_learned);
    g_test_add_func("/floats/not-learned", test_not_learned);
    g_test_add_func("/floats/forgotten", test_forgotten);
    g_test_add_func("/floats/bounded", test_bounded);
    g_test_add_func("/floats/passing", test_passing);
    g_test_add_func("/floats/shared", test_shared);
    return g_test_run();
}
