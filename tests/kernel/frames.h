/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/lock.h"
#include "model/uplink.h"
#include "model/world.h"
#include "rules/readback.h"

/* A card behind the second layer alone, and whether frames that are made by hand leave it. What
 * comes from a macvlan in another namespace has no socket that this one's rules could see. */

#define WIRE   "wire0"
#define OTHERS "others0"             /* that macvlan */
#define TEXT   "what a program says" /* in each frame */

/* Namespaces and links; after g_test_init(). */
void frames_set_up(void);

/* Covers these cards (element-type KsUplink), unlocked, and listens on the wire. */
void frames_cover(const GArray *uplinks);

/* Ends both. */
void frames_tear_down(void);

/* Locks: what of this world and this sealed lock concerns frames. */
void frames_close_lock(const KsWorld *world, const KsLock *lock);
void frames_open_lock(void);

/* What the kernel holds now; valid until the next call. */
const KsReadback *frames_read(void);

/* Sends by a packet socket on this link, which is closed. `mark`: 0 for none. */
void frames_send(int fd, const char *link, const uint8_t *frame, size_t size, uint16_t protocol,
                 uint32_t mark);

/* Whether a frame with the text leaves by the wire when `send` has run, here or beside others. */
bool frames_leave(void (*send)(void *data), const void *data, bool among_others);
