/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"
#include "network/system-bus.h"

/* NetworkManager as libnm shows it: VPN profiles and their servers, which of them are active, and
 * the DHCP leases. A cache that libnm keeps by signals; asking it costs no bus round trip. */

typedef struct KsManager KsManager;

/* Follows the bus, which it does not own, through all its restarts. `changed`: something is
 * different, or the first answers are there. Called from the main loop, at most once an
 * iteration. */
KsManager *ks_manager_new(KsSystemBus *bus, void (*changed)(void *data), void *data);
void ks_manager_free(KsManager *manager);

/* Asks NetworkManager to connect a VPN, or to disconnect it; of its profile, the UUID. One at a
 * time. `answered` is called once, from the main loop, when it has taken or refused it, or is away;
 * not after the manager is freed. False: it was not even asked, and nothing is called. */
bool ks_manager_ask(KsManager *manager, const char *uuid, bool connect,
                    void (*answered)(bool taken, void *data), void *data);

/* It is one of NetworkManager's, connected or not. */
bool ks_manager_has_profile(const KsManager *manager, const char *uuid);

/* Whose it is; NULL: everybody's, or there is no such profile. Owned by the caller. */
char **ks_manager_profile_users(const KsManager *manager, const char *uuid);

/* What people call it; NULL: there is no such profile. Valid until the profile changes. */
const char *ks_manager_profile_name(const KsManager *manager, const char *uuid);

/* What a network by this card with a cable would be (model/place.h); NULL: NetworkManager knows no
 * such card. Owned by the caller. */
char *ks_manager_card_place(const KsManager *manager, const char *interface);

/* Writes manager_present, manager_settled, vpns, networks, online, network_mark and dhcp_servers of
 * the world. Its links must have been read before: a network is on one of them. */
void ks_manager_describe(KsManager *manager, KsWorld *world);

/* False until libnm has its first answer, whether NetworkManager is there or not. */
bool ks_manager_is_ready(const KsManager *manager);
