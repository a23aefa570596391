/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/settings.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the administrator of the machine laid down, as opposed to what its users decided
 * (policy/settings.h). Pure: the files are found and judged by files/configuration-files.h.
 *
 * Nothing here fails. What cannot be understood becomes a warning, a whole sentence that names file
 * and line, and never permits anything: where a key has a stricter meaning, that one holds. */

typedef enum {
    KS_CONFIGURATION_AUTO_LOCK,              /* [lock] auto-lock */
    KS_CONFIGURATION_MODE,                   /* [lock] mode */
    KS_CONFIGURATION_ANY_DISCONNECT_UNLOCKS, /* [lock] any-disconnect-unlocks */
    KS_CONFIGURATION_PAUSE_MAX,              /* [pause] max */
    KS_CONFIGURATION_ALLOW_UNLOCK,           /* [allow] unlock */
    KS_CONFIGURATION_ALLOW_PAUSE,            /* [allow] pause */
    KS_CONFIGURATION_ALLOW_LAN_ACCESS,       /* [allow] lan-access */
    KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF,    /* [allow] auto-lock-off */
    KS_CONFIGURATION_ALWAYS_ON,              /* [vpn] always-on */
    KS_CONFIGURATION_ALLOW_ALWAYS_ON,        /* [allow] auto-connect */
    KS_CONFIGURATION_ALLOW_SHARING,          /* [allow] sharing */
    KS_CONFIGURATION_ALLOW_EXCEPTIONS,       /* [allow] exceptions */
    KS_CONFIGURATION_KEYS,
} KsConfigurationKey;

/* More than anybody reads; the last one says so. */
#define KS_CONFIGURATION_WARNINGS_MAX 32

/* Longest pause that can be configured, in seconds. */
#define KS_CONFIGURATION_PAUSE_LIMIT (24 * 60 * 60)

typedef struct KsConfiguration KsConfiguration;

/* The defaults, as if there were no file. */
KsConfiguration *ks_configuration_new(void);
void ks_configuration_free(KsConfiguration *configuration);

/* Takes in the text of one file; what is read later wins, key by key. `path` is only shown. */
void ks_configuration_read(KsConfiguration *configuration, const char *path, const char *text,
                           size_t length);

/* A file or folder that is there but cannot be used. `reason` completes "<path> ...". It might have
 * ruled anything out, so all of it is. */
void ks_configuration_distrust(KsConfiguration *configuration, const char *path,
                               const char *reason);

/* Whether a machine on which nobody has decided yet locks by itself. */
bool ks_configuration_auto_lock(const KsConfiguration *configuration);

/* The mode that holds whatever people choose. False: they choose. */
bool ks_configuration_mode(const KsConfiguration *configuration, KsMode *ret_mode);

/* Puts it in place of what people chose, or what is ruled out for them: of a machine's settings
 * before anything else is done with them. Becoming KS_MODE_ALWAYS locks. */
void ks_configuration_decide_mode(const KsConfiguration *configuration, KsSettings *settings);

/* What decides it, if it is not people, or keeps them from it because it cannot be understood: file
 * and line, or NULL. */
const char *ks_configuration_mode_source(const KsConfiguration *configuration);

/* Whether in KS_MODE_DROPS what is disconnected with any other program opens, too; never while
 * unlocking is ruled out. */
bool ks_configuration_any_disconnect_unlocks(const KsConfiguration *configuration);

/* The longest pause in seconds; 0: pausing is not allowed. */
uint32_t ks_configuration_pause_max(const KsConfiguration *configuration);

/* NULL: allowed. Else a sentence that says so and where it is laid down; owned by the caller.
 * `key`: one of KS_CONFIGURATION_ALLOW_..., or KS_CONFIGURATION_MODE for choosing another; pausing
 * is also ruled out by a maximum of 0, and choosing a VPN that is always on, or turning auto-lock
 * off, by the administrator's choice. */
char *ks_configuration_refusal(const KsConfiguration *configuration, KsConfigurationKey key);

/* The exceptions that hold whatever people make: of [exceptions]. Owned by the configuration. */
const struct KsExceptions *ks_configuration_exceptions(const KsConfiguration *configuration);

/* UUIDs of the VPNs that are always on, whatever people choose; NULL: they choose. An empty list:
 * it is ruled out. Owned by the configuration. */
const char *const *ks_configuration_always_on(const KsConfiguration *configuration);

/* What decides it, if it is not people: file and line, or NULL. */
const char *ks_configuration_always_on_source(const KsConfiguration *configuration);

/* File and line that a value is from, or NULL: the default. */
const char *ks_configuration_source(const KsConfiguration *configuration, KsConfigurationKey key);

/* element-type utf8 */
const GPtrArray *ks_configuration_warnings(const KsConfiguration *configuration);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsConfiguration, ks_configuration_free)
