/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/viewer.h"
#include "model/world.h"
#include "network/manager.h"
#include "network/system-bus.h"
#include "policy/vpns.h"

/* Sees the world: the one place that asks the kernel for links, WireGuard, Wi-Fi cards and IPsec,
 * and NetworkManager and the DNS for the rest. It keeps what they tell by notifications, so that a
 * look costs no question but where something has changed. */

typedef struct KsLook KsLook;

/* Opens nothing yet: the world is empty, and `changed` is not called. */
KsLook *ks_look_new(void (*changed)(void *data), void *data);
void ks_look_free(KsLook *look);

/* From now on `changed` is called, from the main loop, when the kernel tells that something may be
 * different; after the second call also when NetworkManager does, or the DNS. `bus` must outlive
 * the look. */
void ks_look_open_kernel(KsLook *look);
void ks_look_open_manager(KsLook *look, KsSystemBus *bus);

/* Sees everything once more, with what a person said of VPNs. `locked`: names are asked for more
 * urgently. Returns whether something was learned of `vpns`, which is worth saving. */
bool ks_look_around(KsLook *look, KsVpns *vpns, bool locked);

/* Whose uids are people's is read again: from files, and not at each look. */
void ks_look_at_people(KsLook *look);

/* The leases of other DHCP clients than NetworkManager, which lie in files. Of all looks only the
 * first reads them, or an event would wait. Calls `changed` if their servers are others. */
void ks_look_at_leases(KsLook *look);

/* What was seen last. Owned by the look; the engine and status only read it. */
KsWorld *ks_look_world(const KsLook *look);

/* NetworkManager has told what it has, or is known to be away. */
bool ks_look_has_manager_told(const KsLook *look);
bool ks_look_has_profile(const KsLook *look, const char *uuid);

/* What a network by this card would be (ks_manager_card_place()). Owned by the caller. */
char *ks_look_card_place(const KsLook *look, const char *interface);

/* Whether somebody is logged in is told with the world from now on. Asks the system, which no event
 * should wait for. */
void ks_look_at_logins(KsLook *look);

/* What the networks on these lists of UUIDs are called, and whose they are, is told with the world
 * from now on. A list may be NULL: none. */
void ks_look_at_networks(KsLook *look, const char *const *const *lists, unsigned count);

/* NULL: before ks_look_open_manager(). */
KsManager *ks_look_manager(const KsLook *look);

/* Addresses of all links as they were seen last; NULL: the kernel cannot be asked. */
const GArray *ks_look_addresses(const KsLook *look);

/* As of ks_names_warnings(); NULL: none yet. */
GPtrArray *ks_look_name_warnings(const KsLook *look, const KsViewer *viewer);
