/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is told what of private profiles, and how much of it. */
#include "status-fixture.h"

#include "model/server.h"
#include "policy/exceptions.h"

#include <netinet/in.h>
#include <string.h>

static const KsViewer alice = { .user = "alice" };
static const KsViewer bob = { .user = "bob" };
static const KsViewer root = { .everything = true };

/* Every word of it, to search in. */
static char *told(Fixture *f, const KsViewer *viewer)
{
    g_autoptr(GVariant) status = NULL;

    f->facts.viewer = viewer;
    status = ks_status_describe(&f->facts);
    return g_variant_print(status, FALSE);
}

/* A user's own profile is told to that user and to root. */
static void test_private(Fixture *f, const void *data)
{
    static const char *const secrets[] = { "u-1", "Work", "192.0.2.1", "One entry is odd" };
    KsNetwork *network = ks_network_new("n-1", "Alices cafe", "eth0");
    char *users[] = { (char *) "alice", NULL };
    const struct {
        const KsViewer *viewer;
        bool sees;
    } rows[] = { { &alice, true }, { &root, true }, { &bob, false }, { NULL, false } };
    uint64_t mark;
    KsVpn *vpn;

    (void) data;
    add_vpn(f->world);
    vpn = g_ptr_array_index(f->world->vpns, 0);
    vpn->users = g_strdupv(users);
    vpn->left_out = true;
    network->index = ks_world_link_by_name(f->world, "eth0")->index;
    network->users = g_strdupv(users);
    g_ptr_array_add(f->world->networks, network);
    look(f);
    mark = ks_status_private_mark(&f->facts);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = told(f, rows[i].viewer);

        for (unsigned j = 0; j < G_N_ELEMENTS(secrets); j++)
            g_assert_cmpint(strstr(text, secrets[j]) != NULL, ==, rows[i].sees);
        g_assert_cmpint(strstr(text, "Alices cafe") != NULL, ==, rows[i].sees);
        g_assert_cmpint(ks_status_hides(f->world, rows[i].viewer), ==, !rows[i].sees);
        g_assert_nonnull(strstr(text, "tun0")); /* everybody sees that link */
        assert_state(f, "protected");
    }
    vpn->activity = KS_VPN_CONNECTING;
    look(f);
    g_assert_cmpuint(ks_status_private_mark(&f->facts), !=, mark);

    vpn->activity = KS_VPN_DOWN; /* the lock is closed: why is his alone, too */
    vpn->failure = KS_FAILURE_LOGIN;
    look(f);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = told(f, rows[i].viewer);

        g_assert_cmpint(strstr(text, "login-failed") != NULL, ==, rows[i].sees);
    }

    vpn->activity = KS_VPN_UP; /* and NetworkManager goes */
    vpn->failure = KS_FAILURE_NONE;
    look(f);
    g_ptr_array_set_size(f->world->vpns, 0);
    f->world->manager_present = f->world->manager_settled = false;
    look(f);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = told(f, rows[i].viewer);

        g_assert_cmpint(strstr(text, "Work") != NULL, ==, rows[i].sees);
        assert_state(f, "protected");
    }
    f->facts.viewer = NULL;
}

/* That LAN access is limited is told to all, to which network only to those who see it. */
static void test_lan_networks(Fixture *f, const void *data)
{
    static const char *const uuids[] = { "n-1", "n-2", "n-3", NULL };
    static const char *const places[] = { "", "", "", NULL };
    const struct {
        const KsViewer *viewer;
        const char *expected;
    } rows[] = {
        { &root, "n-1 n-2 n-3" },
        { &alice, "n-1 n-2 " },
        { &bob, " n-2 " }, /* n-3: NetworkManager has not told whose it is */
        { NULL, " n-2 " },
    };
    char *users[] = { (char *) "alice", NULL };
    uint64_t mark;

    (void) data;
    (void) ks_engine_set_lan_networks(f->engine, uuids, places);
    mark = ks_status_private_mark(&f->facts);
    g_assert_false(ks_status_hides(f->world, NULL));
    g_hash_table_insert(f->world->network_users, g_strdup("n-1"), g_strdupv(users));
    g_hash_table_insert(f->world->network_users, g_strdup("n-2"), NULL);
    g_assert_cmpuint(ks_status_private_mark(&f->facts), !=, mark);
    g_assert_true(ks_status_hides(f->world, &bob));
    g_assert_false(ks_status_hides(f->world, &alice));
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GVariant) status = NULL;
        g_autofree const char **told_of = NULL;
        g_autofree char *text = NULL;

        f->facts.viewer = rows[i].viewer;
        status = ks_status_describe(&f->facts);
        g_assert_true(g_variant_lookup(status, "lan_networks", "^a&s", &told_of));
        text = g_strjoinv(" ", (char **) told_of);
        g_assert_cmpstr(text, ==, rows[i].expected);
    }
    f->facts.viewer = NULL;
}

/* With NetworkManager go the servers of private profiles, but those of a tunnel that still uses
 * them. */
static void test_private_without_manager(Fixture *f, const void *data)
{
    char *users[] = { (char *) "alice", NULL };
    KsVpn *up;
    KsVpn *connecting;

    (void) data;
    add_vpn(f->world);
    up = g_ptr_array_index(f->world->vpns, 0);
    up->users = g_strdupv(users);
    connecting = ks_vpn_new("u-2", "Other", "openvpn");
    connecting->activity = KS_VPN_CONNECTING;
    connecting->users = g_strdupv(users);
    g_ptr_array_add(connecting->servers,
                    ks_server_new("192.0.2.7", IPPROTO_UDP, 7, KS_SERVER_FROM_PROFILE));
    g_ptr_array_add(f->world->vpns, connecting);
    look(f);
    g_assert_cmpuint(ks_engine_lock(f->engine)->sets[KS_SET_SERVERS4]->len, ==, 2);
    g_assert_cmpuint(ks_engine_lasting(f->engine)->sets[KS_SET_SERVERS4]->len, ==, 0);

    g_ptr_array_set_size(f->world->vpns, 0);
    f->world->manager_present = f->world->manager_settled = false;
    look(f);
    g_assert_cmpuint(ks_engine_lock(f->engine)->sets[KS_SET_SERVERS4]->len, ==, 1);
    g_assert_cmpuint(ks_lock_tunnels(ks_engine_lock(f->engine)), ==, 1);
    g_array_index(f->world->links, KsLink, 2).up = false; /* its tunnel goes */
    look(f);
    g_assert_cmpuint(ks_engine_lock(f->engine)->sets[KS_SET_SERVERS4]->len, ==, 0);
    g_array_index(f->world->links, KsLink, 2).up = true;
    look(f);
    g_assert_cmpuint(ks_engine_lock(f->engine)->sets[KS_SET_SERVERS4]->len, ==, 0);
}

/* An exception is told to all, its network only to those who see that. */
static void test_exceptions_on(Fixture *f, const void *data)
{
    KsExceptionWish wish = { .name = "NAS",
                             .to = "192.0.2.5",
                             .protocol = "",
                             .confirmed = true,
                             .on = { (char *) "n-1", (char *) "a place", (char *) "Alices cafe" } };
    KsExceptions *exceptions = ks_exceptions_new();
    KsNetwork *network = ks_network_new("n-1", "Alices cafe", "eth0");
    char *users[] = { (char *) "alice", NULL };
    const struct {
        const KsViewer *viewer;
        bool sees;
    } rows[] = { { &alice, true }, { &root, true }, { &bob, false }, { NULL, false } };
    uint64_t mark = ks_status_private_mark(&f->facts);

    (void) data;
    g_assert_true(ks_exceptions_add(exceptions, &wish, NULL, 0, NULL));
    f->world->exceptions = exceptions;
    network->index = ks_world_link_by_name(f->world, "eth0")->index;
    network->users = g_strdupv(users);
    network->place = g_strdup("a place");
    g_ptr_array_add(f->world->networks, network);
    g_hash_table_insert(f->world->network_users, g_strdup("n-1"), g_strdupv(users));
    g_assert_cmpuint(ks_status_private_mark(&f->facts), !=, mark);
    for (unsigned up = 0; up < 2; up++) {
        network->up = up;
        for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
            g_autofree char *text = told(f, rows[i].viewer);
            g_autoptr(GVariant) status = ks_status_describe(&f->facts);
            g_autoptr(GVariant) here = member(status, "exceptions");
            g_autoptr(GVariant) elsewhere = member(status, "exceptions_elsewhere");
            g_autoptr(GVariant) known = member(status, "known_networks");

            g_assert_nonnull(strstr(text, "192.0.2.5"));
            g_assert_cmpint(strstr(text, "Alices cafe") != NULL, ==, rows[i].sees);
            g_assert_cmpint(strstr(text, "n-1") != NULL, ==, rows[i].sees);
            g_assert_cmpuint(g_variant_n_children(here), ==, up);
            g_assert_cmpuint(g_variant_n_children(elsewhere), ==, !up);
            g_assert_cmpuint(g_variant_n_children(known), ==, rows[i].sees);
        }
    }
    f->facts.viewer = NULL;
    f->world->exceptions = NULL;
    ks_exceptions_free(exceptions);
}

/* However much there is, it is one message, and what is missing is said. */
static void test_bounds(Fixture *f, const void *data)
{
    g_autoptr(GVariant) status = NULL;

    (void) data;
    for (unsigned i = 0; i < 40000; i++) {
        KsVpn *vpn = ks_vpn_new("aaaaaaaa-0000-0000-0000-000000000001", "name", "openvpn");

        vpn->left_out = true;
        g_ptr_array_add(vpn->warnings, g_strdup("odd"));
        g_ptr_array_add(vpn->servers,
                        ks_server_new("192.0.2.1", IPPROTO_UDP, 1194, KS_SERVER_FROM_PROFILE));
        g_ptr_array_add(f->world->vpns, vpn);
    }
    look(f);
    status = ks_status_describe(&f->facts);
    g_assert_cmpuint(g_variant_get_size(status), <, 3 * KS_STATUS_LIST_MAX);
    g_assert_true(warns(f, "more VPNs or servers than this list can hold"));
    g_assert_true(warns(f, "left out: name, name, name and 39997 more"));
    g_assert_true(warns(f, "39936 more such warnings"));
}

static void change_a_vpn(GRand *dice, GPtrArray *vpns)
{
    static const char *const names[] = { "", "Home", "Work", "A rather long name" };
    unsigned which = (unsigned) g_rand_int_range(dice, 0, (int) vpns->len + 1);
    KsVpn *vpn = which < vpns->len ? g_ptr_array_index(vpns, which) : NULL;
    uint16_t port = (uint16_t) g_rand_int_range(dice, 1, 4);
    const char *name = names[g_rand_int_range(dice, 0, G_N_ELEMENTS(names))];

    switch (g_rand_int_range(dice, 0, 5)) {
    case 0:
        g_ptr_array_insert(vpns, (int) which,
                           ks_vpn_new("aaaaaaaa-0000-0000-0000-000000000001", name, "openvpn"));
        break;
    case 1:
        if (vpn)
            g_ptr_array_remove_index(vpns, which);
        break;
    case 2:
        if (vpn)
            g_ptr_array_add(vpn->servers,
                            ks_server_new("192.0.2.1", IPPROTO_UDP, port, KS_SERVER_FROM_PROFILE));
        break;
    case 3:
        if (vpn && vpn->servers->len > 0)
            g_ptr_array_remove_index(vpn->servers, 0);
        break;
    default:
        if (vpn)
            vpn->locks = vpn->locks == KS_VPN_LOCKS_NO ? KS_VPN_LOCKS_YES : KS_VPN_LOCKS_NO;
    }
}

/* An entry that was told has to fit as well: they grow, the last one first. */
static void test_told_and_full(Fixture *f, const void *data)
{
    g_autofree char *name = g_strnfill(KS_STATUS_LIST_MAX - 1000, 'x');
    KsStatusTold told = { 0 };

    (void) data;
    for (unsigned i = 0; i < 5; i++)
        g_ptr_array_add(f->world->vpns,
                        ks_vpn_new("aaaaaaaa-0000-0000-0000-000000000001", "name", "openvpn"));
    for (unsigned i = 5; i-- > 0;) {
        KsVpn *vpn = g_ptr_array_index(f->world->vpns, i);
        g_autoptr(GVariant) with = NULL;
        g_autoptr(GVariant) without = NULL;

        g_free(vpn->name);
        vpn->name = g_strdup(name);
        f->facts.told = &told;
        with = ks_status_describe(&f->facts);
        f->facts.told = NULL;
        without = ks_status_describe(&f->facts);
        g_assert_true(g_variant_equal(with, without));
    }
    ks_status_told_clear(&told);
}

static bool is_part_of(GVariant *part, GVariant *whole)
{
    const char *begin = g_variant_get_data(whole);
    const char *at = g_variant_get_data(part);

    return g_variant_get_size(part) == 0 ||
           (at >= begin && at + g_variant_get_size(part) <= begin + g_variant_get_size(whole));
}

/* Whatever was told before, the same is told now, and there is one copy of it. */
static void test_told_before(Fixture *f, const void *data)
{
    g_autoptr(GRand) dice = g_rand_new_with_seed(17);
    KsStatusTold told = { 0 };

    (void) data;
    for (unsigned i = 0; i < 600; i++) {
        g_autoptr(GVariant) with = NULL;
        g_autoptr(GVariant) without = NULL;

        change_a_vpn(dice, f->world->vpns);
        f->facts.told = &told;
        with = ks_status_describe(&f->facts);
        f->facts.told = NULL;
        without = ks_status_describe(&f->facts);
        g_assert_cmpvariant(with, without);
        g_assert_true(is_part_of(told.vpns.value, with));
        g_assert_true(is_part_of(told.servers.value, with));
    }
    ks_status_told_clear(&told);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("private", test_private);
    CASE("lan-networks", test_lan_networks);
    CASE("private-without-manager", test_private_without_manager);
    CASE("exceptions-on", test_exceptions_on);
    CASE("bounds", test_bounds);
    CASE("told-before", test_told_before);
    CASE("told-and-full", test_told_and_full);
    return g_test_run();
}
