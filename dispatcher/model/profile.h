/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/profile-value.h"

/* From a VPN profile to its servers. One table of VPN types stands in vpn-type.c: a new type is one
 * row there and one fixture in tests/unit/profiles/. */

/* Never fails: a type that the table does not know, or a profile without a usable server, gives no
 * servers and a warning that says so. Nothing is ever guessed. */
KsProfileServers *ks_profile_servers(const KsProfile *profile);
void ks_profile_servers_free(KsProfileServers *servers);

/* The short name people know: "openvpn", "wireguard"; for unknown services the part after the last
 * dot, made printable. Owned by the caller. */
char *ks_profile_type_name(const char *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsProfileServers, ks_profile_servers_free)
