/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* One guard at a time: KS_GUARD_LOCK_PATH is held by flock(2) and has our process number in it, by
 * which a rescue finds a guard that hangs. It goes with the process, however that ends. */

typedef enum {
    KS_ONLY_ONE,          /* we are the one */
    KS_ONLY_ONE_IS_THERE, /* another one runs already */
    KS_ONLY_ONE_UNKNOWN,  /* the file cannot be had */
} KsOnlyOne;

/* For anything but KS_ONLY_ONE, `error` says why. */
KsOnlyOne ks_only_one(GError **error);
