/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/network-link.h"

#include <string.h>

static uint32_t believe(KsNetworkLink *known, const char *name, const KsLink *link)
{
    g_strlcpy(known->name, name, sizeof(known->name));
    known->index = link ? link->index : 0;
    return known->index;
}

uint32_t ks_network_link_follow(KsNetworkLink *known, const char *interface, bool up,
                                const KsWorld *world)
{
    const KsLink *named = ks_world_link_by_name(world, interface);
    const KsLink *link;

    if (world->links->len == 0) /* they could not be read: that was no look */
        return 0;
    if (!known->name[0])
        /* what is just being made (a bridge, a modem's) may have none yet */
        return named || up ? believe(known, interface, named) : 0;
    link = known->index > 0 ? ks_world_link_by_index(world, known->index) : NULL;
    if (!link)
        known->index = 0; /* whatever comes has to be activated */
    if (!link || strcmp(known->name, interface) == 0)
        return known->index;
    /* it was renamed; or NetworkManager means another (PPPoE's, on a card that is still there) */
    if (named == link || strcmp(link->name, known->name) == 0)
        return believe(known, interface, named);
    return 0; /* renamed twice: that is not its name any more */
}
