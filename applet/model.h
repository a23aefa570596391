/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/guard-client.h"
#include "model/world.h"

/* What is known, all of it, at one moment; borrowed from those who learn it. What is shown and
 * said follows from it alone. */

typedef struct {
    const KsGuardState *guard;
    KsPermission permissions[KS_REQUEST_MAX];
    bool busy[KS_REQUEST_MAX]; /* asked, not answered */
    bool starts_guard;         /* asked of the bus, not answered */
    const GPtrArray *vpns;     /* element-type KsVpn */
    const GPtrArray *networks; /* element-type KsGuardNetwork: all that are set up */
    bool manager_ready;        /* NetworkManager answers */
    bool asks_manager;         /* it was asked for the first time, and has not answered */
    const char *dropped;       /* UUID of the VPN that dropped, or "" */
    const char *last;          /* UUID of the VPN that was up last, or "" */
    int64_t now;               /* Unix time in seconds */
} KsModel;

/* By its UUID, or NULL. */
const KsVpn *ks_model_vpn(const KsModel *model, const char *uuid);

/* The VPN that "Reconnect" means, or NULL: the one that dropped, else the one that was up last,
 * else the only one. */
const KsVpn *ks_model_wanted_vpn(const KsModel *model);
