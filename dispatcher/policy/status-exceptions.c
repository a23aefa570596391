/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-exceptions.h"

#include "policy/exceptions.h"

static void add_entry(GVariantBuilder *builder, const KsExceptionEntry *entry, uint64_t booted)
{
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
    g_variant_builder_close(builder);
}

GVariant *ks_status_exceptions(const KsStatusFacts *facts)
{
    const KsExceptions *exceptions = facts->world->exceptions;
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++)
        add_entry(&builder, ks_exceptions_get(exceptions, i), facts->booted);
    return g_variant_builder_end(&builder);
}
