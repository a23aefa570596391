/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

#include <NetworkManager.h>

/* Whether the networks of the world lead out now, and which they are: writes online, network_mark
 * and login_mark. */
void ks_online_describe(NMClient *client, KsWorld *world);
