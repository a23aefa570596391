/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "network/vpn-profile.h"

/* What NetworkManager's profiles say of VPNs: read once, and kept until a profile changes. libnm's
 * own copy of a VPN's settings, which is larger, is let go of once it has been read; but for its
 * connection setting, which holds type, UUID, name and users. */

typedef struct KsKnownProfiles KsKnownProfiles;

typedef struct {
    KsVpnKind kind;
    char *type;                /* as of ks_vpn_profile_type(); NULL: it is no VPN */
    bool asks_person;          /* as of ks_vpn_profile_asks_person() */
    KsProfileServers *servers; /* NULL until ks_known_profile_servers() */
} KsKnownProfile;

/* `changed` is called when a profile that was looked at has changed. */
KsKnownProfiles *ks_known_profiles_new(void (*changed)(void *data), void *data);
void ks_known_profiles_free(KsKnownProfiles *known);

/* Valid until the profile changes or is forgotten: not beyond a turn of the main loop. */
const KsKnownProfile *ks_known_profile(KsKnownProfiles *known, NMConnection *profile);

/* Of a VPN; valid as long. */
const KsProfileServers *ks_known_profile_servers(KsKnownProfiles *known, NMConnection *profile);

void ks_known_profiles_forget(KsKnownProfiles *known, NMConnection *profile);
void ks_known_profiles_clear(KsKnownProfiles *known);
