/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/mode.h"

#include <string.h>

static const char *const names[KS_MODE_MAX] = {
    [KS_MODE_OFF] = "off",
    [KS_MODE_DROPS] = "drops",
    [KS_MODE_VPN] = "vpn",
    [KS_MODE_ALWAYS] = "always",
};

const char *ks_mode_name(KsMode mode)
{
    return names[mode];
}

bool ks_mode_parse(const char *name, KsMode *ret_mode)
{
    for (KsMode mode = KS_MODE_OFF; mode < KS_MODE_MAX; mode++) {
        if (strcmp(name, names[mode]) != 0)
            continue;
        *ret_mode = mode;
        return true;
    }
    return false;
}

bool ks_mode_auto_locks(KsMode mode)
{
    return mode == KS_MODE_VPN || mode == KS_MODE_DROPS;
}

bool ks_mode_only_raises(KsMode from, KsMode to)
{
    return from == KS_MODE_OFF && to == KS_MODE_VPN;
}
