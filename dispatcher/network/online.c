/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/online.h"

/* Whatever their order. */
static uint64_t mark_of(const KsNetwork *network)
{
    g_autofree char *text =
        g_strconcat(network->uuid, network->interface, network->place ? network->place : "", NULL);

    return (uint64_t) g_str_hash(text) + 1;
}

void ks_online_describe(NMClient *client, KsWorld *world)
{
    NMConnectivityState connectivity = nm_client_get_connectivity(client);

    world->network_mark = 0;
    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);

        if (network->up && network->leads_out && !network->external)
            world->network_mark += mark_of(network);
    }
    world->online = world->network_mark == 0                 ? KS_ONLINE_NOT
                    : connectivity == NM_CONNECTIVITY_PORTAL ? KS_ONLINE_PORTAL
                                                             : KS_ONLINE;
    /* its check finds nothing while locked: "limited" says nothing new */
    if (world->online == KS_ONLINE_PORTAL)
        world->login_mark = world->network_mark;
    else if (connectivity == NM_CONNECTIVITY_FULL || connectivity == NM_CONNECTIVITY_UNKNOWN)
        world->login_mark = 0;
}
