/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/always-on-private.h"

#include "policy/tunnel.h"

#include <string.h>

KsAlwaysOn *ks_always_on_new(bool held)
{
    KsAlwaysOn *always = g_new0(KsAlwaysOn, 1);

    always->held = held;
    always->trying = always->asked = NONE;
    return always;
}

void ks_always_on_free(KsAlwaysOn *always)
{
    if (!always)
        return;
    for (int i = 0; i < always->count; i++)
        g_free(always->choices[i].uuid);
    g_free(always);
}

/* ---- which are chosen ---- */

static bool is_chosen_already(const KsAlwaysOn *always, const char *const *uuids)
{
    int i = 0;

    while (uuids && uuids[i] && i < always->chosen &&
           g_str_equal(uuids[i], always->choices[i].uuid))
        i++;
    return i == always->chosen && !(uuids && uuids[i]);
}

/* What is known of it goes with it. */
static void take_over(KsAlwaysOn *always, KsAlwaysOn *before, int number)
{
    if (before->trying == number)
        always->trying = always->count;
    if (before->asked == number)
        always->asked = always->count;
    always->choices[always->count++] = before->choices[number];
    before->choices[number].uuid = NULL;
}

static void choose(KsAlwaysOn *always, KsAlwaysOn *before, const char *uuid)
{
    for (int i = 0; i < before->count; i++)
        if (g_strcmp0(before->choices[i].uuid, uuid) == 0) {
            take_over(always, before, i);
            return;
        }
    always->choices[always->count++] = (Choice){ .uuid = g_strdup(uuid), .forgiven = G_MAXUINT };
}

/* It stands in until one that is chosen works; or NetworkManager owes an answer about it. */
static bool is_kept(const KsAlwaysOn *before, int number, bool is_any_chosen)
{
    return before->asked == number ||
           (is_any_chosen && before->choices[number].activity != KS_VPN_DOWN);
}

void ks_always_on_choose(KsAlwaysOn *always, const char *const *uuids)
{
    KsAlwaysOn before = *always;

    if (is_chosen_already(always, uuids))
        return;
    always->count = 0;
    always->trying = always->asked = NONE;
    for (int i = 0; uuids && uuids[i] && i < (int) KS_ALWAYS_ON_CHOSEN_MAX; i++)
        choose(always, &before, uuids[i]);
    always->chosen = always->count;
    for (int i = 0; i < before.count; i++)
        if (before.choices[i].uuid && is_kept(&before, i, always->chosen > 0) &&
            always->count < (int) G_N_ELEMENTS(always->choices))
            take_over(always, &before, i);
        else
            g_free(before.choices[i].uuid);
    if (always->chosen == 0)
        always->trying = NONE;
    always->swapping = always->chosen > 0 && always->choices[0].activity == KS_VPN_UP;
    if (always->swapping)
        always->proven_by = always->choices[0].up_since + PATIENCE;
    always->first_again = 0;
    always->view = (KsAlwaysOnView){ 0 };
    ks_always_on_begin_again(always);
}

/* Of those that are not chosen any more, what is down. */
static void forget_ended(KsAlwaysOn *always)
{
    for (int i = always->count - 1; i >= always->chosen; i--) {
        if (always->choices[i].activity != KS_VPN_DOWN || always->asked == i || always->trying == i)
            continue;
        g_free(always->choices[i].uuid);
        always->count--;
        memmove(&always->choices[i], &always->choices[i + 1],
                (size_t) (always->count - i) * sizeof always->choices[0]);
        always->asked -= always->asked > i;
        always->trying -= always->trying > i;
    }
}

/* ---- what people and machines say ---- */

void ks_always_on_want(KsAlwaysOn *always)
{
    always->held = false;
    for (int i = 0; i < always->count; i++)
        always->choices[i].of_person = false;
    ks_always_on_forgive(always);
}

void ks_always_on_hold(KsAlwaysOn *always, bool held)
{
    always->held = held;
}

void ks_always_on_wake(KsAlwaysOn *always)
{
    ks_always_on_begin_again(always);
}

void ks_always_on_answer(KsAlwaysOn *always, bool taken)
{
    if (always->asked != NONE && !taken)
        always->choices[always->asked].leaving = false;
    always->asked = NONE;
}

/* ---- what is to be done ---- */

/* It carries all traffic, or it may. A second one beside it is no choice of anybody's. */
static bool may_carry_all(const KsWorld *world, const GArray *tunnels, const KsVpn *vpn)
{
    const KsTunnel *tunnel = ks_tunnels_find(tunnels, vpn);

    if (vpn->overlay || vpn->activity == KS_VPN_DOWN)
        return false;
    if (tunnel && vpn->activity == KS_VPN_UP)
        return tunnel->default_route;
    return !vpn->manual &&
           (!ks_vpn_uses_ipsec(vpn) || vpn->activity == KS_VPN_CONNECTING || world->ipsec_default);
}

/* Not chosen any more, and a person connected it: somebody else's, as any other. */
static bool is_others(const KsAlwaysOn *always, int number)
{
    return number >= always->chosen && always->choices[number].of_person;
}

static bool is_listed(const KsAlwaysOn *always, const KsVpn *vpn)
{
    for (int i = 0; i < always->count; i++)
        if (ks_always_on_may_be(vpn) && strcmp(always->choices[i].uuid, vpn->uuid) == 0)
            return !is_others(always, i);
    return false;
}

static bool is_other_there(const KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels)
{
    for (unsigned i = 0; i < world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(world->vpns, i);

        if (!is_listed(always, vpn) && may_carry_all(world, tunnels, vpn))
            return true;
    }
    return false;
}

/* Why this one cannot be connected now; NOTHING: it can. */
static KsWait find_obstacle(const KsAlwaysOn *always, int number, const KsWorld *world)
{
    const Choice *choice = &always->choices[number];
    const KsVpn *vpn = ks_always_on_find_vpn(world, choice->uuid);

    if (!vpn)
        return KS_WAIT_PROFILE;
    if (vpn->secrets_of_person && !world->logged_in)
        return KS_WAIT_LOGIN;
    return choice->needs_person ? KS_WAIT_NEEDS_PERSON : KS_WAIT_NOTHING;
}

/* Why none can be. */
static KsWait find_common_obstacle(const KsAlwaysOn *always, const KsWorld *world,
                                   const GArray *tunnels)
{
    if (!world->manager_present)
        return KS_WAIT_MANAGER;
    if (always->held)
        return KS_WAIT_PERSON;
    if (world->online != KS_ONLINE)
        return world->online == KS_ONLINE_PORTAL ? KS_WAIT_PORTAL : KS_WAIT_NETWORK;
    return is_other_there(always, world, tunnels) ? KS_WAIT_OTHER : KS_WAIT_NOTHING;
}

static KsAlwaysOnStep see(KsAlwaysOn *always, KsAlwaysOnState state, KsWait wait, int number,
                          int64_t next)
{
    always->view = (KsAlwaysOnView){ .state = state, .wait = wait, .next = next };
    if (number != NONE) {
        always->view.uuid = always->choices[number].uuid;
        if (wait == KS_WAIT_FAILED || wait == KS_WAIT_NEEDS_PERSON)
            always->view.failure = always->choices[number].failure;
    }
    return (KsAlwaysOnStep){ .wake = next };
}

static KsAlwaysOnStep ask(KsAlwaysOn *always, const KsWorld *world, int number, bool connect)
{
    always->asked = number;
    if (connect) {
        const KsVpn *vpn = ks_always_on_find_vpn(world, always->choices[number].uuid);

        always->trying = number;
        always->choices[number].before = vpn ? vpn->attempt : 0;
    } else {
        always->choices[number].leaving = true;
    }
    return (KsAlwaysOnStep){ .what = connect ? KS_STEP_CONNECT : KS_STEP_DISCONNECT,
                             .uuid = always->choices[number].uuid };
}

/* The one whose turn it is, or the next that can be connected; NONE. */
static int find_candidate(const KsAlwaysOn *always, const KsWorld *world)
{
    for (int i = 0; i < always->chosen; i++) {
        int number = (always->current + i) % always->chosen;

        if (find_obstacle(always, number, world) == KS_WAIT_NOTHING)
            return number;
    }
    return NONE;
}

static KsAlwaysOnStep connect_one(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels,
                                  int64_t now)
{
    KsWait obstacle = find_common_obstacle(always, world, tunnels);
    int number;

    if (obstacle != KS_WAIT_NOTHING)
        return see(always, KS_ALWAYS_ON_WAITING, obstacle, NONE, 0);
    number = find_candidate(always, world);
    if (number == NONE)
        return see(always, KS_ALWAYS_ON_WAITING, find_obstacle(always, 0, world), 0, 0);
    if (now < always->not_before)
        return see(always, KS_ALWAYS_ON_WAITING, always->why, number, always->not_before);
    always->current = number;
    (void) see(always, KS_ALWAYS_ON_CONNECTING, KS_WAIT_NOTHING, number, 0);
    return ask(always, world, number, true);
}

/* What is sent from now on has a way without another. WireGuard is up as soon as it is configured:
 * of its server something must have come. */
static bool is_working(const KsWorld *world, const GArray *tunnels, const char *uuid)
{
    const KsVpn *vpn = ks_always_on_find_vpn(world, uuid);
    const KsTunnel *tunnel = vpn ? ks_tunnels_find(tunnels, vpn) : NULL;
    const KsLink *link = tunnel ? ks_world_link_by_index(world, tunnel->index) : NULL;

    if (!tunnel)
        return vpn && ks_world_has_policy(world, vpn);
    return ks_tunnel_protects(tunnel) && !(link && link->wireguard && link->traffic.received == 0);
}

static bool is_any_of_person(const KsAlwaysOn *always)
{
    for (int i = 0; i < always->count; i++)
        if (always->choices[i].of_person && always->choices[i].activity != KS_VPN_DOWN)
            return true;
    return false;
}

static bool is_standing_in(const KsAlwaysOn *always, int number)
{
    return number > 0 && always->choices[number].activity != KS_VPN_DOWN &&
           !always->choices[number].of_person;
}

/* The first works and the others may go, or it was given time enough. */
static void judge_swap(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels, int64_t now)
{
    Choice *first = &always->choices[0];
    bool works = !first->leaving && is_working(world, tunnels, first->uuid);
    bool stands_in = false;

    for (int i = 1; i < always->count; i++) {
        stands_in |= is_standing_in(always, i);
        always->choices[i].unwanted |= works && is_standing_in(always, i);
    }
    always->swapping = stands_in;
    if (!stands_in || works || first->of_person || now < always->proven_by)
        return;
    first->unwanted = true;
    always->first_again = now + KS_ALWAYS_ON_AGAIN;
}

static bool is_lost(const Choice *choice, int64_t now)
{
    return choice->lost > 0 && now - choice->lost >= KS_ALWAYS_ON_LOST;
}

/* Which are to be disconnected: what we try against a person's wish, also if it came up since; and
 * what lost its link, to be connected again. */
static void judge(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels, int64_t now)
{
    bool gives_up =
        always->held || is_any_of_person(always) || is_other_there(always, world, tunnels);

    for (int i = 0; i < always->count; i++) {
        Choice *choice = &always->choices[i];
        bool is_tried = always->trying == i && always->asked == NONE;

        choice->unwanted = is_lost(choice, now) || (gives_up && (choice->unwanted || is_tried));
    }
    if (always->swapping && !always->choices[0].unwanted)
        judge_swap(always, world, tunnels, now);
}

/* Number `up` stands in, or the first one is up and others may still be. */
static KsAlwaysOnStep stay_up(KsAlwaysOn *always, int up, const KsWorld *world,
                              const GArray *tunnels, int64_t now)
{
    KsAlwaysOnStep step = see(always, KS_ALWAYS_ON_UP, KS_WAIT_NOTHING, up, 0);

    if (up == 0) {
        if (always->swapping)
            step.wake = now + (now < always->proven_by ? SECOND : PATIENCE);
        return step;
    }
    if (is_any_of_person(always) ||
        find_common_obstacle(always, world, tunnels) != KS_WAIT_NOTHING ||
        find_obstacle(always, 0, world) != KS_WAIT_NOTHING)
        return step;
    if (now < always->first_again)
        return see(always, KS_ALWAYS_ON_UP, KS_WAIT_NOTHING, up, always->first_again);
    return ask(always, world, 0, true);
}

/* One that is wanted, if there is one. */
static int find_active(const KsAlwaysOn *always, KsVpnActivity activity)
{
    int found = NONE;

    for (int i = 0; i < always->count; i++)
        if (always->choices[i].activity == activity && !is_others(always, i) &&
            (found == NONE || (always->choices[found].unwanted && !always->choices[i].unwanted)))
            found = i;
    return found;
}

static int find_unwanted(const KsAlwaysOn *always)
{
    for (int i = 0; i < always->count; i++)
        if (always->choices[i].unwanted && always->choices[i].activity != KS_VPN_DOWN)
            return i;
    return NONE;
}

/* Something is on its way up, or down. */
static KsAlwaysOnStep wait_for_one(KsAlwaysOn *always, const KsWorld *world, int up, int connecting,
                                   int64_t now)
{
    int unwanted = find_unwanted(always);
    KsAlwaysOnStep step = see(always, up != NONE ? KS_ALWAYS_ON_UP : KS_ALWAYS_ON_CONNECTING,
                              KS_WAIT_NOTHING, up != NONE ? up : connecting, 0);
    Choice *choice;

    if (unwanted == NONE || always->asked != NONE)
        return step;
    choice = &always->choices[unwanted];
    step.wake = choice->ask_again;
    if (now < choice->ask_again)
        return step;
    choice->ask_again = now + PATIENCE;
    return ask(always, world, unwanted, false);
}

static KsAlwaysOnStep find_step(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels,
                                int64_t now)
{
    int connecting;
    int up;

    if (always->chosen == 0)
        return see(always, KS_ALWAYS_ON_OFF, KS_WAIT_NOTHING, NONE, 0);
    judge(always, world, tunnels, now);
    up = find_active(always, KS_VPN_UP);
    connecting = always->trying != NONE ? always->trying : find_active(always, KS_VPN_CONNECTING);
    if (always->asked != NONE || connecting != NONE || find_unwanted(always) != NONE)
        return wait_for_one(always, world, up, connecting, now);
    return up != NONE ? stay_up(always, up, world, tunnels, now)
                      : connect_one(always, world, tunnels, now);
}

/* When one of them will have been without its link for long enough; 0: each has its own. */
static int64_t next_lost(const KsAlwaysOn *always, int64_t now)
{
    int64_t next = 0;

    for (int i = 0; i < always->count; i++) {
        int64_t lost = always->choices[i].lost;

        if (lost > 0 && !is_lost(&always->choices[i], now) && (next == 0 || lost < next))
            next = lost;
    }
    return next > 0 ? next + KS_ALWAYS_ON_LOST : 0;
}

KsAlwaysOnStep ks_always_on_observe(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels,
                                    int64_t now)
{
    KsAlwaysOnStep step;
    int64_t lost;

    ks_always_on_note(always, world, tunnels, now);
    forget_ended(always);
    step = find_step(always, world, tunnels, now);
    lost = next_lost(always, now);
    if (lost > 0 && always->chosen > 0 && (step.wake == 0 || lost < step.wake))
        step.wake = lost;
    return step;
}

KsAlwaysOnView ks_always_on_view(const KsAlwaysOn *always)
{
    return always->view;
}

bool ks_always_on_is_held(const KsAlwaysOn *always)
{
    return always->held;
}
