/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

#include <NetworkManager.h>
#include <stdbool.h>

/* What NetworkManager says of a network that a device is connected to, or of its device. */

/* What it is, by model/place.h; NULL: not known. Owned by the caller. */
char *ks_networks_place(NMActiveConnection *active, NMDevice *device);

/* It has a lease, or asks for one, or has a gateway. That a profile takes router advertisements
 * says nothing: it does so by default. */
bool ks_networks_leads_out(NMActiveConnection *active, NMDevice *device);

/* The index of the link that NetworkManager calls `interface` (model/network-link.h), which is
 * remembered as long as this is active. */
uint32_t ks_networks_index(NMActiveConnection *active, const char *interface, const KsWorld *world);

/* Its profile has NetworkManager share this machine's connection by it. */
bool ks_networks_is_shared(NMActiveConnection *active);

/* What a wired network by this device would be; NULL: it has no cable. Owned by the caller. */
char *ks_networks_card_place(NMDevice *device);
