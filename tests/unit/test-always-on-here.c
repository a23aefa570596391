/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VPN is always on where. */
#include "policy/always-on-here.h"

static KsWorld *world_on(const char *uuid, const char *place, bool leads_out)
{
    KsWorld *world = ks_world_new();
    KsNetwork *network = ks_network_new(uuid, "name", "eth0");

    network->place = g_strdup(place);
    network->up = true;
    network->leads_out = leads_out;
    g_ptr_array_add(world->networks, network);
    return world;
}

static void assert_list(const KsSettings *settings, KsWorld *world, const char *wanted)
{
    g_autoptr(KsWorld) held = world;
    g_auto(GStrv) list = ks_always_on_list(settings, ks_always_on_here(settings, held));
    g_autofree char *text = g_strjoinv(" ", list);

    g_assert_cmpstr(text, ==, wanted);
}

/* It is wanted where that was said, and only as long as the network is what it was then. */
static void test_lists(void)
{
    char *usual[] = { (char *) "home", (char *) "work", NULL };
    char *networks[] = { (char *) "n1", (char *) "n2", NULL };
    char *places[] = { (char *) "p1", (char *) "p2", NULL };
    char *vpns[] = { (char *) "work", (char *) "other", NULL };
    KsSettings settings = {
        .always_on = usual, .here_networks = networks, .here_places = places, .here_vpns = vpns
    };

    assert_list(&settings, world_on("n1", "p1", true), "work home");
    assert_list(&settings, world_on("n2", "p2", true), "other home work");
    assert_list(&settings, world_on("n1", "p2", true), "home work");
    assert_list(&settings, world_on("n1", NULL, true), "home work");
    assert_list(&settings, world_on("n1", "p1", false), "home work");
    assert_list(&settings, world_on("n4", "p1", true), "home work");
    settings.always_on = NULL;
    assert_list(&settings, world_on("n2", "p2", true), "other");
    assert_list(&settings, world_on("n4", "p1", true), "");
}

static void test_changes(void)
{
    const char *const here[] = { "n1", NULL };
    const char *const both[] = { "n1", "n2", NULL };
    g_autoptr(KsWorld) world = world_on("n1", "p1", true);
    g_auto(KsSettings) settings = { 0 };
    g_auto(KsHere) refused = { 0 };
    g_auto(KsHere) first = { 0 };
    g_auto(KsHere) second = { 0 };
    g_auto(KsHere) third = { 0 };

    g_assert_cmpint(ks_always_on_change_here(&settings, world, "home", both, &refused), ==,
                    KS_HERE_NOT_KNOWN);
    g_assert_cmpint(ks_always_on_change_here(&settings, world, "home", here, &first), ==,
                    KS_HERE_DONE);
    settings.here_networks = g_strdupv(first.networks);
    settings.here_places = g_strdupv(first.places);
    settings.here_vpns = g_strdupv(first.vpns);
    g_assert_cmpstr(ks_always_on_here(&settings, world), ==, "home");
    g_assert_cmpint(ks_always_on_change_here(&settings, world, "work", here, &second), ==,
                    KS_HERE_DONE);
    g_assert_cmpuint(g_strv_length(second.networks), ==, 1);
    g_assert_cmpstr(second.places[0], ==, "p1");
    g_assert_cmpstr(second.vpns[0], ==, "work");
    g_assert_cmpint(ks_always_on_change_here(&settings, world, "", both, &third), ==, KS_HERE_DONE);
    g_assert_cmpuint(g_strv_length(third.vpns), ==, 0);
}

/* Of a network that is away, what it was when something was said of it. */
static void test_away(void)
{
    static const struct {
        const char *lan;   /* the place that LAN access knows; NULL: it has none */
        const char *here;  /* the place of a VPN of its own */
        const char *known; /* NULL: nobody knows */
    } rows[] = {
        { NULL, NULL, NULL }, { "", NULL, NULL },   { "p1", NULL, "p1" },
        { NULL, "p1", "p1" }, { "p2", "p1", "p1" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *network[] = { (char *) "n1", NULL };
        char *lan[] = { (char *) rows[i].lan, NULL };
        char *here[] = { (char *) rows[i].here, NULL };
        char *vpn[] = { (char *) "work", NULL };
        KsSettings settings = { 0 };
        g_autoptr(KsWorld) away = world_on("n2", "p3", true);
        g_autoptr(KsWorld) up = world_on("n1", "p4", true);
        g_auto(KsHere) changed = { 0 };

        if (rows[i].lan) {
            settings.lan_networks = network;
            settings.lan_places = lan;
        }
        if (rows[i].here) {
            settings.here_networks = network;
            settings.here_places = here;
            settings.here_vpns = vpn;
        }
        g_assert_cmpstr(ks_always_on_place(&settings, away, "n1"), ==, rows[i].known);
        g_assert_cmpstr(ks_always_on_place(&settings, up, "n1"), ==, "p4");
        g_assert_cmpint(ks_always_on_change_here(&settings, away, "home",
                                                 (const char *const *) network, &changed),
                        ==, rows[i].known ? KS_HERE_DONE : KS_HERE_NOT_KNOWN);
        if (rows[i].known)
            g_assert_cmpstr(changed.places[0], ==, rows[i].known);
    }
}

/* There is an end to it. */
static void test_bound(void)
{
    const char *const here[] = { "n1", NULL };
    g_autoptr(KsWorld) world = world_on("n1", "p1", true);
    g_autoptr(GPtrArray) many = g_ptr_array_new_with_free_func(g_free);
    KsSettings settings = { 0 };
    g_auto(KsHere) refused = { 0 };
    g_auto(KsHere) none = { 0 };

    for (unsigned i = 0; i < KS_LAN_NETWORKS_MAX; i++)
        g_ptr_array_add(many, g_strdup_printf("other%u", i));
    g_ptr_array_add(many, NULL);
    settings.here_networks = settings.here_places = settings.here_vpns = (char **) many->pdata;
    g_assert_cmpint(ks_always_on_change_here(&settings, world, "home", here, &refused), ==,
                    KS_HERE_TOO_MANY);
    g_assert_cmpint(ks_always_on_change_here(&settings, world, "", here, &none), ==, KS_HERE_DONE);
}

static bool is_not_n1(const char *uuid, const void *data)
{
    (void) data;
    return !g_str_equal(uuid, "n1");
}

static void test_forgets(void)
{
    char *networks[] = { (char *) "n1", (char *) "n2", NULL };
    char *places[] = { (char *) "p1", (char *) "p2", NULL };
    char *vpns[] = { (char *) "work", (char *) "other", NULL };
    KsSettings settings = { .here_networks = networks, .here_places = places, .here_vpns = vpns };
    g_auto(KsHere) left = { 0 };
    g_auto(KsHere) same = { 0 };

    g_assert_true(ks_always_on_forget_here(&settings, is_not_n1, NULL, &left));
    g_assert_cmpuint(g_strv_length(left.networks), ==, 1);
    g_assert_cmpstr(left.networks[0], ==, "n2");
    g_assert_cmpstr(left.places[0], ==, "p2");
    g_assert_cmpstr(left.vpns[0], ==, "other");
    networks[0] = networks[1];
    g_assert_false(ks_always_on_forget_here(&settings, is_not_n1, NULL, &same));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/always-on-here/lists", test_lists);
    g_test_add_func("/always-on-here/changes", test_changes);
    g_test_add_func("/always-on-here/away", test_away);
    g_test_add_func("/always-on-here/bound", test_bound);
    g_test_add_func("/always-on-here/forgets", test_forgets);
    return g_test_run();
}
