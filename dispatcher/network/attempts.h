/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/failure.h"

#include <NetworkManager.h>
#include <glib.h>
#include <stdbool.h>

/* How the attempts to bring VPNs up went: by NetworkManager's word first, and a moment later by
 * that of the VPN's program, where it left one in the journal. Where these may be another VPN's
 * words, NetworkManager's stands: of two attempts at one time nobody can tell whose they are, and
 * the server of other users' profile writes what they like, also while it is up. */

typedef struct KsAttempts KsAttempts;

/* `clock`: microseconds of a clock that nobody can set. `changed` is called when a program's word
 * has come, until it is freed. */
KsAttempts *ks_attempts_new(gint64 (*clock)(void), void (*changed)(void *data), void *data);
void ks_attempts_free(KsAttempts *attempts);

/* `profile` tells them apart, and says whose it is. */
void ks_attempts_begin(KsAttempts *attempts, NMConnection *profile);
void ks_attempts_succeed(KsAttempts *attempts, NMConnection *profile);

/* The VPN of this profile has come to `state` (NMActiveConnectionState) for `reason`
 * (NMActiveConnectionStateReason): as the signal of the active connection tells, which alone has
 * the reason. `by_plugin`: it is no WireGuard. */
void ks_attempts_hear(KsAttempts *attempts, NMConnection *profile, bool by_plugin, unsigned state,
                      unsigned reason);

/* NetworkManager is asked from here to end it (NULL: for something else); it has refused that. */
void ks_attempts_ask_end(KsAttempts *attempts, const void *profile);
void ks_attempts_refuse_end(KsAttempts *attempts);
bool ks_attempts_asked_end(const KsAttempts *attempts, const void *profile);

void ks_attempts_forget(KsAttempts *attempts, const void *profile);

/* NetworkManager has gone or come, or is followed from now on: its profiles are other objects than
 * before, and whose programs ran until now is not known. */
void ks_attempts_clear(KsAttempts *attempts);

/* Of the last attempt: which of all it was; and why it failed, KS_FAILURE_NONE while there is
 * another. */
unsigned ks_attempts_number(const KsAttempts *attempts, const void *profile);
bool ks_attempts_ended_by_person(const KsAttempts *attempts, const void *profile);
KsFailure ks_attempts_failure(const KsAttempts *attempts, const void *profile);
