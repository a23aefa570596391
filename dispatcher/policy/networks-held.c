/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/networks-held.h"

#include "model/box.h"
#include "policy/exceptions.h"

#include <string.h>

static const KsSetId sets[] = { KS_SET_EXCEPTIONS4, KS_SET_EXCEPTIONS6, KS_SET_SERVICES4,
                                KS_SET_SERVICES6 };

static bool is_held_by(const KsLock *held, const KsExceptionEntry *entry, uint32_t index)
{
    g_autoptr(KsLock) drawn = ks_lock_new();
    bool all = ks_lock_add_exception(drawn, &entry->what, 0, index);

    for (unsigned i = 0; i < G_N_ELEMENTS(sets); i++)
        for (unsigned j = 0; j < drawn->sets[sets[i]]->len; j++)
            all &= ks_lock_has_key(held, sets[i], &g_array_index(drawn->sets[sets[i]], KsKey, j));
    return all;
}

static bool holds_any_by(const KsLock *held, uint32_t index)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(sets); i++)
        for (unsigned j = 0; j < held->sets[sets[i]]->len; j++)
            if (ks_box_interface(sets[i], &g_array_index(held->sets[sets[i]], KsKey, j)) == index)
                return true;
    return false;
}

static bool names(const char *place, const char *interface)
{
    g_auto(GStrv) words = g_strsplit(place, " ", -1);

    return g_strv_contains((const char *const *) words, interface);
}

/* Two networks may have the same exceptions: then the place may say which one is on this card. */
static const KsExceptionEntry *find_on(const KsWorld *world, const KsLock *held, const KsLink *link)
{
    const KsExceptionEntry *found = NULL;

    if (!holds_any_by(held, link->index))
        return NULL;
    for (unsigned i = 0; i < ks_exceptions_count(world->exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(world->exceptions, i);

        if (!entry->on.uuid || !is_held_by(held, entry, link->index))
            continue;
        if (names(entry->on.place, link->name))
            return entry;
        if (!found)
            found = entry;
    }
    return found;
}

static void add(KsWorld *world, const KsLink *link, const char *uuid, const char *name,
                const char *place)
{
    KsNetwork *network = ks_network_new(uuid, name, link->name);

    network->place = g_strdup(place);
    network->index = link->index;
    network->up = true;
    g_ptr_array_add(world->networks, network);
    /* only root sees a world like this */
    g_hash_table_insert(world->network_users, g_strdup(uuid), NULL);
}

/* The network with LAN access that is on this card, as far as one can tell: that of the exceptions
 * there, else one whose place names the card, else the first. NULL: none. */
static const char *find_with_lan(const KsSettings *settings, const KsLock *held, const KsLink *link,
                                 const KsExceptionEntry *entry)
{
    char **networks = settings->lan_networks;
    bool is_open = false;

    for (unsigned i = 0; i < held->sets[KS_SET_LAN_INTERFACES]->len; i++)
        is_open |= ks_key_number(&g_array_index(held->sets[KS_SET_LAN_INTERFACES], KsKey, i)) ==
                   link->index;
    if (!settings->lan || !is_open || !networks || !networks[0])
        return NULL;
    if (entry && g_strv_contains((const char *const *) networks, entry->on.uuid))
        return entry->on.uuid;
    for (unsigned i = 0; networks[i]; i++)
        if (names(ks_settings_lan_place(settings, networks[i]), link->name))
            return networks[i];
    return networks[0];
}

void ks_networks_see_held(KsWorld *world, const KsSettings *settings, const KsLock *held)
{
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);
        const KsExceptionEntry *entry = find_on(world, held, link);
        const char *uuid = find_with_lan(settings, held, link, entry);

        if (entry)
            add(world, link, entry->on.uuid, entry->on.name, entry->on.place);
        if (uuid && !(entry && strcmp(uuid, entry->on.uuid) == 0))
            add(world, link, uuid, link->name, ks_settings_lan_place(settings, uuid));
    }
}
