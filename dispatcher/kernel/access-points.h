/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

struct nlmsghdr;

/* Which links are access points, by generic netlink (linux/nl80211.h). Kept by notifications: a
 * question would have the kernel wait for a driver that is busy. */

typedef struct KsAccessPoints KsAccessPoints;

/* Returns 0 or a negative errno. A kernel without Wi-Fi is no error: it may be loaded later. */
int ks_access_points_open(KsAccessPoints **ret_points);
void ks_access_points_close(KsAccessPoints *points);

/* Becomes readable when something changed. */
int ks_access_points_fd(const KsAccessPoints *points);

/* Fills in KsLink.access_point of the world's links. Returns 0 or a negative errno; then none is
 * one. */
int ks_access_points_describe(KsAccessPoints *points, KsWorld *world);

typedef struct {
    uint32_t index;
    bool was_down; /* since the kernel was asked */
} KsAccessPoint;

/* Takes one message about an interface, an answer or a notification: puts an access point into
 * `found` (element-type KsAccessPoint), and takes out what is not one. Anything that is not as it
 * should be is passed by. */
void ks_access_points_take(const struct nlmsghdr *message, GArray *found);
