/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/settings.h"

#include "model/event.h"
#include "model/hotspot.h"

void ks_settings_copy(const KsSettings *from, KsSettings *to)
{
    *to = *from;
    to->lan_networks = g_strdupv(from->lan_networks);
    to->lan_places = g_strdupv(from->lan_places);
    to->always_on = g_strdupv(from->always_on);
    to->here_networks = g_strdupv(from->here_networks);
    to->here_places = g_strdupv(from->here_places);
    to->here_vpns = g_strdupv(from->here_vpns);
    to->shared_cards = g_strdupv(from->shared_cards);
    to->shared_places = g_strdupv(from->shared_places);
}

void ks_settings_clear(KsSettings *settings)
{
    g_clear_pointer(&settings->lan_networks, g_strfreev);
    g_clear_pointer(&settings->lan_places, g_strfreev);
    g_clear_pointer(&settings->always_on, g_strfreev);
    g_clear_pointer(&settings->here_networks, g_strfreev);
    g_clear_pointer(&settings->here_places, g_strfreev);
    g_clear_pointer(&settings->here_vpns, g_strfreev);
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

static unsigned length(char *const *texts)
{
    return texts ? g_strv_length((char **) texts) : 0;
}

static bool are_all(char *const *texts, bool (*is_valid)(const char *text))
{
    for (unsigned i = 0; texts && texts[i]; i++)
        if (!is_valid(texts[i]))
            return false;
    return true;
}

void ks_settings_drop_damaged(KsSettings *settings)
{
    unsigned cards = length(settings->shared_cards);
    unsigned here = length(settings->here_networks);

    if (cards > KS_SHARED_CARDS_MAX || length(settings->shared_places) != cards ||
        !are_all(settings->shared_cards, ks_interface_name_is_valid)) {
        g_clear_pointer(&settings->shared_cards, g_strfreev);
        g_clear_pointer(&settings->shared_places, g_strfreev);
    }
    if (here > KS_LAN_NETWORKS_MAX || length(settings->here_places) != here ||
        length(settings->here_vpns) != here ||
        !are_all(settings->here_networks, ks_uuid_is_valid) ||
        !are_all(settings->here_vpns, ks_uuid_is_valid)) {
        g_clear_pointer(&settings->here_networks, g_strfreev);
        g_clear_pointer(&settings->here_places, g_strfreev);
        g_clear_pointer(&settings->here_vpns, g_strfreev);
    }
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
