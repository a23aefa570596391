/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other VPNs are chosen than before. */
#include "always-on-fixture.h"

static const char *const second[] = { "u-second", NULL };

static void assert_up(const Machine *m, unsigned vpn, int64_t wake)
{
    KsAlwaysOnView view = ks_always_on_view(m->always);

    g_assert_cmpint(m->step.what, ==, KS_STEP_NOTHING);
    g_assert_cmpint(view.state, ==, KS_ALWAYS_ON_UP);
    g_assert_cmpstr(view.uuid, ==, uuids[vpn]);
    g_assert_cmpint(m->step.wake ? m->step.wake - m->now : 0, ==, wake);
}

/* What was chosen before stands in until the other one works. */
static void test_another_is_chosen(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    come_up(&m, FIRST);
    ks_always_on_choose(m.always, second);
    look(&m);
    fail(&m, SECOND, KS_FAILURE_TIMEOUT);
    assert_up(&m, FIRST, KS_ALWAYS_ON_AGAIN);
    wait_for_next(&m);
    come_up(&m, SECOND);
    assert_asked_to_end(&m, FIRST);
    end_by_person(&m, FIRST);
    ks_always_on_answer(m.always, true);
    look(&m);
    assert_up(&m, SECOND, 0);
    connect_by_person(&m, FIRST); /* any other by now */
    end(&m, SECOND, KS_FAILURE_SERVICE);
    look(&m);
    assert_waits(&m, KS_WAIT_OTHER, 0);
}

static void test_another_is_chosen_after_a_drop(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    come_up(&m, FIRST);
    ks_always_on_choose(m.always, second);
    end(&m, FIRST, KS_FAILURE_SERVICE);
    look(&m);
    assert_asked(&m, SECOND); /* at once: it has not failed */
}

/* Both are there, and the order is turned round. */
static void test_turned_round(void)
{
    static const char *const turned[] = { "u-second", "u-first", NULL };
    g_auto(Machine) m = machine_new(both);

    stand_in(&m);
    ks_always_on_wake(m.always);
    look(&m);
    come_up(&m, FIRST);
    assert_asked_to_end(&m, SECOND);
    ks_always_on_answer(m.always, false);
    ks_always_on_choose(m.always, turned);
    look(&m);
    assert_asked_to_end(&m, FIRST);
}

static void test_a_persons_is_known_in_another_list(void)
{
    g_auto(Machine) m = machine_new(both);

    look(&m);
    connect_by_person(&m, SECOND);
    ks_always_on_answer(m.always, false);
    look(&m);
    assert_up(&m, SECOND, 0);
    ks_always_on_choose(m.always, one);
    look(&m);
    assert_waits(&m, KS_WAIT_OTHER, 0);
    ks_always_on_choose(m.always, both);
    look(&m);
    assert_up(&m, SECOND, 0);
    ks_always_on_want(m.always); /* they are named by a person */
    ks_always_on_choose(m.always, one);
    look(&m);
    assert_asked(&m, FIRST);
}

static void test_a_refusal_is_known_in_another_list(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    fail(&m, FIRST, KS_FAILURE_LOGIN);
    ks_always_on_choose(m.always, both);
    look(&m);
    come_up(&m, SECOND);
    ks_always_on_choose(m.always, one);
    look(&m);
    assert_up(&m, SECOND, 0);
}

/* The answer is about the one that was asked for. */
static void test_other_list_while_asked(void)
{
    g_auto(Machine) m = machine_new(one);

    look(&m);
    assert_asked(&m, FIRST);
    ks_always_on_choose(m.always, second);
    look(&m);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    ks_always_on_choose(m.always, NULL);
    look(&m);
    g_assert_cmpint(ks_always_on_view(m.always).state, ==, KS_ALWAYS_ON_OFF);
    ks_always_on_choose(m.always, second);
    look(&m);
    g_assert_cmpint(m.step.what, ==, KS_STEP_NOTHING);
    ks_always_on_answer(m.always, false);
    look(&m);
    come_up(&m, SECOND);
    assert_up(&m, SECOND, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/always-on-lists/another-is-chosen", test_another_is_chosen);
    g_test_add_func("/always-on-lists/another-after-a-drop", test_another_is_chosen_after_a_drop);
    g_test_add_func("/always-on-lists/turned-round", test_turned_round);
    g_test_add_func("/always-on-lists/a-persons-in-another-list",
                    test_a_persons_is_known_in_another_list);
    g_test_add_func("/always-on-lists/a-refusal-in-another-list",
                    test_a_refusal_is_known_in_another_list);
    g_test_add_func("/always-on-lists/other-list-while-asked", test_other_list_while_asked);
    return g_test_run();
}
