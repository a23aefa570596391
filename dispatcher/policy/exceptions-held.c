/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/exceptions-held.h"

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

void ks_exceptions_see_held(KsWorld *world, const KsLock *held)
{
    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);
        const KsExceptionEntry *entry = find_on(world, held, link);
        KsNetwork *network;

        if (!entry)
            continue;
        network = ks_network_new(entry->on.uuid, entry->on.name, link->name);
        network->place = g_strdup(entry->on.place);
        network->index = link->index;
        network->up = true;
        g_ptr_array_add(world->networks, network);
        /* only root sees a world like this */
        g_hash_table_insert(world->network_users, g_strdup(entry->on.uuid), NULL);
    }
}
