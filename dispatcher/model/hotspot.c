/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/hotspot.h"

#include <linux/if_arp.h>
#include <string.h>

static bool is_hotspot(const KsLink *link)
{
    return link->access_point && link->up && link->hardware == ARPHRD_ETHER && link->master == 0 &&
           !link->leads_out;
}

bool ks_hotspots_draw(const KsWorld *world, KsLock *lock)
{
    bool all = true;

    for (unsigned i = 0; i < world->links->len; i++) {
        const KsLink *link = &g_array_index(world->links, KsLink, i);

        if (is_hotspot(link))
            all &= ks_lock_add_hotspot(lock, link->index);
    }
    return all;
}

/* Of each card NetworkManager has one connection at most; if two names are the same, the worse
 * counts. */
KsSharing ks_hotspots_judge(const KsWorld *world, const char *card, const char *place)
{
    const KsLink *link = ks_world_link_by_name(world, card);
    KsSharing found = KS_SHARING_NOT_SHARED;

    if (!link || !link->up)
        return KS_SHARING_AWAY;
    if (link->leads_out)
        return KS_SHARING_LEADS_OUT;
    if (link->hardware != ARPHRD_ETHER || link->master != 0 || link->tunnel_kind)
        return KS_SHARING_NOT_SHARED;
    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);

        if (!ks_network_may_be_on(network, link))
            continue;
        if (network->leads_out)
            return KS_SHARING_LEADS_OUT;
        if (!network->up || network->external || !network->shared)
            return KS_SHARING_NOT_SHARED;
        /* NetworkManager may speak of the card that had this name before */
        if (!ks_network_is_on(network, link) || !network->place ||
            strcmp(network->place, place) != 0)
            return KS_SHARING_OTHER_CARD;
        found = KS_SHARING_SERVED;
    }
    return found;
}

bool ks_hotspots_draw_named(const KsWorld *world, char *const *cards, char *const *places,
                            KsLock *lock)
{
    bool all = true;

    for (unsigned i = 0; cards && places && cards[i] && places[i]; i++)
        if (ks_hotspots_judge(world, cards[i], places[i]) == KS_SHARING_SERVED)
            all &= ks_lock_add_hotspot(lock, ks_world_link_by_name(world, cards[i])->index);
    return all;
}
