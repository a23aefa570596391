/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-known-networks.h"

#include "policy/always-on-here.h"
#include "policy/exceptions.h"

#include <string.h>

typedef struct {
    const KsStatusFacts *facts;
    GHashTable *listed; /* of UUIDs, owned by the facts */
    GVariantBuilder builder;
} List;

static const char *vpn_of(const KsSettings *settings, const char *uuid)
{
    for (unsigned i = 0; settings->here_networks && settings->here_networks[i]; i++)
        if (strcmp(settings->here_networks[i], uuid) == 0)
            return settings->here_vpns[i];
    return "";
}

static unsigned exceptions_on(const KsWorld *world, const char *uuid)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ks_exceptions_count(world->exceptions); i++)
        count += g_strcmp0(ks_exceptions_get(world->exceptions, i)->on.uuid, uuid) == 0;
    return count;
}

static void add(List *list, const char *uuid, const char *name, bool connected)
{
    const KsSettings *settings = ks_engine_settings(list->facts->engine);
    bool lan = settings->lan && ks_settings_lan_place(settings, uuid);

    g_hash_table_add(list->listed, (void *) uuid);
    g_variant_builder_open(&list->builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&list->builder, "{sv}", "uuid", g_variant_new_string(uuid));
    g_variant_builder_add(&list->builder, "{sv}", "name", g_variant_new_string(name ? name : ""));
    g_variant_builder_add(&list->builder, "{sv}", "connected", g_variant_new_boolean(connected));
    g_variant_builder_add(&list->builder, "{sv}", "lan", g_variant_new_boolean(lan));
    g_variant_builder_add(&list->builder, "{sv}", "vpn",
                          g_variant_new_string(vpn_of(settings, uuid)));
    g_variant_builder_add(&list->builder, "{sv}", "exceptions",
                          g_variant_new_uint32(exceptions_on(list->facts->world, uuid)));
    g_variant_builder_close(&list->builder);
}

/* A person is in no network by which this machine shares its own connection, nor in one of
 * containers or virtual machines. */
static void add_connected(List *list)
{
    const KsWorld *world = list->facts->world;

    for (unsigned i = 0; i < world->networks->len; i++) {
        const KsNetwork *network = g_ptr_array_index(world->networks, i);

        if (network->up && network->place && !network->external && !network->shared &&
            ks_viewer_sees(list->facts->viewer, network->users) &&
            !g_hash_table_contains(list->listed, network->uuid))
            add(list, network->uuid, network->name, true);
    }
}

/* `name`: as it was called when something was said of it; NetworkManager may know better. */
static void add_away(List *list, const char *uuid, const char *name)
{
    const KsStatusFacts *facts = list->facts;
    const char *now = g_hash_table_lookup(facts->world->network_names, uuid);

    if (!g_hash_table_contains(list->listed, uuid) && ks_status_sees_network(facts, uuid) &&
        ks_always_on_place(ks_engine_settings(facts->engine), facts->world, uuid))
        add(list, uuid, now ? now : name, false);
}

GVariant *ks_status_known_networks(const KsStatusFacts *facts)
{
    const KsSettings *settings = ks_engine_settings(facts->engine);
    char *const *const said[] = { settings->here_networks, settings->lan_networks };
    List list = { .facts = facts, .listed = g_hash_table_new(g_str_hash, g_str_equal) };

    g_variant_builder_init(&list.builder, G_VARIANT_TYPE("aa{sv}"));
    add_connected(&list);
    for (unsigned i = 0; i < G_N_ELEMENTS(said); i++)
        for (unsigned j = 0; said[i] && said[i][j]; j++)
            add_away(&list, said[i][j], NULL);
    for (unsigned i = 0; i < ks_exceptions_count(facts->world->exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(facts->world->exceptions, i);

        if (entry->on.uuid)
            add_away(&list, entry->on.uuid, entry->on.name);
    }
    g_hash_table_unref(list.listed);
    return g_variant_builder_end(&list.builder);
}
