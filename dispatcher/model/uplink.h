/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/world.h"

/* Uplinks: the interfaces at the bottom of everything, by which frames leave the machine. What
 * stands on another interface of ours (VLAN, bond, bridge, macvlan) sends through that one, and is
 * judged there. */

typedef enum {
    KS_UPLINK_ETHERNET, /* frames with an Ethernet header */
    KS_UPLINK_HOTSPOT,  /* the same, to the users of a hotspot (model/hotspot.h) */
    KS_UPLINK_WRAPPED, /* the same, of a link that wraps them: MACsec, batman-adv, a VLAN of 802.1ad
                         * or on another VLAN. What its card then sends cannot be read any more */
    KS_UPLINK_BARE,    /* IP packets without a header of the link: ppp, mobile broadband */
    KS_UPLINK_LOOPBACK, /* no uplink, but by it the kernel passes on from one PPPoE session to
                         * another: there while there are any */
    KS_UPLINK_OTHER,    /* anything else: nothing that it sends can be judged */
} KsUplinkForm;

typedef struct {
    uint32_t index;
    char name[IF_NAMESIZE];
    KsUplinkForm form;
} KsUplink;

/* More than any machine has: those beyond are told as not covered. */
#define KS_UPLINKS_MAX 256u

/* The world's uplinks (element-type KsUplink), by rising index; the array is emptied first. `lock`:
 * a ppp interface that is open is a VPN's; it also says which cards are hotspots. False: there are
 * more than KS_UPLINKS_MAX. */
bool ks_uplinks_find(const KsWorld *world, const KsLock *lock, GArray *uplinks);

/* What the names of cards begin with that the kernel or systemd gives: a chain that goes by these
 * is on a card from its first frame on (ADR 28). Sorted, NULL-terminated. Tunnels, loopback and
 * guests' links are called otherwise, mostly. */
extern const char *const ks_uplink_beginnings[];

bool ks_uplink_has_cards_name(const char *name);

bool ks_uplinks_equal(const GArray *a, const GArray *b);

/* Draws what the second layer lets out: the same servers as the first, without the question who may
 * send to them (the value is 0) and without those that are open only inside of IPsec, which from
 * here is seen as ESP; the same DHCP servers and routes; as open interfaces those that are called
 * like a card and need another chain than an Ethernet card's, or none; LAN access on the uplinks
 * below those interfaces that have it; and each server without its port, for the pieces of packets
 * that the kernel has cut already, which name none. False: something was too much, other than
 * exceptions. */
bool ks_uplinks_draw(const KsWorld *world, const KsLock *lock, KsLock *ret_lock);

/* Of what that drew. False: some exceptions are left out, and shut. */
bool ks_uplinks_hold_exceptions(const KsLock *drawn);
