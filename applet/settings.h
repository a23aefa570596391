/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What this person told this program, and nothing else: everything about the lock itself is the
 * guard's. Works without its schema too (then nothing is remembered): the tray must come up. */

typedef struct KsSettings KsSettings;

typedef enum {
    KS_SETTING_RECONNECT,          /* connect a VPN that drops again */
    KS_SETTING_FIRST_LOCK_IS_TOLD, /* the first lock that closed by itself was explained */
    KS_SETTING_MAX,
} KsSetting;

/* `changed` is called from the main loop, whoever changed one. */
KsSettings *ks_settings_new(void (*changed)(void *data), void *data);
void ks_settings_free(KsSettings *settings);

bool ks_settings_get(const KsSettings *settings, KsSetting setting);
void ks_settings_set(KsSettings *settings, KsSetting setting, bool value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsSettings, ks_settings_free)
