/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/profile.h"

#include <NetworkManager.h>
#include <stdbool.h>

/* What a profile of NetworkManager's says of a VPN. */

typedef enum {
    KS_VPN_KIND_NONE, /* it is no VPN */
    KS_VPN_KIND_PLUGIN,
    KS_VPN_KIND_WIREGUARD,
} KsVpnKind;

KsVpnKind ks_vpn_profile_kind(NMConnection *profile);

/* Of a VPN: "openvpn"; see ks_profile_type_name(). Owned by the caller. */
char *ks_vpn_profile_type(NMConnection *profile);

/* Of a VPN: it is of a kind whose program runs pppd. */
bool ks_vpn_profile_runs_pppd(NMConnection *profile);

/* Of a VPN; owned by the caller. */
KsProfileServers *ks_vpn_profile_servers(NMConnection *profile);

/* A person's session has to be asked for some of its secrets. */
bool ks_vpn_profile_asks_person(NMConnection *profile);

/* Whom any profile is for, NULL: everybody. Of a longer list than makes sense, the first. Owned by
 * the caller. */
char **ks_vpn_profile_users(NMConnection *profile);
