/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/world.h"

/* Where what programs send leaves the machine: the kernel's own answer, asked for addresses spread
 * over the public space of each family (as `ip route get` does). How the routes are written, in
 * which table they stand and which rules lead there is the kernel's business. */

typedef struct KsLookUps KsLookUps;

/* Returns 0 or a negative errno. */
int ks_look_ups_open(KsLookUps **ret_look_ups);
void ks_look_ups_close(KsLookUps *look_ups);

/* Something has changed that the answers follow from. */
void ks_look_ups_forget(KsLookUps *look_ups);

/* Writes default_route and carried of the world's links, and nowhere of the world: asks the kernel
 * if something has changed. An address that cannot be asked for is carried by nobody. */
void ks_look_ups_describe(KsLookUps *look_ups, KsWorld *world);
