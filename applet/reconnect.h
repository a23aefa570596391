/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

/* Whether a VPN that dropped is to be connected again by itself, and when: ever more seldom, never
 * while there is nothing to connect over, and not at all when a person has to type something.
 * NetworkManager itself does this for WireGuard, not for its VPN plugins. Pure. */

typedef struct {
    unsigned attempts; /* since it was up for long enough */
    int64_t up_since;  /* Unix time in seconds; 0: it is not up */
} KsReconnect;

/* To be called at every change. A VPN that stays up for a minute, or that a person disconnects,
 * begins anew; one that comes up and drops at once is tried ever more seldom, too. */
void ks_reconnect_follow(KsReconnect *reconnect, const KsModel *model);

/* Seconds until the next attempt; 0: none is to be made. */
unsigned ks_reconnect_in(const KsReconnect *reconnect, const KsModel *model, bool online);

/* An attempt is made now. */
void ks_reconnect_begin(KsReconnect *reconnect);
