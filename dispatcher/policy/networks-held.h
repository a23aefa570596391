/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/world.h"
#include "policy/settings.h"

/* Without a guard nobody says which networks are connected. What the kernel still lets out says of
 * those that have LAN access or exceptions of their own where a guard saw them last: adds them to a
 * world that has its links and its exceptions. A name that is not known is the card's. */
void ks_networks_see_held(KsWorld *world, const KsSettings *settings, const KsLock *held);
