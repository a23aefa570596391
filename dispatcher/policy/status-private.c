/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/server.h"
#include "policy/exceptions.h"
#include "policy/status.h"

bool ks_status_hides(const KsWorld *world, const KsViewer *viewer)
{
    GHashTableIter iterator;
    void *users;

    for (unsigned i = 0; i < world->vpns->len; i++)
        if (!ks_viewer_sees(viewer, ((const KsVpn *) g_ptr_array_index(world->vpns, i))->users))
            return true;
    for (unsigned i = 0; i < world->networks->len; i++)
        if (!ks_viewer_sees(viewer,
                            ((const KsNetwork *) g_ptr_array_index(world->networks, i))->users))
            return true;
    g_hash_table_iter_init(&iterator, world->network_users);
    while (g_hash_table_iter_next(&iterator, NULL, &users))
        if (!ks_viewer_sees(viewer, users))
            return true;
    return false;
}

/* FNV-1a (RFC 9923): anyone who makes two worlds alike to it has kept something from himself. */
static void mark_text(uint64_t *mark, const char *text)
{
    do {
        *mark = (*mark ^ (unsigned char) *text) * UINT64_C(0x100000001b3);
    } while (*text++);
}

static void mark_number(uint64_t *mark, uint64_t number)
{
    *mark = (*mark ^ number) * UINT64_C(0x100000001b3);
}

static void mark_vpn(uint64_t *mark, const KsVpn *vpn)
{
    mark_text(mark, vpn->uuid);
    mark_text(mark, vpn->name);
    mark_text(mark, vpn->type);
    mark_number(mark, vpn->attempt);
    mark_number(mark, (uint64_t) vpn->activity << 8 | (uint64_t) vpn->failure << 4 |
                          (uint64_t) vpn->locks << 1 | vpn->left_out);
    mark_number(mark, vpn->warnings->len);
    for (unsigned i = 0; i < vpn->servers->len; i++) {
        const KsServer *server = g_ptr_array_index(vpn->servers, i);

        mark_text(mark, server->host);
        for (size_t j = 0; j < ks_address_size(&server->address); j++)
            mark_number(mark, server->address.bytes[j]);
        mark_number(mark, (uint64_t) server->port << 8 | server->protocol);
    }
}

static void mark_exceptions(uint64_t *mark, const KsWorld *world)
{
    for (unsigned i = 0; i < ks_exceptions_count(world->exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(world->exceptions, i);

        if (!entry->on.uuid || !g_hash_table_lookup(world->network_users, entry->on.uuid))
            continue;
        mark_text(mark, entry->on.uuid);
        mark_text(mark, entry->on.name);
    }
}

static void mark_networks_with_vpns(uint64_t *mark, const KsSettings *settings,
                                    const KsWorld *world)
{
    for (unsigned i = 0; settings->here_networks && settings->here_networks[i]; i++) {
        if (!g_hash_table_lookup(world->network_users, settings->here_networks[i]))
            continue;
        mark_text(mark, settings->here_networks[i]);
        mark_text(mark, settings->here_vpns[i]);
    }
}

uint64_t ks_status_private_mark(const KsStatusFacts *facts)
{
    const GArray *tunnels = ks_engine_tunnels(facts->engine);
    char **networks = ks_engine_settings(facts->engine)->lan_networks;
    uint64_t mark = UINT64_C(0xcbf29ce484222325);

    for (unsigned i = 0; i < facts->world->vpns->len; i++) {
        const KsVpn *vpn = g_ptr_array_index(facts->world->vpns, i);

        if (vpn->users)
            mark_vpn(&mark, vpn);
    }
    for (unsigned i = 0; i < facts->world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(facts->world->networks, i);

        if (!network->users)
            continue;
        mark_text(&mark, network->uuid);
        mark_text(&mark, network->name);
        mark_text(&mark, network->interface);
    }
    for (unsigned i = 0; networks && networks[i]; i++)
        if (g_hash_table_lookup(facts->world->network_users, networks[i]))
            mark_text(&mark, networks[i]);
    mark_networks_with_vpns(&mark, ks_engine_settings(facts->engine), facts->world);
    mark_exceptions(&mark, facts->world);
    for (unsigned i = 0; i < tunnels->len; i++)
        if (g_array_index(tunnels, KsTunnel, i).users)
            mark_text(&mark, g_array_index(tunnels, KsTunnel, i).uuid);
    for (unsigned i = 0; facts->refusals && i < facts->refusals->len; i++) {
        const KsRefusal *refusal = &g_array_index(facts->refusals, KsRefusal, i);

        mark_number(&mark, (uint64_t) refusal->traced.kind << 8 | refusal->how);
        mark_text(&mark, refusal->table);
        mark_text(&mark, refusal->chain);
    }
    return mark;
}
