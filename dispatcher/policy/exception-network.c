/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/exception-network.h"

#include "model/event.h"
#include "model/place.h"
#include "model/printable.h"
#include "policy/error.h"

#include <string.h>

/* Bytes; a Wi-Fi's place has twice its name's, and two words. */
#define PLACE_MAX  256
#define CALLED_MAX 128

void ks_exception_network_copy(const KsExceptionNetwork *from, KsExceptionNetwork *ret_to)
{
    ret_to->uuid = g_strdup(from->uuid);
    ret_to->place = g_strdup(from->place);
    ret_to->name = g_strdup(from->name);
}

void ks_exception_network_clear(KsExceptionNetwork *network)
{
    g_clear_pointer(&network->uuid, g_free);
    g_clear_pointer(&network->place, g_free);
    g_clear_pointer(&network->name, g_free);
}

static bool name_is_valid(const char *name)
{
    return strlen(name) <= CALLED_MAX && ks_printable_is(name);
}

bool ks_exception_network_is_valid(const KsExceptionNetwork *network)
{
    return ks_uuid_is_valid(network->uuid) && network->place[0] &&
           strlen(network->place) <= PLACE_MAX && ks_printable_is(network->place) &&
           !ks_place_is_open(network->place) && name_is_valid(network->name);
}

static bool fail(GError **error, const char *sentence)
{
    g_set_error_literal(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS, sentence);
    return false;
}

/* Of those that NetworkManager itself brought up, and that this machine is a guest of. */
static bool may_be_meant(const KsNetwork *there)
{
    return there->up && !there->external && !there->shared && there->place;
}

/* NULL: it may be meant, as far as that goes. */
static const char *refusal_of(const KsNetwork *there)
{
    if (there->external)
        return "Another program made this network, and NetworkManager only watches it, so there is "
               "no exception for it alone.";
    if (there->shared)
        return "By this network the machine shares its own connection, so there is no exception "
               "for it alone.";
    if (there->place && ks_place_is_open(there->place))
        return "This Wi-Fi network is open: anybody can set up one that looks like it, so there is "
               "no exception for it alone.";
    return NULL;
}

bool ks_exception_network_find(const KsWorld *world, const char *uuid,
                               KsExceptionNetwork *ret_network, GError **error)
{
    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *there = g_ptr_array_index(world->networks, i);
        KsExceptionNetwork found = { there->uuid, there->place, there->name };

        if (strcmp(there->uuid, uuid) != 0 || !there->up)
            continue;
        if (refusal_of(there))
            return fail(error, refusal_of(there));
        if (!may_be_meant(there))
            continue;
        if (!name_is_valid(there->name))
            found.name = there->uuid;
        if (ks_exception_network_is_valid(&found) &&
            ks_exception_network_index(&found, world, there) > 0) {
            ks_exception_network_copy(&found, ret_network);
            return true;
        }
    }
    return fail(error, "This network is not connected now, so that it cannot be told from others. "
                       "Connect it first.");
}

bool ks_exception_networks_meet(const KsExceptionNetwork *a, const KsExceptionNetwork *b)
{
    return !a->uuid || !b->uuid || strcmp(a->uuid, b->uuid) == 0;
}

uint32_t ks_exception_network_index(const KsExceptionNetwork *network, const KsWorld *world,
                                    const KsNetwork *there)
{
    const KsLink *link = ks_world_link_by_index(world, there->index);

    if (!network->uuid || !link || link->loopback || link->tunnel_kind || !may_be_meant(there) ||
        strcmp(there->uuid, network->uuid) != 0 || strcmp(there->place, network->place) != 0 ||
        ks_place_is_open(there->place))
        return 0;
    return link->index;
}

bool ks_exception_network_is_here(const KsExceptionNetwork *network, const KsWorld *world)
{
    for (unsigned i = 0; network->uuid && i < world->networks->len; i++)
        if (ks_exception_network_index(network, world, g_ptr_array_index(world->networks, i)) > 0)
            return true;
    return !network->uuid;
}
