/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/always-on-here.h"

#include "policy/exceptions.h"

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
    return settings->here_networks ? g_strv_length(settings->here_networks) : 0;
}

/* Of one that is away: what it was when something was said of it. */
static const char *place_by_settings(const KsSettings *settings, const KsWorld *world,
                                     const char *uuid)
{
    const char *place = ks_settings_lan_place(settings, uuid);

    for (unsigned i = 0; i < length(settings); i++)
        if (strcmp(settings->here_networks[i], uuid) == 0)
            return settings->here_places[i];
    for (unsigned i = 0; (!place || !place[0]) && i < ks_exceptions_count(world->exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(world->exceptions, i);

        if (g_strcmp0(entry->on.uuid, uuid) == 0)
            place = entry->on.place;
    }
    return place && place[0] ? place : NULL;
}

const char *ks_always_on_place(const KsSettings *settings, const KsWorld *world, const char *uuid)
{
    const KsNetwork *network = find_network(world, uuid);

    return network ? network->place : place_by_settings(settings, world, uuid);
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

char **ks_always_on_list(const KsSettings *settings, const char *here)
{
    GPtrArray *list = g_ptr_array_new();

    if (here)
        g_ptr_array_add(list, g_strdup(here));
    for (unsigned i = 0; settings->always_on && settings->always_on[i]; i++)
        if (g_strcmp0(settings->always_on[i], here) != 0)
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

typedef struct {
    GPtrArray *networks;
    GPtrArray *places;
    GPtrArray *vpns;
} Lists;

static Lists begin(void)
{
    return (Lists){ g_ptr_array_new(), g_ptr_array_new(), g_ptr_array_new() };
}

static void add(Lists *lists, const char *network, const char *place, const char *vpn)
{
    g_ptr_array_add(lists->networks, g_strdup(network));
    g_ptr_array_add(lists->places, g_strdup(place));
    g_ptr_array_add(lists->vpns, g_strdup(vpn));
}

static char **end_one(GPtrArray *texts)
{
    g_ptr_array_add(texts, NULL);
    return (char **) g_ptr_array_free(texts, FALSE);
}

static KsHere end(const Lists *lists)
{
    return (KsHere){ end_one(lists->networks), end_one(lists->places), end_one(lists->vpns) };
}

KsHereAnswer ks_always_on_change_here(const KsSettings *settings, const KsWorld *world,
                                      const char *vpn, const char *const *networks,
                                      KsHere *ret_here)
{
    KsHereAnswer answer = KS_HERE_DONE;
    Lists lists = begin();

    for (unsigned i = 0; i < length(settings); i++)
        if (!g_strv_contains(networks, settings->here_networks[i]))
            add(&lists, settings->here_networks[i], settings->here_places[i],
                settings->here_vpns[i]);
    for (unsigned i = 0; vpn[0] && networks[i]; i++) {
        const char *place = ks_always_on_place(settings, world, networks[i]);

        if (!place)
            answer = KS_HERE_NOT_KNOWN;
        else if (lists.networks->len < KS_LAN_NETWORKS_MAX)
            add(&lists, networks[i], place, vpn);
        else if (answer == KS_HERE_DONE)
            answer = KS_HERE_TOO_MANY;
    }
    *ret_here = end(&lists);
    return answer;
}

bool ks_always_on_forget_here(const KsSettings *settings, KsHereIsThere *is_there, const void *data,
                              KsHere *ret_here)
{
    Lists lists = begin();

    for (unsigned i = 0; i < length(settings); i++)
        if (is_there(settings->here_networks[i], data))
            add(&lists, settings->here_networks[i], settings->here_places[i],
                settings->here_vpns[i]);
    *ret_here = end(&lists);
    return g_strv_length(ret_here->networks) < length(settings);
}
