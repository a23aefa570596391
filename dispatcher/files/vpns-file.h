/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/vpns.h"

/* <state>/vpns: what a person said of VPNs, over reboots. */

/* Never NULL, owned by the caller. A file that cannot be read counts for nothing, so that it opens
 * nothing. It is kept as "vpns.corrupt", or as "vpns.newer" if a newer version wrote it, which takes
 * it back unless others were set up since. ret_problem (owned by the caller) says so. */
KsVpns *ks_vpns_load(char **ret_problem);

/* The same for who only looks: the file stays where it is. */
KsVpns *ks_vpns_read(char **ret_problem);

/* Whole or not at all. */
bool ks_vpns_save(const KsVpns *vpns, GError **error);
