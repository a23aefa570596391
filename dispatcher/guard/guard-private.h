/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "files/store.h"
#include "guard/guard.h"
#include "guard/keeper.h"
#include "guard/server-names.h"
#include "kernel/access-points.h"
#include "kernel/connections.h"
#include "kernel/links.h"
#include "kernel/netfilter.h"
#include "kernel/policies.h"
#include "kernel/wireguard.h"
#include "network/manager.h"
#include "policy/status.h"
#include "policy/vpns.h"

/* The guard from inside, for the files it is made of and nobody else:
 *
 *   guard.c          beginning, end, and what wakes it
 *   follow.c         the way of an event, from the world to the kernel; it calls none of the others
 *   closing.c        what ends with the closing of the lock
 *   saving.c         what outlasts a reboot
 *   orders.c         what a person asks for, and what is answered
 *   administrator.c  what the configuration rules out */

struct KsGuard {
    KsConfiguration *configuration;
    KsStore *store;
    KsVpns *vpns;
    KsNames *names;
    KsEngine *engine;
    KsWorld *world;
    KsManager *manager;
    KsLinks *links;
    KsWireguard *wireguard; /* NULL until there is a link of that kind */
    KsAccessPoints *access_points;

    KsKeeper *keeper;
    KsMonitor *monitor;
    KsConnections *connections; /* while those from before the lock closed are being ended */

    char **known_up;     /* as it was saved last */
    char *servers;       /* the same */
    bool has_taken_over; /* what the kernel held when we began is known */
    bool was_open;       /* ... or paused, or broken, since connections were ended last */
    bool was_broken;     /* while that is told: others had changed the lock */
    bool boot_skipped;   /* the lock is open by the kernel's command line, for this boot only */
    char *state_problem; /* what was wrong with the saved state when we began */
    char *vpns_problem;  /* what was wrong with what is said of VPNs when we began */
    char *save_problem;  /* why the state could not be saved last */
    guint save_source;   /* when that is tried again */
    guint links_source;
    guint access_points_source;
    guint policies_source; /* while an IPsec VPN may be up */
    int policies_fd;       /* ... of it */
    guint monitor_source;
    guint verify_source;
    guint ready_source;
    guint ending_source;
    guint pause_source; /* when the kernel ends the pause */
    int clock;          /* tells when the machine has woken up; negative: nothing does */
    guint clock_source;
    GSource *retry_source; /* follows the world once more, at its ready time; owned */
    bool is_ready;
    KsGuardListener listener;
};

/* ---- follow.c ---- */

/* The whole way of an event, in one direction. False: the kernel did not take it. */
bool ks_guard_follow(KsGuard *guard);

/* Reads the table back a moment from now, off the event's path, and puts right what is wrong. */
void ks_guard_verify_soon(KsGuard *guard);

/* What a guard or an early boot before us left in the kernel counts: it is never opened by our
 * start, whatever the state file says. Until it could be read, nothing is changed. */
bool ks_guard_take_over(KsGuard *guard);

/* The machine slept, or its clock was set: looks, and ends a pause that should have ended. */
void ks_guard_wake_up(KsGuard *guard);

/* Somebody changed a table: looks, and puts our lock right. */
void ks_guard_put_right(KsGuard *guard, KsAuthor *author);

void ks_guard_stop_policies(KsGuard *guard);

void ks_guard_notify(KsGuard *guard);
KsStatusFacts ks_guard_facts(const KsGuard *guard);

uint64_t ks_guard_pause_left(const KsGuard *guard); /* milliseconds */

/* The kernel ends a pause by itself; then pause_source wakes us, so that people see it. */
void ks_guard_watch_pause(KsGuard *guard);

/* ---- closing.c ---- */

/* To be called whenever the lock may have opened or closed. When it has closed, connections from
 * before are ended, later. */
void ks_guard_watch_closing(KsGuard *guard);

void ks_guard_stop_ending(KsGuard *guard);

/* ---- saving.c ---- */

/* If it fails, save_problem says why, and it is tried again later. */
void ks_guard_save(KsGuard *guard);

/* If it failed last: the disk may take it now. */
void ks_guard_save_again(KsGuard *guard);

/* ---- administrator.c ---- */

KsConfiguration *ks_guard_read_configuration(void);

/* What may not be turned on or off does not stay so either. Closes only. True if that changed a
 * setting. */
bool ks_guard_obey_configuration(KsGuard *guard);
