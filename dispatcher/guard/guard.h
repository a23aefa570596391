/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/event.h"
#include "model/viewer.h"
#include "network/system-bus.h"
#include "policy/configuration.h"
#include "policy/engine.h"
#include "policy/error.h"
#include "policy/exceptions.h"
#include "policy/vpns.h"

/* The guard: the one writer of the lock. It brings the parts together and has no policy of its own:
 *
 *   event or change -> links + manager describe the world -> engine says what should be
 *                   -> rules plan the difference -> kernel takes it -> read back and compared */

typedef struct KsGuard KsGuard;

typedef struct {
    /* NetworkManager is known, or known to be away: events can be answered from now on. */
    void (*ready)(void *data);
    /* What ks_guard_status() says may have changed. `now`: it is to be asked before this returns,
     * for what it says does not last. */
    void (*changed)(bool now, void *data);
    void *data;
} KsGuardObserver;

/* Loads the state, takes over what the kernel holds and closes the lock if it should be closed,
 * before anything else is looked at. Never fails: what does not work is told by the status. The
 * observer is called from the main loop only, and is copied. The bus must outlive the guard. */
KsGuard *ks_guard_new(KsSystemBus *bus, const KsGuardObserver *observer);

/* Leaves the kernel as it is: a guard that ends opens nothing. */
void ks_guard_free(KsGuard *guard);

/* The hook heard something. Returns when the kernel has the rules that follow from it. */
bool ks_guard_event(KsGuard *guard, const KsEvent *event, GError **error);

/* What a person asks for; authorisation is the caller's business. Each returns when the kernel has
 * it, or false with an error of KS_ERROR that says what holds now. */
bool ks_guard_lock(KsGuard *guard, GError **error); /* ends a pause too */
bool ks_guard_unlock(KsGuard *guard, GError **error);
bool ks_guard_set_lan(KsGuard *guard, bool lan, const char *const *networks, GError **error);
/* It is so already, and the networks are still what they were when somebody allowed them. */
bool ks_guard_lan_is(const KsGuard *guard, bool lan, const char *const *networks);
bool ks_guard_set_mode(KsGuard *guard, KsMode mode, GError **error); /* KS_MODE_ALWAYS: locks */
/* Which VPNs are connected by themselves, by names or UUIDs, the wanted one first; none: off.
 * Saying it again connects what a person disconnected. */
bool ks_guard_set_always_on(KsGuard *guard, const char *const *vpns, GError **error);
bool ks_guard_could_set_always_on(KsGuard *guard, const char *const *vpns, GError **error);
bool ks_guard_pause(KsGuard *guard, uint32_t seconds, GError **error);
bool ks_guard_resume(KsGuard *guard, GError **error);

/* Of VPNs; see policy/vpns.h. `vpn`: a name or a UUID; `servers`: a(ssq). With KS_GUARD_TRY only
 * whether it could be done is said, and nothing changes. */
typedef enum {
    KS_GUARD_TRY,
    KS_GUARD_DO,
} KsGuardDoing;

/* The mode is vpn, or off. What locks in drops already stays. */
bool ks_guard_set_auto_lock(KsGuard *guard, KsGuardDoing doing, bool auto_lock, GError **error);

/* Which VPN is wanted before these on some networks that are connected now, by UUIDs; "": none. */
bool ks_guard_set_always_on_here(KsGuard *guard, KsGuardDoing doing, const char *vpn,
                                 const char *const *networks, GError **error);

/* By which network cards, by their interfaces, this machine's connection is shared; an empty list:
 * by none. Each is known by what it is now, or was when it was named before. */
bool ks_guard_set_sharing(KsGuard *guard, KsGuardDoing doing, const char *const *cards,
                          GError **error);

/* Has NetworkManager disconnect this VPN, "" for the one that is connected or connects, and keeps
 * the one that is always on disconnected. In KS_MODE_DROPS it opens: first, and it is closed again
 * if NetworkManager does not take it. */
bool ks_guard_disconnect(KsGuard *guard, KsGuardDoing doing, const char *vpn, GError **error);

bool ks_guard_add_vpn(KsGuard *guard, KsGuardDoing doing, const KsByHand *what, GError **error);
bool ks_guard_remove_vpn(KsGuard *guard, KsGuardDoing doing, const char *vpn, GError **error);
bool ks_guard_set_servers(KsGuard *guard, KsGuardDoing doing, const char *vpn, GVariant *servers,
                          GError **error);
bool ks_guard_set_vpn_locks(KsGuard *guard, KsGuardDoing doing, const char *vpn, KsVpnLocks locks,
                            GError **error);

/* `seconds`: after which the kernel ends it; 0: it lasts. Of the network that it is for alone, the
 * wish has the UUID, and the guard finds the rest. */
bool ks_guard_add_exception(KsGuard *guard, KsGuardDoing doing, const KsExceptionWish *wish,
                            uint32_t seconds, GError **error);
bool ks_guard_remove_exception(KsGuard *guard, KsGuardDoing doing, const char *name,
                               GError **error);

/* Whether the kernel tells KS_LOG_GROUP of what it refuses, as long as the lock stands: of no more
 * than some packets, and only while somebody looks. False: it does not, and nothing else has
 * changed; G_IO_ERROR_NOT_SUPPORTED if this kernel cannot. */
bool ks_guard_tell(KsGuard *guard, bool telling, GError **error);

/* It goes off by itself when the kernel does not take its rules; the observer hears of that. */
bool ks_guard_is_telling(const KsGuard *guard);

const KsSettings *ks_guard_settings(const KsGuard *guard);

/* The administrator's; valid until it is read again. */
const KsConfiguration *ks_guard_configuration(const KsGuard *guard);

/* Reads the administrator's files again (SIGHUP). What they no longer allow ends now: LAN access, a
 * longer pause, auto-lock being off. Nothing opens, and what closes the lock is no more than the
 * mode's becoming always. */
void ks_guard_reload_config(KsGuard *guard);

/* The kernel holds what should be, and no pause is running. */
bool ks_guard_is_settled(const KsGuard *guard);

/* GetStatus of the bus contract, a{sv}, a new reference. `fresh`: as the kernel is read now, or was
 * a moment ago; otherwise as it was read after the last change. */
GVariant *ks_guard_status(KsGuard *guard, const KsViewer *viewer, bool fresh);

/* Changes whenever what is told of private profiles does, to anyone who may see them. */
uint64_t ks_guard_private_mark(const KsGuard *guard);

/* There is something that this viewer is not told. */
bool ks_guard_hides(const KsGuard *guard, const KsViewer *viewer);

/* The kernel's rules in nft's words, read now; NULL with an error. Owned by the caller. */
char *ks_guard_rules(KsGuard *guard, const KsViewer *viewer, GError **error);
