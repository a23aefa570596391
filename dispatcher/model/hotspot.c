/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/hotspot.h"

#include <linux/if_arp.h>

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
