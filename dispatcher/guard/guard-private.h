/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "files/saved-copy.h"
#include "files/store.h"
#include "guard/guard.h"
#include "guard/keeper.h"
#include "guard/look.h"
#include "guard/tracing.h"
#include "kernel/connections.h"
#include "kernel/netfilter.h"
#include "policy/always-on.h"
#include "policy/status.h"
#include "policy/vpns.h"

/* The guard from inside, for the files it is made of and nobody else:
 *
 *   guard.c          beginning, end, and what wakes it
 *   follow.c         the way of an event, from the world to the kernel
 *   hold.c           what should be is made so in the kernel, looked at, and put right
 *   closing.c        what ends with the closing of the lock
 *   saving.c         what outlasts a reboot
 *   facts.c          what status is told
 *   orders.c         what a person asks for, and what is answered
 *   administrator.c  what the configuration rules out
 *   connecting.c     the VPN that is always on
 *   disconnecting.c  what a person disconnects
 *   excepting.c      what a person lets past the lock */

struct KsGuard {
    KsConfiguration *configuration;
    KsStore *store;
    KsSavedCopies *copies;
    KsVpns *vpns;
    KsEngine *engine;
    KsLook *look;

    KsKeeper *keeper;
    KsMonitor *monitor;
    KsTracing *tracing;
    KsConnections *connections; /* while those from before the lock closed are being ended */

    char **known_up;     /* as it was saved last */
    char *servers;       /* the same */
    KsStatusTold told;   /* everybody, of the lists that are long */
    bool has_learned;    /* something of VPNs that is worth saving */
    bool has_taken_over; /* what the kernel held when we began is known */
    bool was_open;       /* ... or paused, or broken, since connections were ended last */
    bool was_broken;     /* while that is told: others had changed the lock */
    bool cannot_tell;    /* the kernel has nothing that tells of refused packets */
    bool boot_skipped;   /* the lock is open by the kernel's command line, for this boot only */
    char *state_problem; /* what was wrong with the saved state when we began */
    char *vpns_problem;  /* what was wrong with what is said of VPNs when we began */
    char *copy_told;     /* where the lock was found saved, as it was logged last */
    char *save_problem;  /* why the state could not be saved last */
    guint save_source;   /* when that, or exceptions_unsaved, is tried again */
    guint monitor_source;
    guint verify_source;
    guint ready_source;
    guint ending_source;
    guint pause_source; /* when the kernel ends the pause */
    int clock;          /* tells when the machine has woken up; negative: nothing does */
    guint clock_source;
    char *clock_doubt;     /* what spoke against the machine's clock when that was looked at last */
    bool clock_is_judged;  /* ... and the clock was not set since */
    GSource *retry_source; /* follows the world once more, at its ready time; owned */
    GSource *connect_source; /* the same, when what is always on is to be looked at again */
    KsAlwaysOn *always_on;
    char **always_on_now;   /* those that people named, for the networks of now */
    bool is_always_on_here; /* ... one of which has a VPN of its own */
    struct {
        KsAlwaysOnState state;
        KsWait wait;
        char *uuid;
    } always_on_told;                  /* as it was logged last */
    bool opened_by_disconnect;         /* while NetworkManager is asked for it */
    bool held_by_disconnect;           /* the same, of what is always on */
    bool held_saved;                   /* that a person disconnected it is on disk */
    KsExceptions *exceptions;          /* people's */
    char *exceptions_problem;          /* what was wrong with them when we began */
    char *exceptions_unsaved;          /* why it could not be saved last that one is closed */
    KsExceptions *exceptions_in_force; /* ... with the administrator's, without what is ruled out */
    char *exceptions_left_out;         /* which of them are not in it, and why; NULL: all are */
    guint exceptions_source;           /* when the next one ends */
    int64_t slept;                     /* microseconds, since the boot, as it was looked at last */
    uint64_t booted;                   /* Unix time in seconds */
    bool is_ready;
    KsGuardObserver observer;
};

/* ---- follow.c ---- */

/* The whole way of an event, in one direction. False: the kernel did not take it. */
bool ks_guard_follow(KsGuard *guard);

/* The same, and saved, in the order that closing or opening needs. False with an error that says
 * what holds now. */
bool ks_guard_follow_and_save(KsGuard *guard, GError **error); /* what closes */
bool ks_guard_save_and_follow(KsGuard *guard, GError **error); /* what opens */

/* Says by an error that the kernel did not take it, or the disk. */
bool ks_guard_report(const KsGuard *guard, bool done, GError **error);
bool ks_guard_report_saved(const KsGuard *guard, GError **error);

/* ---- hold.c ---- */

/* What a guard or an early boot before us left in the kernel counts: it is never opened by our
 * start, whatever the state file says. Until it could be read, nothing is changed. */
bool ks_guard_take_over(KsGuard *guard);

/* Makes the kernel hold what the engine says. */
bool ks_guard_hold(KsGuard *guard);

/* Reads the table back a moment from now, off the event's path, and puts right what is wrong. */
void ks_guard_verify_soon(KsGuard *guard);

/* Somebody changed a table: looks, and puts our lock right. */
void ks_guard_put_right(KsGuard *guard, KsAuthor *author);

/* The kernel ends a pause by itself; then pause_source wakes us, so that people see it. */
void ks_guard_watch_pause(KsGuard *guard);

/* ---- facts.c ---- */

void ks_guard_notify(KsGuard *guard);
KsStatusFacts ks_guard_facts(const KsGuard *guard);

/* The kernel holds what should be. */
bool ks_guard_is_right(const KsGuard *guard);

uint64_t ks_guard_pause_left(const KsGuard *guard); /* milliseconds */

/* Which VPNs are always on: the administrator's choice, or people's; NULL: none. */
const char *const *ks_guard_always_on(const KsGuard *guard);

/* When one of them is to be connected again, as Unix time in seconds; 0: not by itself. */
int64_t ks_guard_next_connect(const KsGuard *guard);

/* ---- closing.c ---- */

/* To be called whenever the lock may have opened or closed. When it has closed, connections from
 * before are ended, later. */
void ks_guard_watch_closing(KsGuard *guard);

void ks_guard_stop_ending(KsGuard *guard);

/* ---- saving.c ---- */

/* If it fails, save_problem says why, and it is tried again later. */
void ks_guard_save(KsGuard *guard);

/* The same of exceptions that are closed, by exceptions_unsaved. */
void ks_guard_save_closed_exceptions(KsGuard *guard);

/* If it failed last: the disk may take it now. */
void ks_guard_save_again(KsGuard *guard);

/* A person has decided: what the kernel's command line says, and what was wrong with the saved
 * state, counts no more. */
void ks_guard_heed_word(KsGuard *guard);

/* ---- connecting.c ---- */

/* Does the next step to have one connected; to be called when the kernel has the lock. */
void ks_guard_connect(KsGuard *guard);

/* ---- excepting.c ---- */

void ks_guard_load_exceptions(KsGuard *guard);

/* ---- in-force.c ---- */

/* What is in force into the world. What the administrator has ruled out is not, and is not
 * forgotten. */
void ks_guard_put_exceptions(KsGuard *guard);

/* Those whose time has come, or all that were made for a while if the machine slept, for the
 * kernel's count stands still then. To be called when it may have slept; what should be is to be
 * followed then. */
void ks_guard_end_exceptions(KsGuard *guard);

/* ---- administrator.c ---- */

KsConfiguration *ks_guard_read_configuration(void);

/* What may not be turned on or off does not stay so either. Closes only. True if that changed a
 * setting. */
bool ks_guard_obey_configuration(KsGuard *guard);
