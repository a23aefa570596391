/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* Who is logged in, by systemd-logind's word: people in sessions of their own, no login screens. */

typedef struct KsLogins KsLogins;

/* `changed`: somebody may have come or gone; from the main loop. */
KsLogins *ks_logins_new(void (*changed)(void *data), void *data);
void ks_logins_free(KsLogins *logins);

/* Writes logged_in and logins of the world. */
void ks_logins_describe(KsLogins *logins, KsWorld *world);
