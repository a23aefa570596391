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
    g_auto(GStrv) list = ks_always_on_list(settings, held);
    g_autofree char *text = g_strjoinv(" ", list);

    g_assert_cmpstr(text, ==, wanted);
}

/* It is wanted where that was said, and only as long as the network is what it was then. */
static void test_lists(void)
{
    char *usual[] = { (char *) "home", (char *) "work", NULL };
    char *networks[] = { (char *) "n1", (char *) "n2", (char *) "n3", NULL };
    char *places[] = { (char *) "p1", (char *) "p2", NULL };
    char *vpns[] = { (char *) "work", (char *) "other", (char *) "lost", NULL };
    KsSettings settings = {
        .always_on = usual, .here_networks = networks, .here_places = places, .here_vpns = vpns
    };

    assert_list(&settings, world_on("n1", "p1", true), "work home");
    assert_list(&settings, world_on("n2", "p2", true), "other home work");
    assert_list(&settings, world_on("n1", "p2", true), "home work");
    assert_list(&settings, world_on("n1", NULL, true), "home work");
    assert_list(&settings, world_on("n1", "p1", false), "home work");
    assert_list(&settings, world_on("n3", "p3", true), "home work"); /* a file cut short */
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
    g_auto(KsHere) first = { 0 };
    g_auto(KsHere) second = { 0 };
    g_auto(KsHere) third = { 0 };

    g_assert_false(ks_always_on_change_here(&settings, world, "home", both, &first));
    g_assert_null(first.networks); /* n2 is not there */
    g_assert_true(ks_always_on_change_here(&settings, world, "home", here, &first));
    settings.here_networks = g_strdupv(first.networks);
    settings.here_places = g_strdupv(first.places);
    settings.here_vpns = g_strdupv(first.vpns);
    g_assert_cmpstr(ks_always_on_here(&settings, world), ==, "home");
    g_assert_true(ks_always_on_change_here(&settings, world, "work", here, &second));
    g_assert_cmpuint(g_strv_length(second.networks), ==, 1);
    g_assert_cmpstr(second.places[0], ==, "p1");
    g_assert_cmpstr(second.vpns[0], ==, "work");
    g_assert_true(ks_always_on_change_here(&settings, world, "", both, &third));
    g_assert_cmpuint(g_strv_length(third.vpns), ==, 0);
}

/* There is an end to it. */
static void test_bound(void)
{
    const char *const here[] = { "n1", NULL };
    g_autoptr(KsWorld) world = world_on("n1", "p1", true);
    g_autoptr(GPtrArray) many = g_ptr_array_new_with_free_func(g_free);
    KsSettings settings = { 0 };
    g_auto(KsHere) changed = { 0 };

    for (unsigned i = 0; i < KS_LAN_NETWORKS_MAX; i++)
        g_ptr_array_add(many, g_strdup_printf("other%u", i));
    g_ptr_array_add(many, NULL);
    settings.here_networks = settings.here_places = settings.here_vpns = (char **) many->pdata;
    g_assert_false(ks_always_on_change_here(&settings, world, "home", here, &changed));
    g_assert_true(ks_always_on_change_here(&settings, world, "", here, &changed));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/always-on-here/lists", test_lists);
    g_test_add_func("/always-on-here/changes", test_changes);
    g_test_add_func("/always-on-here/bound", test_bound);
    return g_test_run();
}
