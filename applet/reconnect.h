/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/presenter.h"

/* Whether a VPN that dropped is to be connected again by itself, and when: ever more seldom, never
 * while there is nothing to connect over, and not at all when a person has to type something.
 * NetworkManager itself does this for WireGuard, not for its VPN plugins. Pure. */

typedef struct {
    unsigned attempts; /* since it dropped */
} KsReconnect;

/* Seconds until the next attempt; 0: none is to be made. */
unsigned ks_reconnect_in(const KsReconnect *reconnect, const KsModel *model, bool online);

/* An attempt is made now. */
void ks_reconnect_begin(KsReconnect *reconnect);

/* A VPN is up, or a person decided otherwise. */
void ks_reconnect_forget(KsReconnect *reconnect);
