/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/world.h"

/* Hotspots: Wi-Fi cards of this machine that are access points, and cards with a cable by which it
 * shares its connection. Of the first the kernel's own word decides (nl80211). Of the second nobody
 * but a person who may configure: anyone who sits at the machine may write a profile that says that
 * an uplink is shared. Such a card is open to what its users send and are answered through a
 * tunnel, and to a few answers of this machine; to its programs it is closed like any uplink
 * (ADR 17, 43). */

/* Adds the access points to KS_SET_HOTSPOT_INTERFACES: those that are up, are no port of another
 * interface, and do not lead out. False: there were too many. */
bool ks_hotspots_draw(const KsWorld *world, KsLock *lock);

/* More than anybody shares by. */
#define KS_SHARED_CARDS_MAX 16u

/* What has become of a card that a person named. */
typedef enum {
    KS_SHARING_SERVED,
    KS_SHARING_AWAY,       /* it is not there, or not up */
    KS_SHARING_LEADS_OUT,  /* it is an uplink */
    KS_SHARING_NOT_SHARED, /* NetworkManager shares nothing by it */
    KS_SHARING_OTHER_CARD, /* another has its name now */
} KsSharing;

/* `place`: what the card was when it was named (model/place.h). */
KsSharing ks_hotspots_judge(const KsWorld *world, const char *card, const char *place);

/* Adds those of the named cards that are served; of each card its place. NULL: none. False: there
 * were too many. */
bool ks_hotspots_draw_named(const KsWorld *world, char *const *cards, char *const *places,
                            KsLock *lock);
