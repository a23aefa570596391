/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "always-on-fixture.h"

#include "policy/status-always-on.h"
#include "policy/tunnel.h"

const char *const uuids[] = { "u-first", "u-second", "u-other" };
const char *const all[] = { "u-first", "u-second", "u-other", NULL };
const char *const both[] = { "u-first", "u-second", NULL };
const char *const one[] = { "u-first", NULL };

Machine machine_new(const char *const *chosen)
{
    Machine m = { .always = ks_always_on_new(false), .world = ks_world_new(), .now = 1000 * SEC };

    m.tunnels = ks_tunnels_new();
    m.world->manager_present = m.world->manager_settled = true;
    m.world->online = KS_ONLINE;
    m.world->network_mark = 1;
    for (unsigned i = 0; i < VPNS; i++) {
        m.vpns[i] = ks_vpn_new(uuids[i], uuids[i], "openvpn");
        g_ptr_array_add(m.world->vpns, m.vpns[i]);
    }
    ks_always_on_choose(m.always, chosen);
    return m;
}

void machine_clear(Machine *m)
{
    ks_always_on_free(m->always);
    ks_world_free(m->world);
    g_array_unref(m->tunnels);
}

void look(Machine *m)
{
    static const KsLink links[VPNS] = {
        { .index = 10, .name = "tun0", .up = true, .tunnel_kind = true, .default_route = true },
        { .index = 11, .name = "tun1", .up = true, .tunnel_kind = true, .default_route = true },
        { .index = 12, .name = "tun2", .up = true, .tunnel_kind = true, .default_route = true },
    };

    g_array_set_size(m->tunnels, 0);
    for (unsigned i = 0; i < VPNS; i++)
        if (m->vpns[i]->activity == KS_VPN_UP && m->world->manager_present && !m->lost[i])
            (void) ks_tunnels_add(m->tunnels, uuids[i], uuids[i], "openvpn", NULL, &links[i]);
    m->step = ks_always_on_observe(m->always, m->world, m->tunnels, m->now);
}

void begin(Machine *m, unsigned vpn)
{
    m->vpns[vpn]->activity = KS_VPN_CONNECTING;
    m->vpns[vpn]->attempt = ++m->attempts;
    m->vpns[vpn]->ended_by_person = false;
    m->vpns[vpn]->failure = KS_FAILURE_NONE;
}

void connect_by_person(Machine *m, unsigned vpn)
{
    begin(m, vpn);
    look(m);
    m->vpns[vpn]->activity = KS_VPN_UP;
    look(m);
}

void end(Machine *m, unsigned vpn, KsFailure failure)
{
    m->vpns[vpn]->activity = KS_VPN_DOWN;
    m->vpns[vpn]->failure = failure;
}

void end_by_person(Machine *m, unsigned vpn)
{
    end(m, vpn, KS_FAILURE_NONE);
    m->vpns[vpn]->ended_by_person = true;
}

void assert_asked(const Machine *m, unsigned vpn)
{
    g_assert_cmpint(m->step.what, ==, KS_STEP_CONNECT);
    g_assert_cmpstr(m->step.uuid, ==, uuids[vpn]);
}

void assert_asked_to_end(const Machine *m, unsigned vpn)
{
    g_assert_cmpint(m->step.what, ==, KS_STEP_DISCONNECT);
    g_assert_cmpstr(m->step.uuid, ==, uuids[vpn]);
}

/* NetworkManager takes it, and it is seen to begin. */
void take(Machine *m, unsigned vpn)
{
    assert_asked(m, vpn);
    begin(m, vpn);
    ks_always_on_answer(m->always, true);
    look(m);
    g_assert_cmpint(m->step.what, ==, KS_STEP_NOTHING);
}

void come_up(Machine *m, unsigned vpn)
{
    take(m, vpn);
    m->vpns[vpn]->activity = KS_VPN_UP;
    look(m);
}

void fail(Machine *m, unsigned vpn, KsFailure failure)
{
    take(m, vpn);
    end(m, vpn, failure);
    look(m);
}

void wait_for_next(Machine *m)
{
    g_assert_cmpint(m->step.wake, >, m->now);
    m->now = m->step.wake - 1;
    look(m);
    g_assert_cmpint(m->step.what, ==, KS_STEP_NOTHING);
    m->now++;
    look(m);
}

void stand_in(Machine *m)
{
    look(m);
    for (unsigned i = 0; i < KS_ALWAYS_ON_TRIES; i++) {
        fail(m, FIRST, KS_FAILURE_TIMEOUT);
        wait_for_next(m);
    }
    come_up(m, SECOND);
    g_assert_cmpint(ks_always_on_view(m->always).state, ==, KS_ALWAYS_ON_UP);
    g_assert_cmpstr(ks_always_on_view(m->always).uuid, ==, uuids[SECOND]);
}

void assert_waits(const Machine *m, KsWait wait, int64_t wake)
{
    KsAlwaysOnView view = ks_always_on_view(m->always);

    g_assert_cmpint(m->step.what, ==, KS_STEP_NOTHING);
    g_assert_cmpstr(ks_wait_name(view.wait), ==, ks_wait_name(wait));
    g_assert_cmpint(view.state, ==, KS_ALWAYS_ON_WAITING);
    g_assert_cmpint(m->step.wake ? m->step.wake - m->now : 0, ==, wake);
    g_assert_cmpint(view.next, ==, m->step.wake);
}
