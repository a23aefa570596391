/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/refused-report.h"
#include "refused/list.h"

/* Has the guard switch on what the kernel tells, hears it, and finds out who sent it. All of it
 * ends with ks_refused_watch_free(), or with this program. */

typedef struct KsRefusedWatch KsRefusedWatch;

/* `changed` is called from the main loop when the list, or the state, may be different. */
KsRefusedWatch *ks_refused_watch_new(void (*changed)(void *data), void *data);
void ks_refused_watch_free(KsRefusedWatch *watch);

/* What was refused until now is not told any more. */
void ks_refused_watch_forget(KsRefusedWatch *watch);

/* A guard has come: asks it, unless one has been asked already. One that did not answer is asked
 * again without this. */
void ks_refused_watch_ask_guard(KsRefusedWatch *watch);

/* Whether it hears what is refused, and whether some of it came too fast. */
KsRefusedState ks_refused_watch_state(const KsRefusedWatch *watch);
bool ks_refused_watch_has_lost(const KsRefusedWatch *watch);

const KsRefusedList *ks_refused_watch_list(const KsRefusedWatch *watch);
