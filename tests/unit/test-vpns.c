/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/vpns-file.h"
#include "model/server.h"
#include "policy/engine.h"
#include "policy/error.h"
#include "policy/vpns.h"

#include <glib/gstdio.h>
#include <string.h>

#define SERVER  "@a(ssq) [('203.0.113.50', 'udp', 51820)]"
#define PROFILE "3fd089f3-0a2d-5c12-9f7a-e3ade60d8ee6"

static GVariant *servers_of(const char *text)
{
    return g_variant_ref_sink(g_variant_new_parsed(text));
}

static const char *add_as(KsVpns *vpns, const KsWorld *world, const char *name,
                          const char *interface, const char *type, GVariant *servers,
                          GError **error)
{
    KsByHand what = { .name = name, .interface = interface, .type = type, .servers = servers };

    return ks_vpns_add(vpns, world, &what, error);
}

static const char *add(KsVpns *vpns, const char *name, const char *interface, const char *servers,
                       GError **error)
{
    g_autoptr(GVariant) list = servers_of(servers);
    g_autoptr(KsWorld) world = ks_world_new();

    return add_as(vpns, world, name, interface, "wireguard", list, error);
}

static void test_refused(void)
{
    static const struct {
        const char *name;
        const char *interface;
        const char *servers;
    } rows[] = {
        { "", "wg0", SERVER },
        { "-x", "wg0", SERVER },
        { " x", "wg0", SERVER },
        { "a\nb", "wg0", SERVER },
        { "\xff", "wg0", SERVER },
        { PROFILE, "wg0", SERVER },
        { "Home", "", SERVER },
        { "Home", ".", SERVER },
        { "Home", "..", SERVER },
        { "Home", "a/b", SERVER },
        { "Home", "a b", SERVER },
        { "Home", "sixteen-letters-", SERVER },
        { "Home", "wg0", "@a(ssq) []" },
        { "Home", "wg0", "@a(ssq) [('127.0.0.1', 'udp', 1)]" },
        { "Home", "wg0", "@a(ssq) [('0.0.0.0', 'udp', 1)]" },
        { "Home", "wg0", "@a(ssq) [('not a host', 'udp', 1)]" },
        { "Home", "wg0", "@a(ssq) [('192.0.2.1', 'udp', 0)]" },
        { "Home", "wg0", "@a(ssq) [('192.0.2.1', 'esp', 1)]" },
        { "Home", "wg0", "@a(ssq) [('192.0.2.1', 'icmp', 0)]" },
        { "Home", "wg0", "@a(ssq) [('192.0.2.1', 'udp', 1), ('', 'udp', 1)]" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsVpns) vpns = ks_vpns_new();
        g_autoptr(GError) error = NULL;

        g_test_message("row %u", i);
        g_assert_null(add(vpns, rows[i].name, rows[i].interface, rows[i].servers, &error));
        g_assert_error(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS);
        g_assert_cmpuint(ks_vpns_count(vpns), ==, 0);
    }
}

static void test_bounds(void)
{
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) many = NULL;
    g_autoptr(GVariant) list = NULL;
    GVariantBuilder builder;

    for (unsigned i = 0; i < KS_VPNS_MAX; i++) {
        g_autofree char *name = g_strdup_printf("VPN %u", i);

        g_assert_nonnull(add(vpns, name, "wg0", SERVER, NULL));
    }
    g_assert_null(add(vpns, "one more", "wg0", SERVER, &error));
    g_assert_error(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS);
    g_assert_cmpuint(ks_vpns_count(vpns), ==, KS_VPNS_MAX);

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssq)"));
    for (unsigned i = 0; i <= KS_VPN_SERVERS_MAX; i++)
        g_variant_builder_add(&builder, "(ssq)", "192.0.2.1", "udp", (guint16) (i + 1));
    list = g_variant_ref_sink(g_variant_builder_end(&builder));
    g_assert_false(ks_vpns_set_servers(vpns, ks_vpns_get(vpns, 0)->uuid, "", list, &many));
    g_assert_error(many, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS);
    g_assert_cmpuint(ks_vpns_get(vpns, 0)->servers->len, ==, 1);
}

static void test_there_and_back(void)
{
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autoptr(KsVpns) back = NULL;
    g_autoptr(GVariant) list = servers_of("@a(ssq) [('vpn.example', 'esp', 0)]");
    g_autofree char *text = NULL;
    g_autofree char *again = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_nonnull(add(vpns, "Zu Hause; [ä]", "wg0", SERVER, NULL));
    g_assert_null(add(vpns, "Zu Hause; [ä]", "wg1", SERVER, &error));
    g_assert_error(error, KS_ERROR, KS_ERROR_VPN_EXISTS);
    g_assert_true(ks_vpns_set_servers(vpns, PROFILE, "strongswan", list, NULL));
    g_assert_true(ks_vpns_set_locks(vpns, PROFILE, KS_VPN_LOCKS_NO, NULL));
    text = ks_vpns_to_text(vpns);
    back = ks_vpns_from_text(text, strlen(text), NULL);
    g_assert_nonnull(back);
    again = ks_vpns_to_text(back);
    g_assert_cmpstr(again, ==, text);
}

/* A server that a person names of a profile is open to whom the profile's would be: not to people's
 * programs, where the plugin is a daemon. */
static void test_senders(void)
{
    static const struct {
        const char *type;
        const char *servers;
        KsSender sender;
    } rows[] = {
        { "ssh", "@a(ssq) [('vpn.example', 'tcp', 2222)]", KS_SENDER_DAEMON },
        { "sstp", "@a(ssq) [('vpn.example', 'tcp', 444)]", KS_SENDER_DAEMON },
        { "iodine", "@a(ssq) [('vpn.example', 'udp', 53)]", KS_SENDER_DAEMON },
        { "vpnc", "@a(ssq) [('vpn.example', 'udp', 20000)]", KS_SENDER_DAEMON },
        { "pptp", "@a(ssq) [('vpn.example', 'gre', 0)]", KS_SENDER_DAEMON },
        { "openconnect", "@a(ssq) [('vpn.example', 'udp', 443)]", KS_SENDER_DAEMON },
        { "openconnect", "@a(ssq) [('vpn.example', 'tcp', 443)]", KS_SENDER_LOGIN_AS_USER },
        { "strongswan", "@a(ssq) [('vpn.example', 'udp', 500)]", KS_SENDER_DAEMON },
        { "strongswan", "@a(ssq) [('vpn.example', 'udp', 4500)]", KS_SENDER_KERNEL },
        { "libreswan", "@a(ssq) [('vpn.example', 'udp', 7777)]", KS_SENDER_UNKNOWN },
        { "wireguard", "@a(ssq) [('vpn.example', 'udp', 51820)]", KS_SENDER_KERNEL },
        { "openvpn", "@a(ssq) [('vpn.example', 'tcp', 443)]", KS_SENDER_DAEMON },
        { "newcomer", "@a(ssq) [('vpn.example', 'udp', 4242)]", KS_SENDER_UNKNOWN },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(KsVpns) vpns = ks_vpns_new();
        g_autoptr(GVariant) list = servers_of(rows[i].servers);
        const KsServer *server;

        g_assert_true(ks_vpns_set_servers(vpns, PROFILE, rows[i].type, list, NULL));
        server = g_ptr_array_index(ks_vpns_get(vpns, 0)->servers, 0);
        g_assert_cmpint(server->sender, ==, rows[i].sender);
    }
}

/* Whatever is cut off or changed in the file: what comes of it opens nothing that was not said. */
static void test_damaged(void)
{
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autofree char *text = NULL;

    g_assert_nonnull(add(vpns, "Home", "wg0", SERVER, NULL));
    text = ks_vpns_to_text(vpns);
    for (size_t length = 0; length < strlen(text); length++) {
        g_autoptr(KsVpns) back = ks_vpns_from_text(text, length, NULL);

        for (unsigned i = 0; back && i < ks_vpns_count(back); i++) {
            const KsVpnEntry *entry = ks_vpns_get(back, i);

            g_assert_cmpstr(entry->name, ==, "Home");
            g_assert_cmpstr(entry->interface, ==, "wg0");
            for (unsigned j = 0; j < entry->servers->len; j++)
                g_assert_cmpstr(((KsServer *) g_ptr_array_index(entry->servers, j))->host, ==,
                                "203.0.113.50");
        }
    }
    for (size_t at = 0; at < strlen(text); at++) {
        g_autofree char *changed = g_strdup(text);
        KsVpns *back;

        changed[at] = '\xff';
        back = ks_vpns_from_text(changed, strlen(changed), NULL);
        ks_vpns_free(back); /* it need not be refused; it must not crash */
    }
}

static void add_link(KsWorld *world, uint32_t index, const char *name, bool tunnel_kind)
{
    KsLink link = { .index = index, .up = true, .tunnel_kind = tunnel_kind, .default_route = true };

    g_strlcpy(link.name, name, sizeof(link.name));
    g_array_append_val(world->links, link);
}

/* Without NetworkManager: the interface opens when it is a tunnel, and closes with its removal. */
/* A profile may have the UUID of a VPN set up by hand; what NetworkManager says of it counts for
 * the profile. */
static void test_same_uuid(void)
{
    const KsSettings settings = { .locked = true };
    g_autoptr(KsEngine) engine = ks_engine_new(&settings, NULL);
    g_autoptr(KsWorld) world = ks_world_new();
    KsLink links[] = {
        { .index = 3, .name = "home0", .up = true, .tunnel_kind = true },
        { .index = 4, .name = "wg4", .up = true, .tunnel_kind = true },
    };
    KsEvent down = { .action = KS_ACTION_DOWN, .uuid = "u-1", .interface = "br8" };
    KsEvent up = { .action = KS_ACTION_PRE_UP, .uuid = "u-1", .interface = "wg4" };
    KsVpn *manual = ks_vpn_new("u-1", "Home", "");
    KsVpn *profile = ks_vpn_new("u-1", "clash", "wireguard");

    world->manager_present = world->manager_settled = true;
    g_array_append_vals(world->links, links, G_N_ELEMENTS(links));
    manual->manual = true;
    manual->activity = KS_VPN_UP;
    g_strlcpy(manual->interface, "home0", sizeof(manual->interface));
    g_ptr_array_add(world->vpns, manual);
    ks_engine_hear(engine, &down);
    (void) ks_engine_observe(engine, world);
    g_assert_cmpuint(ks_engine_tunnels(engine)->len, ==, 1);

    g_ptr_array_insert(world->vpns, 0, profile);
    profile->activity = KS_VPN_UP;
    ks_engine_hear(engine, &up);
    (void) ks_engine_observe(engine, world);
    g_assert_cmpuint(ks_engine_tunnels(engine)->len, ==, 2);
    ks_engine_hear(engine, &down);
    (void) ks_engine_observe(engine, world);
    g_assert_cmpuint(ks_engine_tunnels(engine)->len, ==, 1);
    g_assert_true(ks_lock_has_interface(ks_engine_lock(engine), 3));
    g_assert_false(ks_lock_has_interface(ks_engine_lock(engine), 4));
}

static void test_in_the_engine(void)
{
    KsSettings settings = KS_SETTINGS_DEFAULT;
    g_autoptr(KsEngine) engine = ks_engine_new(&settings, NULL);
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autofree char *uuid = g_strdup(add(vpns, "Home", "wg0", SERVER, NULL));

    add_link(world, 2, "eth0", false);
    ks_vpns_apply(vpns, world);
    g_assert_false(ks_engine_observe(engine, world));
    g_assert_cmpuint(ks_engine_lock(engine)->sets[KS_SET_SERVERS4]->len, ==, 1);
    add_link(world, 3, "wg0", true);
    ks_vpns_apply(vpns, world);
    g_assert_true(ks_engine_observe(engine, world)); /* it locks */
    g_assert_true(ks_lock_has_interface(ks_engine_lock(engine), 3));
    g_assert_true(ks_vpns_remove(vpns, uuid, NULL));
    ks_vpns_apply(vpns, world);
    (void) ks_engine_observe(engine, world);
    g_assert_false(ks_lock_has_interface(ks_engine_lock(engine), 3));
    g_assert_cmpuint(ks_engine_lock(engine)->sets[KS_SET_SERVERS4]->len, ==, 0);
    g_assert_true(ks_engine_settings(engine)->locked);

    g_assert_nonnull(add(vpns, "An uplink", "eth0", SERVER, NULL));
    ks_vpns_apply(vpns, world);
    (void) ks_engine_observe(engine, world);
    g_assert_false(ks_lock_has_interface(ks_engine_lock(engine), 2));
}

static KsVpn *add_profile(KsWorld *world, const char *host)
{
    KsVpn *vpn = ks_vpn_new(PROFILE, "Work", "openvpn");

    g_ptr_array_add(vpn->servers, ks_server_new(host, 17, 1194, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(vpn->warnings, g_strdup("It is not understood."));
    g_ptr_array_add(world->vpns, vpn);
    return vpn;
}

/* The address changes where packets may go; the name is asked for by the VPN's own program. */
static void test_names_beside(void)
{
    KsSettings settings = KS_SETTINGS_DEFAULT;
    g_autoptr(KsEngine) engine = ks_engine_new(&settings, NULL);
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autoptr(GVariant) servers = servers_of(SERVER);
    KsVpn *vpn = add_profile(world, "vpn.example");
    g_autoptr(GPtrArray) told = g_ptr_array_ref(vpn->warnings);
    const KsLock *lock = ks_engine_lock(engine);

    world->manager_present = world->manager_settled = true;
    g_assert_true(ks_vpns_set_servers(vpns, PROFILE, "openvpn", servers, NULL));
    ks_vpns_apply(vpns, world);
    (void) ks_engine_observe(engine, world);
    g_assert_cmpuint(lock->sets[KS_SET_NAMES]->len, ==, 1);
    g_assert_cmpuint(lock->sets[KS_SET_SERVERS4]->len, ==, 1);
    g_assert_cmpuint(vpn->warnings->len, ==, 0);
    g_assert_cmpuint(told->len, ==, 1); /* others hold it */

    vpn->users = g_strsplit("alice", " ",
                            -1); /* written by a person without a word: only while it is used */
    (void) ks_engine_observe(engine, world);
    g_assert_cmpuint(lock->sets[KS_SET_NAMES]->len, ==, 0);
    g_assert_cmpuint(lock->sets[KS_SET_SERVERS4]->len, ==, 1);
    vpn->activity = KS_VPN_CONNECTING;
    (void) ks_engine_observe(engine, world);
    g_assert_cmpuint(lock->sets[KS_SET_NAMES]->len, ==, 1);
}

static void test_name_of_a_profile(void)
{
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autoptr(GVariant) servers = servers_of(SERVER);
    g_autoptr(GError) error = NULL;

    (void) add_profile(world, "vpn.example");
    g_assert_null(add_as(vpns, world, "Work", "wg0", "", servers, &error));
    g_assert_error(error, KS_ERROR, KS_ERROR_VPN_EXISTS);
    g_assert_cmpuint(ks_vpns_count(vpns), ==, 0);
    g_assert_nonnull(add_as(vpns, world, "work", "wg0", "", servers, NULL));
}

static bool locks(KsVpnLocks when, bool spared)
{
    KsSettings settings = KS_SETTINGS_DEFAULT;
    g_autoptr(KsEngine) engine = ks_engine_new(&settings, NULL);
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autofree char *uuid = g_strdup(add(vpns, "Home", "wg0", SERVER, NULL));

    g_assert_true(ks_vpns_set_locks(vpns, uuid, when, NULL));
    add_link(world, 3, "wg0", true);
    g_array_index(world->links, KsLink, 0).default_route = when != KS_VPN_LOCKS_YES;
    ks_vpns_apply(vpns, world);
    if (spared)
        ks_engine_spare(engine, uuid);
    (void) ks_engine_observe(engine, world);
    return ks_engine_settings(engine)->locked;
}

/* Nobody said what it is: its link does, and it is not forgotten when the link goes. */
static void test_learned(void)
{
    KsLink link = { .index = 3, .name = "wg0", .up = true };
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autoptr(GVariant) servers = servers_of(SERVER);
    KsWorld *world = ks_world_new();

    g_assert_nonnull(add_as(vpns, world, "Home", "wg0", "", servers, NULL));
    g_assert_nonnull(add_as(vpns, world, "Work", "wg1", "openvpn", servers, NULL));
    g_assert_false(ks_vpns_learn(vpns, world));
    g_array_append_val(world->links, link);
    g_assert_false(ks_vpns_learn(vpns, world));
    g_array_index(world->links, KsLink, 0).wireguard = true;
    g_assert_true(ks_vpns_learn(vpns, world));
    g_assert_false(ks_vpns_learn(vpns, world));
    g_array_set_size(world->links, 0);
    g_assert_false(ks_vpns_learn(vpns, world));
    g_assert_cmpstr(ks_vpns_get(vpns, 0)->type, ==, "wireguard");
    g_assert_cmpstr(ks_vpns_get(vpns, 1)->type, ==, "openvpn");
    ks_world_free(world);
}

/* What is let out beside a VPN: it locks nothing, and an older version would take it for one. */
static void test_overlay(void)
{
    KsSettings settings = KS_SETTINGS_DEFAULT;
    g_autoptr(KsEngine) engine = ks_engine_new(&settings, NULL);
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autoptr(KsVpns) again = NULL;
    g_autoptr(GVariant) none = servers_of("@a(ssq) []");
    g_autoptr(GError) error = NULL;
    KsByHand what = { .name = "Mesh", .interface = "mesh0", .type = "", .servers = none };
    g_autofree char *uuid = NULL;
    g_autofree char *text = NULL;

    g_assert_null(ks_vpns_add(vpns, world, &what, NULL)); /* a VPN needs a server */
    what.overlay = true;
    uuid = g_strdup(ks_vpns_add(vpns, world, &what, NULL));
    g_assert_nonnull(uuid);
    g_assert_null(add(vpns, "Home", "mesh0", SERVER, &error));
    g_assert_error(error, KS_ERROR, KS_ERROR_VPN_EXISTS);
    g_assert_false(ks_vpns_set_locks(vpns, uuid, KS_VPN_LOCKS_YES, NULL));
    g_assert_true(ks_vpns_set_servers(vpns, uuid, "", none, NULL));
    text = ks_vpns_to_text(vpns);
    g_assert_nonnull(strstr(text, "version=2"));
    again = ks_vpns_from_text(text, strlen(text), NULL);
    g_assert_true(ks_vpns_get(again, 0)->overlay);
    *strstr(strstr(text, "overlay="), "true") = 'T';
    g_assert_null(ks_vpns_from_text(text, strlen(text), NULL)); /* it would be a VPN */

    add_link(world, 3, "mesh0", true);
    g_array_index(world->links, KsLink, 0).default_route = true;
    ks_vpns_apply(again, world);
    (void) ks_engine_observe(engine, world);
    g_assert_false(ks_engine_settings(engine)->locked);
    g_assert_true(ks_lock_has_interface(ks_engine_lock(engine), 3));

    /* without one, old versions can read it */
    g_assert_true(ks_vpns_remove(again, uuid, NULL));
    g_free(text);
    text = ks_vpns_to_text(again);
    g_assert_nonnull(strstr(text, "version=1"));
}

static void test_which_lock(void)
{
    g_assert_true(locks(KS_VPN_LOCKS_AUTO, false));
    g_assert_true(locks(KS_VPN_LOCKS_YES, false));
    g_assert_false(locks(KS_VPN_LOCKS_NO, false));
    g_assert_false(locks(KS_VPN_LOCKS_AUTO, true)); /* it was up when it was set up */
    g_assert_false(locks(KS_VPN_LOCKS_YES, true));
}

static unsigned load(KsVpnsUnreadable unreadable, bool has_problem)
{
    g_autofree char *problem = NULL;
    g_autoptr(KsVpns) vpns = ks_vpns_load(unreadable, &problem);

    g_assert_cmpint(problem != NULL, ==, has_problem);
    return ks_vpns_count(vpns);
}

/* An older version runs for a while, and what it does not understand is there afterwards. */
static void test_newer(void)
{
    g_autofree char *folder = g_dir_make_tmp("ks-vpns-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "vpns", NULL);
    g_autofree char *newer = g_build_filename(folder, "vpns.newer", NULL);
    g_autoptr(KsVpns) vpns = ks_vpns_new();
    g_autoptr(KsVpns) none = ks_vpns_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_setenv("STATE_DIRECTORY", folder, TRUE);
    g_assert_nonnull(add(vpns, "Home", "wg0", SERVER, &error));
    text = ks_vpns_to_text(vpns);
    g_assert_true(g_file_set_contents(path, "[vpns]\nversion=3\n[what]\nis=this\n", -1, NULL));
    g_assert_cmpuint(load(KS_VPNS_LEFT_ALONE, true), ==, 0);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(load(KS_VPNS_SET_ASIDE, true), ==, 0);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(newer, G_FILE_TEST_EXISTS));
    /* still not understood, and still there */
    g_assert_cmpuint(load(KS_VPNS_SET_ASIDE, true), ==, 0);
    g_assert_true(g_file_test(newer, G_FILE_TEST_EXISTS));

    /* the newer version is back: to it, the text is plain */
    g_assert_true(g_file_set_contents(newer, text, -1, NULL));
    g_assert_cmpuint(load(KS_VPNS_SET_ASIDE, false), ==, 1);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(newer, G_FILE_TEST_EXISTS));

    /* ... and others were set up meanwhile: these hold */
    g_assert_cmpint(g_rename(path, newer), ==, 0);
    g_assert_true(ks_vpns_save(none, NULL));
    g_assert_cmpuint(load(KS_VPNS_SET_ASIDE, true), ==, 0);
    g_assert_true(g_file_test(newer, G_FILE_TEST_EXISTS));
    (void) g_unlink(path);
    (void) g_unlink(newer);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vpns/refused", test_refused);
    g_test_add_func("/vpns/bounds", test_bounds);
    g_test_add_func("/vpns/there-and-back", test_there_and_back);
    g_test_add_func("/vpns/senders", test_senders);
    g_test_add_func("/vpns/damaged", test_damaged);
    g_test_add_func("/vpns/same-uuid", test_same_uuid);
    g_test_add_func("/vpns/in-the-engine", test_in_the_engine);
    g_test_add_func("/vpns/learned", test_learned);
    g_test_add_func("/vpns/names-beside", test_names_beside);
    g_test_add_func("/vpns/name-of-a-profile", test_name_of_a_profile);
    g_test_add_func("/vpns/overlay", test_overlay);
    g_test_add_func("/vpns/which-lock", test_which_lock);
    g_test_add_func("/vpns/newer", test_newer);
    return g_test_run();
}
