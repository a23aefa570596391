/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* How much of VPN profiles is kept. What people write for themselves alone, without being asked, is
 * bounded a user and in all, and takes nothing from what is for everybody. */

#define KS_SHARE_SERVERS_USER    1024u /* of one user's private profiles */
#define KS_SHARE_SERVERS_PRIVATE 4096u /* of all users' */
#define KS_SHARE_NAMES_USER      64u   /* of those servers, known by name, while they are in use */
#define KS_SHARE_NAMES_PRIVATE   256u
#define KS_SHARE_SERVERS         61440u /* of the profiles that are for everybody */

typedef struct KsShares KsShares;

KsShares *ks_shares_new(void);
void ks_shares_free(KsShares *shares);

/* In which order VPNs take theirs, for sorting: what is up, what is connecting, the rest; of those,
 * what is for everybody first, then what is for the fewest. */
int ks_shares_compare(const KsVpn *a, const KsVpn *b);

/* Whether there is anything left for this VPN. */
bool ks_shares_have_room(const KsShares *shares, const KsVpn *vpn);

/* Takes for these servers of the VPN; a profile for several users counts for each of them. Returns
 * how many are kept, the first ones. */
unsigned ks_shares_take(KsShares *shares, const KsVpn *vpn, const GPtrArray *servers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsShares, ks_shares_free)
