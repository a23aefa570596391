/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VPN that is always on, and the link that carries it. */
#include "always-on-fixture.h"
#include "model/server.h"

#include <netinet/in.h>

/* NetworkManager goes on saying that it is up. */
static void test_lost_link(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    for (unsigned i = 0; i < 2; i++) {
        come_up(&m, FIRST);
        m.lost[FIRST] = true;
        look(&m);
        g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
        g_assert_cmpint(m.step.wake - m.now, ==, KS_ALWAYS_ON_LOST);
        wait_for_next(&m);
        assert_asked_to_end(&m, FIRST);
        ks_always_on_answer(m.always, true);
        end_by_person(&m, FIRST); /* as NetworkManager says of what we ask */
        m.lost[FIRST] = false;
        look(&m);
        g_assert_false(ks_always_on_is_held(m.always));
        assert_waits(&m, KS_WAIT_DROPPED, (1 << i) * SEC);
        wait_for_next(&m);
    }
    come_up(&m, FIRST); /* its program made another */
    m.lost[FIRST] = true;
    look(&m);
    m.lost[FIRST] = false;
    m.now += KS_ALWAYS_ON_LOST;
    look(&m);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    g_assert_cmpint(m.step.wake, ==, 0);
    m.lost[FIRST] = true; /* a person was faster */
    look(&m);
    end_by_person(&m, FIRST);
    look(&m);
    g_assert_true(ks_always_on_is_held(m.always));
}

/* One that never had a link of its own has not lost it (SSH that forwards ports). */
static void test_no_link(void)
{
    g_auto(Machine) m = machine_new(one);

    m.lost[FIRST] = true;
    look(&m);
    come_up(&m, FIRST);
    m.now += KS_ALWAYS_ON_LOST;
    look(&m);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    g_assert_cmpint(m.step.wake, ==, 0);
}

/* It went while no guard was there, or before this VPN was chosen. */
static void test_link_lost_before(void)
{
    g_auto(Machine) m = machine_new(one);

    m.vpns[FIRST]->activity = KS_VPN_UP;
    m.lost[FIRST] = true;
    look(&m);
    g_assert_cmpint(m.step.wake, ==,
                    0); /* NetworkManager has not told its addresses, or it has none */
    m.vpns[FIRST]->given_interface = true;
    look(&m);
    g_assert_cmpint(m.step.wake - m.now, ==, KS_ALWAYS_ON_LOST);
    wait_for_next(&m);
    assert_asked_to_end(&m, FIRST);
    ks_always_on_answer(m.always, true);
    end_by_person(&m, FIRST); /* as NetworkManager says of what we ask */
    look(&m);
    g_assert_false(ks_always_on_is_held(m.always));
    assert_waits(&m, KS_WAIT_DROPPED, SEC);
    wait_for_next(&m);
    come_up(&m, FIRST); /* and is on no link that we know, as before: that is its way */
    m.now += KS_ALWAYS_ON_LOST;
    look(&m);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    g_assert_cmpint(m.step.wake, ==, 0);
}

/* IPsec may do without one, and its policies may not be known yet. */
static void test_ipsec_lost_before(void)
{
    g_auto(Machine) m = machine_new(one);
    KsServer *server = ks_server_new("198.51.100.1", IPPROTO_ESP, 0, KS_SERVER_FROM_PROFILE);

    server->sender = KS_SENDER_KERNEL;
    g_free(m.vpns[FIRST]->type);
    m.vpns[FIRST]->type = g_strdup("strongswan");
    g_ptr_array_add(m.vpns[FIRST]->servers, server);
    g_assert_true(ks_vpn_uses_ipsec(m.vpns[FIRST]));
    m.vpns[FIRST]->given_interface = true;
    m.vpns[FIRST]->activity = KS_VPN_UP;
    m.lost[FIRST] = true;
    look(&m);
    g_assert_cmpint(m.step.wake, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/always-on-links/lost", test_lost_link);
    g_test_add_func("/always-on-links/none", test_no_link);
    g_test_add_func("/always-on-links/lost-before", test_link_lost_before);
    g_test_add_func("/always-on-links/ipsec", test_ipsec_lost_before);
    return g_test_run();
}
