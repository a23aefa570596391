/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"
#include "policy/settings.h"

/* Which VPN is to be connected by itself, and when. Pure: it knows no bus and no clock, so that
 * every order of events can be tried. It has no say in what the lock lets out.
 *
 * The first of some VPNs is the one that people want; the others stand in for it. At most one of
 * them is connected at a time, but while the first takes over from another.
 * ADR 37 has the rules. */

/* Times are milliseconds of a clock that only goes forward; 0: never. */
#define KS_ALWAYS_ON_AGAIN  (30 * 60 * 1000) /* the first is tried while another stands in */
#define KS_ALWAYS_ON_STEADY (60 * 1000)      /* one that was up for so long had not failed */
#define KS_ALWAYS_ON_LOST   (15 * 1000)      /* without its link, before it is connected again */
#define KS_ALWAYS_ON_LAST   (300 * 1000)     /* the longest wait between two attempts */
#define KS_ALWAYS_ON_TRIES  3u               /* failures of one before the next is tried */

#define KS_ALWAYS_ON_CHOSEN_MAX \
    (KS_ALWAYS_ON_MAX + 1) /* with that of a network (always-on-here.h) */

typedef struct KsAlwaysOn KsAlwaysOn;

/* Why nothing is connected, or not yet. */
typedef enum {
    KS_WAIT_NOTHING,
    KS_WAIT_MANAGER,      /* NetworkManager does not run */
    KS_WAIT_NETWORK,      /* there is none */
    KS_WAIT_PORTAL,       /* the network wants a login in a browser first */
    KS_WAIT_PERSON,       /* somebody disconnected the VPN */
    KS_WAIT_OTHER,        /* another VPN is connected */
    KS_WAIT_PROFILE,      /* none of these VPNs exists, or it is for one user alone */
    KS_WAIT_LOGIN,        /* its secrets are a person's, and nobody is logged in */
    KS_WAIT_DROPPED,      /* it was up, and went down */
    KS_WAIT_FAILED,       /* the last attempt failed; tried again later */
    KS_WAIT_NEEDS_PERSON, /* ... and only a person can help: its login is refused, say */
    KS_WAIT_MAX,
} KsWait;

typedef enum {
    KS_ALWAYS_ON_OFF,
    KS_ALWAYS_ON_UP,
    KS_ALWAYS_ON_CONNECTING,
    KS_ALWAYS_ON_WAITING,
} KsAlwaysOnState;

typedef struct {
    KsAlwaysOnState state;
    KsWait wait;
    const char *uuid;  /* of the VPN that this is about; NULL: of none */
    KsFailure failure; /* of the last attempt, with FAILED and NEEDS_PERSON */
    int64_t next; /* when it is tried, or while another stands in, the first; 0: not by itself */
} KsAlwaysOnView;

/* What is to be done now. Of CONNECT and DISCONNECT, ks_always_on_answer() is owed. */
typedef struct {
    enum { KS_STEP_NOTHING, KS_STEP_CONNECT, KS_STEP_DISCONNECT } what;
    const char *uuid; /* valid until the next look or choice */
    int64_t wake;     /* observe again by then; 0: only when something changes */
} KsAlwaysOnStep;

/* `held`: as ks_always_on_is_held() said to the guard before us in this boot. */
KsAlwaysOn *ks_always_on_new(bool held);
void ks_always_on_free(KsAlwaysOn *always);

/* It is NetworkManager's, and for everybody: a private profile may have any UUID. */
bool ks_always_on_may_be(const KsVpn *vpn);

/* UUIDs, at most KS_ALWAYS_ON_CHOSEN_MAX, the first first; NULL or empty: none. The same as before
 * changes nothing. What was chosen before and is there stands in until one of these works; what is
 * known of those that stay is kept. */
void ks_always_on_choose(KsAlwaysOn *always, const char *const *uuids);

/* A person wants it now: what was disconnected is connected again, what waits is tried. */
void ks_always_on_want(KsAlwaysOn *always);

/* A person wants none of them, whatever is connected now; false: that was not so. */
void ks_always_on_hold(KsAlwaysOn *always, bool held);

/* The machine has slept: what waits is tried at once. */
void ks_always_on_wake(KsAlwaysOn *always);

/* NetworkManager has taken what the last step asked for, or refused it, or was too slow. */
void ks_always_on_answer(KsAlwaysOn *always, bool taken);

/* Looks at the world; `tunnels` has KsTunnel. To be called at every change and when a step says. */
KsAlwaysOnStep ks_always_on_observe(KsAlwaysOn *always, const KsWorld *world, const GArray *tunnels,
                                    int64_t now);

/* What people are told, as of the last look. */
KsAlwaysOnView ks_always_on_view(const KsAlwaysOn *always);

/* A person disconnected it: it stays so until the next boot, or until a person connects one of
 * these VPNs. */
bool ks_always_on_is_held(const KsAlwaysOn *always);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsAlwaysOn, ks_always_on_free)
