/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/reconnect.h"

#define STEADY 60 /* seconds that a VPN is up when it counts as connected for good */

static const unsigned delays[] = { 2, 5, 10, 20, 30, 60, 120, 300 }; /* seconds */

void ks_reconnect_follow(KsReconnect *reconnect, const KsModel *model)
{
    const KsVpn *vpn = ks_model_wanted_vpn(model);

    if (vpn && vpn->activity == KS_VPN_UP) {
        if (reconnect->up_since == 0)
            reconnect->up_since = model->now;
        return;
    }
    if (reconnect->up_since != 0 && model->now - reconnect->up_since >= STEADY)
        reconnect->attempts = 0;
    reconnect->up_since = 0;
    if (!model->dropped[0] && (!vpn || vpn->activity == KS_VPN_DOWN))
        reconnect->attempts = 0;
}

/* Trying again helps with neither, and may lock the account. */
static bool needs_a_person(const KsVpn *vpn)
{
    return vpn->failure == KS_FAILURE_LOGIN || vpn->failure == KS_FAILURE_NO_SECRETS;
}

unsigned ks_reconnect_in(const KsReconnect *reconnect, const KsModel *model, bool online)
{
    const KsVpn *vpn = ks_model_wanted_vpn(model);

    if (!model->reconnects || !online || !model->dropped[0] || !vpn ||
        vpn->activity != KS_VPN_DOWN || needs_a_person(vpn))
        return 0;
    return delays[MIN(reconnect->attempts, G_N_ELEMENTS(delays) - 1)];
}

void ks_reconnect_begin(KsReconnect *reconnect)
{
    reconnect->attempts++;
}
