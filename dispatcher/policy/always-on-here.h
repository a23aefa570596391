/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"
#include "policy/settings.h"

/* Which VPN is always on where: a network may have one of its own, and the usual ones stand in for
 * it there. A network is known by what it is, too, as for LAN access (model/place.h). Pure. */

/* UUID of the VPN that is wanted on a network that leads out now; NULL: none has one of its own.
 * Owned by the settings. */
const char *ks_always_on_here(const KsSettings *settings, const KsWorld *world);

/* What a network is (model/place.h) that is up, or was when it got LAN access, an exception or a
 * VPN of its own. NULL: nobody knows. Owned by the settings or the world. */
const char *ks_always_on_place(const KsSettings *settings, const KsWorld *world, const char *uuid);

/* Those that are always on now, the wanted one first, at most KS_ALWAYS_ON_CHOSEN_MAX; may be
 * empty. `here`: as ks_always_on_here() says. Owned by the caller. */
char **ks_always_on_list(const KsSettings *settings, const char *here);

/* What is said for these networks, in the place of what was said before; `vpn` "": nothing is. */
typedef struct {
    char **networks;
    char **places;
    char **vpns;
} KsHere;

typedef enum {
    KS_HERE_DONE,
    KS_HERE_NOT_KNOWN, /* one of the networks is not up now, and nothing was said of it */
    KS_HERE_TOO_MANY,
} KsHereAnswer;

/* `networks`: UUIDs, each once. To be cleared, whatever it answers. */
KsHereAnswer ks_always_on_change_here(const KsSettings *settings, const KsWorld *world,
                                      const char *vpn, const char *const *networks,
                                      KsHere *ret_here);

/* Whether NetworkManager still has this connection. */
typedef bool KsHereIsThere(const char *uuid, const void *data);

/* What is left without the networks whose connection was deleted; false: all of it. To be cleared,
 * whatever it answers. */
bool ks_always_on_forget_here(const KsSettings *settings, KsHereIsThere *is_there, const void *data,
                              KsHere *ret_here);
void ks_here_clear(KsHere *here);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KsHere, ks_here_clear)
