/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refused-report.h"
#include "refused/list.h"

/* Has the guard switch on what the kernel tells, hears it, and finds out who sent it. All of it
 * ends with ks_refused_watch_free(), or with this program. */

typedef struct KsRefusedWatch KsRefusedWatch;

/* Called from the main loop. */
typedef struct {
    void (*changed)(void *data); /* the list, or the state, may be different */
    /* whether somebody wants to know what this user sent, or nobody who is known */
    bool (*wants)(void *data, bool has_uid, uint32_t uid);
    /* whether somebody who looks, or has it kept, may see that */
    bool (*may_see)(void *data, bool has_uid, uint32_t uid);
} KsRefusedWatcher;

/* `watcher` must stay. */
KsRefusedWatch *ks_refused_watch_new(const KsRefusedWatcher *watcher, void *data);
void ks_refused_watch_free(KsRefusedWatch *watch);

/* What was refused until now and nobody may see is not told any more. `all`: nobody looks or has it
 * kept, so that nothing is missing either. */
void ks_refused_watch_forget(KsRefusedWatch *watch, bool all);

/* A guard has come: asks it, unless one has been asked already. One that did not answer is asked
 * again without this. */
void ks_refused_watch_ask_guard(KsRefusedWatch *watch);

/* Whether it hears what is refused, and whether some of it is missing. */
KsRefusedState ks_refused_watch_state(const KsRefusedWatch *watch);
bool ks_refused_watch_has_lost(const KsRefusedWatch *watch);

const KsRefusedList *ks_refused_watch_list(const KsRefusedWatch *watch);
