/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet/lan.h"

bool ks_lan_is_limited_to(const KsGuardState *guard, const char *uuid)
{
    return g_strv_contains((const char *const *) guard->lan_networks, uuid);
}

GVariant *ks_lan_switch(const KsGuardState *guard, bool on)
{
    return g_variant_new("(b^as)", on, on ? guard->lan_networks : (char *[]){ NULL });
}

GVariant *ks_lan_everywhere(void)
{
    return g_variant_new("(bas)", TRUE, NULL);
}

GVariant *ks_lan_here(const KsGuardState *guard)
{
    GVariantBuilder networks;

    if (guard->networks->len == 0)
        return NULL;
    g_variant_builder_init(&networks, G_VARIANT_TYPE_STRING_ARRAY);
    for (unsigned i = 0; guard->lan_networks[i]; i++)
        g_variant_builder_add(&networks, "s", guard->lan_networks[i]);
    for (unsigned i = 0; i < guard->networks->len; i++) {
        const KsGuardNetwork *network = g_ptr_array_index(guard->networks, i);

        if (!ks_lan_is_limited_to(guard, network->uuid))
            g_variant_builder_add(&networks, "s", network->uuid);
    }
    return g_variant_new("(bas)", TRUE, &networks);
}

GVariant *ks_lan_network(const KsGuardState *guard, const char *uuid, bool on)
{
    GVariantBuilder networks;
    unsigned length = 0;

    g_variant_builder_init(&networks, G_VARIANT_TYPE_STRING_ARRAY);
    for (unsigned i = 0; guard->lan_networks[i]; i++)
        if (g_strcmp0(guard->lan_networks[i], uuid) != 0) {
            g_variant_builder_add(&networks, "s", guard->lan_networks[i]);
            length++;
        }
    if (on)
        g_variant_builder_add(&networks, "s", uuid);
    return g_variant_new("(bas)", on || length > 0, &networks);
}
