/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/held.h"
#include "model/refusal.h"
#include "model/viewer.h"
#include "policy/always-on.h"
#include "policy/engine.h"
#include "policy/status-list.h"

/* What a status is made of, and the state that follows from it. */

#define KS_STATUS_PROBLEMS_MAX 10

#define KS_STATUS_MANAGER_AWAY "manager-away" /* the reason */

typedef struct {
    const KsEngine *engine;
    const KsWorld *world;
    KsHeld held;            /* what the kernel holds */
    const KsViewer *viewer; /* who is told; NULL: everybody, and nothing of private profiles */
    KsStatusTold *told;     /* what this viewer was told last, for the next time; NULL: nothing */
    uint32_t pause_max;     /* seconds; 0: pausing is not allowed */
    bool unlock_forbidden;  /* by the administrator */
    bool egress;            /* the second layer stands on every uplink */
    bool alone;             /* no guard keeps the kernel up to date */
    bool trouble;           /* the kernel could not be asked or changed: nothing is verified */
    const char *problems[KS_STATUS_PROBLEMS_MAX]; /* whole sentences; NULL: none */
    const GPtrArray *configuration_warnings;      /* whole sentences; NULL: none */
    const GPtrArray *name_warnings;               /* likewise */
    const char *mode_source; /* file and line that decide the mode; NULL: people do */
    KsAlwaysOnView always_on;
    const char *const *always_on_uuids; /* but on networks with a VPN of their own; NULL: none */
    const char *const *always_on_here;  /* on such a one; NULL: it has none */
    const char *always_on_source;       /* file and line that decide it; NULL: people do */
    int64_t always_on_next;             /* Unix time in seconds; 0: nothing is tried by itself */
    const uint16_t *frame_types;        /* of frames that the second layer dropped lately */
    unsigned frame_types_count;
    uint64_t booted;        /* when the machine was started: Unix time in seconds */
    const GArray *refusals; /* element-type KsRefusal: by other firewalls; NULL: none */
} KsStatusFacts;

/* "unlocked", "protected", "blocked", "paused" or "broken". */
const char *ks_status_state(const KsStatusFacts *facts);

/* The kernel holds exactly what should be. Without a guard: all of its rules, and it opens no link
 * that should not be open; a link that is gone may still be named, which opens nothing. A port that
 * WireGuard or OpenVPN in the kernel sent from may not. */
bool ks_status_verified(const KsStatusFacts *facts);

/* A VPN of policies, which needs no interface: NetworkManager says that it is up, and the kernel
 * has its policy. */
bool ks_status_is_up_without_interface(const KsStatusFacts *facts, const KsVpn *vpn);

/* Such a VPN is up, and the kernel lets IPsec's packets out. */
bool ks_status_ipsec_is_up(const KsStatusFacts *facts);

/* Nobody but root does before NetworkManager has told whose it is. */
bool ks_status_sees_network(const KsStatusFacts *facts, const char *uuid);
