/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "polkit/on-demand.h"

/* What was refused on the system bus, as data/io.github.nmkillswitch.Refused1.xml has it. */

typedef struct KsRefused KsRefused;

KsRefused *ks_refused_new(GDBusConnection *connection, KsOnDemandIdle idle, void *data);

/* Somebody looks. */
bool ks_refused_is_busy(const KsRefused *refused);

/* Its name is another's now: from now on it keeps nothing for anybody. */
void ks_refused_leave(KsRefused *refused);

void ks_refused_free(KsRefused *refused);
