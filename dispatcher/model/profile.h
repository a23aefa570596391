/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/server.h"

/* From a VPN profile to its servers. One table of VPN types stands in vpn-type.c: a new type is one
 * row there and one fixture in tests/unit/profiles/. */

/* What a profile says, as plain values; the caller owns it all. Everything in it is hostile. */
typedef struct {
    const char *service;      /* "org.freedesktop.NetworkManager.openvpn", NULL for WireGuard */
    GHashTable *data;         /* char* -> char*: vpn.data of a plugin's profile; may be NULL */
    const char *const *peers; /* WireGuard: each peer's endpoint, NULL-terminated; may be NULL */
} KsProfile;

typedef struct {
    GPtrArray *servers;  /* element-type KsServer, owned; without duplicates */
    GPtrArray *warnings; /* element-type char*, owned: whole sentences on what was not understood */
    bool floats;         /* its program follows a server that answers from another address */
} KsProfileServers;

/* Most servers that one profile may bring into the kernel. */
#define KS_PROFILE_SERVERS_MAX 1024

/* Never fails: a type that the table does not know, or a profile without a usable server, gives no
 * servers and a warning that says so. Nothing is ever guessed. */
KsProfileServers *ks_profile_servers(const KsProfile *profile);
void ks_profile_servers_free(KsProfileServers *servers);

/* The short name people know: "openvpn", "wireguard"; for unknown services the part after the last
 * dot, made printable. Owned by the caller. */
char *ks_profile_type_name(const char *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsProfileServers, ks_profile_servers_free)
