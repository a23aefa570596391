/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/always-on-here.h"

#include <string.h>

static const KsNetwork *find_network(const KsWorld *world, const char *uuid)
{
    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);

        if (strcmp(network->uuid, uuid) == 0 && network->up && network->place)
            return network;
    }
    return NULL;
}

static unsigned length(const KsSettings *settings)
{
    char **const lists[] = { settings->here_networks, settings->here_places, settings->here_vpns };
    unsigned shortest = G_MAXUINT;

    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        shortest = MIN(shortest, lists[i] ? g_strv_length(lists[i]) : 0);
    return shortest;
}

const char *ks_always_on_here(const KsSettings *settings, const KsWorld *world)
{
    for (unsigned i = 0; i < length(settings); i++) {
        const KsNetwork *network = find_network(world, settings->here_networks[i]);

        if (network && network->leads_out && strcmp(network->place, settings->here_places[i]) == 0)
            return settings->here_vpns[i];
    }
    return NULL;
}

char **ks_always_on_list(const KsSettings *settings, const KsWorld *world)
{
    const char *here = ks_always_on_here(settings, world);
    GPtrArray *list = g_ptr_array_new();

    if (here)
        g_ptr_array_add(list, g_strdup(here));
    for (unsigned i = 0; settings->always_on && settings->always_on[i]; i++)
        if (list->len < KS_ALWAYS_ON_MAX && g_strcmp0(settings->always_on[i], here) != 0)
            g_ptr_array_add(list, g_strdup(settings->always_on[i]));
    g_ptr_array_add(list, NULL);
    return (char **) g_ptr_array_free(list, FALSE);
}

void ks_here_clear(KsHere *here)
{
    g_clear_pointer(&here->networks, g_strfreev);
    g_clear_pointer(&here->places, g_strfreev);
    g_clear_pointer(&here->vpns, g_strfreev);
}

static char **end(GPtrArray *texts)
{
    g_ptr_array_add(texts, NULL);
    return (char **) g_ptr_array_free(texts, FALSE);
}

bool ks_always_on_change_here(const KsSettings *settings, const KsWorld *world, const char *vpn,
                              const char *const *networks, KsHere *ret_here)
{
    GPtrArray *uuids = g_ptr_array_new();
    GPtrArray *places = g_ptr_array_new();
    GPtrArray *vpns = g_ptr_array_new();
    bool all = true;

    for (unsigned i = 0; i < length(settings); i++)
        if (!g_strv_contains(networks, settings->here_networks[i])) {
            g_ptr_array_add(uuids, g_strdup(settings->here_networks[i]));
            g_ptr_array_add(places, g_strdup(settings->here_places[i]));
            g_ptr_array_add(vpns, g_strdup(settings->here_vpns[i]));
        }
    for (unsigned i = 0; vpn[0] && networks[i]; i++) {
        const KsNetwork *network = find_network(world, networks[i]);

        all &= network && uuids->len < KS_LAN_NETWORKS_MAX;
        g_ptr_array_add(uuids, g_strdup(networks[i]));
        g_ptr_array_add(places, g_strdup(network ? network->place : ""));
        g_ptr_array_add(vpns, g_strdup(vpn));
    }
    *ret_here = (KsHere){ end(uuids), end(places), end(vpns) };
    if (!all)
        ks_here_clear(ret_here);
    return all;
}
