/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/applet-settings.h"

#include "model/names.h"

#include <gio/gio.h>

static const char *const keys[KS_APPLET_SETTING_MAX] = {
    [KS_APPLET_SETTING_RECONNECT] = "reconnect",
    [KS_APPLET_SETTING_FIRST_LOCK_IS_TOLD] = "first-lock-is-told",
    [KS_APPLET_SETTING_FIRST_STEPS_ARE_SHOWN] = "first-steps-are-shown",
};

struct KsAppletSettings {
    GSettings *stored; /* NULL: the schema is not installed */
    bool values[KS_APPLET_SETTING_MAX];
    void (*changed)(void *data);
    void *data;
};

static void on_changed(GSettings *stored, const char *key, KsAppletSettings *settings)
{
    (void) stored;
    (void) key;
    settings->changed(settings->data);
}

KsAppletSettings *ks_applet_settings_new(void (*changed)(void *data), void *data)
{
    GSettingsSchemaSource *source = g_settings_schema_source_get_default();
    g_autoptr(GSettingsSchema) schema =
        source ? g_settings_schema_source_lookup(source, KS_BUS_NAME, TRUE) : NULL;
    KsAppletSettings *settings = g_new0(KsAppletSettings, 1);

    settings->changed = changed;
    settings->data = data;
    if (!schema) {
        g_message("the settings' schema %s is not installed: nothing is remembered", KS_BUS_NAME);
        return settings;
    }
    settings->stored = g_settings_new_full(schema, NULL, NULL);
    g_signal_connect(settings->stored, "changed", G_CALLBACK(on_changed), settings);
    for (unsigned i = 0; i < KS_APPLET_SETTING_MAX; i++) /* signals come for keys that were read */
        settings->values[i] = g_settings_get_boolean(settings->stored, keys[i]);
    return settings;
}

void ks_applet_settings_free(KsAppletSettings *settings)
{
    if (!settings)
        return;
    if (settings->stored)
        g_signal_handlers_disconnect_by_data(settings->stored, settings);
    g_clear_object(&settings->stored);
    g_free(settings);
}

bool ks_applet_settings_get(const KsAppletSettings *settings, KsAppletSetting setting)
{
    return settings->stored ? g_settings_get_boolean(settings->stored, keys[setting])
                            : settings->values[setting];
}

void ks_applet_settings_set(KsAppletSettings *settings, KsAppletSetting setting, bool value)
{
    if (ks_applet_settings_get(settings, setting) == value)
        return;
    settings->values[setting] = value;
    if (settings->stored)
        (void) g_settings_set_boolean(settings->stored, keys[setting], value);
    else
        settings->changed(settings->data);
}
