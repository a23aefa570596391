/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "guard/guard-private.h"

#include "config.h"
#include "files/configuration-files.h"

KsConfiguration *ks_guard_read_configuration(void)
{
    KsConfiguration *configuration =
        ks_configuration_load(KS_VENDOR_DIRECTORY, ks_configuration_local_folder());
    const GPtrArray *warnings = ks_configuration_warnings(configuration);

    for (unsigned i = 0; i < warnings->len; i++)
        g_warning("%s", (char *) g_ptr_array_index(warnings, i));
    return configuration;
}

static bool is_ruled_out(const KsGuard *guard, KsConfigurationKey key)
{
    g_autofree char *refusal = ks_configuration_refusal(guard->configuration, key);

    return refusal;
}

bool ks_guard_obey_configuration(KsGuard *guard)
{
    KsSettings settings = *ks_engine_settings(guard->engine); /* borrows what it points to */
    bool changed = false;

    if (is_ruled_out(guard, KS_CONFIGURATION_ALLOW_LAN_ACCESS) &&
        ks_engine_set_lan(guard->engine, false)) {
        g_message("LAN access closed: the administrator has ruled it out");
        changed = true;
    }
    if (is_ruled_out(guard, KS_CONFIGURATION_ALLOW_SHARING) &&
        ks_engine_set_shared_cards(guard->engine, NULL, NULL)) {
        g_message("sharing by cable ended: the administrator has ruled it out");
        changed = true;
    }
    ks_configuration_decide_mode(guard->configuration, &settings);
    if (ks_engine_set_mode(guard->engine, settings.mode)) {
        g_message("the mode is %s now: the administrator has laid that down",
                  ks_mode_name(settings.mode));
        changed = true;
    }
    return changed;
}

void ks_guard_reload_config(KsGuard *guard)
{
    bool was_always = ks_engine_settings(guard->engine)->mode == KS_MODE_ALWAYS;
    uint64_t pause_max_ms;

    ks_configuration_free(guard->configuration);
    guard->configuration = ks_guard_read_configuration();
    g_message("the configuration was read again");
    ks_look_at_people(guard->look);
    if (ks_guard_obey_configuration(guard))
        ks_guard_save(guard);
    else
        ks_guard_save_again(guard);
    (void) ks_guard_follow(guard);
    pause_max_ms = (uint64_t) ks_configuration_pause_max(guard->configuration) * 1000;
    if (!was_always && ks_engine_settings(guard->engine)->mode == KS_MODE_ALWAYS)
        pause_max_ms = 0; /* it closes */
    if (ks_keeper_read(guard->keeper) && ks_guard_pause_left(guard) > pause_max_ms)
        (void) ks_keeper_pause(guard->keeper, pause_max_ms);
    ks_guard_watch_pause(guard);
    ks_guard_notify(guard);
}
