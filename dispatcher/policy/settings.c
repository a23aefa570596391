/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/settings.h"

void ks_settings_copy(const KsSettings *from, KsSettings *to)
{
    *to = *from;
    to->lan_networks = g_strdupv(from->lan_networks);
    to->lan_places = g_strdupv(from->lan_places);
    to->always_on = g_strdupv(from->always_on);
}

void ks_settings_clear(KsSettings *settings)
{
    g_clear_pointer(&settings->lan_networks, g_strfreev);
    g_clear_pointer(&settings->lan_places, g_strfreev);
    g_clear_pointer(&settings->always_on, g_strfreev);
}

const char *ks_settings_lan_place(const KsSettings *settings, const char *uuid)
{
    for (unsigned i = 0; settings->lan_networks && settings->lan_networks[i]; i++)
        if (g_str_equal(settings->lan_networks[i], uuid))
            return settings->lan_places && i < g_strv_length(settings->lan_places)
                       ? settings->lan_places[i]
                       : "";
    return NULL;
}
