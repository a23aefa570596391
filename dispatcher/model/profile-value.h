/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/server.h"

/* What goes into the reading of a profile, and what comes out. */

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
