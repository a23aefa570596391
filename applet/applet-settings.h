/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What this person told this program, and nothing else: everything about the lock itself is the
 * guard's. Works without its schema too (then nothing is remembered): the tray must come up. */

typedef struct KsAppletSettings KsAppletSettings;

typedef enum {
    KS_APPLET_SETTING_RECONNECT, /* of versions that did so themselves: the guard's is offered */
    KS_APPLET_SETTING_FIRST_LOCK_IS_TOLD, /* the first lock that closed by itself was explained */
    KS_APPLET_SETTING_FIRST_STEPS_ARE_SHOWN, /* the pages for a first start were opened */
    KS_APPLET_SETTING_MAX,
} KsAppletSetting;

/* `changed` is called from the main loop, no matter who changed one. */
KsAppletSettings *ks_applet_settings_new(void (*changed)(void *data), void *data);
void ks_applet_settings_free(KsAppletSettings *settings);

bool ks_applet_settings_get(const KsAppletSettings *settings, KsAppletSetting setting);
void ks_applet_settings_set(KsAppletSettings *settings, KsAppletSetting setting, bool value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsAppletSettings, ks_applet_settings_free)
