/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/mode.h"

#include <glib.h>
#include <stdbool.h>

/* What a person decided and what persists over a reboot. */

/* More networks than anybody names by hand. */
#define KS_LAN_NETWORKS_MAX 256
#define KS_ALWAYS_ON_MAX    8

typedef struct {
    bool locked;
    KsMode mode;
    bool lan;            /* LAN access */
    char **lan_networks; /* UUIDs of the connections it is limited to; NULL or empty: all. Owned */
    char **lan_places;   /* what each of them was when that was said (model/place.h); "": not known,
                          * and not in force. As many; owned */
    char **always_on; /* UUIDs of the VPNs that are connected by themselves, the wanted one first;
                          * NULL or empty: none. Owned */
    char **here_networks; /* UUIDs of connections with a VPN of their own before these, at most
                           * KS_LAN_NETWORKS_MAX; NULL or empty: none. Owned */
    char **here_places;   /* what each of them was when that was said (model/place.h); owned */
    char **here_vpns;     /* UUIDs of these VPNs; as many; owned */
    char **shared_cards;  /* interfaces by which this machine's connection is shared; NULL or empty:
                           * none. Owned */
    char **shared_places; /* what each of them was when it was named; as many; owned */
} KsSettings;

#define KS_SETTINGS_DEFAULT ((KsSettings){ .locked = false, .mode = KS_MODE_VPN, .lan = false })

void ks_settings_copy(const KsSettings *from, KsSettings *to); /* `to` is overwritten, not freed */
void ks_settings_clear(KsSettings *settings);

/* Two of their lists say the same; NULL is an empty one. */
bool ks_settings_are(char *const *texts, const char *const *others);

/* Puts a copy of `now` in the place of one of their lists. False: it was so already. */
bool ks_settings_change(char ***texts, const char *const *now);

/* What was chosen for good, as a boot begins: no unlock outlasts it in mode KS_MODE_ALWAYS. */
void ks_settings_boot(KsSettings *settings);

/* UUIDs for `always_on` out of what somebody wrote, each once. NULL: one is no UUID, or there are
 * more than KS_ALWAYS_ON_MAX. To be freed with g_strfreev(). */
char **ks_settings_read_always_on(const char *const *texts);

/* Out of a file: lists that belong together and are not as long, or too long, or hold what cannot
 * be meant, are dropped. Without them no card serves anybody, and no network has its own VPN. */
void ks_settings_drop_damaged(KsSettings *settings);

/* What this connection must be for LAN access, "" if that is not known; NULL: it has none. */
const char *ks_settings_lan_place(const KsSettings *settings, const char *uuid);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KsSettings, ks_settings_clear)
