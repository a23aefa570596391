/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>

/* What the guard's status says of the VPN that is always on, as one line for people; owned by the
 * caller. NULL: nothing, without the guard. */
char *ks_show_always_on(GVariant *status);
