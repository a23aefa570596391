/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/event.h"
#include "model/world.h"

/* What NetworkManager's hook said last of each VPN: that it comes up, and on which link, or that it
 * went down.
 *
 * The link is the one that has the name when the first word of its coming up is heard ("pre-up",
 * "vpn-pre-up", which NetworkManager says each time, also when a plugin connects again). The second
 * word ("up", "vpn-up") comes later, and the name may be a stranger's by then: it names no link. A
 * VPN whose first word nobody heard is found by its address (ks_world_tunnel()). */

typedef struct {
    char interface[IF_NAMESIZE]; /* until the next look at the links; "": it named none */
    uint32_t index;              /* of the link that had this name then; 0: none */
    bool down;                   /* its "down" came after its last "up" */
    bool had_link;               /* it was up on a link that can carry a VPN */
} KsAnnouncement;

GHashTable *ks_announcements_new(void); /* char *UUID -> KsAnnouncement, owned */

/* `known`: on which link this VPN was up when somebody last looked, 0: on none. A second word that
 * comes alone leaves it there. */
void ks_announcements_hear(GHashTable *announcements, const KsEvent *event, uint32_t known);

/* A name is good for the link that has it at the first look after it was heard, and for no later
 * one. */
void ks_announcements_find_links(GHashTable *announcements, const KsWorld *world);

/* What was said is forgotten with the VPN that it was about. */
void ks_announcements_forget(GHashTable *announcements, const KsWorld *world);
