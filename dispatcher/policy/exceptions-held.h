/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/world.h"

/* Without a guard nobody says which networks are connected. What the kernel still lets out says of
 * those that have exceptions where a guard saw them last: adds them to a world that has its links
 * and its exceptions. */
void ks_exceptions_see_held(KsWorld *world, const KsLock *held);
