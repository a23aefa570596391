/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/event.h"
#include "model/lock.h"
#include "model/viewer.h"
#include "model/world.h"
#include "policy/settings.h"
#include "policy/tunnel.h"

/* What should be. Pure: it knows no bus, no netlink, no clock and no file, so that every order of
 * events can be tried (tests/unit/test-engine-orders.c).
 *
 *   events are hints  ->  the world is looked at again  ->  what should be  ->  the kernel
 *
 * No event opens the lock: ks_engine_observe() may set `locked`, never clear it. Only a person's
 * request does (ks_engine_set_locked(), ks_engine_disconnect()), and where an administrator says so
 * what a person asked NetworkManager for (ks_engine_heed_ends()). */

typedef struct KsEngine KsEngine;

/* `known_up`: from ks_engine_known_up() of the guard before us (NULL-terminated, may be NULL): the
 * full-tunnel VPNs that were up already, and on which link. Their being up is nothing new and does
 * not lock. */
KsEngine *ks_engine_new(const KsSettings *settings, const char *const *known_up);
void ks_engine_free(KsEngine *engine);

/* For the first start on a machine: a VPN that is found up at the first look, and that no event
 * announced, was there before us. Locking for it would cut off anyone who is installing this. */
void ks_engine_spare_running(KsEngine *engine);

/* Somebody has just said something of this VPN: that it is found up at the next look is no news. */
void ks_engine_spare(KsEngine *engine, const char *uuid);

/* Takes over what the kernel holds already, from a guard or an early boot before us: it stays until
 * NetworkManager has told what is there. */
void ks_engine_adopt(KsEngine *engine, const KsLock *held);

/* Remembers what the hook said: which interface belongs to which VPN, or that one went down. */
void ks_engine_hear(KsEngine *engine, const KsEvent *event);

/* Looks at the world and works out what should be. True if a setting changed (auto-lock). */
bool ks_engine_observe(KsEngine *engine, const KsWorld *world);

/* A person's requests. True if that changed anything; observe again afterwards. */
bool ks_engine_set_locked(KsEngine *engine, bool locked);
bool ks_engine_set_mode(KsEngine *engine, KsMode mode); /* KS_MODE_ALWAYS closes */

/* It locks as it comes up, and it is up, or was when NetworkManager told of all last. */
bool ks_engine_is_known_up(const KsEngine *engine, const char *uuid);

/* No other such VPN is, and this one is, or "": none. */
bool ks_engine_is_last(const KsEngine *engine, const char *uuid);

/* A person who may unlock disconnects this VPN, or "": any, and none is up. In KS_MODE_DROPS that
 * opens if it is the last. True if it opened. */
bool ks_engine_disconnect(KsEngine *engine, const char *uuid);

/* To be called after each look, in KS_MODE_DROPS: whether a VPN that locks, and was up while it was
 * locked, was disconnected by a person with anything but this program. That opens as
 * ks_engine_disconnect() does if `count`. A private VPN's counts only if it closed the lock, and no
 * other that locks came up since. True if it opened. */
bool ks_engine_heed_ends(KsEngine *engine, const KsWorld *world, bool count);

/* Whether the kernel tells of what it refuses; at once in ks_engine_lock(). Nothing of it lasts. */
void ks_engine_set_telling(KsEngine *engine, bool telling);
bool ks_engine_is_telling(const KsEngine *engine);

bool ks_engine_set_lan(KsEngine *engine, bool lan);
/* `uuids` NULL: all. `places`: what each of them is, as KsSettings has it. */
bool ks_engine_set_lan_networks(KsEngine *engine, const char *const *uuids,
                                const char *const *places);
bool ks_engine_lan_networks_are(const KsEngine *engine, const char *const *uuids,
                                const char *const *places);

/* Kept with the rest of what people chose; it has no say in what should be. */
bool ks_engine_set_always_on(KsEngine *engine, const char *const *uuids);

/* Which VPN is wanted before these, on which networks (KsSettings). */
void ks_engine_set_here(KsEngine *engine, const char *const *networks, const char *const *places,
                        const char *const *vpns);

/* Cards by which this machine's connection is shared, and what each of them is (KsSettings). */
bool ks_engine_set_shared_cards(KsEngine *engine, const char *const *cards,
                                const char *const *places);

/* The answers, valid until the next call that changes the engine. */
const KsSettings *ks_engine_settings(const KsEngine *engine);
const KsLock *ks_engine_lock(const KsEngine *engine); /* what the kernel should hold when locked */
const KsLock *ks_engine_lasting(const KsEngine *engine); /* its servers but for private profiles',
                                                          * which nobody may remember */
/* What of a lock this viewer may see: a copy without the servers that only private profiles have
 * which are not theirs. Owned by the caller. */
KsLock *ks_engine_shown(const KsEngine *engine, const KsWorld *world, const KsViewer *viewer,
                        const KsLock *held);
const GArray *ks_engine_tunnels(const KsEngine *engine); /* element-type KsTunnel */
/* This VPN has had a tunnel since NetworkManager's hook last said that it is up. */
bool ks_engine_saw_tunnel(const KsEngine *engine, const KsVpn *vpn);
const char *ks_engine_locked_by(const KsEngine *engine); /* name of the VPN whose coming up locked
                                                          * last; NULL if a person did */

/* For the next guard's `known_up`; NULL-terminated, owned by the caller. Only an engine reads
 * it. */
char **ks_engine_known_up(const KsEngine *engine);

/* Something that the lock could not take in, as a sentence, or NULL. */
const char *ks_engine_overflow(const KsEngine *engine);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsEngine, ks_engine_free)
