/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/bounds.h"

#include "guard/guard.h"
#include "model/hotspot.h"

bool ks_bounds_of_networks(GVariant *arguments)
{
    g_autofree const char **networks = NULL;

    g_variant_get_child(arguments, 1, "^a&s", &networks);
    if (g_strv_length((char **) networks) > KS_LAN_NETWORKS_MAX)
        return false;
    for (unsigned i = 0; networks[i]; i++)
        if (networks[i][0] && !ks_uuid_is_valid(networks[i]))
            return false;
    return true;
}

bool ks_bounds_of_seconds(GVariant *arguments)
{
    guint32 seconds;

    g_variant_get_child(arguments, 0, "u", &seconds);
    return seconds > 0;
}

bool ks_bounds_of_always_on(GVariant *arguments)
{
    g_autofree const char **vpns = NULL;

    g_variant_get_child(arguments, 0, "^a&s", &vpns);
    return g_strv_length((char **) vpns) <= KS_ALWAYS_ON_MAX;
}

/* The list that is argument number `at`: each valid, none twice, at most so many. */
static bool is_list(GVariant *arguments, unsigned at, unsigned most,
                    bool (*is_valid)(const char *text))
{
    g_autofree const char **texts = NULL;

    g_variant_get_child(arguments, at, "^a&s", &texts);
    for (unsigned i = 0; texts[i]; i++)
        if (i == most || !is_valid(texts[i]) || g_strv_contains(texts + i + 1, texts[i]))
            return false;
    return true;
}

bool ks_bounds_of_cards(GVariant *arguments)
{
    return is_list(arguments, 0, KS_SHARED_CARDS_MAX, ks_interface_name_is_valid);
}

bool ks_bounds_of_mode(GVariant *arguments)
{
    KsMode mode;
    const char *name;

    g_variant_get_child(arguments, 0, "&s", &name);
    return ks_mode_parse(name, &mode);
}

bool ks_bounds_of_locks(GVariant *arguments)
{
    KsVpnLocks locks;
    const char *word;

    g_variant_get_child(arguments, 1, "&s", &word);
    return ks_vpn_locks_parse(word, &locks);
}

bool ks_bounds_of_here(GVariant *arguments)
{
    g_autoptr(GVariant) networks = g_variant_get_child_value(arguments, 1);

    return g_variant_n_children(networks) > 0 &&
           is_list(arguments, 1, KS_LAN_NETWORKS_MAX, ks_uuid_is_valid);
}

bool ks_bounds_of_exception_on(GVariant *arguments)
{
    const char *network;

    g_variant_get_child(arguments, 7, "&s", &network);
    return ks_uuid_is_valid(network);
}
