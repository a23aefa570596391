/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of people's own profiles is kept, in which order, and what that takes from others. */
#include "model/shares.h"

#include "model/server.h"

#include <netinet/in.h>
#include <string.h>

static KsVpn *make_vpn(const char *users, KsVpnActivity activity, unsigned servers, bool by_name)
{
    KsVpn *vpn = ks_vpn_new("u", "n", "openvpn");

    vpn->users = users ? g_strsplit(users, " ", -1) : NULL;
    vpn->activity = activity;
    for (unsigned i = 0; i < servers; i++)
        g_ptr_array_add(vpn->servers,
                        ks_server_new(by_name ? "vpn.example" : "192.0.2.1", IPPROTO_UDP,
                                      (uint16_t) (1 + i), KS_SERVER_FROM_PROFILE));
    return vpn;
}

static unsigned take(KsShares *shares, const char *users, KsVpnActivity activity, unsigned servers,
                     bool by_name)
{
    g_autoptr(KsVpn) vpn = make_vpn(users, activity, servers, by_name);
    bool room = ks_shares_have_room(shares, vpn);
    unsigned kept = ks_shares_take(shares, vpn, vpn->servers);

    g_assert_true(room || kept == 0);
    return kept;
}

static void test_a_user_takes_from_nobody(void)
{
    g_autoptr(KsShares) shares = ks_shares_new();

    g_assert_cmpuint(take(shares, "eve", KS_VPN_UP, 1000, false), ==, 1000);
    g_assert_cmpuint(take(shares, "eve", KS_VPN_UP, 1000, false), ==, 24);
    g_assert_cmpuint(take(shares, "eve", KS_VPN_UP, 1, false), ==, 0);
    g_assert_cmpuint(take(shares, "alice", KS_VPN_UP, 1000, false), ==, 1000);
    g_assert_cmpuint(take(shares, NULL, KS_VPN_DOWN, 5000, false), ==, 5000);
}

/* Other names in the list make it no other user's. */
static void test_a_shared_profile_counts_for_each(void)
{
    g_autoptr(KsShares) shares = ks_shares_new();

    g_assert_cmpuint(take(shares, "eve x1", KS_VPN_UP, 1000, false), ==, 1000);
    g_assert_cmpuint(take(shares, "eve x2", KS_VPN_UP, 1000, false), ==, 24);
    g_assert_cmpuint(take(shares, "x3 eve", KS_VPN_UP, 1000, false), ==, 0);
    g_assert_cmpuint(take(shares, "x2", KS_VPN_UP, 1024, false), ==, 1000);
}

static void test_all_of_them(void)
{
    g_autoptr(KsShares) shares = ks_shares_new();
    unsigned kept = 0;

    for (unsigned i = 0; i < 10; i++) {
        g_autofree char *user = g_strdup_printf("user%u", i);

        kept += take(shares, user, KS_VPN_UP, 1024, false);
    }
    g_assert_cmpuint(kept, ==, KS_SHARE_SERVERS_PRIVATE);
    g_assert_cmpuint(take(shares, NULL, KS_VPN_DOWN, KS_SHARE_SERVERS + 1, false), ==,
                     KS_SHARE_SERVERS);
}

static void test_names(void)
{
    g_autoptr(KsShares) shares = ks_shares_new();

    g_assert_cmpuint(take(shares, "eve", KS_VPN_DOWN, 500, true), ==, 500); /* nobody asks */
    g_assert_cmpuint(take(shares, "eve", KS_VPN_CONNECTING, 500, true), ==, KS_SHARE_NAMES_USER);
    g_assert_cmpuint(take(shares, "eve", KS_VPN_CONNECTING, 1, false), ==, 1);
    g_assert_cmpuint(take(shares, "alice", KS_VPN_CONNECTING, 1, true), ==, 1);
    g_assert_cmpuint(take(shares, NULL, KS_VPN_CONNECTING, 500, true), ==, 500);
}

static void test_order(void)
{
    static const struct {
        const char *users;
        KsVpnActivity activity;
    } rows[] = {
        { NULL, KS_VPN_UP },         { "eve", KS_VPN_UP },       { "a eve", KS_VPN_UP },
        { NULL, KS_VPN_CONNECTING }, { "a", KS_VPN_CONNECTING }, { NULL, KS_VPN_DOWN },
        { "eve", KS_VPN_DOWN },      { "a b c", KS_VPN_DOWN },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (unsigned j = 0; j < G_N_ELEMENTS(rows); j++) {
            g_autoptr(KsVpn) a = make_vpn(rows[i].users, rows[i].activity, 0, false);
            g_autoptr(KsVpn) b = make_vpn(rows[j].users, rows[j].activity, 0, false);

            g_assert_cmpint(ks_shares_compare(a, b), ==, i < j ? -1 : i > j);
        }
    }
}

/* Names have no end in NetworkManager. */
static void test_long_names(void)
{
    g_autofree char *text = g_strnfill(1000, 'x');
    g_autoptr(KsVpn) vpn = NULL;

    for (unsigned i = 0; i < 3; i++) {
        memcpy(text + KS_NAME_BYTES_MAX - 6 + i, "\u00e4\u00e4", 4);
        g_clear_pointer(&vpn, ks_vpn_free);
        vpn = ks_vpn_new("u", text, "");
        g_assert_cmpuint(strlen(vpn->name), <=, KS_NAME_BYTES_MAX);
        g_assert_true(g_utf8_validate(vpn->name, -1, NULL));
        memset(text, 'x', 999);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/shares/a-user-takes-from-nobody", test_a_user_takes_from_nobody);
    g_test_add_func("/shares/a-shared-profile", test_a_shared_profile_counts_for_each);
    g_test_add_func("/shares/all-of-them", test_all_of_them);
    g_test_add_func("/shares/names", test_names);
    g_test_add_func("/shares/order", test_order);
    g_test_add_func("/shares/long-names", test_long_names);
    return g_test_run();
}
