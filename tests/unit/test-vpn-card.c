/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet-fixture.h"
#include "applet/lan.h"
#include "applet/sentences.h"
#include "applet/server-draft.h"
#include "applet/vpn-card.h"

#include <locale.h>
#include <string.h>

/* What the preferences say of VPNs and networks, and what they ask the guard for. */

#define VPN(more) "'Vpns': <[{'uuid': <'u1'>, 'name': <'office'>, 'type': <'openvpn'>" more "}]>"
#define REFUSED_SERVER                                                                       \
    "'Servers': <[{'uuid': <'u1'>, 'name': <'office'>, 'host': <'203.0.113.5'>, 'address': " \
    "<'203.0.113.5'>, 'protocol': <'udp'>, 'port': <uint16 53>, 'not_let_out': "             \
    "<'name-server-port'>}]>"
#define SERVERS(host, address)                                          \
    "'Servers': <[{'uuid': <'u1'>, 'name': <'office'>, 'host': <'" host \
    "'>, 'address': <'" address "'>, 'protocol': <'tcp'>, 'port': <uint16 443>}]>"

static void check_card(Fixture *fixture, unsigned at, const char *expected)
{
    g_autoptr(GPtrArray) cards = ks_vpn_cards(&fixture->model);
    g_autofree char *text = NULL;

    g_assert_cmpuint(cards->len, >, at);
    text = ks_vpn_card_text(g_ptr_array_index(cards, at));
    g_assert_cmpstr(text, ==, expected);
}

static void test_servers(void)
{
    static const struct {
        const char *guard; /* NULL: there is none */
        const char *text;
    } rows[] = {
        { NULL, "office (OpenVPN)\nvpn.example, UDP port 1194\nnote: \nattempt: \n" },
        { "{'State': <'unlocked'>, " VPN("") ", " SERVERS("vpn.example", "203.0.113.5") "}",
          "office (OpenVPN)\nvpn.example (203.0.113.5), TCP port 443\nnote: \nattempt: \n" },
        { "{'State': <'unlocked'>, " VPN("") ", " SERVERS("vpn.example", "") "}",
          "office (OpenVPN)\nvpn.example, TCP port 443\nnote: \n"
          "The address of its server is not known yet. It is looked up when the VPN connects.\n"
          "attempt: \n" },
        { "{'State': <'unlocked'>, " VPN("") ", " REFUSED_SERVER "}",
          "office (OpenVPN)\n203.0.113.5, UDP port 53\nnote: \n"
          "The lock does not let its server out: it uses a name server's port, which no profile "
          "can open.\nattempt: \n" },
        { "{'State': <'unlocked'>, " VPN(", 'override': <true>") ", " SERVERS("203.0.113.5",
                                                                              "203.0.113.5") "}",
          "office (OpenVPN)\n203.0.113.5, TCP port 443\n"
          "note: Corrected by hand: the servers in its profile do not count.\nattempt: \n" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;

        model_init(&fixture,
                   rows[i].guard ? guard_from(rows[i].guard) : ks_guard_state_new(KS_STATE_AWAY));
        check_card(&fixture, 0, rows[i].text);
        model_clear(&fixture);
    }
}

static void test_doubts(void)
{
    Fixture fixture;
    KsVpn *vpn;

    model_init(&fixture, guard_from("{'State': <'blocked'>, 'Locked': <true>, " VPN("") "}"));
    vpn = first_vpn(&fixture);
    g_ptr_array_set_size(vpn->servers, 0);
    g_ptr_array_add(vpn->warnings, g_strdup("Its remote is no host."));
    check_card(&fixture, 0,
               "office (OpenVPN)\nnote: \n"
               "Its server is not known: it cannot connect while the lock is closed.\n"
               "Its remote is no host.\nattempt: \n");
    model_clear(&fixture);
}

static void test_attempts(void)
{
    static const struct {
        const char *guard;
        KsVpnActivity activity;
        const char *attempt;
        bool can_test;
    } rows[] = {
        { "{'State': <'unlocked'>}", KS_VPN_DOWN, "", true },
        { "{'State': <'unlocked'>}", KS_VPN_CONNECTING, "Connecting…", false },
        { "{'State': <'unlocked'>}", KS_VPN_UP, "Connected.", false },
        { "{'State': <'paused'>, 'Locked': <true>}", KS_VPN_UP, "Connected.", false },
        { "{'State': <'protected'>, 'Locked': <true>}", KS_VPN_UP,
          "Connected through the closed lock: its server is right.", false },
        { "{'State': <'blocked'>, " VPN(", 'failure': <'server-unreachable'>") "}", KS_VPN_DOWN,
          "The last attempt failed: the server did not answer.", true },
        { "{'State': <'blocked'>, " VPN(", 'failure': <'login-failed'>") "}", KS_VPN_DOWN,
          "The last attempt failed: the server refused the login.", true },
        { "{'State': <'blocked'>, " VPN(", 'failure': <'no-secrets'>") "}", KS_VPN_DOWN,
          "The last attempt failed: the password is missing.", true },
        { "{'State': <'blocked'>, " VPN(", 'failure': <'service-failed'>") "}", KS_VPN_DOWN,
          "The last attempt failed: the VPN’s program ended.", true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) cards = NULL;
        const KsVpnCard *card;
        Fixture fixture;

        model_init(&fixture, guard_from(rows[i].guard));
        first_vpn(&fixture)->activity = rows[i].activity;
        cards = ks_vpn_cards(&fixture.model);
        card = g_ptr_array_index(cards, 0);
        g_assert_cmpstr(card->attempt, ==, rows[i].attempt);
        g_assert_cmpint(card->can_test, ==, rows[i].can_test);
        model_clear(&fixture);
    }
}

/* Every permission, with and without something under way. */
static void test_who_may_edit(void)
{
    Fixture fixture;

    model_init(&fixture, guard_from("{'State': <'unlocked'>, " VPN(", 'locks': <'no'>") "}"));
    for (int permission = 0; permission <= KS_PERMISSION_NO; permission++)
        for (int busy = -1; busy < KS_REQUEST_MAX; busy++) {
            g_autoptr(GPtrArray) cards = NULL;
            const KsVpnCard *card;
            bool expected = permission != KS_PERMISSION_NO && busy < KS_REQUEST_SET_SERVERS;

            memset(fixture.model.busy, 0, sizeof(fixture.model.busy));
            if (busy >= 0)
                fixture.model.busy[busy] = true;
            fixture.model.permissions[KS_REQUEST_SET_SERVERS] = (KsPermission) permission;
            cards = ks_vpn_cards(&fixture.model);
            card = g_ptr_array_index(cards, 0);
            g_assert_cmpint(card->can_edit, ==, expected);
            g_assert_cmpint(card->locks, ==, KS_VPN_LOCKS_NO);
        }
    model_clear(&fixture);
    model_init(&fixture, ks_guard_state_new(KS_STATE_AWAY));
    g_assert_false(ks_vpn_cards_can_edit(&fixture.model));
    model_clear(&fixture);
}

static void keeps(const char *now, const char *uuid, bool on, const char *expected)
{
    g_autofree char *guard =
        g_strdup_printf("{'State': <'unlocked'>, 'AlwaysOn': <@a{sv} {'vpns': <%s>}>}", now);
    g_autoptr(KsGuardState) state = guard_from(guard);
    g_autoptr(GVariant) arguments = g_variant_ref_sink(ks_vpn_card_keep(state, uuid, on));
    g_autofree char *text = g_variant_print(arguments, FALSE);

    g_assert_cmpstr(text, ==, expected);
}

/* The mark is the guard's word; who may change it, and when. */
static void test_always_on(void)
{
    static const struct {
        const char *always_on;
        bool marked;
        bool can_be_changed;
    } rows[] = {
        { "", false, false }, /* an older guard */
        { ", 'AlwaysOn': <@a{sv} {'vpns': <@aa{sv} []>, 'source': <''>}>", false, true },
        { ", 'AlwaysOn': <@a{sv} {'vpns': <[{'uuid': <'u2'>}, {'uuid': <'u1'>}]>}>", true, true },
        { ", 'AlwaysOn': <@a{sv} {'vpns': <[{'uuid': <'u1'>}]>, 'source': <'/etc/x:2'>}>", true,
          false },
        { ", 'AlwaysOn': <'odd'>", false, false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *guard =
            g_strconcat("{'State': <'unlocked'>, " VPN(""), rows[i].always_on, "}", NULL);
        g_autoptr(GPtrArray) cards = NULL;
        const KsVpnCard *card;
        Fixture fixture;

        model_init(&fixture, guard_from(guard));
        cards = ks_vpn_cards(&fixture.model);
        card = g_ptr_array_index(cards, 0);
        g_assert_cmpint(card->always_on, ==, rows[i].marked);
        g_assert_cmpint(card->can_always_on, ==, rows[i].can_be_changed);
        model_clear(&fixture);
    }
    keeps("[{'uuid': <'u2'>}, {'uuid': <'u1'>}]", "u1", false, "(['u2'],)");
    keeps("[{'uuid': <'u2'>}, {'uuid': <'u1'>}]", "u2", true, "(['u1', 'u2'],)");
    keeps("@aa{sv} []", "u1", true, "(['u1'],)");
}

static void test_by_hand(void)
{
    Fixture fixture;

    model_init(&fixture,
               guard_from("{'State': <'unlocked'>, 'Vpns': <[{'uuid': <'m1'>, 'name': <'mine'>, "
                          "'type': <''>, 'manual': <true>, 'interface': <'wg0'>, 'locks': "
                          "<'yes'>}]>, 'Servers': <[{'uuid': <'m1'>, 'host': <'192.0.2.1'>, "
                          "'address': <'192.0.2.1'>, 'protocol': <'udp'>, 'port': <uint16 9>}]>}"));
    check_card(&fixture, 1,
               "mine\n192.0.2.1, UDP port 9\n"
               "note: Set up by hand, on the interface “wg0”.\nattempt: \n");
    model_clear(&fixture);
}

/* ---- what a person types ---- */

static void test_drafts(void)
{
    static const struct {
        const char *host;
        const char *protocol;
        uint16_t port;
        const char *complaint; /* its beginning; NULL: none */
    } rows[] = {
        { "vpn.example", "udp", 1194, NULL },
        { "  203.0.113.5 ", "tcp", 443, NULL },
        { "2001:db8::1", "udp", 51820, NULL },
        { "vpn.example", "esp", 7, NULL }, /* the port is dropped */
        { "", "udp", 1194, "Write the name" },
        { "   ", "udp", 1194, "Write the name" },
        { "vpn.example:1194", "udp", 1194, "“vpn.example:1194” is neither" },
        { "203.0.113.300", "udp", 1194, "“203.0.113.300” is neither" },
        { "224.0.0.1", "udp", 1194, "“224.0.0.1” is neither" },
        { "a b", "udp", 1194, "“a b” is neither" },
        { "vpn.example", "udp", 0, "Write the port" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) drafts =
            g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_draft_free);
        g_autofree char *complaint = NULL;
        unsigned at;

        g_ptr_array_add(drafts, ks_server_draft_new(rows[i].host, rows[i].protocol, rows[i].port));
        complaint = ks_server_drafts_complaint(drafts, &at);
        if (rows[i].complaint)
            g_assert_true(g_str_has_prefix(complaint, rows[i].complaint));
        else
            g_assert_null(complaint);
    }
}

static void test_drafts_together(void)
{
    g_autoptr(GPtrArray) drafts =
        g_ptr_array_new_with_free_func((GDestroyNotify) ks_server_draft_free);
    g_autoptr(GVariant) packed = NULL;
    g_autofree char *text = NULL;
    char *complaint;
    unsigned at = 9;

    complaint = ks_server_drafts_complaint(drafts, &at);
    g_assert_nonnull(complaint); /* none at all */
    g_free(complaint);
    g_ptr_array_add(drafts, ks_server_draft_new(" vpn.example", "udp", 1194));
    g_ptr_array_add(drafts, ks_server_draft_new("192.0.2.1", "gre", 5));
    g_assert_null(ks_server_drafts_complaint(drafts, &at));
    packed = g_variant_ref_sink(ks_server_drafts_pack(drafts));
    text = g_variant_print(packed, FALSE);
    g_assert_cmpstr(text, ==, "[('vpn.example', 'udp', 1194), ('192.0.2.1', 'gre', 0)]");
    g_ptr_array_add(drafts, ks_server_draft_new("VPN.example", "udp", 1194));
    complaint = ks_server_drafts_complaint(drafts, &at);
    g_assert_cmpstr(complaint, ==, "“VPN.example” stands here twice.");
    g_assert_cmpuint(at, ==, 2);
    g_free(complaint);
}

/* ---- LAN access ---- */

static void check_lan(GVariant *arguments, const char *expected)
{
    g_autoptr(GVariant) sunk = arguments ? g_variant_ref_sink(arguments) : NULL;
    g_autofree char *text = sunk ? g_variant_print(sunk, FALSE) : g_strdup("nothing");

    g_assert_cmpstr(text, ==, expected);
}

#define HERE    "'Networks': <[{'uuid': <'n1'>, 'name': <'Home'>}]>"
#define LIMITED "'LanNetworks': <['n1', 'n2']>"

static void test_lan(void)
{
    g_autoptr(KsGuardState) open = guard_from("{'State': <'blocked'>, " HERE "}");
    g_autoptr(KsGuardState) limited = guard_from("{'State': <'blocked'>, " HERE ", " LIMITED "}");
    g_autoptr(KsGuardState) elsewhere =
        guard_from("{'State': <'blocked'>, 'LanNetworks': <['n2']>, " HERE "}");
    g_autoptr(KsGuardState) nowhere = guard_from("{'State': <'blocked'>, " LIMITED "}");

    check_lan(ks_lan_switch(open, true), "(true, [])");
    check_lan(ks_lan_switch(limited, true), "(true, ['n1', 'n2'])"); /* the limits stay */
    check_lan(ks_lan_switch(limited, false), "(false, [])");
    check_lan(ks_lan_everywhere(), "(true, [])");
    check_lan(ks_lan_here(open), "(true, ['n1'])");
    check_lan(ks_lan_here(limited), "(true, ['n1', 'n2'])");
    check_lan(ks_lan_here(elsewhere), "(true, ['n2', 'n1'])");
    check_lan(ks_lan_here(nowhere), "nothing");
    check_lan(ks_lan_network(open, "n1", true), "(true, ['n1'])");
    check_lan(ks_lan_network(limited, "n1", true), "(true, ['n2', 'n1'])");
    check_lan(ks_lan_network(limited, "n1", false), "(true, ['n2'])");
    /* without the last one it ends: an empty list would mean every network */
    check_lan(ks_lan_network(elsewhere, "n2", false), "(false, [])");
    check_lan(ks_lan_network(open, "n1", false), "(false, [])");
}

/* Whatever the limits are, taking networks away never makes LAN access wider. */
static void test_lan_never_widens(void)
{
    for (unsigned round = 0; round < 2000; round++) {
        GString *text = g_string_new("{'State': <'blocked'>, 'LanNetworks': <@as [");
        g_autoptr(KsGuardState) guard = NULL;
        g_autoptr(GVariant) asked = NULL;
        g_autofree const char **networks = NULL;
        g_autofree char *properties = NULL;
        g_autofree char *gone = g_strdup_printf("n%d", g_test_rand_int_range(0, 6));
        unsigned length = (unsigned) g_test_rand_int_range(0, 5);
        gboolean on;

        for (unsigned i = 0; i < length; i++)
            g_string_append_printf(text, "%s'n%d'", i ? ", " : "", g_test_rand_int_range(0, 6));
        g_string_append(text, "]>}");
        properties = g_string_free(text, FALSE);
        guard = guard_from(properties);
        asked = g_variant_ref_sink(ks_lan_network(guard, gone, false));
        g_variant_get(asked, "(b^a&s)", &on, &networks);
        g_assert_true(!on || networks[0]);
        g_assert_false(g_strv_contains(networks, gone));
        for (unsigned i = 0; networks[i]; i++)
            g_assert_true(g_strv_contains((const char *const *) guard->lan_networks, networks[i]));
    }
}

/* What is not known is not said. */
static void test_no_vpns(void)
{
    static const struct {
        bool ready;
        bool asks;
        const char *text;
    } rows[] = {
        { true, false, "No VPN is set up" },
        { false, true, "Looking for VPNs…" },
        { false, false, "NetworkManager is not running" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        KsModel model = { .manager_ready = rows[i].ready, .asks_manager = rows[i].asks };

        g_assert_cmpstr(ks_sentence_no_vpns(&model), ==, rows[i].text);
    }
}

/* Why there are none is said once: as the headline, or in the place of the VPNs. */
static void test_no_vpns_without_manager(void)
{
    static const struct {
        const char *guard;
        bool said;
    } rows[] = {
        { "{'State': <'unlocked'>}", true },
        { "{'State': <'blocked'>, 'Reason': <'manager-away'>}", false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        g_autoptr(KsView) view = NULL;

        model_init(&fixture, guard_from(rows[i].guard));
        g_ptr_array_set_size(fixture.vpns, 0);
        fixture.model.manager_ready = false;
        view = ks_view_new(&fixture.model);
        g_assert_true((ks_view_find(view, "no-vpns") != NULL) == rows[i].said);
        model_clear(&fixture);
    }
}

int main(int argc, char **argv)
{
    (void) setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vpn-card/servers", test_servers);
    g_test_add_func("/vpn-card/doubts", test_doubts);
    g_test_add_func("/vpn-card/attempts", test_attempts);
    g_test_add_func("/vpn-card/who-may-edit", test_who_may_edit);
    g_test_add_func("/vpn-card/always-on", test_always_on);
    g_test_add_func("/vpn-card/by-hand", test_by_hand);
    g_test_add_func("/vpn-card/no-vpns", test_no_vpns);
    g_test_add_func("/vpn-card/no-vpns-without-manager", test_no_vpns_without_manager);
    g_test_add_func("/server-draft/one", test_drafts);
    g_test_add_func("/server-draft/together", test_drafts_together);
    g_test_add_func("/lan/asks", test_lan);
    g_test_add_func("/lan/never-widens", test_lan_never_widens);
    return g_test_run();
}
