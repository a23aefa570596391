/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-exceptions.h"

#include "policy/exceptions.h"

/* By which it is open now. */
static GVariant *interfaces_of(const KsWorld *world, const KsExceptionEntry *entry)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_STRING_ARRAY);
    for (unsigned i = 0; i < world->networks->len; i++) {
        uint32_t index =
            ks_exception_network_index(&entry->on, world, g_ptr_array_index(world->networks, i));

        if (index > 0)
            g_variant_builder_add(&builder, "s", ks_world_link_by_index(world, index)->name);
    }
    return g_variant_builder_end(&builder);
}

/* Who is not told of a private profile's network learns that there is one. */
static void add_network(GVariantBuilder *builder, const KsExceptionEntry *entry,
                        const KsStatusFacts *facts)
{
    bool sees = ks_status_sees_network(facts, entry->on.uuid);

    g_variant_builder_add(builder, "{sv}", "network",
                          g_variant_new_string(sees ? entry->on.uuid : ""));
    g_variant_builder_add(builder, "{sv}", "network_name",
                          g_variant_new_string(sees ? entry->on.name : ""));
    g_variant_builder_add(builder, "{sv}", "interfaces", interfaces_of(facts->world, entry));
}

static void add_entry(GVariantBuilder *builder, const KsExceptionEntry *entry,
                      const KsStatusFacts *facts)
{
    uint64_t booted = facts->booted;
    char to[KS_EXCEPTION_TO_TEXT_SIZE];

    g_variant_builder_open(builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(builder, "{sv}", "name", g_variant_new_string(entry->name));
    g_variant_builder_add(builder, "{sv}", entry->what.incoming ? "from" : "to",
                          g_variant_new_string(ks_exception_to_text(&entry->what, to)));
    g_variant_builder_add(builder, "{sv}", "protocol",
                          g_variant_new_string(ks_exception_protocol_name(&entry->what)));
    g_variant_builder_add(builder, "{sv}", "first_port",
                          g_variant_new_uint16(entry->what.first_port));
    g_variant_builder_add(builder, "{sv}", "last_port",
                          g_variant_new_uint16(entry->what.last_port));
    g_variant_builder_add(
        builder, "{sv}", "until",
        g_variant_new_uint64(entry->until > 0 ? booted + entry->until - KS_EXCEPTION_EARLIER : 0));
    if (entry->source)
        g_variant_builder_add(builder, "{sv}", "source", g_variant_new_string(entry->source));
    if (entry->on.uuid)
        add_network(builder, entry, facts);
    g_variant_builder_close(builder);
}

static GVariant *describe(const KsStatusFacts *facts, bool here)
{
    const KsWorld *world = facts->world;
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < ks_exceptions_count(world->exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(world->exceptions, i);

        if (ks_exception_network_is_here(&entry->on, world) == here)
            add_entry(&builder, entry, facts);
    }
    return g_variant_builder_end(&builder);
}

GVariant *ks_status_exceptions(const KsStatusFacts *facts)
{
    return describe(facts, true);
}

GVariant *ks_status_exceptions_elsewhere(const KsStatusFacts *facts)
{
    return describe(facts, false);
}
