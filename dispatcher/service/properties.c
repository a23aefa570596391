/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/properties.h"

#include "guard-interface-generated.h"

#include <stdbool.h>
#include <string.h>

#define EMITS_CHANGED "org.freedesktop.DBus.Property.EmitsChangedSignal"

static const struct {
    const char *property;
    const char *key;
} rows[] = {
    { "Version", "version" },
    { "State", "state" },
    { "Reason", "reason" },
    { "ReasonVpn", "reason_vpn" },
    { "SilentSince", "silent_since" },
    { "Locked", "locked" },
    { "Verified", "verified" },
    { "AutoLock", "auto_lock" },
    { "Mode", "mode" },
    { "ModeSource", "mode_source" },
    { "AlwaysOn", "always_on" },
    { "Exceptions", "exceptions" },
    { "ExceptionsElsewhere", "exceptions_elsewhere" },
    { "Sharing", "sharing" },
    { "Lan", "lan" },
    { "LanNetworks", "lan_networks" },
    { "Networks", "networks" },
    { "KnownNetworks", "known_networks" },
    { "PausedUntil", "paused_until" },
    { "PauseMax", "pause_max" },
    { "Tunnels", "tunnels" },
    { "Overlays", "overlays" },
    { "Carries", "carries" },
    { "Vpns", "vpns" },
    { "Servers", "servers" },
    { "Layers", "layers" },
    { "Blocked", "blocked" },
    { "Warnings", "warnings" },
};

GDBusInterfaceInfo *ks_interface_info(void)
{
    return (GDBusInterfaceInfo *) &ks_guard1_interface;
}

GVariant *ks_property_get(GVariant *status, const char *name)
{
    const GDBusPropertyInfo *info =
        g_dbus_interface_info_lookup_property(ks_interface_info(), name);

    for (unsigned i = 0; info && i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].property, name) == 0)
            return g_variant_lookup_value(status, rows[i].key, G_VARIANT_TYPE(info->signature));
    return NULL;
}

GVariant *ks_property_get_all(GVariant *status)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GVariant) value = ks_property_get(status, rows[i].property);

        if (value)
            g_variant_builder_add(&builder, "{sv}", rows[i].property, value);
    }
    return g_variant_builder_end(&builder);
}

static bool is_signalled(const char *name)
{
    const GDBusPropertyInfo *info =
        g_dbus_interface_info_lookup_property(ks_interface_info(), name);
    const char *word =
        info ? g_dbus_annotation_info_lookup(info->annotations, EMITS_CHANGED) : NULL;

    return info && (!word || strcmp(word, "true") == 0);
}

/* The end of a pause is worked out again with each look at the kernel, to a whole second; as is
 * since when a server is silent. */
static bool is_same(const char *name, GVariant *old, GVariant *new)
{
    guint64 before;
    guint64 after;

    if (g_variant_equal(old, new))
        return true;
    if (strcmp(name, "PausedUntil") != 0 && strcmp(name, "SilentSince") != 0)
        return false;
    before = g_variant_get_uint64(old);
    after = g_variant_get_uint64(new);
    return before > 0 && after > 0 && MAX(before, after) - MIN(before, after) <= 1;
}

/* Of entry `i` of a status; NULL if it has another key than `name`. */
static GVariant *value_at(GVariant *status, gsize i, const char **name)
{
    g_autoptr(GVariant) value = NULL;
    const char *key;

    if (i >= g_variant_n_children(status))
        return NULL;
    g_variant_get_child(status, i, "{&sv}", &key, &value);
    if (*name && strcmp(key, *name) != 0)
        return NULL;
    *name = key;
    return g_steal_pointer(&value);
}

static const char *property_of(const char *key)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].key, key) == 0)
            return rows[i].property;
    return NULL;
}

/* Two statuses have the same keys in the same order: nothing is looked for. */
GVariant *ks_property_changes(GVariant *before, GVariant *after)
{
    GVariantBuilder builder;
    unsigned changes = 0;

    if (!before || g_variant_equal(before, after))
        return NULL;
    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    for (gsize i = 0; i < g_variant_n_children(after); i++) {
        const char *key = NULL;
        g_autoptr(GVariant) new = value_at(after, i, &key);
        g_autoptr(GVariant) old = value_at(before, i, &key);
        const char *property = new ? property_of(key) : NULL;

        if (!property || (old && is_same(property, old, new)) || !is_signalled(property))
            continue;
        g_variant_builder_add(&builder, "{sv}", property, new);
        changes++;
    }
    if (changes > 0)
        return g_variant_ref_sink(g_variant_builder_end(&builder));
    g_variant_builder_clear(&builder);
    return NULL;
}
