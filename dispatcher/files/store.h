/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/engine.h"

/* What the guard remembers. Files that are written whole or not at all:
 *   <state>/state     settings, over reboots and power cuts (temp, fsync, rename, fsync of folder)
 *   <state>/servers   which servers were open (files/server-cache.h)
 *   <runtime>/unsaved-state  settings that the disk did not take, until the reboot or until it does
 *   <runtime>/known   which full-tunnel VPNs were up, until the reboot
 *   <runtime>/pause   when a pause must have ended, for a guard that starts in it
 *   <runtime>/unlocked   there while a person has unlocked in mode KS_MODE_ALWAYS
 *   <runtime>/disconnected   there while a person keeps an always-on VPN disconnected */

typedef struct KsStore KsStore;

typedef enum {
    KS_STORED,         /* read and understood */
    KS_STORED_NOTHING, /* never saved: the defaults hold */
    KS_STORED_CORRUPT, /* there, and cannot be understood: locked, whatever it said */
} KsStored;

/* Folders as systemd names them in STATE_DIRECTORY and RUNTIME_DIRECTORY, or the built-in ones. */
KsStore *ks_store_new(void);

/* What the disk did not take holds: it may take it now. */
bool ks_store_is_unsaved(const KsStore *store);

/* A file in the folder that outlasts a reboot; owned by the caller. */
char *ks_store_path(const char *name);

/* The same of what is over with this boot. */
char *ks_store_runtime_path(const char *name);
void ks_store_free(KsStore *store);

/* Always fills ret_settings (the caller clears it) with something safe. For KS_STORED_CORRUPT
 * ret_problem (owned by the caller) says what is wrong. */
KsStored ks_store_load(KsStore *store, KsSettings *ret_settings, char **ret_problem);

/* Keeps an unreadable state as "state.corrupt", so that saving does not destroy it. */
void ks_store_set_aside(KsStore *store);

/* Returns false when the disk did not take them; then they hold until the reboot, over restarts of
 * the guard; or when <runtime> did not take an unlock in KS_MODE_ALWAYS, which then ends with the
 * guard. A file that a newer version wrote is kept as "state.newer". */
bool ks_store_save(KsStore *store, const KsSettings *settings, GError **error);

/* A person's unlock in KS_MODE_ALWAYS is noted, in this boot. */
bool ks_store_is_unlocked(const KsStore *store);

/* The text of files/server-cache.h. Best effort: losing it costs a VPN's first packets. */
char *ks_store_load_servers(KsStore *store); /* owned by the caller; NULL: none */
void ks_store_save_servers(KsStore *store, const char *text);

/* NULL-terminated, owned by the caller; NULL if nothing is known. */
char **ks_store_load_known_up(KsStore *store);

/* Best effort: losing it only locks once more. */
void ks_store_save_known_up(KsStore *store, const char *const *uuids);

/* By ks_clock_now(); 0: not known. */
int64_t ks_store_load_pause_end(KsStore *store);
void ks_store_save_pause_end(KsStore *store, int64_t end); /* best effort */

/* Whether a person keeps the always-on VPN disconnected, until the reboot. Best effort: losing it
 * connects the VPN again. */
bool ks_store_is_held(const KsStore *store);
void ks_store_note_held(KsStore *store, bool held);

/* Whether the lock was closed in this boot: then the kernel's command line does not open it. */
bool ks_store_was_closed(const KsStore *store);
void ks_store_note_closed(KsStore *store); /* best effort, and cheap when it is known already */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsStore, ks_store_free)
