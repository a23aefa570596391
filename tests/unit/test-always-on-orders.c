/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every order of events: what must hold of each step, and that it ends well. */
#include "always-on-fixture.h"

#include <string.h>

enum {
    ANSWER_BEGUN, /* NetworkManager takes what was asked for */
    ANSWER_NOT,   /* ... or not */
    COMES_UP,     /* what connects */
    FAILS,
    DROPS, /* what is up */
    PERSON_ENDS,
    PERSON_CONNECTS_SECOND,
    LIST_CHANGES, /* the second is not chosen any more, or again */
    OTHER_UP,
    OTHER_DOWN,
    NETWORK_GOES,
    NETWORK_COMES,
    PORTAL,
    MANAGER_GOES,
    MANAGER_COMES,
    TIME_COMES, /* when the machine wanted to look again */
    HALF_AN_HOUR,
    EVENTS,
};

#define DEPTH 5

/* A person connected the second. */
static bool is_of_person;

/* Only the first is chosen; and a person connected the second since. */
static bool is_alone;
static bool is_strange;

/* Somebody else's VPN is there, or a person wants none. */
static bool may_not_try(const Machine *m)
{
    return ks_always_on_is_held(m->always) || m->vpns[OTHER]->activity != KS_VPN_DOWN ||
           ((is_of_person || is_strange) && m->vpns[SECOND]->activity != KS_VPN_DOWN);
}

/* Two are there only while the first takes over, and nothing comes up against a person's wish: what
 * is not asked for yet is asked for later. */
static void assert_one(const Machine *m, bool owed)
{
    bool is_swap = m->vpns[FIRST]->activity == KS_VPN_UP &&
                   m->vpns[SECOND]->activity == KS_VPN_UP && !is_of_person;

    if (is_swap || (may_not_try(m) && m->vpns[FIRST]->activity == KS_VPN_CONNECTING))
        g_assert_true(owed || m->step.what == KS_STEP_DISCONNECT || m->step.wake > m->now);
}

/* What must hold of every step, whatever came before. */
static void assert_step(const Machine *m, bool owed)
{
    const KsWorld *world = m->world;
    bool is_up[VPNS];
    bool is_swap;

    for (unsigned i = 0; i < VPNS; i++)
        is_up[i] = world->manager_present && m->vpns[i]->activity != KS_VPN_DOWN;
    if (m->step.what == KS_STEP_NOTHING) {
        g_assert_true(m->step.wake == 0 || m->step.wake > m->now);
        return;
    }
    g_assert_false(owed); /* one at a time */
    g_assert_true(world->manager_present);
    if (m->step.what == KS_STEP_DISCONNECT) {
        /* only for the first, and once that is there, or because nothing more is wanted of us */
        is_swap = strcmp(m->step.uuid, uuids[SECOND]) == 0 &&
                  m->vpns[FIRST]->activity == KS_VPN_UP && !is_of_person;
        g_assert_true(is_swap || may_not_try(m));
        return;
    }
    g_assert_cmpint(world->online, ==, KS_ONLINE);
    g_assert_false(ks_always_on_is_held(m->always));
    g_assert_false(is_up[OTHER]);
    g_assert_false(is_up[FIRST]);
    if (strcmp(m->step.uuid, uuids[SECOND]) == 0)
        g_assert_false(is_up[SECOND]);
    else /* beside another that stands in, and is up */
        g_assert_true(!is_up[SECOND] || m->vpns[SECOND]->activity == KS_VPN_UP);
}

static KsVpn *find_active(const Machine *m, KsVpnActivity activity)
{
    for (unsigned i = 0; i < OTHER; i++)
        if (m->vpns[i]->activity == activity)
            return m->vpns[i];
    return NULL;
}

static void answer(Machine *m, KsAlwaysOnStep *owed, bool taken)
{
    unsigned vpn = owed->uuid && strcmp(owed->uuid, uuids[SECOND]) == 0 ? SECOND : FIRST;

    if (taken && m->world->manager_present && owed->what == KS_STEP_CONNECT &&
        m->vpns[vpn]->activity == KS_VPN_DOWN) {
        begin(m, vpn);
        is_of_person &= vpn != SECOND;
    } else if (taken && owed->what == KS_STEP_DISCONNECT && m->vpns[vpn]->activity != KS_VPN_DOWN)
        end_by_person(m, vpn);
    if (owed->what != KS_STEP_NOTHING)
        ks_always_on_answer(m->always, taken);
    *owed = (KsAlwaysOnStep){ 0 };
}

static void manager_goes(Machine *m)
{
    m->world->manager_present = false;
    for (unsigned i = 0; i < VPNS; i++) {
        m->vpns[i]->activity = KS_VPN_DOWN;
        m->vpns[i]->attempt = 0;
        m->vpns[i]->ended_by_person = false;
    }
    is_of_person = false;
}

static void happen(Machine *m, unsigned event, KsAlwaysOnStep *owed)
{
    KsVpn *up = find_active(m, KS_VPN_UP);
    KsVpn *connecting = find_active(m, KS_VPN_CONNECTING);

    switch (event) {
    case ANSWER_BEGUN:
    case ANSWER_NOT:
        answer(m, owed, event == ANSWER_BEGUN);
        break;
    case COMES_UP:
        if (connecting)
            connecting->activity = KS_VPN_UP;
        break;
    case FAILS:
    case DROPS:
        up = event == FAILS ? connecting : up;
        if (up) {
            up->activity = KS_VPN_DOWN;
            up->failure = KS_FAILURE_TIMEOUT;
        }
        break;
    case PERSON_ENDS:
        if (up || connecting)
            end_by_person(m, (up ? up : connecting) == m->vpns[FIRST] ? FIRST : SECOND);
        break;
    case PERSON_CONNECTS_SECOND:
        if (m->world->manager_present && m->vpns[SECOND]->activity == KS_VPN_DOWN) {
            begin(m, SECOND); /* if that was just asked for, nobody knows whose it is */
            is_of_person = owed->what == KS_STEP_NOTHING || strcmp(owed->uuid, uuids[SECOND]) != 0;
            is_strange = is_alone && is_of_person;
        }
        break;
    case LIST_CHANGES:
        is_alone = !is_alone;
        ks_always_on_choose(m->always, is_alone ? one : both);
        if (is_strange) /* when it is chosen nobody knows whose it is */
            is_of_person = is_strange = false;
        break;
    case OTHER_UP:
    case OTHER_DOWN:
        m->vpns[OTHER]->activity =
            event == OTHER_UP && m->world->manager_present ? KS_VPN_UP : KS_VPN_DOWN;
        break;
    case NETWORK_GOES:
        m->world->online = KS_ONLINE_NOT;
        break;
    case NETWORK_COMES:
        m->world->online = KS_ONLINE;
        m->world->network_mark++;
        break;
    case PORTAL:
        m->world->online = KS_ONLINE_PORTAL;
        break;
    case MANAGER_GOES:
        answer(m, owed, false); /* none will come */
        manager_goes(m);
        break;
    case MANAGER_COMES:
        m->world->manager_present = true;
        break;
    case TIME_COMES:
        m->now = MAX(m->now, m->step.wake);
        break;
    case HALF_AN_HOUR:
        m->now += KS_ALWAYS_ON_AGAIN;
        break;
    default:
        g_assert_not_reached();
    }
}

static void look_and_check(Machine *m, KsAlwaysOnStep *owed)
{
    look(m);
    assert_step(m, owed->what != KS_STEP_NOTHING);
    assert_one(m, owed->what != KS_STEP_NOTHING);
    if (m->step.what != KS_STEP_NOTHING)
        *owed = m->step;
}

/* Left alone in a world in which all goes well, it ends with the first one up, and alone, or with
 * the one that a person connected. */
static void assert_settles(Machine *m, KsAlwaysOnStep *owed)
{
    bool is_kept;
    bool waits;

    if (ks_always_on_is_held(m->always))
        return;
    m->world->manager_present = true;
    m->world->online = KS_ONLINE;
    m->vpns[OTHER]->activity = KS_VPN_DOWN;
    for (unsigned i = 0; i < 12; i++) {
        look_and_check(m, owed);
        happen(m, owed->what != KS_STEP_NOTHING ? ANSWER_BEGUN : COMES_UP, owed);
        if (owed->what == KS_STEP_NOTHING && m->step.wake > 0 && i > 2)
            happen(m, TIME_COMES, owed);
    }
    look_and_check(m, owed);
    g_assert_cmpint(m->step.what, ==, KS_STEP_NOTHING);
    is_kept = is_of_person && m->vpns[SECOND]->activity == KS_VPN_UP;
    waits = is_kept && is_alone && m->vpns[FIRST]->activity == KS_VPN_DOWN;
    g_assert_cmpint(ks_always_on_view(m->always).state, ==,
                    waits ? KS_ALWAYS_ON_WAITING : KS_ALWAYS_ON_UP);
    if (is_kept)
        return;
    g_assert_cmpint(m->vpns[FIRST]->activity, ==, KS_VPN_UP);
    g_assert_cmpint(m->vpns[SECOND]->activity, ==, KS_VPN_DOWN);
}

static void test_every_order(void)
{
    unsigned orders = 1;

    for (unsigned i = 0; i < DEPTH; i++)
        orders *= EVENTS;
    for (unsigned order = 0; order < orders; order++) {
        g_auto(Machine) m = machine_new(both);
        KsAlwaysOnStep owed = { 0 };
        unsigned rest = order;

        is_of_person = is_alone = is_strange = false;
        if (__builtin_parity(order)) /* half of them where another stands in already */
            stand_in(&m);
        look_and_check(&m, &owed);
        for (unsigned i = 0; i < DEPTH; i++, rest /= EVENTS) {
            happen(&m, rest % EVENTS, &owed);
            look_and_check(&m, &owed);
        }
        assert_settles(&m, &owed);
    }
    g_test_message("%u orders", orders);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/always-on/every-order", test_every_order);
    return g_test_run();
}
