/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet-fixture.h"

#include <locale.h>
#include <string.h>

/* What the tray's menu offers to do about VPNs: which are in it, and what to do next. */

#define TUNNEL                                                                  \
    "'Tunnels': <[{'interface': <'tun0'>, 'uuid': <'u1'>, 'name': <'office'>, " \
    "'type': <'openvpn'>}]>"

static void add_vpns(const Fixture *fixture, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *uuid = g_strdup_printf("w%02u", i);

        g_ptr_array_add(fixture->vpns, ks_vpn_new(uuid, uuid, "wireguard"));
    }
}

/* The VPNs in the menu itself, in their order. */
static char *vpns_of(const KsView *view)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < view->items->len; i++) {
        const KsItem *item = g_ptr_array_index(view->items, i);

        if (g_str_has_prefix(item->id, "vpn") || g_str_has_prefix(item->id, "down:"))
            g_string_append_printf(out, "%s%s -> %s\n", item->label,
                                   item->sensitive ? "" : " (off)", item->action);
    }
    return g_string_free(out, FALSE);
}

static void test_few_vpns(void)
{
    Fixture fixture;
    g_autoptr(KsView) view = NULL;
    g_autofree char *vpns = NULL;

    model_init(&fixture, guard_from("{'State': <'blocked'>, 'Locked': <true>}"));
    add_vpns(&fixture, 3);
    ((KsVpn *) g_ptr_array_index(fixture.vpns, 2))->used = NOW;
    view = ks_view_new(&fixture.model);
    vpns = vpns_of(view);
    /* locked, and nobody knows where they would go to: and the one used last is corrected first */
    g_assert_cmpstr(vpns, ==,
                    "w01 (server not known)… -> edit-vpn\noffice -> connect\n"
                    "w00 (server not known)… -> edit-vpn\nw02 (server not known)… -> edit-vpn\n");
    g_assert_cmpstr(ks_view_find(view, "next")->label, ==, "Correct the servers of “w01”…");
    model_clear(&fixture);
}

/* What can be disconnected and what was used lately is in the menu itself, all in a window. */
static void test_many_vpns(void)
{
    Fixture fixture;
    g_autoptr(KsView) view = NULL;
    g_autoptr(GPtrArray) all = NULL;
    g_autofree char *vpns = NULL;

    model_init(&fixture, guard_from("{'State': <'protected'>}"));
    add_vpns(&fixture, 499);
    for (unsigned i = 10; i < 20; i++)
        ((KsVpn *) g_ptr_array_index(fixture.vpns, i))->used = NOW + i;
    ((KsVpn *) g_ptr_array_index(fixture.vpns, 40))->activity = KS_VPN_UP;
    view = ks_view_new(&fixture.model);
    vpns = vpns_of(view);
    g_assert_cmpstr(vpns, ==,
                    "w39 -> disconnect\nDisconnect -> disconnect\nw18 -> connect\n"
                    "w17 -> connect\nw16 -> connect\nAll 500 VPNs… -> vpns\n");
    all = ks_view_vpns(&fixture.model);
    g_assert_cmpuint(all->len, ==, 501);
    model_clear(&fixture);
}

#define LOST    "{'State': <'blocked'>, 'Locked': <true>}"
#define CORRECT "Correct the servers of “office”…"

/* At most one thing to do, which can be done. */
static void test_next(void)
{
    static const struct {
        const char *properties;
        unsigned vpns; /* besides "office" */
        bool no_vpns;
        bool no_manager;
        bool no_server;         /* of "office" is known */
        KsPermission servers;   /* to set them */
        KsVpnActivity activity; /* of "office" */
        const char *next;       /* NULL: nothing */
    } rows[] = {
        { .properties = "{'State': <'protected'>}", .activity = KS_VPN_UP },
        { .properties = "{'State': <'protected'>, 'Reason': <'some-networks'>}",
          .vpns = 1,
          .activity = KS_VPN_UP,
          .next = "Choose a VPN… -> vpns" },
        { .properties = "{'State': <'unlocked'>}", .next = "Connect “office” -> connect" },
        { .properties = "{'State': <'unlocked'>}", .vpns = 1, .next = "Choose a VPN… -> vpns" },
        { .properties = "{'State': <'unlocked'>, " TUNNEL "}",
          .activity = KS_VPN_UP,
          .next = "Close the lock -> lock" },
        { .properties = "{'State': <'blocked'>, 'Reason': <'connecting'>}",
          .activity = KS_VPN_CONNECTING },
        { .properties = "{'State': <'blocked'>, 'Reason': <'no-servers'>}",
          .no_vpns = true,
          .next = "Add a VPN… -> add-profile" },
        { .properties = "{'State': <'blocked'>, 'Reason': <'manager-away'>}", .no_manager = true },
        { .properties = LOST, .no_server = true, .next = CORRECT " -> edit-vpn" },
        { .properties = LOST,
          .no_server = true,
          .servers = KS_PERMISSION_NO,
          .next = CORRECT " (off) -> edit-vpn" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        g_autoptr(KsView) view = NULL;
        g_autofree char *text = NULL;
        const KsItem *next;

        model_init(&fixture, guard_from(rows[i].properties));
        first_vpn(&fixture)->activity = rows[i].activity;
        add_vpns(&fixture, rows[i].vpns);
        if (rows[i].no_vpns)
            g_ptr_array_set_size(fixture.vpns, 0);
        if (rows[i].no_server)
            g_ptr_array_set_size(first_vpn(&fixture)->servers, 0);
        fixture.model.manager_ready = !rows[i].no_manager;
        fixture.model.permissions[KS_REQUEST_SET_SERVERS] = rows[i].servers;
        view = ks_view_new(&fixture.model);
        next = ks_view_find(view, "next");
        text = next ? g_strdup_printf("%s%s -> %s", next->label, next->sensitive ? "" : " (off)",
                                      next->action)
                    : NULL;
        g_assert_cmpstr(text, ==, rows[i].next);
        model_clear(&fixture);
    }
}

/* A server that does not answer may be a wrong one: that can be said at once, of one VPN. */
static void test_wrong_server(void)
{
    static const struct {
        const char *properties;
        const char *second;   /* the name of another VPN */
        bool no_server;       /* of "office" is known: then this is what to do next */
        KsPermission servers; /* to set them */
        const char *shown;    /* NULL: nothing */
    } rows[] = {
#define BLOCKED(reason) \
    "{'State': <'blocked'>, 'Locked': <true>, 'Reason': <'" reason "'>, 'ReasonVpn': <'office'>}"
        { BLOCKED("server-unreachable"), "home", .shown = CORRECT },
        { BLOCKED("server-silent"), "home", .shown = CORRECT },
        { BLOCKED("server-refused"), "home", .shown = CORRECT },
        { BLOCKED("name-unresolved"), "home", .shown = CORRECT },
        { BLOCKED("server-silent"), "home", .servers = KS_PERMISSION_NO,
          .shown = CORRECT " (off)" },
        { BLOCKED("server-silent"), "home", .no_server = true },
        { BLOCKED("server-silent"), "office" }, /* nobody knows which of them */
        { BLOCKED("login-failed"), "home" },
        { "{'State': <'blocked'>, 'Locked': <true>, 'Reason': <'server-silent'>}", "home" },
        { "{'State': <'protected'>, 'Reason': <'server-silent'>, 'ReasonVpn': <'office'>}",
          "home" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        g_autoptr(KsView) view = NULL;
        g_autofree char *text = NULL;
        const KsItem *item;

        model_init(&fixture, guard_from(rows[i].properties));
        g_ptr_array_add(fixture.vpns, ks_vpn_new("u2", rows[i].second, "wireguard"));
        if (rows[i].no_server)
            g_ptr_array_set_size(first_vpn(&fixture)->servers, 0);
        fixture.model.permissions[KS_REQUEST_SET_SERVERS] = rows[i].servers;
        view = ks_view_new(&fixture.model);
        item = ks_view_find(view, "servers");
        text = item ? g_strconcat(item->label, item->sensitive ? "" : " (off)", NULL) : NULL;
        g_assert_cmpstr(text, ==, rows[i].shown);
        if (item) {
            g_assert_cmpstr(item->action, ==, "edit-vpn");
            g_assert_cmpstr(g_variant_get_string(item->target, NULL), ==, "u1");
        }
        model_clear(&fixture);
    }
}

int main(int argc, char **argv)
{
    (void) setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vpn-menu/few", test_few_vpns);
    g_test_add_func("/vpn-menu/many", test_many_vpns);
    g_test_add_func("/vpn-menu/next", test_next);
    g_test_add_func("/vpn-menu/wrong-server", test_wrong_server);
    return g_test_run();
}
