/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/settings.h"

#include "model/event.h"

void ks_settings_copy(const KsSettings *from, KsSettings *to)
{
    *to = *from;
    to->lan_networks = g_strdupv(from->lan_networks);
    to->lan_places = g_strdupv(from->lan_places);
    to->always_on = g_strdupv(from->always_on);
    to->shared_cards = g_strdupv(from->shared_cards);
    to->shared_places = g_strdupv(from->shared_places);
}

void ks_settings_clear(KsSettings *settings)
{
    g_clear_pointer(&settings->lan_networks, g_strfreev);
    g_clear_pointer(&settings->lan_places, g_strfreev);
    g_clear_pointer(&settings->always_on, g_strfreev);
    g_clear_pointer(&settings->shared_cards, g_strfreev);
    g_clear_pointer(&settings->shared_places, g_strfreev);
}

bool ks_settings_are(char *const *texts, const char *const *others)
{
    static const char *const none[] = { NULL };

    return g_strv_equal(texts ? (const char *const *) texts : none, others ? others : none);
}

bool ks_settings_change(char ***texts, const char *const *now)
{
    if (ks_settings_are(*texts, now))
        return false;
    g_strfreev(*texts);
    *texts = g_strdupv((char **) now);
    return true;
}

void ks_settings_boot(KsSettings *settings)
{
    settings->locked |= settings->mode == KS_MODE_ALWAYS;
}

char **ks_settings_read_always_on(const char *const *texts)
{
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; texts[i]; i++) {
        if (g_ptr_array_find_with_equal_func(uuids, texts[i], g_str_equal, NULL))
            continue;
        if (!ks_uuid_is_valid(texts[i]) || uuids->len == KS_ALWAYS_ON_MAX)
            return NULL;
        g_ptr_array_add(uuids, g_strdup(texts[i]));
    }
    g_ptr_array_add(uuids, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&uuids), FALSE);
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
