/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/vpns.h"

/* <state>/vpns: what a person said of VPNs, over reboots. */

/* What becomes of a file that cannot be read. */
typedef enum {
    KS_VPNS_LEFT_ALONE,
    /* For the guard, which writes a new one: kept as "vpns.corrupt", or as "vpns.newer" if a newer
     * version wrote it, which takes it back unless others were set up since. */
    KS_VPNS_SET_ASIDE,
} KsVpnsUnreadable;

/* Never NULL, owned by the caller. A file that cannot be read counts for nothing, so that it opens
 * nothing. ret_problem (NULL: none) is a sentence for people, owned by the caller: why, and where
 * it is kept. */
KsVpns *ks_vpns_load(KsVpnsUnreadable unreadable, char **ret_problem);

/* Whole or not at all. */
bool ks_vpns_save(const KsVpns *vpns, GError **error);
