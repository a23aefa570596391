/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/model.h"

#include <string.h>

const KsVpn *ks_model_vpn(const KsModel *model, const char *uuid)
{
    for (unsigned i = 0; i < model->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(model->vpns, i);

        if (strcmp(vpn->uuid, uuid) == 0)
            return vpn;
    }
    return NULL;
}

const KsVpn *ks_model_wanted_vpn(const KsModel *model)
{
    const KsVpn *vpn = ks_model_vpn(model, model->dropped[0] ? model->dropped : model->last);

    if (vpn)
        return vpn;
    return model->vpns->len == 1 ? g_ptr_array_index(model->vpns, 0) : NULL;
}
