/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* The one choice of how strict the lock is. ADR 41 says what each comes to. */
typedef enum {
    KS_MODE_OFF,    /* only a person closes the lock */
    KS_MODE_DROPS,  /* as VPN; a person who disconnects the VPN with this program opens it */
    KS_MODE_VPN,    /* a VPN that comes up and carries the default route closes it */
    KS_MODE_ALWAYS, /* closed from each boot on; a person's unlock holds until the next one */
    KS_MODE_MAX,
} KsMode;

/* "off", "drops", "vpn", "always": for files, the bus and the command line. */
const char *ks_mode_name(KsMode mode);
bool ks_mode_parse(const char *name, KsMode *ret_mode);

/* A VPN that comes up locks. */
bool ks_mode_auto_locks(KsMode mode);

/* This change is no more than turning auto-lock on, for which the bus asks for less (SetAutoLock);
 * every other one lowers something. */
bool ks_mode_only_raises(KsMode from, KsMode to);
