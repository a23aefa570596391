/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "always-on-fixture.h"
#include "policy/status-always-on.h"
#include "policy/tunnel.h"

/* ---- what it does ---- */

static void test_off(void)
{
    g_auto(Machine) m = machine_new(NULL);

    look(&m);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    g_assert_cmpint(ks_always_on_view(m.always).state, ==, KS_ALWAYS_ON_OFF);
}

static void test_backs_off(void)
{
    static const int64_t waits[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 };
    g_auto(Machine) m = machine_new(one);

    look(&m);
    for (unsigned i = 0; i < G_N_ELEMENTS(waits); i++) {
        fail(&m, FIRST, KS_FAILURE_TIMEOUT);
        assert_waits(&m, KS_WAIT_FAILED, waits[i] * SEC);
        g_assert_cmpint(ks_always_on_view(m.always).failure, ==, KS_FAILURE_TIMEOUT);
        wait_for_next(&m);
    }
    fail(&m, FIRST, KS_FAILURE_TIMEOUT);
    m.world->network_mark++; /* at once, and from the beginning */
    look(&m);
    fail(&m, FIRST, KS_FAILURE_TIMEOUT);
    assert_waits(&m, KS_WAIT_FAILED, SEC);
    ks_always_on_wake(m.always);
    look(&m);
    assert_asked(&m, FIRST);
}

static void test_drops(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    for (unsigned i = 0; i < 3; i++) { /* it flaps */
        come_up(&m, FIRST);
        m.now += KS_ALWAYS_ON_STEADY - 1;
        end(&m, FIRST, KS_FAILURE_SERVICE);
        look(&m);
        assert_waits(&m, KS_WAIT_DROPPED, (1 << i) * SEC);
        wait_for_next(&m);
    }
    come_up(&m, FIRST);
    m.now += KS_ALWAYS_ON_STEADY;
    end(&m, FIRST, KS_FAILURE_SERVICE);
    look(&m);
    assert_waits(&m, KS_WAIT_DROPPED, SEC);
}

static void test_falls_back(void)
{
    g_auto(Machine) m = machine_new(both);

    stand_in(&m);
    g_assert_cmpint(m.step.wake - m.now, ==, KS_ALWAYS_ON_AGAIN);
    for (unsigned i = 0; i < 4; i++) { /* each failure costs nothing: the other stays */
        wait_for_next(&m);
        fail(&m, FIRST, KS_FAILURE_TIMEOUT);
        g_assert_cmpint(ks_always_on_view(m.always).state, ==, KS_ALWAYS_ON_UP);
        g_assert_cmpint(m.step.wake - m.now, ==, KS_ALWAYS_ON_AGAIN);
    }
    m.world->network_mark++;
    look(&m);
    assert_asked(&m, FIRST);
}

/* The new one is up, with its tunnel, before the old one goes. */
static void test_swaps(void)
{
    g_auto(Machine) m = machine_new(both);

    stand_in(&m);
    wait_for_next(&m);
    take(&m, FIRST);
    m.vpns[FIRST]->activity = KS_VPN_UP;
    m.step = ks_always_on_observe(m.always, m.world, m.tunnels, m.now);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING); /* it has no tunnel yet */
    look(&m);
    assert_asked_to_end(&m, SECOND);
    ks_always_on_answer(m.always, true);
    end_by_person(&m, SECOND); /* as NetworkManager says of what we ask */
    look(&m);
    g_assert_false(ks_always_on_is_held(m.always));
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    g_assert_cmpstr(ks_always_on_view(m.always).uuid, ==, uuids[FIRST]);
    m.now += KS_ALWAYS_ON_AGAIN;
    look(&m);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
}

/* Two that a person connected stay. */
static void test_leaves_two_of_a_person(void)
{
    g_auto(Machine) m = machine_new(both);

    look(&m);
    come_up(&m, FIRST);
    begin(&m, SECOND);
    look(&m);
    m.vpns[SECOND]->activity = KS_VPN_UP;
    look(&m);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
}

/* What a person connects stays, also when the time of the first has come. */
static void test_keeps_what_a_person_connects(void)
{
    g_auto(Machine) m = machine_new(all);

    stand_in(&m);
    m.world->network_mark++; /* now the first is due */
    m.world->online = KS_ONLINE_NOT;
    look(&m);
    m.world->online = KS_ONLINE;
    m.world->network_mark++;
    end(&m, SECOND, KS_FAILURE_SERVICE);
    begin(&m, OTHER);
    look(&m);
    m.vpns[OTHER]->activity = KS_VPN_UP;
    look(&m);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
        g_assert_cmpstr(ks_always_on_view(m.always).uuid, ==, uuids[OTHER]);
        m.now += KS_ALWAYS_ON_AGAIN;
        m.world->network_mark++;
        look(&m);
    }
    ks_always_on_want(m.always); /* the first is named again */
    look(&m);
    assert_asked(&m, FIRST);
}

/* The time of the first is of this standing in, not of one before. */
static void test_time_of_the_first_ends(void)
{
    g_auto(Machine) m = machine_new(both);

    stand_in(&m);
    m.now += KS_ALWAYS_ON_AGAIN / 2;
    end(&m, SECOND, KS_FAILURE_SERVICE);
    look(&m);
    m.now = m.step.wake;
    look(&m);
    come_up(&m, SECOND);
    g_assert_cmpint(m.step.wake - m.now, ==, KS_ALWAYS_ON_AGAIN);
}

/* A person's that was there before we looked is not known from one of ours. */
static void test_first_look(void)
{
    g_auto(Machine) m = machine_new(both);

    m.vpns[SECOND]->activity = KS_VPN_UP;
    look(&m);
    assert_asked(&m, FIRST);
}

static KsLink *add_wireguard(Machine *m)
{
    KsLink link = { .index = 10, .name = "tun0", .up = true, .wireguard = true };

    g_array_append_val(m->world->links, link);
    return &g_array_index(m->world->links, KsLink, m->world->links->len - 1);
}

/* WireGuard is up before its server has said a word. */
static void test_dead_wireguard(void)
{
    g_auto(Machine) m = machine_new(both);
    KsLink *link = add_wireguard(&m);
    int64_t begun;

    stand_in(&m);
    wait_for_next(&m);
    come_up(&m, FIRST);
    for (begun = m.now; m.now < begun + 30 * SEC; look(&m)) {
        g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
        g_assert_cmpint(m.step.wake, >, m.now);
        m.now = m.step.wake;
    }
    g_assert_cmpint(m.now, ==, begun + 30 * SEC);
    assert_asked_to_end(&m, FIRST);
    ks_always_on_answer(m.always, true);
    end_by_person(&m, FIRST);
    look(&m);
    g_assert_false(ks_always_on_is_held(m.always));
    g_assert_cmpstr(ks_always_on_view(m.always).uuid, ==, uuids[SECOND]);
    g_assert_cmpint(m.step.wake - m.now, ==, KS_ALWAYS_ON_AGAIN);
    wait_for_next(&m);
    come_up(&m, FIRST);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    link->traffic.received = 92;
    m.now = m.step.wake;
    look(&m);
    assert_asked_to_end(&m, SECOND);
}

/* ... and one that has stopped answering takes nothing over. */
static void test_silent_first(void)
{
    g_auto(Machine) m = machine_new(both);
    KsLink *link = add_wireguard(&m);

    link->traffic.received = 92;
    stand_in(&m);
    wait_for_next(&m);
    take(&m, FIRST);
    m.vpns[FIRST]->activity = KS_VPN_UP;
    look(&m);
    assert_asked_to_end(&m, SECOND);
    for (unsigned i = 0; i < m.tunnels->len; i++)
        g_array_index(m.tunnels, KsTunnel, i).silent = 1;
    ks_always_on_answer(m.always, false);
    m.step = ks_always_on_observe(m.always, m.world, m.tunnels, m.now);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    m.now += 30 * SEC;
    m.step = ks_always_on_observe(m.always, m.world, m.tunnels, m.now);
    assert_asked_to_end(&m, FIRST);
}

static void test_gives_up_for_other(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    take(&m, FIRST); /* and it hangs */
    m.vpns[OTHER]->activity = KS_VPN_UP;
    look(&m);
    assert_asked_to_end(&m, FIRST);
    ks_always_on_answer(m.always, true);
    end_by_person(&m, FIRST);
    look(&m);
    assert_waits(&m, KS_WAIT_OTHER, 0);
    m.vpns[OTHER]->activity = KS_VPN_DOWN;
    look(&m);
    assert_asked(&m, FIRST);
}

static void test_gives_up_for_person(void)
{
    g_auto(Machine) m = machine_new(both);

    stand_in(&m);
    wait_for_next(&m);
    take(&m, FIRST);
    end_by_person(&m, SECOND);
    look(&m);
    assert_asked_to_end(&m, FIRST);
    ks_always_on_answer(m.always, false); /* and it comes up */
    m.vpns[FIRST]->activity = KS_VPN_UP;
    look(&m);
    wait_for_next(&m);
    assert_asked_to_end(&m, FIRST);
    ks_always_on_answer(m.always, true);
    end_by_person(&m, FIRST);
    look(&m);
    assert_waits(&m, KS_WAIT_PERSON, 0);
}

/* NetworkManager did not disconnect what it was asked to, or was too slow. */
static void test_asks_again(void)
{
    g_auto(Machine) m = machine_new(both);

    stand_in(&m);
    wait_for_next(&m);
    come_up(&m, FIRST);
    for (unsigned i = 0; i < 4; i++) {
        assert_asked_to_end(&m, SECOND);
        ks_always_on_answer(m.always, i % 2);
        look(&m);
        g_assert_cmpint(m.step.wake - m.now, ==, 30 * SEC);
        g_assert_cmpint(ks_always_on_view(m.always).next, ==, 0);
        wait_for_next(&m);
    }
    ks_always_on_answer(m.always, false);
    end_by_person(&m, SECOND); /* somebody did */
    look(&m);
    g_assert_true(ks_always_on_is_held(m.always));
}

static void test_person_disconnects(void)
{
    g_auto(Machine) m = machine_new(both);

    look(&m);
    come_up(&m, FIRST);
    end_by_person(&m, FIRST);
    look(&m);
    assert_waits(&m, KS_WAIT_PERSON, 0);
    m.world->network_mark++;
    ks_always_on_wake(m.always);
    look(&m);
    assert_waits(&m, KS_WAIT_PERSON, 0);
    begin(&m, SECOND); /* `nmcli connection up` */
    look(&m);
    g_assert_false(ks_always_on_is_held(m.always));
    end(&m, SECOND, KS_FAILURE_TIMEOUT);
    look(&m);
    assert_asked(&m, SECOND);
    end_by_person(&m, SECOND);
    ks_always_on_answer(m.always, true);
    m.vpns[SECOND]->attempt++;
    look(&m);
    assert_waits(&m, KS_WAIT_PERSON, 0);
    ks_always_on_want(m.always);
    look(&m);
    assert_asked(&m, FIRST);
}

/* What was said of an attempt before is not said of one that NetworkManager did not begin. */
static void test_refused_by_manager(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    come_up(&m, FIRST);
    end_by_person(&m, FIRST);
    look(&m);
    ks_always_on_want(m.always);
    look(&m);
    assert_asked(&m, FIRST);
    look(&m); /* no answer yet */
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    ks_always_on_answer(m.always, true);
    look(&m);
    assert_waits(&m, KS_WAIT_FAILED, SEC);
    g_assert_cmpint(ks_always_on_view(m.always).failure, ==, KS_FAILURE_NONE);
}

static void test_held_over_restart(void)
{
    g_auto(Machine) m = machine_new(one);

    ks_always_on_free(m.always);
    m.always = ks_always_on_new(true);
    ks_always_on_choose(m.always, one);
    look(&m);
    assert_waits(&m, KS_WAIT_PERSON, 0);
}

static void test_waits_for_network(void)
{
    g_auto(Machine) m = machine_new(one);

    m.world->online = KS_ONLINE_NOT;
    look(&m);
    assert_waits(&m, KS_WAIT_NETWORK, 0);
    m.world->online = KS_ONLINE_PORTAL;
    look(&m);
    assert_waits(&m, KS_WAIT_PORTAL, 0);
    m.world->online = KS_ONLINE;
    look(&m);
    fail(&m, FIRST, KS_FAILURE_TIMEOUT);
    m.world->online = KS_ONLINE_PORTAL;
    look(&m);
    assert_waits(&m, KS_WAIT_PORTAL, 0);
    m.world->online = KS_ONLINE; /* somebody logged in to the network */
    look(&m);
    assert_asked(&m, FIRST);
}

static void test_manager_restarts(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    come_up(&m, FIRST);
    m.world->manager_present = false;
    m.vpns[FIRST]->activity = KS_VPN_DOWN;
    m.vpns[FIRST]->attempt = 0;
    look(&m);
    assert_waits(&m, KS_WAIT_MANAGER, 0);
    m.world->manager_present = true;
    look(&m);
    assert_asked(&m, FIRST);
}

static void test_other_vpn(void)
{
    g_auto(Machine) m = machine_new(both);

    begin(&m, OTHER);
    look(&m);
    assert_waits(&m, KS_WAIT_OTHER, 0);
    m.vpns[OTHER]->activity = KS_VPN_UP;
    look(&m);
    assert_waits(&m, KS_WAIT_OTHER, 0);
    g_array_index(m.tunnels, KsTunnel, 0).default_route = false; /* a VPN for some networks only */
    m.step = ks_always_on_observe(m.always, m.world, m.tunnels, m.now);
    assert_asked(&m, FIRST);
}

static void test_profiles(void)
{
    g_auto(Machine) m = machine_new(both);
    char *users[] = { (char *) "eve", NULL };

    g_ptr_array_remove(m.world->vpns, m.vpns[SECOND]);
    m.vpns[SECOND] = ks_vpn_new("u-else", "u-second", "openvpn"); /* its name alone is nothing */
    g_ptr_array_add(m.world->vpns, m.vpns[SECOND]);
    m.vpns[FIRST]->users = g_strdupv(users);
    look(&m);
    assert_waits(&m, KS_WAIT_PROFILE, 0);
    connect_by_person(&m, FIRST); /* its owner connects it: it is another VPN */
    assert_waits(&m, KS_WAIT_OTHER, 0);
    end(&m, FIRST, KS_FAILURE_NONE);
    g_clear_pointer(&m.vpns[FIRST]->users, g_strfreev);
    look(&m);
    assert_asked(&m, FIRST);
}

static void test_secrets_of_person(void)
{
    g_auto(Machine) m = machine_new(one);

    m.vpns[FIRST]->secrets_of_person = true;
    look(&m);
    assert_waits(&m, KS_WAIT_LOGIN, 0);
    m.world->logged_in = true;
    m.world->logins = 1;
    look(&m);
    for (unsigned i = 0; i < KS_ALWAYS_ON_TRIES - 1; i++) { /* the session may still be starting */
        fail(&m, FIRST, KS_FAILURE_NO_SECRETS);
        assert_waits(&m, KS_WAIT_FAILED, 10 * SEC);
        wait_for_next(&m);
    }
    fail(&m, FIRST, KS_FAILURE_NO_SECRETS);
    assert_waits(&m, KS_WAIT_NEEDS_PERSON, 0);
    m.world->network_mark++;
    look(&m);
    assert_waits(&m, KS_WAIT_NEEDS_PERSON, 0);
    m.world->logins++;
    look(&m);
    assert_asked(&m, FIRST);
}

/* Trying again may lock an account. */
static void test_refused_login(void)
{
    g_auto(Machine) m = machine_new(both);

    look(&m);
    fail(&m, FIRST, KS_FAILURE_NONE);
    assert_waits(&m, KS_WAIT_FAILED, SEC);
    m.vpns[FIRST]->failure = KS_FAILURE_LOGIN; /* its program's word, a moment later */
    look(&m);
    g_assert_cmpstr(ks_always_on_view(m.always).uuid, ==, uuids[SECOND]);
    wait_for_next(&m);
    fail(&m, SECOND, KS_FAILURE_LOGIN);
    m.world->network_mark++;
    look(&m);
    assert_waits(&m, KS_WAIT_NEEDS_PERSON, 0);
    g_assert_cmpint(ks_always_on_view(m.always).failure, ==, KS_FAILURE_LOGIN);
    ks_always_on_want(m.always);
    look(&m);
    fail(&m, FIRST, KS_FAILURE_LOGIN_NEEDED);
    g_assert_cmpstr(ks_always_on_view(m.always).uuid, ==, uuids[SECOND]);
    begin(&m, FIRST);
    look(&m);
    m.vpns[FIRST]->activity = KS_VPN_UP;
    look(&m);
    end(&m, FIRST, KS_FAILURE_SERVICE);
    look(&m);
    wait_for_next(&m);
    assert_asked(&m, FIRST);
}

/* Naming it is a person's wish. */
static void test_named_after_refusal(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    fail(&m, FIRST, KS_FAILURE_LOGIN);
    assert_waits(&m, KS_WAIT_NEEDS_PERSON, 0);
    ks_always_on_choose(m.always, NULL);
    look(&m);
    ks_always_on_want(m.always);
    ks_always_on_choose(m.always, one);
    look(&m);
    fail(&m, FIRST, KS_FAILURE_LOGIN);
    assert_waits(&m, KS_WAIT_NEEDS_PERSON, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/always-on/off", test_off);
    g_test_add_func("/always-on/backs-off", test_backs_off);
    g_test_add_func("/always-on/drops", test_drops);
    g_test_add_func("/always-on/falls-back", test_falls_back);
    g_test_add_func("/always-on/swaps", test_swaps);
    g_test_add_func("/always-on/two-of-a-person", test_leaves_two_of_a_person);
    g_test_add_func("/always-on/keeps-a-persons", test_keeps_what_a_person_connects);
    g_test_add_func("/always-on/time-of-the-first", test_time_of_the_first_ends);
    g_test_add_func("/always-on/first-look", test_first_look);
    g_test_add_func("/always-on/dead-wireguard", test_dead_wireguard);
    g_test_add_func("/always-on/silent-first", test_silent_first);
    g_test_add_func("/always-on/gives-up-for-other", test_gives_up_for_other);
    g_test_add_func("/always-on/gives-up-for-person", test_gives_up_for_person);
    g_test_add_func("/always-on/asks-again", test_asks_again);
    g_test_add_func("/always-on/person-disconnects", test_person_disconnects);
    g_test_add_func("/always-on/refused-by-manager", test_refused_by_manager);
    g_test_add_func("/always-on/held-over-restart", test_held_over_restart);
    g_test_add_func("/always-on/network", test_waits_for_network);
    g_test_add_func("/always-on/manager-restarts", test_manager_restarts);
    g_test_add_func("/always-on/other-vpn", test_other_vpn);
    g_test_add_func("/always-on/profiles", test_profiles);
    g_test_add_func("/always-on/secrets-of-a-person", test_secrets_of_person);
    g_test_add_func("/always-on/refused-login", test_refused_login);
    g_test_add_func("/always-on/named-after-refusal", test_named_after_refusal);
    return g_test_run();
}
