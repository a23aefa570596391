/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/always-on.h"

#include "policy/tunnel.h"

#include <string.h>

#define SECOND 1000

/* A question for a password is not asked every second. */
#define SECRETS_WAIT (10 * SECOND)

/* For the first answer of a server, and for NetworkManager to disconnect one. */
#define PATIENCE (30 * SECOND)

#define NONE (-1)

/* One of the VPNs, and what became of it. */
typedef struct {
    char *uuid;
    KsVpnActivity activity; /* as it was seen last */
    int64_t up_since;
    unsigned failures; /* since it was up for long enough, or the network changed */
    unsigned forgiven; /* failures up to this attempt count no more */
    unsigned before;   /* the last attempt before ours */
    bool needs_person; /* its login was refused, or nobody answered for its secrets */
    bool seen;         /* it was looked at before */
    bool of_person;    /* anybody but us began it */
    bool unwanted;     /* it is to be disconnected, as of the last look */
    bool leaving;      /* we disconnect it */
    int64_t ask_again; /* ... if it is still there by then */
    KsFailure failure; /* of its last attempt */
} Choice;

struct KsAlwaysOn {
    Choice choices[KS_ALWAYS_ON_MAX];
    int count;
    int current;   /* the one whose turn it is */
    int trying;    /* the one that we connect; NONE */
    int asked;     /* the one of which an answer is owed; NONE */
    bool swapping; /* the first came up while another stood in */
    bool held;
    unsigned failures;   /* of all, in a row */
    int64_t not_before;  /* the next attempt */
    int64_t first_again; /* 0: the first is up, or nothing is */
    int64_t proven_by;   /* while swapping: the first works by then, or has failed */
    uint64_t network;    /* as it was seen last; 0: none */
    uint64_t logins;
    KsWait why; /* of the wait until not_before */
    KsAlwaysOnView view;
};

KsAlwaysOn *ks_always_on_new(bool held)
{
    KsAlwaysOn *always = g_new0(KsAlwaysOn, 1);

    always->held = held;
    always->trying = always->asked = NONE;
    return always;
}

static void forget_choices(KsAlwaysOn *always)
{
    for (int i = 0; i < always->count; i++)
        g_free(always->choices[i].uuid);
    always->count = 0;
}

void ks_always_on_free(KsAlwaysOn *always)
{
    if (!always)
        return;
    forget_choices(always);
    g_free(always);
}

static bool is_chosen_already(const KsAlwaysOn *always, const char *const *uuids)
{
    int i = 0;

    while (uuids && uuids[i] && i < always->count && g_str_equal(uuids[i], always->choices[i].uuid))
        i++;
    return i == always->count && !(uuids && uuids[i]);
}

/* Tries again from the first one, and at once. */
static void begin_anew(KsAlwaysOn *always)
{
    always->current = 0;
    always->failures = 0;
    always->not_before = 0;
    always->why = KS_WAIT_NOTHING;
    if (always->first_again > 0)
        always->first_again = 1;
    for (int i = 0; i < always->count; i++)
        always->choices[i].failures = 0;
}

void ks_always_on_choose(KsAlwaysOn *always, const char *const *uuids)
{
    if (is_chosen_already(always, uuids))
        return;
    forget_choices(always);
    for (int i = 0; uuids && uuids[i] && i < (int) KS_ALWAYS_ON_MAX; i++)
        always->choices[always->count++] =
            (Choice){ .uuid = g_strdup(uuids[i]), .forgiven = G_MAXUINT };
    always->trying = NONE;
    always->swapping = false;
    always->first_again = 0;
    always->view = (KsAlwaysOnView){ 0 };
    begin_anew(always);
}

static void forgive(KsAlwaysOn *always)
{
    for (int i = 0; i < always->count; i++) {
        always->choices[i].needs_person = false;
        always->choices[i].forgiven = G_MAXUINT; /* set right at the next look */
    }
    begin_anew(always);
}

void ks_always_on_want(KsAlwaysOn *always)
{
    always->held = false;
    for (int i = 0; i < always->count; i++)
        always->choices[i].of_person = false;
    forgive(always);
}

void ks_always_on_hold(KsAlwaysOn *always, bool held)
{
    always->held = held;
}

void ks_always_on_wake(KsAlwaysOn *always)
{
    begin_anew(always);
}

void ks_always_on_answer(KsAlwaysOn *always, bool taken)
{
    if (always->asked != NONE && !taken)
        always->choices[always->asked].leaving = false;
    always->asked = NONE;
}

/* ---- what became of them ---- */

bool ks_always_on_may_be(const KsVpn *vpn)
{
    return !vpn->manual && !vpn->users;
}

/* NULL: there is none. */
static const KsVpn *find_vpn(const KsWorld *world, const char *uuid)
{
    const KsVpn *vpn = ks_world_vpn(world, uuid);

    return vpn && ks_always_on_may_be(vpn) ? vpn : NULL;
}

static int64_t delay_after(unsigned failures)
{
    unsigned doublings = MIN(failures, 10u) - 1;

    return MIN((int64_t) SECOND << doublings, KS_ALWAYS_ON_LAST);
}

static bool is_any_up(const KsAlwaysOn *always)
{
    for (int i = 0; i < always->count; i++)
        if (always->choices[i].activity == KS_VPN_UP)
            return true;
    return false;
}

static void count_failure(KsAlwaysOn *always, int number, KsWait why, int64_t now)
{
    Choice *choice = &always->choices[number];
    int64_t wait;

    if (is_any_up(always)) { /* the first was tried while another stands in */
        always->first_again = now + KS_ALWAYS_ON_AGAIN;
        return;
    }
    choice->failures++;
    always->failures++;
    always->why = why;
    wait = delay_after(always->failures);
    if (choice->failure == KS_FAILURE_NO_SECRETS) {
        wait = MAX(wait, SECRETS_WAIT);
        choice->needs_person = choice->failures >= KS_ALWAYS_ON_TRIES;
    }
    always->not_before = now + wait;
    if (choice->failures < KS_ALWAYS_ON_TRIES)
        return;
    choice->failures = 0;
    if (number == always->current)
        always->current = (number + 1) % always->count;
}

static void note_down(KsAlwaysOn *always, int number)
{
    Choice *choice = &always->choices[number];

    /* while NetworkManager has not answered it may have been a person's, and ours comes yet */
    if (always->trying == number && (always->asked != number || choice->leaving))
        always->trying = NONE;
    choice->activity = KS_VPN_DOWN;
    choice->of_person = choice->unwanted = choice->leaving = false;
    choice->ask_again = 0;
    if (number == 0)
        always->swapping = false;
    if (!is_any_up(always))
        always->first_again = 0;
}

static void note_end(KsAlwaysOn *always, int number, const KsVpn *vpn, int64_t now)
{
    Choice *choice = &always->choices[number];
    bool was_up = choice->activity == KS_VPN_UP;
    bool was_leaving = choice->leaving;
    bool was_tried = always->trying == number;
    /* what is told may be of an attempt before ours, which NetworkManager did not even begin */
    bool is_told = choice->activity != KS_VPN_DOWN || vpn->attempt != choice->before;

    note_down(always, number);
    choice->failure = is_told ? vpn->failure : KS_FAILURE_NONE;
    if (was_leaving)
        return;
    if (is_told && vpn->ended_by_person) {
        always->held = true;
        return;
    }
    if (was_up && now - choice->up_since >= KS_ALWAYS_ON_STEADY) {
        choice->failures = 0;
        always->failures = 0;
    }
    if (was_up || was_tried)
        count_failure(always, number, was_up ? KS_WAIT_DROPPED : KS_WAIT_FAILED, now);
}

/* A person, or NetworkManager by itself, connects one of them. */
static void note_begin(KsAlwaysOn *always, int number)
{
    if (always->trying == number)
        return;
    always->choices[number].needs_person = false;
    /* nobody knows whose one is that is there at the first look */
    always->choices[number].of_person = always->choices[number].seen;
    always->held = false;
    always->current = number;
}

static void note_up(KsAlwaysOn *always, int number, int64_t now)
{
    always->choices[number].up_since = now;
    always->choices[number].failure = KS_FAILURE_NONE;
    always->current = number;
    if (number == 0) {
        always->swapping = is_any_up(always);
        always->proven_by = now + PATIENCE;
        always->first_again = 0;
    } else if (always->first_again == 0) {
        always->first_again = now + KS_ALWAYS_ON_AGAIN;
    }
}

/* Its program's own word may come after NetworkManager's: then it stands here at a later look. */
static void note_refusal(Choice *choice, const KsVpn *vpn)
{
    bool is_refusal = vpn->failure == KS_FAILURE_LOGIN || vpn->failure == KS_FAILURE_LOGIN_NEEDED;

    if (choice->forgiven == G_MAXUINT)
        choice->forgiven = vpn->attempt;
    if (vpn->activity != KS_VPN_DOWN)
        return;
    choice->failure = vpn->failure;
    choice->needs_person |= is_refusal && vpn->attempt > choice->forgiven;
}

static void note_vpn(KsAlwaysOn *always, int number, const KsWorld *world, int64_t now)
{
    static const KsVpn gone = { .activity = KS_VPN_DOWN };
    Choice *choice = &always->choices[number];
    const KsVpn *vpn = find_vpn(world, choice->uuid);

    if (!vpn)
        vpn = &gone;
    note_refusal(choice, vpn);
    if (vpn->activity != KS_VPN_DOWN && choice->activity == KS_VPN_DOWN)
        note_begin(always, number);
    if (vpn->activity == KS_VPN_UP && choice->activity != KS_VPN_UP)
        note_up(always, number, now);
    if (vpn->activity == KS_VPN_UP && always->trying == number && always->asked != number)
        always->trying = NONE;
    if (vpn->activity == KS_VPN_DOWN) {
        /* one that was over before it could be seen has ended, too */
        if (choice->activity != KS_VPN_DOWN || (always->trying == number && always->asked == NONE))
            note_end(always, number, vpn, now);
    }
    choice->activity = vpn->activity;
    choice->seen = true;
}

/* NetworkManager ends its VPNs when it ends: nobody disconnected them. */
static void forget_manager(KsAlwaysOn *always)
{
    for (int i = 0; i < always->count; i++) {
        note_down(always, i);
        always->choices[i].seen = false;
        always->choices[i].forgiven = 0; /* attempts are counted again */
    }
    always->trying = NONE;
    always->network = 0;
}

static void note_network(KsAlwaysOn *always, const KsWorld *world)
{
    uint64_t network = world->online == KS_ONLINE ? world->network_mark : 0;

    if (network != 0 && network != always->network)
        begin_anew(always);
    always->network = network;
    if (world->logins != always->logins && world->logged_in)
        forgive(always);
    always->logins = world->logins;
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

static bool is_listed(const KsAlwaysOn *always, const KsVpn *vpn)
{
    for (int i = 0; i < always->count; i++)
        if (ks_always_on_may_be(vpn) && strcmp(always->choices[i].uuid, vpn->uuid) == 0)
            return true;
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
    const KsVpn *vpn = find_vpn(world, choice->uuid);

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
        const KsVpn *vpn = find_vpn(world, always->choices[number].uuid);

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
    for (int i = 0; i < always->count; i++) {
        int number = (always->current + i) % always->count;

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
    const KsVpn *vpn = find_vpn(world, uuid);
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

/* Which are to be disconnected: what we try against a person's wish, also if it came up since. */
static void judge(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels, int64_t now)
{
    bool gives_up =
        always->held || is_any_of_person(always) || is_other_there(always, world, tunnels);

    for (int i = 0; i < always->count; i++) {
        Choice *choice = &always->choices[i];
        bool is_tried = always->trying == i && always->asked == NONE;

        choice->unwanted = gives_up && (choice->unwanted || is_tried);
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
        if (always->choices[i].activity == activity &&
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

KsAlwaysOnStep ks_always_on_observe(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels,
                                    int64_t now)
{
    int connecting;
    int up;

    if (!world->manager_present)
        forget_manager(always);
    else
        for (int i = 0; i < always->count; i++)
            note_vpn(always, i, world, now);
    note_network(always, world);
    if (always->count == 0)
        return see(always, KS_ALWAYS_ON_OFF, KS_WAIT_NOTHING, NONE, 0);
    judge(always, world, tunnels, now);
    up = find_active(always, KS_VPN_UP);
    connecting = always->trying != NONE ? always->trying : find_active(always, KS_VPN_CONNECTING);
    if (always->asked != NONE || connecting != NONE || find_unwanted(always) != NONE)
        return wait_for_one(always, world, up, connecting, now);
    return up != NONE ? stay_up(always, up, world, tunnels, now)
                      : connect_one(always, world, tunnels, now);
}

KsAlwaysOnView ks_always_on_view(const KsAlwaysOn *always)
{
    return always->view;
}

bool ks_always_on_is_held(const KsAlwaysOn *always)
{
    return always->held;
}
