/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"

/* The VPN servers that the lock let through when it was drawn last, as text for the next boot: they
 * are open before NetworkManager has told of them, so that a VPN need not wait for the guard. The
 * caller leaves out those of private profiles, and those that one network alone has.
 * Interfaces are never remembered: after a reboot their numbers mean others.
 *
 * At most KS_SERVER_CACHE_MAX keys, with their SHA-256. Text that was cut short, changed, or that
 * another version of this program wrote counts for nothing: then the lock is without servers until
 * NetworkManager is known, and closed. */

#define KS_SERVER_CACHE_MAX 4096u

/* No text of ours is longer: a header, and for each key its set's name, two digits a byte, and what
 * stands beside it. */
#define KS_SERVER_CACHE_TEXT_MAX (KS_SERVER_CACHE_MAX * 160u)

char *ks_server_cache_write(const KsLock *lock); /* owned by the caller */

/* Adds the servers to a lock and seals it. Returns how many there were; NULL is no text. */
unsigned ks_server_cache_read(const char *text, KsLock *lock);
