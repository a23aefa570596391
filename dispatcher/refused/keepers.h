/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* For which users what is refused is kept while nobody looks, and until when. Moments are seconds
 * since the machine was started, asleep or awake. */

typedef struct KsKeepers KsKeepers;

KsKeepers *ks_keepers_new(void);
void ks_keepers_free(KsKeepers *keepers);

/* What this user asked before does not count any more. `everything`: everybody's programs, not the
 * user's own alone. `seconds`: KS_REFUSED_KEEP_SECONDS_MAX at most; 0, nothing is kept. False:
 * more, or too many users. */
bool ks_keepers_set(KsKeepers *keepers, uint32_t uid, bool everything, int64_t now,
                    uint32_t seconds);

/* Forgets those whose time is over. True: there were some. */
bool ks_keepers_expire(KsKeepers *keepers, int64_t now);

bool ks_keepers_are_there(const KsKeepers *keepers);

/* After how many seconds to see whether a time is over; 0: there are none. */
unsigned ks_keepers_timer(const KsKeepers *keepers, int64_t now);

/* Whether somebody wants what this user sent, or what nobody who is known did. */
bool ks_keepers_want(const KsKeepers *keepers, bool has_uid, uint32_t uid);

/* Since when and until when it is kept for this user; false: it is not. */
bool ks_keepers_find(const KsKeepers *keepers, uint32_t uid, int64_t *ret_since,
                     int64_t *ret_until);
