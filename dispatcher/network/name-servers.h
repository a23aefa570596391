/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

#include <NetworkManager.h>

/* The name servers that NetworkManager knows and how it has them asked, from libnm's cache. Fills
 * in `dns` and `name_servers` of the world. */
void ks_name_servers_describe(NMClient *client, KsWorld *world);
