/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/always-on-private.h"

#include "policy/tunnel.h"

/* A question for a password is not asked every second. */
#define SECRETS_WAIT (10 * SECOND)

bool ks_always_on_may_be(const KsVpn *vpn)
{
    return !vpn->manual && !vpn->users;
}

const KsVpn *ks_always_on_find_vpn(const KsWorld *world, const char *uuid)
{
    const KsVpn *vpn = ks_world_vpn(world, uuid);

    return vpn && ks_always_on_may_be(vpn) ? vpn : NULL;
}

void ks_always_on_begin_again(KsAlwaysOn *always)
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

void ks_always_on_forgive(KsAlwaysOn *always)
{
    for (int i = 0; i < always->count; i++) {
        always->choices[i].needs_person = false;
        always->choices[i].forgiven = G_MAXUINT; /* set right at the next look */
    }
    ks_always_on_begin_again(always);
}

/* One that was is taken away once one that is works. */
static bool is_chosen(const KsAlwaysOn *always, int number)
{
    return number < always->chosen;
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
        always->current = (number + 1) % always->chosen;
}

static void note_down(KsAlwaysOn *always, int number)
{
    Choice *choice = &always->choices[number];

    /* while NetworkManager has not answered it may have been a person's, and ours comes yet */
    if (always->trying == number && (always->asked != number || choice->leaving))
        always->trying = NONE;
    choice->activity = KS_VPN_DOWN;
    choice->of_person = choice->unwanted = choice->leaving = false;
    choice->had_link = choice->met_up = false;
    choice->ask_again = choice->lost = 0;
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
    bool was_lost = choice->lost > 0;
    bool was_tried = always->trying == number;
    /* what is told may be of an attempt before ours, which NetworkManager did not even begin */
    bool is_told = choice->activity != KS_VPN_DOWN || vpn->attempt != choice->before;

    note_down(always, number);
    choice->failure = is_told ? vpn->failure : KS_FAILURE_NONE;
    if ((was_leaving && !was_lost) || !is_chosen(always, number))
        return;
    if (is_told && vpn->ended_by_person && !was_leaving) {
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
    if (!is_chosen(always, number))
        return;
    always->held = false;
    always->current = number;
}

static void note_up(KsAlwaysOn *always, int number, int64_t now)
{
    always->choices[number].up_since = now;
    always->choices[number].failure = KS_FAILURE_NONE;
    if (is_chosen(always, number))
        always->current = number;
    if (number == 0) {
        always->swapping = is_any_up(always);
        always->proven_by = now + PATIENCE;
        always->first_again = 0;
    } else if (always->choices[0].activity == KS_VPN_UP) {
        always->swapping = true; /* it came up later */
    } else if (always->first_again == 0 && is_chosen(always, number)) {
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

/* It came up before anybody looked, and its link went meanwhile. What we saw come up without a link
 * is on one that we cannot tell, and to connect it again would change nothing. */
static bool must_have_had_link(const Choice *choice, const KsVpn *vpn)
{
    return choice->met_up && vpn->given_interface && !ks_vpn_uses_ipsec(vpn);
}

/* Root can delete a tunnel's link, and NetworkManager and the VPN's program go on. */
static void note_link(Choice *choice, const KsVpn *vpn, const KsWorld *world, const GArray *tunnels,
                      int64_t now)
{
    if (vpn->activity != KS_VPN_UP) {
        choice->lost = 0;
    } else if (ks_tunnels_find(tunnels, vpn) || ks_world_has_policy(world, vpn)) {
        choice->had_link = true;
        choice->lost = 0;
    } else {
        choice->had_link |= must_have_had_link(choice, vpn);
        if (choice->had_link && choice->lost == 0)
            choice->lost = now;
    }
}

static void note_vpn(KsAlwaysOn *always, int number, const KsWorld *world, const GArray *tunnels,
                     int64_t now)
{
    static const KsVpn gone = { .activity = KS_VPN_DOWN };
    Choice *choice = &always->choices[number];
    const KsVpn *vpn = ks_always_on_find_vpn(world, choice->uuid);

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
    choice->met_up |= !choice->seen && vpn->activity == KS_VPN_UP;
    note_link(choice, vpn, world, tunnels, now);
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
        ks_always_on_begin_again(always);
    always->network = network;
    if (world->logins != always->logins && world->logged_in)
        ks_always_on_forgive(always);
    always->logins = world->logins;
}

void ks_always_on_note(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels, int64_t now)
{
    if (!world->manager_present)
        forget_manager(always);
    else
        for (int i = 0; i < always->count; i++)
            note_vpn(always, i, world, tunnels, now);
    note_network(always, world);
}
