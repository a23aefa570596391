/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/reconnect.h"

static const unsigned delays[] = { 2, 5, 10, 20, 30, 60, 120, 300 }; /* seconds */

unsigned ks_reconnect_in(const KsReconnect *reconnect, const KsModel *model, bool online)
{
    const KsVpn *vpn = ks_model_wanted_vpn(model);

    if (!model->reconnects || !online || !model->dropped[0] || !vpn ||
        vpn->activity != KS_VPN_DOWN || model->guard->reason == KS_REASON_LOGIN_FAILED ||
        model->guard->reason == KS_REASON_NO_SECRETS)
        return 0;
    return delays[MIN(reconnect->attempts, G_N_ELEMENTS(delays) - 1)];
}

void ks_reconnect_begin(KsReconnect *reconnect)
{
    reconnect->attempts++;
}

void ks_reconnect_forget(KsReconnect *reconnect)
{
    reconnect->attempts = 0;
}
