/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which tunnels count as a VPN, and why none does. */
#include "status-fixture.h"

#include <string.h>

static void test_a_tunnel_that_cannot_carry(Fixture *f, const void *data)
{
    KsLink *tunnel = &g_array_index(f->world->links, KsLink, 2);
    KsVpn *vpn;

    (void) data;
    add_vpn(f->world);
    vpn = g_ptr_array_index(f->world->vpns, 0);
    look(f);
    assert_state(f, "protected");
    assert_reason(f, "", "");
    tunnel->no_carrier = true;
    look(f);
    assert_state(f, "blocked");
    assert_reason(f, "tunnel-dead", vpn->name);
    /* it is let out, so that no packet is lost when it comes to life */
    g_assert_true(ks_lock_has_interface(ks_engine_lock(f->engine), TUNNEL));
    vpn->activity = KS_VPN_CONNECTING;
    assert_reason(f, "connecting", vpn->name);
    vpn->activity = KS_VPN_UP;
    tunnel->no_carrier = false;
    look(f);
    assert_state(f, "protected");
}

/* For so many seconds, or a second more; 0: no server is. */
static void assert_silent(Fixture *f, int64_t seconds)
{
    g_autoptr(GVariant) status = ks_status_describe(&f->facts);
    guint64 since = 1;
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;

    g_assert_true(g_variant_lookup(status, "silent_since", "t", &since));
    if (seconds == 0)
        g_assert_cmpuint(since, ==, 0);
    else
        g_assert_cmpint(ABS(now - (int64_t) since - seconds), <=, 1);
}

/* WireGuard has no carrier, and its server can be gone. */
static void test_a_server_that_is_silent(Fixture *f, const void *data)
{
    KsLink *tunnel = &g_array_index(f->world->links, KsLink, 2);
    KsVpn *vpn;

    (void) data;
    add_vpn(f->world);
    vpn = g_ptr_array_index(f->world->vpns, 0);
    tunnel->silent = g_get_monotonic_time() - 190 * G_USEC_PER_SEC;
    look(f);
    assert_state(f, "blocked");
    assert_reason(f, "server-silent", vpn->name);
    assert_silent(f, 190);
    g_assert_true(ks_lock_has_interface(ks_engine_lock(f->engine), TUNNEL));
    vpn->activity = KS_VPN_CONNECTING;
    assert_reason(f, "connecting", vpn->name);
    vpn->activity = KS_VPN_UP;
    vpn->overlay = vpn->manual = true;
    look(f);
    assert_reason(f, "no-servers", "");
    vpn->overlay = vpn->manual = false;
    tunnel->silent = 0;
    look(f);
    assert_state(f, "protected");
    assert_silent(f, 0);
}

/* What is let out beside a VPN is not one: neither alone nor with its carrier gone. */
static void test_an_overlay(Fixture *f, const void *data)
{
    KsVpn *vpn = ks_vpn_new("by-hand", "Mesh", "");
    g_autoptr(GVariant) status = NULL;
    g_autoptr(GVariant) list = NULL;

    (void) data;
    vpn->manual = vpn->overlay = true;
    vpn->activity = KS_VPN_UP;
    g_strlcpy(vpn->interface, "tun0", sizeof(vpn->interface));
    g_ptr_array_add(f->world->vpns, vpn);
    look(f);
    assert_state(f, "blocked");
    assert_reason(f, "no-servers", "");
    status = ks_status_describe(&f->facts);
    list = g_variant_lookup_value(status, "tunnels", NULL);
    g_assert_cmpuint(g_variant_n_children(list), ==, 0);
    g_variant_unref(list);
    list = g_variant_lookup_value(status, "overlays", NULL);
    g_assert_cmpuint(g_variant_n_children(list), ==, 1);
    g_array_index(f->world->links, KsLink, 2).no_carrier = true;
    look(f);
    assert_reason(f, "no-servers", "");

    add_vpn(f->world); /* of another interface */
    vpn = g_ptr_array_index(f->world->vpns, 1);
    vpn->interface[0] = '\0';
    vpn->activity = KS_VPN_DOWN;
    look(f);
    assert_reason(f, "overlay-only", "Mesh");
    vpn->failure = KS_FAILURE_LOGIN;
    assert_reason(f, "login-failed", "Work");
}

/* A person has opened the lock: a tunnel that loses its carrier and finds it again is no news. One
 * that never had one has not come up. */
static void test_a_carrier_is_no_news(Fixture *f, const void *data)
{
    KsLink *tunnel = &g_array_index(f->world->links, KsLink, 2);

    (void) data;
    add_vpn(f->world);
    tunnel->no_carrier = true;
    (void) ks_engine_set_locked(f->engine, false);
    g_assert_false(ks_engine_observe(f->engine, f->world));
    tunnel->no_carrier = false;
    g_assert_true(ks_engine_observe(f->engine, f->world));
    (void) ks_engine_set_locked(f->engine, false);
    for (unsigned i = 0; i < 4; i++) {
        tunnel->no_carrier = !tunnel->no_carrier;
        g_assert_false(ks_engine_observe(f->engine, f->world));
    }
}

static void test_some_networks(Fixture *f, const void *data)
{
    KsLink *tunnel = &g_array_index(f->world->links, KsLink, 2);
    KsVpn *vpn;

    (void) data;
    add_vpn(f->world);
    vpn = g_ptr_array_index(f->world->vpns, 0);
    tunnel->default_route = false;
    f->world->nowhere[KS_IPV6] = true;
    look(f);
    assert_state(f, "protected");
    assert_reason(f, "some-networks", vpn->name);
    vpn->activity = KS_VPN_CONNECTING; /* its routes come in a moment */
    assert_reason(f, "", "");
    vpn->activity = KS_VPN_UP;
    tunnel->default_route = true;
    tunnel->carried[KS_IPV4] = KS_CARRIED_ALL;
    look(f);
    assert_reason(f, "", "");
    {
        g_autoptr(GVariant) status = ks_status_describe(&f->facts);
        g_autoptr(GVariant) carries =
            g_variant_lookup_value(status, "carries", G_VARIANT_TYPE_VARDICT);
        const char *word;

        g_assert_true(g_variant_lookup(carries, "ipv4", "&s", &word));
        g_assert_cmpstr(word, ==, "all");
        g_assert_true(g_variant_lookup(carries, "ipv6", "&s", &word));
        g_assert_cmpstr(word, ==, "nowhere");
    }
}

/* SSH with no-tunnel-interface: up, and nothing of the machine's goes through it. */
static void test_a_vpn_without_an_interface(Fixture *f, const void *data)
{
    KsVpn *vpn = ks_vpn_new("of-ssh", "Forwarded", "ssh");
    KsAddress address = { AF_INET, { 10, 8, 0, 2 } };

    (void) data;
    vpn->activity = KS_VPN_UP;
    g_ptr_array_add(f->world->vpns, vpn);
    look(f);
    assert_state(f, "blocked");
    assert_reason(f, "no-interface", "Forwarded");
    g_array_append_val(vpn->addresses, address); /* its interface has just gone */
    assert_reason(f, "tunnel-gone", "Forwarded");
    g_array_set_size(vpn->addresses, 0);
    vpn->given_interface = true; /* ... or before this guard began */
    assert_reason(f, "tunnel-gone", "Forwarded");
}

/* An interface can go before NetworkManager has told of its addresses. */
static void test_a_tunnel_that_went_at_once(Fixture *f, const void *data)
{
    KsVpn *vpn = ks_vpn_new("of-openvpn", "Hasty", "openvpn");
    KsLink *tunnel = &g_array_index(f->world->links, KsLink, 2);
    KsEvent up = { .action = KS_ACTION_VPN_PRE_UP };

    (void) data;
    g_strlcpy(up.uuid, vpn->uuid, sizeof(up.uuid));
    g_strlcpy(up.interface, tunnel->name, sizeof(up.interface));
    vpn->activity = KS_VPN_UP;
    g_ptr_array_add(f->world->vpns, vpn);
    ks_engine_hear(f->engine, &up);
    look(f);
    assert_state(f, "protected");
    g_array_remove_index(f->world->links, 2);
    look(f);
    assert_state(f, "blocked");
    assert_reason(f, "tunnel-gone", "Hasty");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("no-carrier", test_a_tunnel_that_cannot_carry);
    CASE("silent", test_a_server_that_is_silent);
    CASE("carrier-is-no-news", test_a_carrier_is_no_news);
    CASE("some-networks", test_some_networks);
    CASE("overlay", test_an_overlay);
    CASE("no-interface", test_a_vpn_without_an_interface);
    CASE("tunnel-gone", test_a_tunnel_that_went_at_once);
    return g_test_run();
}
