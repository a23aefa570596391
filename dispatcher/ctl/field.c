/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/field.h"

const char *ks_field_text(GVariant *status, const char *name)
{
    const char *text = NULL;

    return g_variant_lookup(status, name, "&s", &text) ? text : "";
}

bool ks_field_flag(GVariant *status, const char *name)
{
    gboolean flag = FALSE;

    return g_variant_lookup(status, name, "b", &flag) && flag;
}

uint64_t ks_field_number(GVariant *status, const char *name)
{
    guint64 large = 0;
    guint32 medium = 0;
    guint16 small = 0;

    if (g_variant_lookup(status, name, "t", &large))
        return large;
    if (g_variant_lookup(status, name, "u", &medium))
        return medium;
    (void) g_variant_lookup(status, name, "q", &small);
    return small;
}

GVariant *ks_field_dictionary(GVariant *status, const char *name)
{
    GVariant *value = g_variant_lookup_value(status, name, G_VARIANT_TYPE_VARDICT);

    return value ? value : g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
}

GVariant *ks_field_list(GVariant *status, const char *name)
{
    GVariant *value = g_variant_lookup_value(status, name, G_VARIANT_TYPE("aa{sv}"));

    return value ? value : g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0));
}

char **ks_field_texts(GVariant *status, const char *name)
{
    char **texts = NULL;

    return g_variant_lookup(status, name, "^as", &texts) ? texts : g_new0(char *, 1);
}

GVariant *ks_field_vpn(GVariant *status, const char *uuid)
{
    g_autoptr(GVariant) vpns = ks_field_list(status, "vpns");

    for (gsize i = 0; i < g_variant_n_children(vpns); i++) {
        g_autoptr(GVariant) vpn = g_variant_get_child_value(vpns, i);

        if (strcmp(ks_field_text(vpn, "uuid"), uuid) == 0)
            return g_steal_pointer(&vpn);
    }
    return NULL;
}
