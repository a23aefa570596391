/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/settings.h"

void ks_settings_copy(const KsSettings *from, KsSettings *to)
{
    *to = *from;
    to->lan_networks = g_strdupv(from->lan_networks);
}

void ks_settings_clear(KsSettings *settings)
{
    g_clear_pointer(&settings->lan_networks, g_strfreev);
}
